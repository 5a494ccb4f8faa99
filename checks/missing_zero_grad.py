"""Gradients are not cleared between steps and pile up.

What it detects
    Steps whose gradients still hold what an earlier step has used already.

Why training suffers
    Each step follows the sum of all gradients since the start: the step grows, points to where the loss was, and overshoots.

Sick
    >>> loss.backward()
    >>> optimizer.step()

Cured
    >>> optimizer.zero_grad()
    >>> loss.backward()
    >>> optimizer.step()

How sure we are
    Whether gradients were cleared between one step and the next backward is observed, however it was done (``zero_grad`` of the
    optimizer or the model, ``p.grad = None``, ``p.grad.zero_()``). Accumulating over several backwards ahead of one step and
    clearing after it is no finding.

References
    PyTorch documentation, "Zeroing out gradients in PyTorch".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

# Share of steps with left-over gradients. A loop that clears seldom (once an epoch) lies near 1, one that clears each time at 0;
# a single forgotten place (a restart, a warm-up step) stays below.
SHARE = 0.25
FEW_STEPS = 3


class MissingZeroGrad(Check):
    """See the module's docstring."""

    cause = "missing-zero-grad"
    explains = (
        "exploding-gradient",
        "lr-too-high",
        "saturated-activation",
        "dead-relu",
        "loss-plateau",
        "plateau-unigram",
        "class-imbalance-collapse",
        "vanishing-gradient",
        "under-capacity",
    )

    def ask(self, trace: Trace, optimizers: list[dict[str, Any]]) -> Verdict:
        """Count steps with left-over gradients, per optimizer."""
        if not trace.steps:
            return CannotTell("no step was made")
        if trace.meta.get("manual_updates"):
            stale, steps = int(trace.meta.get("manual_stale_steps", 0)), trace.steps
            site = Site.of(next((s["site"] for s in trace.list("streams")), None))
            return self._verdict(trace, stale, steps, "the hand-written update", site)
        sick = [o for o in optimizers if o["steps"] >= FEW_STEPS]
        if not sick:
            return CannotTell(f"fewer than {FEW_STEPS} steps were made")
        worst = max(sick, key=lambda o: o["stale_steps"] / o["steps"])
        return self._verdict(
            trace, int(worst["stale_steps"]), int(worst["steps"]), worst["class"], Site.of(worst["site"])
        )

    def _verdict(self, trace: Trace, stale: int, steps: int, who: str, site: Site | None) -> Verdict:
        if stale < SHARE * (steps - 1) or not stale:
            return Absent(f"gradients were cleared between steps ({stale} of {steps} steps of {who} found old ones)")
        growth = self._growth(trace)
        grown = f"; the gradient norm grew {growth:.3g}-fold" if growth > 2 else ""
        return Present(
            title="Gradients are never cleared",
            message=f"{stale} of {steps} steps of {who} used gradients that still held what earlier steps had used{grown}.",
            why="Old gradients add up: steps grow and no longer follow the present loss.",
            site=site,
            evidence={"stale_steps": stale, "steps": steps, "gradient_growth": growth if np.isfinite(growth) else None},
            remedies=[
                RemedySpec(
                    "zero-gradients",
                    "clear the gradients ahead of each backward (after each step when accumulating)",
                    snippet="optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
                    safety="safe",
                )
            ],
            confidence=0.97,
            structural=True,
        )

    def _growth(self, trace: Trace) -> float:
        norms = trace.series("grad_norm")
        if norms is None or len(norms.finite) < 4:
            return float("nan")
        return float(norms.finite.max() / max(norms.finite[0], 1e-12))
