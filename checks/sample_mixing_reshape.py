"""A view or reshape tears samples apart: rows that a layer reads as one sample are put together from several.

What it detects
    ``view``/``reshape``/``flatten`` used where ``permute``/``transpose`` was meant, so that a later layer combines numbers of
    different samples.

Why training suffers
    Each prediction is made from pieces of several samples, and the pieces differ from batch to batch.

Sick
    >>> h = h.view(steps, batch, -1)  # h is (batch, steps, features)

Cured
    >>> h = h.transpose(0, 1)

How sure we are
    Certain: replacing one sample changes other samples' predictions, and the changed numbers stop filling whole slices at
    exactly this line.

References
    Lightning issue 1237; PyTorch forum threads on view versus permute.
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._wiring import mixing_absent


class SampleMixingReshape(Check):
    """See the module's docstring."""

    cause = "sample-mixing-reshape"
    explains = (
        "loss-plateau",
        "under-capacity",
        "no-signal-labels",
        "class-imbalance-collapse",
        "plateau-unigram",
        "overfitting",
        "vanishing-gradient",
        "lr-too-low",
        "lr-too-high",
    )

    def ask(self, trace: Trace, exam_dependency: dict[str, Any] | None = None) -> Verdict:
        """Parts torn by a split; mixing that begins with a reshape."""
        if torn := trace.list("torn"):
            return self._torn(torn[0])
        if exam_dependency is None:
            return CannotTell("the dependency exam was not made")
        absent = mixing_absent(exam_dependency)
        if absent is not None:
            return absent
        meeting = exam_dependency.get("meeting")
        if not meeting:
            return CannotTell("samples reach each other, but the operation where they meet was not found")
        broken = meeting.get("broken_by")
        if broken is None:
            return Absent(f"samples meet at {meeting['op']['name']}; every reshape ahead of it keeps samples whole")
        if not exam_dependency.get("axis_certain") and not exam_dependency.get("axis_reason", "").startswith(
            "axis 0 by"
        ):
            return CannotTell(f"which axis counts samples is not certain ({exam_dependency.get('axis_reason')})")
        samples = exam_dependency["samples"]
        return Present(
            title="A reshape mixes samples",
            message=(
                f"After `{broken['name']}` the numbers of one sample no longer stand together (shape {tuple(broken['shape'])}); at "
                f"`{meeting['op']['name']}` they are combined with other samples': replacing one of {samples['batch']} samples changed "
                f"{max(samples['reached']):.0%} of all predictions."
            ),
            why="view and reshape keep the order of the numbers in memory; to swap axes, the numbers must move (permute, transpose).",
            site=Site.of(broken.get("site")),
            evidence={
                "batch": samples["batch"],
                "reached": samples["reached"],
                "reshape": broken["name"],
                "meets_at": meeting["op"]["name"],
            },
            remedies=[
                RemedySpec(
                    "permute-axes",
                    "use permute/transpose to swap axes, and reshape only to merge neighbouring ones",
                    snippet=".transpose(0, 1)",
                    runtime=False,
                    why_not="the intended axis order is not known to the doctor",
                )
            ],
            confidence=0.96,
            structural=True,
        )

    @staticmethod
    def _torn(split: dict[str, Any]) -> Present:
        parts, rows = split["parts"], split["rows"]
        joined = Site.of(split.get("joined"))
        return Present(
            title="A reshape tears apart what was joined",
            message=(
                f"{parts} parts of {rows} rows are joined one behind the other{f' (line {joined.line})' if joined else ''}, so that they "
                f"lie as ({parts}, {rows}); `{split['name']}` reads them as ({rows}, {parts}): each group holds {parts} neighbours of "
                "one part instead of one row of each."
            ),
            why="What belongs together (a sample and its partner, the steps of a sequence) is compared with strangers.",
            site=Site.of(split.get("site")),
            evidence={"parts": parts, "rows": rows},
            remedies=[
                RemedySpec(
                    "permute-axes",
                    f"read it as ({parts}, {rows}) and swap the axes, or take it apart with chunk({parts})",
                    snippet=f".view({parts}, {rows}, -1).transpose(0, 1)",
                    runtime=False,
                    why_not="the intended axis order is not known to the doctor",
                )
            ],
            confidence=0.94,
            structural=True,
        )
