"""The model is too small for its task: one hidden unit, a bottleneck, too few weights.

What it detects
    Not even one batch can be memorised, with dropout and decay off and given twice the steps; everything ahead of
    this question in the tree holds; and a simple model in closed form does far better than the run on rows put aside.

Why training suffers
    What differs between rows has to pass through the narrowest layer. What does not fit through is lost for good.

Sick
    >>> nn.Sequential(nn.Linear(12, 1), nn.ReLU(), nn.Linear(1, 10))

Cured
    >>> nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 10))

How sure we are
    A small model on a hard task is no fault as long as nothing simpler beats it. Where the narrowest layer has fewer
    units than the task has inputs and outputs, it is named.

References
    Karpathy, "A recipe for training neural networks": overfit one batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._learning import loss_site, main_loss, meaningful, number

# A simple model must be better than the run by this much (explained share, or accuracy).
MARGIN = 0.15
# A layer counts as a bottleneck up to this many units.
NARROW = 4


class UnderCapacity(Check):
    """See the module's docstring."""

    cause = "under-capacity"
    explains = ("loss-plateau", "plateau-unigram", "class-imbalance-collapse")

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_one_batch: dict[str, Any] | None = None,
        exam_signal: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
    ) -> Verdict:
        """Put the one-batch exam beside the simple models."""
        if not meaningful(outcome):
            return CannotTell("the loss does not say how well training goes")
        if exam_one_batch is None:
            if outcome.learns:
                return Absent("the run learns; what it might gain by width was not examined")
            return CannotTell(str(trace.exams.get("one_batch", {}).get("cannot_tell", "one batch was not tried")))
        free = number(exam_one_batch.get("free"), 0.0)
        figures: dict[str, Any] = {"one_batch": free, "skill": outcome.skill}
        if exam_one_batch.get("memorised"):
            return Absent(
                f"one batch is memorised ({free:.0%} of it explained): the model is wide enough for that", figures
            )
        if exam_signal is None or not exam_signal.get("found"):
            return CannotTell(
                "one batch is not memorised, but no simple model shows that the task can be learned, either"
            )
        narrow = self._narrowest(trace)
        if narrow is None:
            return Absent(
                "one batch is not memorised, but no layer is narrow: the width is not what is missing", figures
            )
        if np.isfinite(outcome.accuracy) and "accuracy" in exam_signal:
            own, simple, what = outcome.accuracy, exam_signal["accuracy"], "of the rows right"
        else:
            own, simple, what = outcome.skill, exam_signal["r2"], "of the variance explained"
        if exam_stuck is not None and what.endswith("explained"):
            own = max(own, number(exam_stuck.get("score"), own))
        elif exam_stuck is not None:
            own = max(own, number(exam_stuck.get("accuracy"), own))
        figures.update(own=own, simple=simple, narrowest=narrow["features"])
        if simple - own < MARGIN:
            return Absent("no simple model does much better than the run", figures)
        return Present(
            title="The model is too narrow for its task",
            message=(
                f"Its narrowest layer has {narrow['features']} unit{'s' if narrow['features'] != 1 else ''} ({narrow['name']}, output {narrow['shape']}). Not even one "
                f"batch can be memorised ({max(free, 0):.0%} of it explained, without dropout and decay); the run comes to {max(own, 0):.0%} {what}, "
                f"a simple model to {simple:.0%} ({exam_signal['best']})."
            ),
            why="Everything that distinguishes the rows has to pass through the narrowest layer.",
            site=Site.of(narrow["site"]) if narrow.get("site") else loss_site(trace),
            evidence=figures,
            remedies=[
                RemedySpec(
                    "widen",
                    "give the hidden layers more units",
                    runtime=False,
                    why_not="a wider model has other weights and another start",
                )
            ],
            confidence=0.8,
            structural=True,
        )

    @staticmethod
    def _narrowest(trace: Trace) -> dict[str, Any] | None:
        """The narrowest layer ahead of the last one, when it is narrow."""
        path = main_loss(trace).get("path") or {}
        layers = path.get("layers", [])
        hidden = [layer for layer in layers[:-1] if layer["features"] > 0]
        if not hidden:
            return None
        least = min(hidden, key=lambda layer: layer["features"])
        return least if least["features"] <= NARROW else None
