"""A recurrent or attention layer reads the batch axis as time: samples run into each other.

What it detects
    Data laid out (batch, time, features) in a layer that expects (time, batch, features), or the reverse; also in
    recurrences written by hand that loop over the batch axis.

Why training suffers
    The layer walks from sample to sample instead of from step to step: each prediction mixes in other samples (different
    ones in every shuffled batch), and the order in time is never seen.

Sick
    >>> self.rnn = nn.LSTM(8, 32)  # fed with (batch, time, 8)

Cured
    >>> self.rnn = nn.LSTM(8, 32, batch_first=True)

How sure we are
    Certain: one sample of the batch is replaced and other samples' predictions change; the operation where they first meet
    is the recurrent or attention layer itself. Layers that mix samples on purpose (batch statistics, contrastive
    similarities, attention over a batch axis that was inserted for it) are told apart by that operation and its shapes.

References
    PyTorch documentation of ``nn.LSTM``, ``nn.Transformer`` (``batch_first``); Lightning issue 1237.
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.grouping import EXCHANGEABLE
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._wiring import confused_modules, mixing_absent

# Neighbours along a time axis are at most this far apart, against random pairs.
IN_ORDER = 0.5


class BatchFirstMismatch(Check):
    """See the module's docstring."""

    cause = "batch-first-mismatch"
    explains = (
        "plateau-unigram",
        "loss-plateau",
        "under-capacity",
        "no-signal-labels",
        "vanishing-gradient",
        "class-imbalance-collapse",
        "overfitting",
        "hidden-state-misuse",
        "lr-too-low",
        "attention-mask-inverted",
        "lr-too-high",
        "target-leakage",
    )

    def ask(
        self,
        exam_dependency: dict[str, Any],
        modules: list[dict[str, Any]],
        loaders: list[dict[str, Any]],
        trace: Trace,
        exam_signal: dict[str, Any] | None = None,
    ) -> Verdict:
        """Mixing, and where it begins; data whose rows are columns where both are as many."""
        turned = (exam_signal or {}).get("turned") or {}
        if turned.get("found"):
            return self._turned(exam_dependency, trace, turned)
        absent = mixing_absent(exam_dependency)
        if absent is not None:
            return self._stored(modules, trace) or absent
        meeting = exam_dependency.get("meeting")
        if not meeting:
            return CannotTell("samples reach each other, but the operation where they meet was not found")
        kind, op = meeting["kind"], meeting["op"]
        if kind not in {"recurrent", "attention", "loop"}:
            return Absent(
                f"samples meet at {op['name']} ({_place(op)}), not in a recurrent or attention layer read along the wrong axis"
            )
        samples = exam_dependency["samples"]
        batch = samples["batch"]
        shape = op["shape"]
        if kind == "attention" and (len(shape) < 3 or 1 in shape[:2]):
            return Absent("attention over an axis that was inserted for it: samples attend to each other on purpose")
        if kind == "recurrent" and len(shape) == 2:
            return Absent("the recurrent layer reads one unbatched sequence")
        if not exam_dependency.get("axis_certain"):
            return CannotTell(
                f"axis 0 may be time ({exam_dependency.get('axis_reason')}), so that reading along it may be right"
            )
        if kind == "loop" and not exam_dependency.get("axis_certain"):
            return CannotTell("which axis counts samples is not certain")
        if kind == "loop" and 1 / batch >= max(samples["reached"]):
            return Absent("no mixing")
        names = confused_modules(modules, op)
        what = names[0] if names else op["name"]
        reach = max(samples["reached"])
        blind = bool(exam_dependency.get("ignores_input"))
        site = Site.of(op.get("site"))
        option = (
            "batch_first=True"
            if any(m.get("batch_first") is False for m in modules if m["name"] in names) or not names
            else "batch_first=False"
        )
        fixable = option == "batch_first=True" and kind != "loop"
        return Present(
            title="Samples are read as time steps",
            message=(
                f"Replacing one of {batch} samples changed {reach:.0%} of {'the values at this layer' if blind else 'all predictions'} "
                f"instead of at most {1 / batch:.1%}: they meet in `{what}` ({op['name']}), which receives {_shape(modules, names)} "
                f"and reads its first axis as time."
                f"{' What is read at the end depends on no sample at all.' if blind else ''}"
            ),
            why="The layer walks from sample to sample instead of along time; every prediction depends on which other samples share its batch.",
            site=site,
            evidence={
                "batch": batch,
                "reached": samples["reached"],
                "own_share": samples["own_share"],
                "meets_at": op["name"],
                "modules": names,
            },
            remedies=[
                RemedySpec(
                    "set-batch-first",
                    f"pass {option} to {what}"
                    if kind != "loop"
                    else "loop over the time axis, not over the batch axis",
                    {"modules": names},
                    snippet=option if kind != "loop" else "for t in range(x.size(1)): ... x[:, t]",
                    runtime=fixable,
                    why_not="" if fixable else "the axis order is written into the code",
                )
            ],
            confidence=0.97,
            structural=True,
        )

    @staticmethod
    def _stored(modules: list[dict[str, Any]], trace: Trace) -> Present | None:
        """Stored data whose rows follow one another like steps, while a layer reads as time the axis along which nothing does."""
        for m in modules:
            given = (m.get("inputs") or [[]])[0]
            if "batch_first" not in m or not m.get("grad_calls") or len(given) != 3:
                continue
            batch, time = (given[0], given[1]) if m["batch_first"] else (given[1], given[0])
            for data in trace.list("data"):
                order, shape = data.get("order"), data["shape"]
                if not order or shape[1] != time or not batch < shape[0]:
                    continue
                if not (order[0] < IN_ORDER and order[1] > EXCHANGEABLE):
                    continue
                return Present(
                    title="The stored data has time first",
                    message=(
                        f"Neighbours along axis 0 of a stored tensor {tuple(shape)}, from which rows are drawn as samples, are "
                        f"{order[0]:.0%} as far apart as random pairs, as time steps are; along axis 1, which `{m['name']}` "
                        f"({m['class']}) reads as time, they are in no order ({order[1]:.0%})."
                    ),
                    why="Each row holds one moment of all samples: the layer walks from sample to sample.",
                    site=Site.of(m.get("site")),
                    evidence={"shape": shape, "order": order, "time": time, "batch": batch},
                    remedies=[
                        RemedySpec(
                            "swap-axes",
                            "transpose the first two axes of the data where it is read",
                            snippet="x = x.transpose(0, 1)",
                            runtime=False,
                            why_not="where the data is read is not known",
                        )
                    ],
                    confidence=0.85,
                )
        return None

    @staticmethod
    def _turned(exam: dict[str, Any], trace: Trace, turned: dict[str, Any]) -> Present:
        shape = exam.get("input_shape") or []
        first = next((r for r in trace.list("modules") if r.get("root")), {})
        return Present(
            title="The data's time axis is read as samples",
            message=(
                f"The model is given {tuple(shape)}, as many rows as columns, with a target for each row; no simple model predicts "
                f"the targets from the rows, but from the columns one explains {turned['r2']:.0%} ({turned['best']}): samples lie along "
                "the second axis."
            ),
            why="Each row holds one moment of all samples; what belongs to a target is spread over all rows.",
            site=Site.of(
                first.get("site") or next((r.get("site") for r in trace.list("losses") if r.get("main")), None)
            ),
            evidence={"input_shape": shape, "explained_by_columns": turned["r2"]},
            remedies=[
                RemedySpec(
                    "swap-axes",
                    "transpose the first two axes of the data, or read it with batch_first=False",
                    snippet="x = x.transpose(0, 1)",
                    runtime=False,
                    why_not="where the data is read is not known",
                )
            ],
            confidence=0.9,
            structural=True,
        )


def _place(op: dict[str, Any]) -> str:
    site = op.get("site")
    return f"line {site['line']}" if site else "unknown line"


def _shape(modules: list[dict[str, Any]], names: list[str]) -> str:
    for m in modules:
        if m["name"] in names and m.get("inputs"):
            return f"an input of shape {tuple(m['inputs'][0])}"
    return "its input"
