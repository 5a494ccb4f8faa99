"""The targets are far from what the model puts out: in raw units, thousands of times away.

What it detects
    A regression whose targets' mean or spread is many times the scale of the model's first outputs, and which at its
    present pace would need many more steps than it made just to arrive there; or targets so small that the model's
    own noise is larger.

Why training suffers
    The output layer starts around 0 with unit scale. With Adam it travels about one learning rate per step and
    weight, so prices in euros are a hundred thousand steps away; with SGD the first gradient is that many times too
    large and the run explodes.

Sick
    >>> loss = F.mse_loss(model(x), price)              # price about 250,000

Cured
    >>> loss = F.mse_loss(model(x), (price - mean) / std)

How sure we are
    The distance and the pace are measured. Told only when the run does not learn.

References
    LeCun, Bottou, Orr, Mueller: Efficient BackProp (1998), section 4.5; scikit-learn ``TransformedTargetRegressor``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._data import learned, words
from ._reach import reach

# Targets this many times the model's first outputs are out of its reach for a while: with unit outputs and a learning
# rate of 1e-2 (ten times Adam's default) hundreds of steps.
FAR = 10.0
# The other way round: the model's outputs are this many times the targets.
TINY = 30.0
# Columns whose standard deviations differ by this factor differ a thousandfold in a squared error.
UNEVEN = 30.0
COLUMNS = 32
# Still this share of the way to go after the recorded steps.
TO_GO = 0.5


class TargetNotNormalized(Check):
    """See the module's docstring."""

    cause = "target-not-normalized"
    explains = (
        "lr-too-low",
        "lr-too-high",
        "exploding-gradient",
        "loss-plateau",
        "under-capacity",
        "no-signal-labels",
        "dead-relu",
        "saturated-activation",
        "bad-initialization",
        "over-regularized",
    )

    def ask(self, loss: dict[str, Any], trace: Trace, outcome: Outcome | None = None) -> Verdict:
        """Compare the targets with where the predictions start and how fast they move."""
        if loss["family"] != "regression":
            return Absent(f"the targets of {loss['kind']} are classes, which have no unit")
        i = loss["id"]
        targets = trace.arrays.get(f"losses/{i}/rows/target")
        mean, std = trace.arrays.get(f"losses/{i}/prediction_mean"), trace.arrays.get(f"losses/{i}/prediction_std")
        if targets is None or mean is None or std is None or not len(mean):
            return CannotTell("targets and predictions do not align")
        targets = targets[np.isfinite(targets)]
        if not len(targets) or not np.isfinite(mean[0]):
            return CannotTell("no finite targets or predictions were recorded")
        centre, spread = float(targets.mean()), float(targets.std())
        first = max(float(np.hypot(mean[0], std[0])), 1e-3)
        far = max(abs(centre), spread)
        evidence = {
            "target_mean": centre,
            "target_std": spread,
            "first_output_mean": float(mean[0]),
            "first_output_std": float(std[0]),
            "ratio": far / first,
        }
        usual = (
            f"targets have mean {words(centre)} and std {words(spread)}, the model's first outputs mean "
            f"{words(mean[0])} and std {words(std[0])}"
        )
        if outcome is not None and outcome.learns:
            return Absent(f"{usual}; {learned(outcome)} all the same", evidence)
        if far > FAR * max(first, 1.0):
            found = self._far(loss, evidence, mean, std, centre, spread, outcome, usual)
            return found if isinstance(found, Present) else self._uneven(loss, trace) or found
        if far * TINY < min(first, 1.0) and outcome is not None and np.isfinite(outcome.skill) and outcome.skill < 0:
            return self._present(
                loss,
                "The targets are tiny",
                f"The {usual}: the model's own noise is {words(first / max(far, 1e-30))} times what it is to predict.",
                evidence,
                0.55,
            )
        return self._uneven(loss, trace) or Absent(usual, evidence)

    def _uneven(self, loss: dict[str, Any], trace: Trace) -> Present | None:
        """Target columns of very different spread in one mean squared error."""
        columns = trace.arrays.get("pairs/sample_target")
        if not loss.get("main") or columns is None or columns.ndim != 2 or not 2 <= columns.shape[1] <= COLUMNS:
            return None
        with np.errstate(all="ignore"):
            spreads = np.nanstd(columns, axis=0)
        varying = np.nonzero(spreads > 0)[0]
        if len(varying) < 2:
            return None
        large, small = int(varying[np.argmax(spreads[varying])]), int(varying[np.argmin(spreads[varying])])
        ratio = float(spreads[large] / spreads[small])
        if ratio < UNEVEN:
            return None
        return self._present(
            loss,
            "Target columns differ in scale by orders of magnitude",
            f"Target column {large} has std {words(spreads[large])} (mean {words(columns[:, large].mean())}), column "
            f"{small} has std {words(spreads[small])} (mean {words(columns[:, small].mean())}): in one squared error "
            f"the first weighs {words(ratio**2)} times as much.",
            {"stds": spreads.tolist(), "ratio": ratio},
            0.7,
        )

    def _far(
        self,
        loss: dict[str, Any],
        evidence: dict[str, Any],
        mean: np.ndarray,
        std: np.ndarray,
        centre: float,
        spread: float,
        outcome: Outcome | None,
        usual: str,
    ) -> Verdict:
        if outcome is not None and (outcome.nonfinite_at is not None or outcome.diverged):
            fate = f"non-finite at step {outcome.nonfinite_at}" if outcome.nonfinite_at is not None else "diverge"
            return self._present(
                loss,
                "The targets are in raw units",
                f"The {usual}; the gradients of such errors made the run {fate}.",
                evidence,
                0.8,
            )
        limits = reach(loss.get("behind") or [])
        if limits.bounded and not limits.low <= centre <= limits.high:
            return Absent(f"the {usual}; what the last operation can reach is another cause's matter", evidence)
        finite = np.isfinite(mean) & np.isfinite(std)
        mean, std = mean[finite], std[finite]
        tail = max(1, len(mean) // 5)
        if abs(centre) >= spread:
            begun, arrived, goal, what = float(mean[0]), float(mean[-tail:].mean()), centre, "mean"
        else:
            begun, arrived, goal, what = float(std[0]), float(std[-tail:].mean()), spread, "spread"
        way = (goal - arrived) / (goal - begun) if goal != begun else 0.0
        pace = abs(arrived - begun) / max(len(mean), 1)
        evidence |= {"to_go": way, "pace_per_step": pace}
        if way < TO_GO:
            return Absent(
                f"the outputs have come most of the way to the targets ({what} {words(begun)} to {words(arrived)}, "
                f"target {words(goal)})",
                evidence,
            )
        need = abs(goal - arrived) / pace if pace > 0 else float("inf")
        later = f"at this pace {words(need)} more steps are needed" if np.isfinite(need) else "they do not move at all"
        return self._present(
            loss,
            "The targets are in raw units",
            f"The {usual}. After {len(mean)} steps the outputs' {what} is {words(arrived)}: {later} to get to "
            f"{words(goal)}.",
            evidence | {"steps_needed": need},
            min(0.92, 0.6 + 0.08 * np.log10(evidence["ratio"])),
        )

    @staticmethod
    def _present(
        loss: dict[str, Any], title: str, message: str, evidence: dict[str, Any], confidence: float
    ) -> Present:
        return Present(
            title=title,
            message=message,
            why="A network starts with outputs around 0 and moves about one learning rate per step: it spends the "
            "run on the way to the targets' scale instead of on what distinguishes them.",
            site=Site.of(loss.get("site")),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "standardise-targets",
                    "train on (target - mean) / std of the training targets, and undo it when predicting",
                    {"loss": loss["key"]},
                    snippet="mean, std = y_train.mean(), y_train.std()\nloss = criterion(model(x), (y - mean) / std)",
                )
            ],
            confidence=float(confidence),
        )
