"""Gradients are computed, but no optimizer step ever uses them.

What it detects
    ``backward`` runs and ``optimizer.step()`` does not; gradients cleared between ``backward`` and ``step``; steps without any
    ``backward``; a learning rate of exactly zero; a gradient scaler that skips every step.

Why training suffers
    The parameters stay where they started.

Sick
    >>> loss.backward()
    >>> optimizer.zero_grad()
    >>> optimizer.step()

Cured
    >>> optimizer.zero_grad()
    >>> loss.backward()
    >>> optimizer.step()

How sure we are
    Counted, not guessed: backwards, steps, and the gradients that each step found. Accumulation over several backwards is no finding,
    nor is an optimizer that steps rarely.

References
    PyTorch documentation, "Optimizing Model Parameters"; ``torch.amp.GradScaler``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._weights import learns_well, moved, names

# Fewer backwards than these without a step may be an accumulation still under way; the recorder itself waits for 3 per planned step.
FEW_BACKWARDS = 8
# Nearly all: a script may clear once too often (first step, a skipped batch) without losing its training.
NEARLY_ALL = 0.9
WHY = "The parameters keep the values they started with, so the loss cannot follow."


class OptimizerNotStepping(Check):
    """See the module's docstring."""

    cause = "optimizer-not-stepping"
    explains = ("loss-plateau", "lr-too-low", "plateau-unigram", "under-capacity", "missing-zero-grad")

    def ask(self, trace: Trace, optimizers: list[dict[str, Any]], outcome: Outcome | None = None) -> Verdict:
        """Compare what backward delivered with what the steps used."""
        backwards, steps = int(trace.meta.get("backwards", 0)), trace.steps
        if not steps:
            return self._no_step(trace, backwards)
        if trace.meta.get("manual_updates"):
            return Absent(f"the script updates its parameters itself ({steps} times)")
        active = [o for o in optimizers if o["steps"]]
        for optimizer in active:
            used = optimizer["steps"]
            if optimizer.get("cleared_steps", 0) >= NEARLY_ALL * used:
                return self._present(
                    "Gradients are cleared just before the step",
                    f"{optimizer['cleared_steps']} of {used} steps of {optimizer['class']} found no gradient: it was "
                    "there after backward and was cleared before the step.",
                    Site.of(optimizer["site"]),
                    {"steps": used, "steps_without_gradient": optimizer["empty_steps"]},
                    "move zero_grad() ahead of backward(), or behind step()",
                    "optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
                )
        if backwards == 0 and active and all(o.get("bare_steps", 0) >= NEARLY_ALL * o["steps"] for o in active):
            return self._present(
                "backward is never called",
                f"{steps} steps were made, but no backward ran and no parameter ever had a gradient.",
                Site.of(active[0]["site"]),
                {"steps": steps, "backwards": 0},
                "call loss.backward() ahead of optimizer.step()",
                "loss.backward()\noptimizer.step()",
                runtime=False,
            )
        found = self._zero_rate(trace, active) or (None if learns_well(outcome) else self._one_waits(trace))
        return found or Absent(f"{backwards} backwards were followed by {steps} steps that found gradients")

    def _no_step(self, trace: Trace, backwards: int) -> Verdict:
        if trace.meta.get("error"):
            return CannotTell("the script failed before its first step")
        skipped = int(trace.meta.get("scaler_skips", 0))
        if backwards == 0:
            return CannotTell("neither backward nor a step was seen")
        finished = trace.meta.get("end") in {"script ended", "script exited"}
        if backwards < FEW_BACKWARDS and not finished:
            return CannotTell(f"only {backwards} backwards were seen, and no step yet")
        if trace.meta.get("end") == "time limit" and not skipped:
            return CannotTell(f"{backwards} backwards without a step until the time was over")
        idle = next(iter(trace.list("idle_optimizers")), None)
        stream = next(iter(trace.list("streams")), {})
        site = Site.of(stream.get("site"))
        if skipped:
            return self._present(
                "The gradient scaler skips every step",
                f"GradScaler.step was called {skipped} times and never let the optimizer step: the scaled gradients were "
                "not finite each time.",
                Site.of(trace.meta.get("scaler_site")) or site,
                {"backwards": backwards, "skipped": skipped},
                "look for non-finite losses; call scaler.update() after each scaler.step()",
                "scaler.step(optimizer)\nscaler.update()",
                runtime=False,
            )
        if idle is None and not any(p["requires_grad"] and p["reached"] for p in trace.list("parameters")):
            return CannotTell("backward reached no parameter")
        who = f"; {idle['class']} was made and never used" if idle else ""
        return self._present(
            "The optimizer never steps",
            f"{backwards} backwards, no optimizer step, and no parameter changed{who}.",
            site or Site.of((idle or {}).get("site")),
            {"backwards": backwards, "steps": 0},
            "call optimizer.step() after loss.backward()",
            "loss.backward()\noptimizer.step()",
        )

    def _one_waits(self, trace: Trace) -> Present | None:
        """An optimizer beside the stepping one that the loop clears each time, whose parameters get gradients, and that never steps."""
        parameters = trace.list("parameters")
        for idle in trace.list("idle_optimizers"):
            mine = [parameters[i] for i in idle["parameters"]]
            reached = [
                p for i, p in zip(idle["parameters"], mine, strict=True) if p["reached"] and moved(trace, i) is False
            ]
            if (
                idle.get("zeroed", 0) < NEARLY_ALL * trace.steps
                or not reached
                or any(p["in_optimizer"] for p in reached)
            ):
                continue
            return self._present(
                "One of the optimizers never steps",
                f"{idle['class']} is cleared in every iteration and never steps; {names(reached)} get gradients and never change.",
                Site.of(idle["site"]),
                {"steps": trace.steps, "cleared": idle["zeroed"], "waiting": [p["name"] for p in reached[:20]]},
                "call step() of every optimizer",
                "optimizer.step()",
            )
        return None

    def _zero_rate(self, trace: Trace, active: list[dict[str, Any]]) -> Present | None:
        lr, owner = trace.series("lr"), trace.series("optimizer")
        if lr is None or owner is None or not active:
            return None
        held = [
            i
            for i, o in enumerate(active)
            if all(rate == 0 for rate in o["lrs"]) and not o["options"].get("initial_lr")
        ]
        idle = [i for i in held if (rates := lr.values[owner.values == i]).size and np.all(rates == 0)]
        if not idle or len(idle) < len(active):
            return None
        optimizer = active[idle[0]]
        return self._present(
            "The learning rate is zero",
            f"{optimizer['class']} made {optimizer['steps']} steps with a learning rate of exactly 0.",
            Site.of(optimizer.get("made_site") or optimizer["site"]),
            {"lr": 0.0, "steps": optimizer["steps"]},
            "give the optimizer a learning rate above zero",
            "optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)",
            runtime=False,
        )

    def _present(
        self,
        title: str,
        message: str,
        site: Site | None,
        evidence: dict[str, Any],
        advice: str,
        snippet: str,
        runtime: bool = True,
    ) -> Present:
        remedy = RemedySpec("step-optimizer", advice, snippet=snippet, runtime=runtime)
        if not runtime:
            remedy = RemedySpec(
                "repair-loop", advice, snippet=snippet, runtime=False, why_not="the loop itself must change"
            )
        return Present(
            title, message, WHY, site=site, evidence=evidence, remedies=[remedy], confidence=0.95, structural=True
        )
