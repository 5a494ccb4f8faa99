"""The regularisation exam: the same steps without the decay, dropout or penalty that outweighs the data, where there is one."""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.regularisation import REMEDY, measured
from lossdoctor.trace import Trace

from .scoring import beside, curve


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """``own`` and ``free`` scores (see :mod:`.scoring`), and what was taken away."""
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    strong = [f for f in measured(trace) if f["strength"] >= 1]
    if not strong:
        return {"cannot_tell": "not needed: no regulariser outweighs the data"}
    remedies = [{"id": REMEDY[f["kind"]], "args": {}} for f in strong]
    made = beside(zygote, trace, outcome.start, remedies, "unregularised", steps, timeout, jobs)
    if isinstance(made, str):
        return {"cannot_tell": made}
    compared, run = made
    return compared | {"without": [f["kind"] for f in strong], "curve": curve(run)}
