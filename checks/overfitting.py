"""The model learns its training rows by heart: it gets better on them and worse on rows it has not seen.

What it detects
    The script's own evaluation (a loss computed without gradient, again and again) rises well beyond its scatter
    after its best value, or stays far from the training error, while the training loss falls on.

Why training suffers
    Few rows and many weights: what is fitted from some point on is the rows' noise. What is wanted, new rows, gets
    worse.

Sick
    >>> model = Net(width=512); epochs = 50                       # 120 rows

Cured
    >>> model = Net(width=64, dropout=0.5); optimizer = Adam(..., weight_decay=5e-2)      # or stop at the best evaluation

How sure we are
    Only told from the script's own evaluation, with its scatter over rows. A small gap, or a rise that early stopping
    would catch, is no finding.

References
    Prechelt, "Early stopping - but when?" (1998).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._firstsight import unlike_rows
from ._learning import loss_site, main_loss, meaningful

# The evaluation must end so much above its best (share of the floor or of its best), and so many standard errors.
RISE = 0.15
ERRORS = 3.0
# An evaluation no better than this share of the floor, while the training rows are explained this far, is of no use at all.
USELESS = 0.9
BY_HEART = 0.8
FEWEST_ROWS = 30
# The same from a gap alone: training rows wholly explained after so many passes over at most half as many rows as are evaluated,
# while the evaluation keeps this share of the floor.
WHOLLY = 0.98
PASSES = 8.0
LEFT = 0.25
# An accuracy counts as left behind by so much.
BEHIND = 0.2
# The training error must be under this share of the evaluation's at the end.
GAP = 0.5


class Overfitting(Check):
    """See the module's docstring."""

    cause = "overfitting"

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        evals: list[dict[str, Any]],
        exam_held_out: dict[str, Any] | None = None,
    ) -> Verdict:
        """Compare the script's evaluation with its training loss."""
        if not meaningful(outcome) or outcome.nonfinite_at is not None:
            return CannotTell("the loss does not say how well training goes")
        if exam_held_out is not None:
            trace, evals = _continued(trace, exam_held_out), exam_held_out["evals"]
        rounds = [r for i, e in enumerate(evals) if (r := self._rounds(trace, i, e)) is not None]
        counted = self._counted(trace, outcome, evals)
        if counted is not None and outcome.learns:
            return counted
        if not rounds:
            return CannotTell("the script does not evaluate itself within the recorded steps by a loss that is known")
        if not outcome.learns:
            return Absent("the training loss does not fall, either")
        verdicts = [self._judge(trace, outcome, r) for r in rounds]
        return max(verdicts, key=lambda v: (isinstance(v, Present), getattr(v, "confidence", 0.0)))

    @staticmethod
    def _rounds(trace: Trace, index: int, record: dict[str, Any]) -> dict[str, Any] | None:
        """One figure per evaluation round (all calls after the same training step), from rows where they align."""
        steps, errors = trace.arrays.get(f"evals/{index}/steps"), trace.arrays.get(f"evals/{index}/errors")
        kind = main_loss(trace).get("kind")
        if steps is None or errors is None or len(steps) < 1 or record.get("kind") not in {kind, "difference"}:
            return None
        if errors.shape[1] < 4 or not np.isfinite(errors[:, :2]).all():
            return None
        n, mean, spread = errors[:, 0], errors[:, 1], np.nan_to_num(errors[:, 3])
        at = np.unique(steps)
        figures, widths, rows = [], [], []
        for step in at:
            mine = steps == step
            total = n[mine].sum()
            figures.append(float((mean[mine] * n[mine]).sum() / total))
            widths.append(float(np.sqrt((spread[mine] ** 2 * n[mine]).sum() / total) / np.sqrt(total)))
            rows.append(int(total))
        if max(rows) != min(rows):
            return None
        return {
            "steps": at,
            "error": np.array(figures),
            "width": np.array(widths),
            "rows": rows[0],
            "site": record.get("site"),
        }

    @staticmethod
    def _counted(trace: Trace, outcome: Outcome, evals: list[dict[str, Any]]) -> Present | None:
        """An accuracy that the script counts itself: far under that on few training rows which are known by heart."""
        rows = unlike_rows(trace)
        if not np.isfinite(outcome.accuracy) or outcome.accuracy < WHOLLY or rows is None or rows[1] < PASSES:
            return None
        for i, record in enumerate(evals):
            steps, figures = trace.arrays.get(f"evals/{i}/steps"), trace.arrays.get(f"evals/{i}/errors")
            if record.get("kind") != "accuracy" or steps is None or figures is None or len(steps) == 0:
                continue
            last = steps == steps.max()
            count = float(figures[last, 0].sum())
            share = float((figures[last, 0] * figures[last, 2]).sum() / count)
            width = float(np.sqrt(max(share * (1 - share), 1e-4) / count))
            late = steps.max() >= 0.3 * trace.steps
            if not late or count < max(FEWEST_ROWS, 2 * rows[0]) or outcome.accuracy - share < max(BEHIND, 5 * width):
                continue
            return Present(
                title="The model learns its training rows by heart",
                message=(
                    f"{rows[0]} training rows, each seen {rows[1]:.0f} times, are {outcome.accuracy:.0%} right; of the {count:.0f} rows "
                    f"that the script evaluates {share:.0%} are (step {int(steps.max())})."
                ),
                why="What was fitted is the noise of few training rows.",
                site=Site.of(record["site"]) if record.get("site") else loss_site(trace),
                evidence={
                    "training_accuracy": outcome.accuracy,
                    "evaluation_accuracy": share,
                    "training_rows": rows[0],
                },
                remedies=[_regularise()],
                confidence=0.8,
                structural=True,
            )
        return None

    def _judge(self, trace: Trace, outcome: Outcome, rounds: dict[str, Any]) -> Present | Absent:
        record = main_loss(trace)
        train, step = trace.arrays[f"losses/{record['id']}/error"], trace.arrays[f"losses/{record['id']}/step"]
        error, at = rounds["error"], rounds["steps"]
        best = int(np.argmin(error))
        last = error[-max(1, len(error) // 5) :].mean()
        end = float(np.mean(train[step >= np.quantile(step, 0.8)]))
        then = train[(step >= at[best] - max(5, len(step) // 10)) & (step <= at[best])]
        before = float(np.mean(then)) if len(then) else end
        rise = float(last - error[best])
        scale = max(outcome.floor if np.isfinite(outcome.floor) else error[best], 1e-12)
        errors = rise / max(float(np.hypot(rounds["width"][best], rounds["width"][-1])) / np.sqrt(2), 1e-12)
        figures = {
            "best": float(error[best]),
            "best_at": int(at[best]),
            "last": float(last),
            "training": end,
            "rise": rise / scale,
            "standard_errors": errors,
            "rounds": len(error),
            "rows": rounds["rows"],
        }
        if len(error) < 2 or rise / scale < RISE or errors < ERRORS:
            useless = self._useless(trace, outcome, rounds, train, step)
            if useless is not None:
                return useless
            return Absent(f"the script's evaluation ends at {last:.3g}, its best was {error[best]:.3g}", figures)
        if end > GAP * last or end > before + 0.01 * scale:
            return Absent("the training loss does not leave the evaluation behind", figures)
        site = Site.of(rounds["site"]) if rounds.get("site") else loss_site(trace)
        worse = (
            f" - worse than the best constant ({outcome.floor:.3g})"
            if np.isfinite(outcome.floor) and last > outcome.floor
            else ""
        )
        return Present(
            title="The model learns its training rows by heart",
            message=(
                f"The script's evaluation ({rounds['rows']} rows) was best at step {at[best]} ({error[best]:.3g}) and has risen to {last:.3g}{worse}, "
                f"{errors:.0f} standard errors higher, while the training error fell to {end:.3g}."
            ),
            why="What is fitted from then on is the noise of the training rows.",
            site=site,
            evidence=figures,
            remedies=[_regularise()],
            confidence=0.85,
            structural=True,
        )

    @staticmethod
    def _useless(
        trace: Trace, outcome: Outcome, rounds: dict[str, Any], train: np.ndarray, step: np.ndarray
    ) -> Present | None:
        """The training rows are known by heart at a time when the evaluation is no better than a constant."""
        at, error, width = rounds["steps"][-1], rounds["error"][-1], rounds["width"][-1]
        window = (step < at) & (step >= at - max(3, len(step) // 10))
        if not np.isfinite(outcome.floor) or rounds["rows"] < FEWEST_ROWS or not window.any():
            return None
        if any(m.get("has_state") for m in trace.list("modules")):
            return (
                None  # running statistics of normalisation layers lag behind: an early evaluation can be off for that
            )
        own = 1 - float(np.mean(train[window])) / outcome.floor
        rows = unlike_rows(trace)
        few = rows is not None and rows[0] <= rounds["rows"] / 2 and rows[1] >= PASSES
        gap = few and own > WHOLLY and error - ERRORS * width > LEFT * outcome.floor
        if own < BY_HEART or not (gap or error - ERRORS * width >= USELESS * outcome.floor):
            return None
        said = (
            f"no better than a constant ({outcome.floor:.3g})"
            if error >= USELESS * outcome.floor
            else f"{error / outcome.floor:.0%} of what a constant gets ({outcome.floor:.3g})"
        )
        count = (
            f"{rows[0]} training rows, each seen {rows[1]:.0f} times," if few and rows is not None else "training rows"
        )
        return Present(
            title="The model learns its training rows by heart",
            message=(
                f"At step {at} the {count} are explained by {own:.1%}, and the script's evaluation ({rounds['rows']} rows) is {error:.3g}: {said}."
            ),
            why="What was fitted is the noise of the training rows.",
            site=Site.of(rounds["site"]) if rounds.get("site") else loss_site(trace),
            evidence={
                "training_skill": own,
                "evaluation": float(error),
                "floor": outcome.floor,
                "rows": rounds["rows"],
                "training_rows": rows[0] if rows else None,
            },
            remedies=[_regularise()],
            confidence=0.8,
            structural=True,
        )


def _continued(trace: Trace, longer: dict[str, Any]) -> Trace:
    """The trace with the evaluations and training errors of the run that went on until the script evaluated itself."""
    arrays = dict(trace.arrays)
    main = main_loss(trace)["id"]
    arrays |= {f"losses/{main}/error": np.asarray(longer["error"]), f"losses/{main}/step": np.asarray(longer["step"])}
    for i, record in enumerate(longer["evals"]):
        arrays[f"evals/{i}/steps"] = np.asarray(record["steps"])
        arrays[f"evals/{i}/errors"] = np.asarray(record["errors"], dtype=float).reshape(-1, 4)
    return Trace(trace.meta | {"steps": longer["steps"]}, trace.records, arrays)


def _regularise() -> RemedySpec:
    return RemedySpec(
        "regularise",
        "stop at the best evaluation, use fewer weights, dropout or weight decay, or more (or augmented) training rows",
        runtime=False,
        why_not="how much is right shows only on rows put aside, over many epochs",
    )
