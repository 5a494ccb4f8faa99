"""The learning rate is too low: the weights hardly move, so nothing can be learned in any number of steps one would
wait for.

What it detects
    Each step moves the weights by a tiny share of their size, the loss has made next to no progress, and the same
    number of steps from the same start at ten or more times the rate gets clearly down.

Why training suffers
    Progress per step is proportional to the rate. At a ten-thousandth of a useful rate an epoch's work takes ten
    thousand.

Sick
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=1e-7)

Cured
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

How sure we are
    The same steps were really made at higher rates. Slow starters are told apart by the size of their steps: they
    move, and their loss stays flat all the same. A run that would merely be faster at a higher rate is not sick.

References
    Karpathy, "A recipe for training neural networks" and the CS231n notes: updates of about a thousandth of a weight
    per step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts import outcome as measures
from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._learning import SMALLEST, loss_site, meaningful, number, optimizer_site, rate, words

# Relative update per step: the rule of thumb is 1e-3; a tenth of it is still in use for fine-tuning and large models.
TINY_UPDATE = measures.TINY_UPDATE
# The untreated run has made less than this share of the progress that the higher rate makes in the same steps.
NEGLIGIBLE = 0.1
WORTH = 0.1
NOISE_FACTOR = 3.0


class LrTooLow(Check):
    """See the module's docstring."""

    cause = "lr-too-low"
    explains = (
        "loss-plateau",
        "vanishing-gradient",
        "no-signal-labels",
        "under-capacity",
        "class-imbalance-collapse",
        "plateau-unigram",
    )

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_lr_sweep: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
    ) -> Verdict:
        """Compare the runs of the step-size exam, and the size of the steps."""
        sweep = exam_lr_sweep
        if sweep is None:
            if outcome.learns and not outcome.surrogate:
                return Absent("the run learns at its own rate")
            return CannotTell("no run at another learning rate was made")
        if not meaningful(outcome):
            return CannotTell(
                "the loss does not say how well training goes (several losses, or one without a known floor)"
            )
        update = number(sweep.get("relative_update"))
        larger = [(f, s) for f, s in zip(sweep["factors"], sweep["final"], strict=True) if f > 1]
        if not larger:
            return Absent("the run diverges; a higher rate was not tried")
        factor, best = max(larger, key=lambda fs: fs[1])
        own = max(number(sweep["untreated"]), number(sweep.get("another_seed"), -10.0))
        # Coming up to the constant's level from below (a first guess that was off) is no progress in the input's own matter.
        began = outcome.start_skill if outcome.standing else 0.0
        done, possible = max(own - began, 0.0), best - began
        noise = max(number(sweep["noise"], 0.0), SMALLEST / NOISE_FACTOR)
        figures = {
            "rate": rate(trace),
            "relative_update": update,
            "untreated": own,
            "larger": dict(larger),
            "noise": noise,
        }
        if np.isfinite(update) and update > TINY_UPDATE:
            return Absent(f"each step moves the weights by about {update:.1e} of their size, which is enough", figures)
        faster = (exam_stuck or {}).get("faster") or {}
        if possible < WORTH and faster.get("learns"):
            # What no rate shows in the recorded steps may show in the longer run: then and there at the higher rate alone.
            sweep = sweep | {"steps": number((exam_stuck or {}).get("longer"), sweep["steps"])}
            factor, best, own = faster["factor"], number(faster["score"]), number((exam_stuck or {}).get("score"))
            done, possible = max(own - began, 0.0), best - began
        if possible < WORTH or best - own <= NOISE_FACTOR * noise:
            return Absent(f"higher rates do no better ({words(best, sweep['scale'])} at best)", figures)
        if (outcome.learns and not outcome.standing) or done > max(NEGLIGIBLE * possible, noise):
            return Absent(f"the run makes headway at its own rate ({done:.2f} against {possible:.2f})", figures)
        return self._present(trace, sweep, own, best, factor, update, figures, outcome.standing and outcome.learns)

    def _present(
        self,
        trace: Trace,
        sweep: dict[str, Any],
        own: float,
        best: float,
        factor: float,
        update: float,
        figures: dict[str, Any],
        structural: bool,
    ) -> Present:
        lr, scale = rate(trace), sweep["scale"]
        rates = trace.series("lr")
        warm = rates is not None and len(rates) > 1 and rates.finite[-1] > 1.05 * rates.finite[0]
        moved = (
            f"each step moves the weights by {update:.1e} of their size (about 1e-3 is usual)"
            if np.isfinite(update)
            else "the weights hardly move"
        )
        climb = f", rising to {rates.finite[-1]:g} within the recorded steps" if warm and rates is not None else ""
        named = f"lr = {lr:g}{climb}" if np.isfinite(lr) else "the script's own rate"
        cure = f"lr = {lr * factor:g}" if np.isfinite(lr) else f"{factor:g} times the rate"
        short = bool(sweep["steps"] <= trace.steps)  # a trial is as long as the probe
        return Present(
            title="The learning rate is too low",
            message=(
                f"With {named}, {moved}; after {sweep['steps']:g} steps: {words(own, scale)}. The same steps from the same start "
                f"with {cure}: {words(best, scale)}."
            ),
            why="Progress per step is proportional to the rate; at this one the weights stay where they were initialised.",
            site=optimizer_site(trace) or loss_site(trace),
            evidence=figures | {"factor": factor, "rising": bool(warm)},
            remedies=[
                RemedySpec(
                    "scale-lr",
                    f"raise the learning rate to about {cure.removeprefix('lr = ')}"
                    + ("; shorten the warm-up" if warm else ""),
                    {"factor": factor},
                    f"lr={lr * factor:g}" if np.isfinite(lr) else "",
                    safety="safe",
                    runtime=short,
                    why_not="" if short else f"the exam has made that run: it shows after {sweep['steps']:g} steps",
                )
            ],
            confidence=0.95 if update < TINY_UPDATE / 10 else 0.8,
            structural=structural,
        )
