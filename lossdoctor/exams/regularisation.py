"""The regularisation exam: the same steps without the decay, dropout or penalty that outweighs the data, where there is one."""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import Plan
from lossdoctor.contracts.regularisation import REMEDY, measured
from lossdoctor.trace import Trace

from .scoring import curve, figures


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """``own`` and ``free`` scores (see :mod:`.scoring`), and what was taken away."""
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    strong = [f for f in measured(trace) if f["strength"] >= 1]
    if not strong:
        return {"cannot_tell": "not needed: no regulariser outweighs the data"}
    remedies = [{"id": REMEDY[f["kind"]], "args": {}} for f in strong]
    run = zygote.run_all(
        [Plan(steps=steps, seconds=timeout, remedies=remedies, label="unregularised")], timeout + 10, jobs
    )[0]
    if run.trace is None:
        return {"cannot_tell": f"the run without it came to no result ({run.end})"}
    own, free = figures(trace, outcome.start), figures(run.trace, outcome.start)
    return {
        "own": own["score"],
        "free": free["score"],
        "noise": float((own["noise"] ** 2 + free["noise"] ** 2) ** 0.5),
        "scale": own.get("scale", "skill"),
        "without": [f["kind"] for f in strong],
        "curve": curve(run.trace),
    }
