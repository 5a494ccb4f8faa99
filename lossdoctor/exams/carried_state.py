"""The carried-state exam: the same steps with every batch's recurrent state started from zeros.

Where batches follow one another in time the carried state helps, or does no harm; where they do not, it belongs to other samples.
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.outcome import measure
from lossdoctor.trace import Trace

from .scoring import beside

# A habit, and not a warm start: the state was there in this share of so many calls.
SHARE = 0.8
CALLS = 10


def carriers(trace: Trace) -> list[dict[str, Any]]:
    """Recurrent modules that start most calls from a state without a history: not an encoder's, but an earlier batch's."""
    found = []
    for module in trace.list("modules"):
        calls, carried = module.get("grad_calls", 0), module.get("state_nonzero", 0)
        if calls >= CALLS and carried >= SHARE * (calls - 1) and not module.get("state_with_history", 0) > 0.5 * calls:
            found.append(module)
    return found


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """``own`` and ``reset`` scores (see :mod:`.scoring`) and their joint noise."""
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    by_hand = trace.list("carried")
    if not carriers(trace) and not by_hand:
        return {"cannot_tell": "not needed: no recurrent state is carried from batch to batch"}
    remedies = [{"id": "reset-hidden-state", "args": {"carried": by_hand}}]
    made = beside(zygote, trace, outcome.start, remedies, "state from zeros", steps, timeout, jobs)
    if isinstance(made, str):
        return {"cannot_tell": made}
    compared, _ = made
    return {"reset": compared.pop("free")} | compared
