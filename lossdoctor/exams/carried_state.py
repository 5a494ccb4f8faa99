"""The carried-state exam: the same steps with every batch's recurrent state started from zeros.

Where batches follow one another in time the carried state helps, or does no harm; where they do not, it belongs to other samples.
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace

from .scoring import figures

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
    if not carriers(trace):
        return {"cannot_tell": "not needed: no recurrent state is carried from batch to batch"}
    remedies = [{"id": "reset-hidden-state", "args": {}}]
    run = zygote.run_all(
        [Plan(steps=steps, seconds=timeout, remedies=remedies, label="state from zeros")], timeout + 10, jobs
    )[0]
    if run.trace is None:
        return {"cannot_tell": f"the run without it came to no result ({run.end})"}
    own, free = figures(trace, outcome.start), figures(run.trace, outcome.start)
    return {
        "own": own["score"],
        "reset": free["score"],
        "noise": float((own["noise"] ** 2 + free["noise"] ** 2) ** 0.5),
        "scale": own.get("scale", "skill"),
    }
