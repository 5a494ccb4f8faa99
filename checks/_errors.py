"""What an exception of the script's says about a cause that has a name of its own."""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.outcome import measure
from lossdoctor.trace import Trace

# Wordings of torch's autograd and functional errors (torch/csrc/autograd, torch/nn/functional), stable over releases.
NO_GRAD = "does not require grad and does not have a grad_fn"
TWICE = "backward through the graph a second time"
OUT_OF_BOUNDS = "is out of bounds"


def error_of(trace: Trace) -> dict[str, Any] | None:
    """The exception that ended the script, or None."""
    error = trace.meta.get("error")
    return error if isinstance(error, dict) and error.get("type") else None


def cut_off(error: dict[str, Any] | None) -> bool:
    """``backward`` was refused since nothing behind the loss requires a gradient."""
    return bool(error) and NO_GRAD in str((error or {}).get("message", ""))


def graph_used_twice(error: dict[str, Any] | None) -> bool:
    """``backward`` ran a second time through a graph that was freed."""
    return bool(error) and TWICE in str((error or {}).get("message", ""))


def stopped_itself(error: dict[str, Any], trace: Trace) -> bool:
    """The script's own ``raise``, ``assert`` or exit after its loss had become non-finite: the numbers are the fault."""
    source = str((error.get("site") or {}).get("source", "")).lstrip()
    own = source.startswith(("raise", "assert")) or error["type"] == "SystemExit"
    outcome = measure(trace)
    return own and outcome is not None and outcome.nonfinite_at is not None
