"""A softmax normalises over the wrong axis: over samples or time instead of classes, or over queries instead of keys.

What it detects
    Log-probabilities handed to the loss which do not sum to one over the classes although a (log-)softmax made them; a
    softmax over an axis of length one (always 1); attention weights which do not sum to one over what they weigh.

Why training suffers
    Over the batch axis the "probabilities" of one class compete between samples: the loss can fall without any sample
    being classified, and the model cannot be used on one sample. Over an axis of length one the output is constant
    and has no gradient.

Sick
    >>> log_p = F.log_softmax(scores, dim=0)        # (batch, classes)

Cured
    >>> log_p = F.log_softmax(scores, dim=1)

How sure we are
    Sums are measured on the tensors that ran. Attention weights are told only when the model does not learn, since
    assignment and routing schemes normalise over other axes on purpose.

References
    PyTorch documentation of ``log_softmax`` and ``NLLLoss``; the warning "Implicit dimension choice for softmax".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, Present, RemedySpec, Site, Trace, Verdict

from ._data import learned, numbers, words

# Sums of exp(log-probabilities) over the classes: half precision and label masks stay within this of one.
OFF = 0.05
SOFTMAXES = {"softmax", "log_softmax", "softmin"}
WANTS_LOGP = {"nll_loss", "picked", "weighted-log", "kl_div"}


class WrongDimSoftmax(Check):
    """See the module's docstring."""

    cause = "wrong-dim-softmax"
    explains = (
        "sample-mixing-reshape",
        "plateau-unigram",
        "loss-plateau",
        "vanishing-gradient",
        "class-imbalance-collapse",
        "no-signal-labels",
        "lr-too-low",
        "under-capacity",
        "target-leakage",
    )

    def ask(
        self,
        losses: list[dict[str, Any]],
        trace: Trace,
        outcome: Outcome | None = None,
        exam_dependency: dict[str, Any] | None = None,
    ) -> Verdict:
        """The softmax ahead of the loss, then those inside the model."""
        checked = []
        for record in losses:
            if not record["calls"] or record["kind"] not in WANTS_LOGP:
                continue
            made = next((op for op in record.get("behind", []) if op["name"] in SOFTMAXES), None)
            sums = numbers(record.get("unit_sum"))
            if made is None or not sums:
                continue
            checked.append(sums[1])
            verdict = self._ahead_of_loss(record, made, sums)
            if verdict is not None:
                return verdict
        ran = trace.list("softmaxes")
        single = self._of_one(ran)
        if single is not None:
            return single
        met = self._over_samples(ran, exam_dependency)
        if met is not None:
            return met
        picked = self._picked(ran)
        if picked is not None:
            return picked
        crossed = self._attention(ran, outcome)
        if crossed is not None:
            return crossed
        if checked:
            return Absent(f"the probabilities handed to the loss sum to {words(checked[0])} over the classes")
        return Absent(
            f"{len({(str(s['site']), s['dim']) for s in ran})} softmax calls normalise over the axis they are used on"
            if ran
            else "no softmax runs outside of the loss function"
        )

    def _ahead_of_loss(self, record: dict[str, Any], made: dict[str, Any], sums: list[float]) -> Present | None:
        low, middle, high = sums
        if low > 1 - OFF and high < 1 + OFF:
            return None
        # Masked classes leave less than one, but every row then lies below; a wrong axis scatters to both sides.
        if high < 1 + OFF and middle > 1 - OFF:
            return None
        shape = made.get("shape") or []
        axis = made.get("dim")
        if axis is None:
            axis = 0 if len(shape) in {0, 1, 3} else 1
        axis = int(axis) % max(len(shape), 1)
        classes_axis = (
            1 if record["kind"] in {"nll_loss"} and len(record["prediction_shape"]) == len(shape) else len(shape) - 1
        )
        if axis == classes_axis:
            return None
        return self._present(
            f"{made['name']} over axis {axis}, but the classes are axis {classes_axis}",
            f"{made['name']} normalised {tuple(shape)} over axis {axis}; over the classes its probabilities sum to "
            f"anything from {words(low)} to {words(high)} instead of 1.",
            "Probabilities of different samples (or positions) compete with each other: the loss falls when a sample "
            "takes probability from its neighbours, not when it is classified.",
            Site.of(made.get("site") or record.get("site")),
            {
                "axis": axis,
                "classes_axis": classes_axis,
                "shape": shape,
                "sum_low": low,
                "sum_median": middle,
                "sum_high": high,
            },
            classes_axis,
            0.97,
            True,
        )

    def _of_one(self, ran: list[dict[str, Any]]) -> Present | None:
        for record in ran:
            shape, axis = record["shape"], record["dim"]
            if not shape or axis is None or not record["requires_grad"] or shape[axis] != 1 or int(np.prod(shape)) < 2:
                continue
            same = [r for r in ran if r["site"] == record["site"]]
            if any(r["shape"][r["dim"]] != 1 for r in same):
                continue
            # What it weighs is summed over another axis, which is not one long: that one was meant.
            along = record.get("along")
            elsewhere = along if along is not None and along != axis and shape[along] > 1 else None
            return self._present(
                "A softmax over a single element",
                f"{record['name']} normalises {tuple(shape)} over axis {axis}, which has length 1: its result is "
                f"{'1' if record['name'] == 'softmax' else '0'} whatever the input, and no gradient passes.",
                "The output is constant: nothing behind it is trained.",
                Site.of(record["site"]),
                {"axis": axis, "shape": shape},
                elsewhere if elsewhere is not None else -1,
                0.9,
                record["name"] == "log_softmax" or len(shape) <= 2 or elsewhere is not None,
            )
        return None

    def _over_samples(self, ran: list[dict[str, Any]], exam: dict[str, Any] | None) -> Present | None:
        """A softmax is where samples first reach each other: it normalises over the batch."""
        meeting = (exam or {}).get("meeting")
        if exam is None or not exam.get("mixing") or not meeting or meeting.get("broken_by"):
            return None
        op, samples = meeting["op"], exam["samples"]
        record = next((r for r in ran if r["site"] == op.get("site") and r["requires_grad"]), None)
        if op["name"] not in SOFTMAXES or record is None:
            return None
        axis, shape = record["dim"], record["shape"]
        if axis is None or len(shape) < 2 or shape[axis] != samples["batch"]:
            return None
        return self._present(
            "A softmax normalises over the samples",
            f"{op['name']} normalises {tuple(shape)} over axis {axis}, which counts the samples: replacing one of "
            f"{samples['batch']} samples changed {max(samples['reached']):.0%} of the predictions, and this is where they meet.",
            "Samples compete with each other for weight: what one of them gets depends on which others share its batch.",
            Site.of(record["site"]),
            {"axis": axis, "shape": shape, "reached": samples["reached"], "batch": samples["batch"]},
            -1 if axis != len(shape) - 1 else len(shape) - 2,
            0.92,
            True,
        )

    def _picked(self, ran: list[dict[str, Any]]) -> Present | None:
        """One entry of each row is picked (an action, a class) from a table that is normalised over its rows."""
        for record in ran:
            axis, along = record["dim"], record.get("picked_along")
            if along is None or axis is None or axis == along or not record["requires_grad"]:
                continue
            if record["sum_low"] > 1 - OFF and record["sum_high"] < 1 + OFF:
                continue
            where = Site.of(record["picked"])
            return self._present(
                "A softmax normalises over another axis than the one that is picked from",
                f"{record['name']} normalises {tuple(record['shape'])} over axis {axis}, then one entry of each row is picked along "
                f"axis {along}{f' (line {where.line})' if where else ''}: the choices of one row sum to {words(record['sum_low'])} to "
                f"{words(record['sum_high'])} instead of 1.",
                "Rows compete with each other; within a row, making one choice likelier makes no other less likely.",
                Site.of(record["site"]),
                {"axis": axis, "shape": record["shape"], "sum_low": record["sum_low"], "sum_high": record["sum_high"]},
                along,
                0.92,
                True,
            )
        return None

    def _attention(self, ran: list[dict[str, Any]], outcome: Outcome | None) -> Present | None:
        """Attention weights that are normalised over another axis than the one they weigh along."""
        if learned(outcome):
            return None
        for record in ran:
            if "weighs" not in record or record["sum_low"] > 1 - OFF:
                continue
            shape, axis, along = record["shape"], record["dim"], record["along"]
            if axis is None or axis == along or len(shape) < 2:
                continue
            over = "the queries" if {axis, along} == {len(shape) - 1, len(shape) - 2} else "another axis"
            return self._present(
                "Attention weights are normalised over the wrong axis",
                f"softmax normalises {tuple(shape)} over axis {axis} ({over}), then the result weighs along axis "
                f"{along}: the weights of one query sum to {words(record['sum_low'])} to "
                f"{words(record['sum_high'])}.",
                "Each output is a sum with arbitrary total weight instead of an average of what it attends to.",
                Site.of(record["site"]),
                {"axis": axis, "shape": shape, "sum_low": record["sum_low"], "sum_high": record["sum_high"]},
                along,
                0.75,
                False,
            )
        return None

    @staticmethod
    def _present(
        title: str,
        message: str,
        why: str,
        site: Site | None,
        evidence: dict[str, Any],
        dim: int,
        confidence: float,
        structural: bool,
    ) -> Present:
        return Present(
            title=title,
            message=message,
            why=why,
            site=site,
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "softmax-dim", f"normalise over axis {dim}", {"dim": dim}, snippet=f"softmax(scores, dim={dim})"
                )
            ],
            confidence=confidence,
            structural=structural,
        )
