"""The loss rests at the entropy of the token frequencies: the model knows how often each token occurs and ignores the
context.

What it detects
    Token targets whose loss stays at the entropy of their frequencies, while a mere table from the present token to
    the next one does better on text it was not made from, or while the prediction does not change at all with the
    input.

Why training suffers
    Frequencies are learned by the last bias alone. Nothing that the model reads reaches, or helps, its prediction.

Sick
    >>> x = self.word(positions) + self.position(positions)

Cured
    >>> x = self.word(ids) + self.position(positions)

How sure we are
    The plateau alone is no proof: every language model passes through it. The run must stay there when it is given
    three times as long, or be shown to ignore its input.

References
    Shannon, "Prediction and entropy of printed English" (1951); Witten & Bell (1991) for the table's smoothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._learning import loss_site, main_loss, number

# The table's gain over the frequencies, in standard errors and as a share of the entropy.
TABLE_Z = 5.0
TABLE_GAIN = 0.03
# An input that equals the target this often is the target (teacher forcing handed on as it is).
COPIED = 0.9
# The run's end counts as at the entropy up to this share of it.
NEAR = 0.05


class PlateauUnigram(Check):
    """See the module's docstring."""

    cause = "plateau-unigram"
    explains = ("loss-plateau", "under-capacity")

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_floors: dict[str, Any] | None = None,
        exam_dependency: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
        exam_signal: dict[str, Any] | None = None,
    ) -> Verdict:
        """Compare the run's end with the frequencies, and with what simple models make of the input."""
        record = main_loss(trace)
        if record.get("family") != "nll":
            return Absent("the targets are no tokens or classes")
        if not np.isfinite(outcome.skill) or exam_floors is None:
            return CannotTell("the entropy of the targets is not known")
        skill, floor, name = self._above(outcome, exam_floors)
        ignored = self._ignored(exam_dependency, exam_signal, trace)
        if skill > NEAR:
            return Absent(f"the loss is {skill:.0%} below {name}")
        if skill < -NEAR and skill < -3 * outcome.skill_noise and not ignored:
            return Absent(f"the loss has not come down to {name}")
        helps = self._helps(exam_floors, exam_signal)
        if not ignored and helps is None:
            return CannotTell(
                "nothing in the input was found to help to predict the targets, or it could not be examined"
            )
        later = number(exam_stuck.get("score")) if exam_stuck is not None else float("nan")
        if floor > 0 and np.isfinite(later) and 1 - outcome.floor * (1 - later) / floor > NEAR:
            return Absent(f"a slow start: {(exam_stuck or {})['longer']} steps bring the loss below {name}")
        if not ignored and (exam_stuck is None or exam_stuck.get("improving")):
            return CannotTell("whether the run stays at the entropy was not tried for longer, or it still improves")
        return self._present(trace, outcome, (floor, name), ignored, helps, exam_stuck)

    @staticmethod
    def _above(outcome: Outcome, floors: dict[str, Any]) -> tuple[float, float, str]:
        """The run's skill over a constant, or over one constant for each place of the sequence where that is the better one."""
        placed = floors.get("by_place")
        if placed and placed < outcome.floor:
            return (
                number(floors.get("skill_by_place")),
                float(placed),
                "the entropy of the token frequencies at each place",
            )
        return outcome.skill, outcome.floor, "the entropy of the token frequencies"

    @staticmethod
    def _ignored(dependency: dict[str, Any] | None, signal: dict[str, Any] | None, trace: Trace) -> str:
        """What the prediction does not depend on: everything, or one of several inputs from which a simple model predicts."""
        if (dependency or {}).get("ignores_input"):
            return "exchanging the input changes no prediction"
        given = trace.arrays.get("pairs/sample_input")
        if given is None or not (signal or {}).get("found"):
            return ""
        for number_, leaf in enumerate((dependency or {}).get("moves", [])):
            still = leaf["prediction"] == 0 and leaf["target"] == 0
            if still and len(leaf["shape"]) > 1 and int(np.prod(leaf["shape"][1:])) == given.shape[1]:
                return f"exchanging input {number_ + 1} (shape {leaf['shape']}) changes no prediction"
        return ""

    @staticmethod
    def _helps(floors: dict[str, Any], signal: dict[str, Any] | None) -> str | None:
        """What does better than frequencies."""
        tokens = floors.get("tokens")
        if (
            tokens is not None
            and tokens["copied"] < COPIED
            and tokens["z"] > TABLE_Z
            and tokens["gain"] > TABLE_GAIN * tokens["unigram"]
        ):
            return f"a table from the present token to its target comes to {tokens['bigram']:.3f} on text it was not made from (frequencies: {tokens['unigram']:.3f})"
        if signal is not None and signal.get("sequences") and signal["found"] and signal["r2"] > TABLE_GAIN:
            return f"a simple model predicts the labels at place {signal['place']} from the input ({signal['best']}, p = {signal['p']:.2g})"
        return None

    @staticmethod
    def _present(
        trace: Trace,
        outcome: Outcome,
        floor: tuple[float, str],
        ignored: str,
        helps: str | None,
        stuck: dict[str, Any] | None,
    ) -> Present:
        end = outcome.floor * (1 - outcome.skill)
        parts = [f"The loss rests at {end:.3f}; {floor[1]} is {floor[0]:.3f}"]
        parts += [p for p in (helps, ignored) if p]
        if not ignored and stuck is not None:
            parts.append(f"{stuck['longer']} steps change nothing")
        follow = RemedySpec(
            "use-the-input",
            "follow the input from the batch to the first layer: another tensor is used in its place, or it is cut off on the way",
            runtime=False,
            why_not="which tensor was meant is not known",
        )
        return Present(
            title="The model ignores its context"
            if ignored
            else "The loss rests at the entropy of the token frequencies",
            message="; ".join(parts) + ".",
            why="Frequencies need no input; whatever the model reads does not reach or does not help its prediction.",
            site=loss_site(trace),
            evidence={"end": end, "entropy": floor[0], "skill": outcome.skill, "ignored": ignored},
            remedies=[follow],
            confidence=0.85 if ignored else 0.6,
            structural=bool(ignored or outcome.learns),
        )
