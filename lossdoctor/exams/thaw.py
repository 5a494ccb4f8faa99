"""The thaw exam: are weights that an optimizer holds, though they are frozen, let go later (gradual unfreezing), and do
weights that no optimizer holds join one later (a head is trained first, and then the whole)?

The same steps, longer: what requires a gradient at their end, and what an optimizer holds.
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


def left_out(trace: Trace) -> list[str]:
    """Names of used weights that get a gradient and that no optimizer holds so far, although one holds others."""
    parameters = [p for p in trace.list("parameters") if p["is_parameter"]]
    if not any(p["in_optimizer"] for p in parameters):
        return []
    return [
        p["name"] for p in parameters if p.get("used") and p["reached"] and p["requires_grad"] and not p["in_optimizer"]
    ]


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """``thawed``: names of those weights that require a gradient, or are held, at the end of ``steps`` times three."""
    held, left = set(frozen(trace)), set(left_out(trace))
    if not held and not left:
        return {
            "cannot_tell": "not needed: every weight that could be trained is in an optimizer, and none there is frozen"
        }
    plan = Plan(steps=LONGER * steps, seconds=LONGER * timeout, label="longer: are more weights trained later?")
    run = zygote.run_all([plan], LONGER * timeout + 10, jobs)[0].trace
    if run is None:
        return {"cannot_tell": "the longer run came to no result"}
    later = {p["name"] for p in run.list("parameters") if p["requires_grad"] or p.get("requires_grad_end")}
    joined = {p["name"] for p in run.list("parameters") if p["in_optimizer"]}
    return {"thawed": sorted((held & later) | (left & joined)), "steps": run.steps}
