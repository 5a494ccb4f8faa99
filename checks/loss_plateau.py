"""The loss does not go down, and no cause was found.

What it detects
    No downward trend of the loss over the recorded steps, none in a run three times as long, and an end no better
    than the best constant. It is a symptom: the answer of last resort, when every question ahead of it in the tree
    was answered well.

Why training suffers
    Whatever the steps do, they do not lower the loss. Some tasks are that hard (parities, needles in haystacks):
    their loss is flat until the rule is found, which can take thousands of steps, or forever.

Sick
    >>> labels = switches[:, watched].sum(1) % 2                # parity of eight out of twenty

Cured
    >>> # easier cases first, a hint of the structure, more data or far more steps

How sure we are
    Kendall's trend test at the 1% level, on the loss and on a longer run, and only where the loss's scatter from step to
    step (fresh noise as targets) leaves no room for a fall by a tenth. Losses whose value means nothing
    (adversarial, policy gradient, several losses at once) are never told.

References
    Kendall, "A new measure of rank correlation" (1938); Shalev-Shwartz et al., "Failures of gradient-based deep
    learning" (2017).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import TREND_P, Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._learning import loss_site, meaningful

# Fewer steps show no trend.
FEWEST_STEPS = 20
# A fall by less than this share is no fall, however significant.
FALL = 0.02
# A fall by this share that the loss's own scatter could hide makes a flat curve no evidence.
HIDDEN_FALL = 0.1
FEWEST_POINTS = 12


class LossPlateau(Check):
    """See the module's docstring."""

    cause = "loss-plateau"

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_stuck: dict[str, Any] | None = None,
        exam_signal: dict[str, Any] | None = None,
    ) -> Verdict:
        """Test the trend."""
        if outcome.nonfinite_at is not None:
            return self._lost(trace, outcome)
        if not meaningful(outcome):
            return CannotTell(
                "the loss does not say how well training goes (several losses, or one without a known floor)"
            )
        figures = {
            "trend": outcome.trend,
            "p": outcome.trend_p,
            "start": outcome.start,
            "end": outcome.end,
            "skill": outcome.skill,
        }
        if outcome.learns:
            return Absent("the run learns", figures)
        if len(outcome.curve) < FEWEST_STEPS:
            return CannotTell(f"{len(outcome.curve)} steps are too few to see a trend")
        falls = outcome.trend < 0 and outcome.trend_p < TREND_P and outcome.drop > FALL
        below = np.isfinite(outcome.skill) and outcome.skill > 0
        if outcome.improving and (below or not np.isfinite(outcome.skill)):
            return Absent(
                f"the loss is still on its way down (trend {outcome.trend:.2f}, p = {outcome.trend_p:.1g})", figures
            )
        if falls and not np.isfinite(outcome.skill):
            return Absent(f"the loss falls (trend {outcome.trend:.2f}, p = {outcome.trend_p:.1g})", figures)
        if exam_stuck is None:
            return CannotTell("whether the loss falls later was not tried")
        if exam_stuck.get("learns") or exam_stuck.get("improving"):
            return Absent(f"a slow start: in {exam_stuck['longer']} steps the loss falls", figures)
        faster = exam_stuck.get("faster") or {}
        if faster.get("learns"):
            return CannotTell(
                f"{exam_stuck['longer']} steps show nothing, but at {faster['factor']:g} times the rate as many learn: the script "
                "may make so many more steps"
            )
        hidden = self._hidden(exam_stuck, outcome)
        if hidden > HIDDEN_FALL:
            return CannotTell(
                f"the loss scatters so much from step to step that a fall by {hidden:.0%} would not show in {exam_stuck['longer']} steps"
            )
        return self._present(trace, outcome, exam_stuck, exam_signal, figures)

    @staticmethod
    def _lost(trace: Trace, outcome: Outcome) -> Verdict:
        """A loss that is no number any more: never healthy, whatever else is found."""
        if np.isfinite(outcome.end):
            return Absent(f"the loss was not finite at step {outcome.nonfinite_at} and is again later")
        return Present(
            title="The loss stops being a number",
            message=f"From step {outcome.nonfinite_at} on the loss is NaN or infinite (it began at {outcome.start:.4g}).",
            why="Weights that such a loss has moved are lost; no later step brings them back.",
            site=loss_site(trace),
            evidence={"step": outcome.nonfinite_at, "start": outcome.start},
            remedies=[],
            confidence=0.3,
        )

    @staticmethod
    def _hidden(stuck: dict[str, Any], outcome: Outcome) -> float:
        """The largest fall over the second half of the longer run, as a share of the loss, that its scatter allows (95%)."""
        curve = np.asarray([np.nan if v is None else v for v in stuck.get("curve") or []], dtype=float)
        half = curve[len(curve) // 2 :]
        if len(half) < FEWEST_POINTS or not np.isfinite(half).all():
            return 0.0
        line = scipy.stats.linregress(np.linspace(0.0, 1.0, len(half)), half)
        return float((1.96 * line.stderr - line.slope) / max(abs(outcome.start), 1e-12))

    @staticmethod
    def _present(
        trace: Trace,
        outcome: Outcome,
        stuck: dict[str, Any],
        signal: dict[str, Any] | None,
        figures: dict[str, Any],
    ) -> Present:
        floor = f" ({outcome.floor_name}: {outcome.floor:.4g})" if np.isfinite(outcome.floor) else ""
        falls = outcome.trend < 0 and outcome.trend_p < TREND_P
        trend = (
            f"it has come down to where a constant would be and no further (Kendall's trend {outcome.trend:.2f})"
            if falls
            else f"no downward trend in {len(outcome.curve)} steps (Kendall {outcome.trend:.2f}, p = {outcome.trend_p:.2g})"
        )
        tried = "best_final" in trace.exams.get("lr_sweep", {})
        rates = ", and at no other learning rate that was tried" if tried else ""
        message = f"The loss stays at {outcome.end:.4g}{floor}: {trend}, not in {stuck['longer']} steps either{rates}."
        product = (signal or {}).get("switches")
        if product and product["p"] < 1e-3 and len(product["columns"]) > 2:
            message += f" The targets follow from the product (parity) of columns {product['columns']}: such rules give no slope to descend before they are found."
        return Present(
            title="The loss does not go down",
            message=message,
            why="No step lowers the loss: more of them would not, either.",
            site=loss_site(trace),
            evidence=figures | {"longer": stuck["longer"]} | ({"switches": product} if product else {}),
            remedies=[
                RemedySpec(
                    "easier-task",
                    "start with easier cases, add features that carry the structure, or train far longer",
                    runtime=False,
                    why_not="the task itself is what is hard",
                )
            ],
            confidence=0.3,
        )
