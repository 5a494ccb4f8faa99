"""The thaw exam: are weights that an optimizer holds, though they are frozen, let go later (gradual unfreezing)?

The same steps, longer: what requires a gradient at their end.
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.plan import LONGER, Plan
from lossdoctor.trace import Trace


def frozen(trace: Trace) -> list[str]:
    """Names of used weights that an optimizer holds and that never required a gradient so far."""
    return [
        p["name"]
        for p in trace.list("parameters")
        if p.get("used") and p.get("in_optimizer") and not p["requires_grad"] and not p.get("requires_grad_end")
    ]


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """``thawed``: names of the weights that require a gradient at the end of ``steps`` times three."""
    held = set(frozen(trace))
    if not held:
        return {"cannot_tell": "not needed: no weight that an optimizer holds is frozen"}
    plan = Plan(steps=LONGER * steps, seconds=LONGER * timeout, label="longer: are frozen weights let go?")
    run = zygote.run_all([plan], LONGER * timeout + 10, jobs)[0].trace
    if run is None:
        return {"cannot_tell": "the longer run came to no result"}
    later = {p["name"] for p in run.list("parameters") if p["requires_grad"] or p.get("requires_grad_end")}
    return {"thawed": sorted(held & later), "steps": run.steps}
