"""The targets have nothing to do with the inputs: there is nothing to learn.

What it detects
    Labels that were shuffled, shifted against their rows, drawn at random or exported as a constant. The run sits
    where the best constant is (or memorises its rows without getting anywhere on rows it has not seen).

Why training suffers
    The best prediction that ignores the input is then the best prediction of all; gradients are noise around it.

Sick
    >>> order = rng.permutation(len(images)); images = images[order]      # labels stay as they were

Cured
    >>> images, labels = images[order], labels[order]

How sure we are
    Four things must agree: the run ends at the best constant; it does as well on permuted targets; it can memorise
    one batch (so the network and its gradients work); and on rows put aside, ridge regression and models of nearby
    rows, spectra, tokens and products find nothing that chance does not. A rule too intricate for all of these cannot
    be told from noise by anybody; that is why switches (two-valued inputs) are searched in full, and why few rows
    lead to "cannot tell".

References
    Zhang et al., "Understanding deep learning requires rethinking generalization" (2017), randomisation tests;
    Phipson & Smyth, "Permutation p-values should never be zero" (2010).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._data import slots
from ._firstsight import first_sight
from ._learning import kept, loss_site, main_loss, meaningful, number, one_of_several

# Fewer unlike rows than these, or a null that reaches this share of the variance by chance, cannot show that nothing is there.
FEW_ROWS = 200
BLIND = 0.1
# Wider inputs are kept in part: two that look alike may differ elsewhere.
FEATURES_KEPT = 1024
NOISE_FACTOR = 3.0
# True targets come again in each pass and are learned by heart a little; a smaller advantage over permuted ones is no signal.
ADVANTAGE = 0.05
# One batch must be learned this far to show that the network works.
MEMORISES = 0.5
# Two runs that learn by heart count as alike up to this share.
ALIKE = 0.2
WHY = (
    "What the inputs say and what the targets want are independent; no model can do better than a constant on new rows."
)


class NoSignalLabels(Check):
    """See the module's docstring."""

    cause = "no-signal-labels"
    explains = (
        "loss-plateau",
        "plateau-unigram",
        "under-capacity",
        "overfitting",
        "class-imbalance-collapse",
        "lr-too-low",
    )

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_signal: dict[str, Any] | None = None,
        exam_permuted_labels: dict[str, Any] | None = None,
        exam_one_batch: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
    ) -> Verdict:
        """Put the exams together."""
        one_value = self._one_value(trace)
        if one_value is not None:
            return one_value
        if not meaningful(outcome) or not np.isfinite(outcome.skill):
            return CannotTell("the loss has no known floor, so what the targets hold cannot be judged by it")
        signal = exam_signal
        if signal is None:
            if outcome.learns:
                return Absent("the run does better than any constant")
            return CannotTell(str(trace.exams.get("signal", {}).get("cannot_tell", "no simple model was tried")))
        shift = signal.get("lags") or {}
        if shift.get("shifted") and not signal["found"]:
            return self._shifted(trace, shift)
        by_pairs = self._same_input_other_target(trace, outcome, signal.get("identity") or {})
        if by_pairs is not None:
            return by_pairs
        if signal["found"]:
            return Absent(
                f"a simple model predicts the targets from the inputs ({signal['best']}, p = {signal['p']:.2g})",
                _short(signal),
            )
        rare = signal.get("balanced") or {}
        if rare.get("found"):
            return Absent(
                f"a simple model tells the rare rows from the others ({rare['best']}, p = {rare['p']:.2g})",
                _short(signal),
            )
        if number(signal.get("unlike"), 0) < FEW_ROWS or number(signal.get("detectable"), 1.0) > BLIND:
            return CannotTell(f"{signal.get('unlike', 0)} unlike rows are too few to show that nothing is in them")
        doubt = self._doubt(outcome, exam_permuted_labels, exam_one_batch, exam_stuck)
        if doubt is not None:
            return doubt
        return self._present(trace, outcome, signal, exam_permuted_labels)

    @staticmethod
    def _doubt(
        outcome: Outcome,
        permuted: dict[str, Any] | None,
        one_batch: dict[str, Any] | None,
        stuck: dict[str, Any] | None,
    ) -> Verdict | None:
        """Why the run's standstill need not be the labels'."""
        if permuted is None:
            if outcome.learns:
                return CannotTell(
                    "the run learns, perhaps by heart: whether it learns permuted targets as well was not tried"
                )
            return CannotTell("whether the run does as well on permuted targets was not tried")
        slack = max(NOISE_FACTOR * number(permuted["noise"], 0.0), ADVANTAGE, ALIKE * number(permuted["true"], 0.0))
        if permuted["advantage"] > slack:
            return Absent(f"the true targets are learned better than permuted ones (by {permuted['advantage']:.2f})")
        if outcome.learns or (stuck is not None and stuck.get("learns")):
            return None  # by heart: permuted targets go down as well
        if outcome.skill < -max(NOISE_FACTOR * outcome.skill_noise, 0.1):
            return CannotTell("the run ends worse than a constant: something else is wrong first")
        if one_batch is None:
            return CannotTell("whether one batch can be learned was not tried")
        if number(one_batch.get("free"), 0.0) < MEMORISES:
            return CannotTell("not even one batch is learned: the network or its training fails before the labels can")
        return None

    @staticmethod
    def _one_value(trace: Trace) -> Present | None:
        """All targets are the same."""
        target = kept(trace, "target")
        record = main_loss(trace)
        if (
            target is None
            or len(target) < FEW_ROWS
            or np.ptp(target) != 0
            or record.get("family") not in {"nll", "bce", "regression"}
            or one_of_several(trace)
        ):
            return None
        value = float(target[0])
        return Present(
            title="All targets are the same",
            message=f"Each of the {len(target)} recorded targets is {value:g}: there is nothing to tell apart.",
            why="A constant fits such targets perfectly; the loss goes to its minimum and the model has learned nothing.",
            site=loss_site(trace),
            evidence={"value": value, "targets": len(target)},
            remedies=[
                RemedySpec(
                    "fix-labels",
                    "look at how the targets are read and encoded: only one value arrives",
                    runtime=False,
                    why_not="the right labels are not in the script's memory",
                )
            ],
            confidence=0.9,
            structural=True,
        )

    @staticmethod
    def _same_input_other_target(trace: Trace, outcome: Outcome, pairs: dict[str, Any]) -> Present | None:
        """Inputs that come again bring targets as unlike as strangers': no function of the input explains them."""
        whole = len(slots(trace, "input")) == 1 and kept(trace, "sample_input").shape[1] < FEATURES_KEPT  # type: ignore[union-attr]
        if not whole or outcome.learns or pairs.get("repeats", 0) < FEW_ROWS:
            return None
        if pairs["explained"] > BLIND or pairs["explained"] + 2 * pairs["error"] > 3 * BLIND:
            return None
        return Present(
            title="The targets do not depend on the inputs",
            message=(
                f"{pairs['inputs']:,} inputs came more than once ({pairs['repeats']:,} times again), each time with another "
                f"target: which input it is explains {max(pairs['explained'], 0):.0%} of the targets, and no function of the input "
                "can explain more."
            ),
            why=WHY,
            site=loss_site(trace),
            evidence=dict(pairs),
            remedies=[
                RemedySpec(
                    "fix-labels",
                    "draw inputs and targets by the same index: each is shuffled (or sampled) on its own",
                    runtime=False,
                    why_not="the right pairing is not in the script's memory",
                )
            ],
            confidence=0.9,
            structural=True,
        )

    @staticmethod
    def _shifted(trace: Trace, shift: dict[str, Any]) -> Present:
        lag = int(shift["lag"])
        whose = (
            "the previous"
            if lag == -1
            else "the next"
            if lag == 1
            else f"that of {abs(lag)} rows {'earlier' if lag < 0 else 'later'},"
        )
        sample = f"{whose} sample's" if abs(lag) == 1 else f"{whose} not their own"
        here, there = shift["r2"]["0"], shift["r2"][str(lag)]
        name = shift.get("target") or "the labels"
        return Present(
            title="The labels are shifted against the inputs",
            message=(
                f"The labels equal {sample}: paired row by row a simple model explains {max(here, 0):.0%} of {name}; with each input "
                f"paired with the label {abs(lag)} row{'s' if abs(lag) > 1 else ''} {'earlier' if lag < 0 else 'later'} it explains {there:.0%}."
            ),
            why="Every row is trained towards another row's answer.",
            site=loss_site(trace),
            evidence={"lag": lag, "explained": shift["r2"], "rows": shift["rows"]},
            remedies=[
                RemedySpec(
                    "realign-labels",
                    f"shift the labels by {-lag} row{'s' if abs(lag) > 1 else ''} against the inputs",
                    runtime=False,
                    why_not="the pairing is made before the first training step",
                )
            ],
            confidence=0.95,
            structural=True,
        )

    @staticmethod
    def _present(trace: Trace, outcome: Outcome, signal: dict[str, Any], permuted: dict[str, Any] | None) -> Present:
        simple = (
            f"no simple model beats the constant on rows put aside ({signal['fitted']} rows, p = {signal['p']:.2f})"
        )
        by_heart = outcome.learns
        seen = first_sight(trace) if by_heart else None
        if by_heart and permuted is not None:
            run = f"What the run learns it learns by heart: permuted targets as well ({permuted['permuted']:.2f}) as the true ones ({permuted['true']:.2f})"
            if seen is not None:
                run += f", and on rows seen for the first time it comes to {seen['fresh_skill']:.2f} (a constant to 0)"
        else:
            run = f"The run rests at the best constant ({outcome.floor:.3g}, {outcome.floor_name})"
            if permuted is not None:
                run += f" and does as well on permuted targets (difference {permuted['advantage']:.3f} +- {number(permuted['noise'], 0.0):.3f}, {permuted['steps']} steps)"
        return Present(
            title="The targets do not depend on the inputs",
            message=f"{run}; {simple}.",
            why=WHY,
            site=loss_site(trace),
            evidence=_short(signal)
            | {"skill": outcome.skill, "floor": outcome.floor}
            | ({"first_sight": seen} if seen else {}),
            remedies=[
                RemedySpec(
                    "fix-labels",
                    "check how inputs and targets are paired: sorting, shuffling, joining or cropping only one of the two",
                    runtime=False,
                    why_not="the right pairing is not in the script's memory",
                )
            ],
            confidence=0.8,
            structural=by_heart,
        )


def _short(signal: dict[str, Any]) -> dict[str, Any]:
    return {k: signal[k] for k in ("p", "best", "r2", "unlike", "fitted", "detectable") if k in signal}
