"""The last operation and the loss disagree: one expects raw scores, the other does not give them (or the reverse).

What it detects
    A softmax, sigmoid, tanh or ReLU between the last layer and cross entropy or BCE-with-logits; scores or
    probabilities handed to a loss that wants log-probabilities (NLL, CTC, KL divergence); cross entropy over a single
    class, or over the batch because predictions and float targets have one axis.

Why training suffers
    Cross entropy applies log-softmax itself: on probabilities in [0, 1] it can never get below ln(1 + (C - 1) / e)
    and its gradient fades as the model becomes sure. NLL of raw scores has no lower bound: the model wins by making
    scores large. Over a single class the loss is always zero.

Sick
    >>> loss = F.cross_entropy(torch.softmax(scores, dim=1), labels)

Cured
    >>> loss = F.cross_entropy(scores, labels)

How sure we are
    Read from the operations that really ran between the last layer and the loss and from the values that arrived, not
    from names. Scores with a wide range (a soft cap, a temperature) are left alone; so is a log-softmax ahead of
    cross entropy, which changes nothing.

References
    PyTorch documentation of ``CrossEntropyLoss``, ``NLLLoss``, ``BCELoss``, ``BCEWithLogitsLoss``, ``CTCLoss``,
    ``KLDivLoss``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._bounds import extent, last_name, lowest_bce, lowest_cross_entropy, sigmoid
from ._data import learned, numbers, words
from ._reach import Reach, reach

SCORES = {"cross_entropy", "binary_cross_entropy_with_logits"}
LOGP = {"nll_loss", "ctc_loss", "kl_div"}
# The lowest loss that bounded scores allow, as a share of guessing: below this they leave room enough (a soft cap at 10
# leaves 0.0%; probabilities leave 45% for 2 classes, 80% for 150).
ROOM = 0.1
# Squashed to [0, 1] by one of these: nobody means to squash twice. Others may be meant, and are told when training
# suffers.
SQUASHES = {"softmax", "sigmoid", "hardsigmoid", "softmin"}
# Log-probabilities: none above zero (rounding), and each row sums to one (masked classes: less).
ABOVE_ZERO = 1e-3
SUM = (0.5, 1.1)


class LossActivationMismatch(Check):
    """See the module's docstring."""

    cause = "loss-activation-mismatch"
    explains = (
        "vanishing-gradient",
        "loss-plateau",
        "lr-too-low",
        "under-capacity",
        "plateau-unigram",
        "class-imbalance-collapse",
        "wrong-dim-softmax",
        "dead-relu",
        "saturated-activation",
        "exploding-gradient",
        "lr-too-high",
        "over-regularized",
    )

    def ask(self, losses: list[dict[str, Any]], trace: Trace, outcome: Outcome | None = None) -> Verdict:
        """Look at every loss call of the script."""
        known = [r for r in losses if r["kind"] in SCORES | LOGP and r["calls"]]
        if not known:
            kinds = sorted({r["kind"] for r in losses if r["calls"]})
            if not kinds:
                return CannotTell("no loss call was recognised")
            return Absent(f"the loss ({', '.join(kinds)}) makes no demand on the last operation")
        unread = [r for r in known if "behind" not in r]
        if len(unread) == len(known):
            return CannotTell("the operations ahead of the loss were not recorded")
        for record in known:
            if "behind" in record:
                verdict = self._one(record, trace, outcome)
                if verdict is not None:
                    return verdict
        first = next(r for r in known if "behind" in r)
        names = " <- ".join(op["name"] for op in first["behind"][:4]) or "a leaf"
        return Absent(
            f"{first['kind']} receives what it expects ({names})", {"chain": [op["name"] for op in first["behind"]]}
        )

    def _one(self, record: dict[str, Any], trace: Trace, outcome: Outcome | None) -> Verdict | None:
        low, high = extent(trace, record["id"])
        if record["kind"] in LOGP:
            return self._log_probabilities(record, low, high)
        shape, target = record["prediction_shape"], record.get("target_shape")
        if record["kind"] == "cross_entropy":
            floats = "float" in str(record.get("target_dtype"))
            if len(shape) > 1 and shape[1] == 1:
                return self._present(
                    record,
                    None,
                    "Cross entropy over a single class",
                    f"cross_entropy received scores of shape {tuple(shape)}: over one class its value is 0 whatever "
                    "the scores.",
                    RemedySpec(
                        "use-bce",
                        "one score per sample wants binary_cross_entropy_with_logits (or two scores)",
                        runtime=False,
                        why_not="another loss has to be chosen",
                    ),
                    {"shape": shape},
                )
            if len(shape) == 1 and floats and target == shape and shape[0] > 1 and not self._sums_to_one(trace, record):
                return self._present(
                    record,
                    None,
                    "Cross entropy over the batch",
                    f"cross_entropy received predictions and float targets of shape {tuple(shape)}: it takes the "
                    f"{shape[0]} samples for {shape[0]} classes of one sample.",
                    RemedySpec(
                        "use-bce",
                        "use binary_cross_entropy_with_logits for yes/no targets, mse_loss for numbers",
                        runtime=False,
                        why_not="another loss has to be chosen",
                    ),
                    {"shape": shape},
                )
        found = reach(record["behind"])
        if found.by is None or not np.isfinite([low, high]).all() or low < found.low - 1e-3 or high > found.high + 1e-3:
            return None
        if record["kind"] == "cross_entropy":
            return self._bounded_classes(record, found, shape, outcome)
        return self._bounded_logits(record, found, trace, outcome)

    def _bounded_classes(
        self, record: dict[str, Any], found: Reach, shape: list[int], outcome: Outcome | None
    ) -> Verdict | None:
        name, width = last_name(found), found.high - found.low
        classes = shape[1] if len(shape) > 1 else shape[0]
        if not math.isfinite(width):
            half = name.startswith("relu") or name in {"softplus", "exp"}
            if not half or learned(outcome):
                return None
            return self._present(
                record,
                found.by,
                f"{name} ahead of cross entropy",
                f"cross_entropy received the output of {name}: scores cannot be negative, and units at zero have no "
                "gradient.",
                self._drop(record, name),
                {},
                0.6,
                structural=False,
            )
        bound = lowest_cross_entropy(width, classes)
        if bound < ROOM * math.log(max(classes, 2)):
            return None
        squashed = name in SQUASHES
        if not squashed and learned(outcome):
            return None
        what = "probabilities" if name == "softmax" else f"scores in [{words(found.low)}, {words(found.high)}]"
        message = (
            f"cross_entropy received {what} ({name} ran just before it); it applies log-softmax itself, so its "
            f"value cannot fall below {bound:.3f} for {classes} classes."
        )
        return self._present(
            record,
            found.by,
            f"{name.capitalize()} ahead of cross entropy",
            message,
            self._drop(record, name),
            {"lowest_possible_loss": bound, "classes": classes},
            0.95 if squashed else 0.8,
            structural=squashed,
        )

    def _bounded_logits(
        self, record: dict[str, Any], found: Reach, trace: Trace, outcome: Outcome | None
    ) -> Verdict | None:
        name = last_name(found)
        lowest, highest = sigmoid(found.low), sigmoid(found.high)
        targets = trace.arrays.get(f"losses/{record['id']}/rows/target")
        if targets is None or not len(targets):
            return None
        bound, own, guess = lowest_bce(targets, found.low, found.high)
        if bound - own < ROOM * max(guess, 1e-9):
            return None
        squashed = name in SQUASHES
        if not squashed and learned(outcome):
            return None
        title = "Sigmoid applied twice" if name == "sigmoid" else f"{name.capitalize()} ahead of BCE with logits"
        message = (
            f"binary_cross_entropy_with_logits received the output of {name}; it applies the sigmoid itself, "
            f"so predictions stay in [{lowest:.2f}, {highest:.2f}] and the loss above {bound:.3f} (guessing: "
            f"{guess:.3f})."
        )
        return self._present(
            record,
            found.by,
            title,
            message,
            self._drop(record, name, "hand over the raw scores, or use binary_cross_entropy on the sigmoid's output"),
            {"lowest_possible_loss": bound, "guessing": guess},
            0.95 if squashed else 0.8,
            structural=squashed,
        )

    def _log_probabilities(self, record: dict[str, Any], low: float, high: float) -> Verdict | None:
        made = next(
            (
                op
                for op in record["behind"]
                if op["name"] in {"log_softmax", "softmax", "log", "logsigmoid", "logsumexp"}
            ),
            None,
        )
        sums = numbers(record.get("unit_sum"))
        kind = record["kind"]
        if not sums or not np.isfinite(high):
            return None
        if made is not None and made["name"] == "log_softmax":
            return None
        if high <= ABOVE_ZERO and (SUM[0] < sums[1] < SUM[1] or made is not None or kind == "kl_div"):
            return None
        if abs(sums[1] - 1) < 0.02:
            return None
        softmax = made is not None and made["name"] == "softmax" and low >= -ABOVE_ZERO and high <= 1 + ABOVE_ZERO
        what = "probabilities (softmax without the log)" if softmax else f"values in [{words(low)}, {words(high)}]"
        last = record["behind"][0]["name"] if record["behind"] else "a layer"
        remedy = RemedySpec(
            "log-softmax-first",
            "apply F.log_softmax(scores, dim=1) first, or use cross_entropy on the raw scores",
            {"loss": record["key"]},
            snippet="F.nll_loss(F.log_softmax(scores, dim=1), target)",
            runtime=kind == "nll_loss" and not softmax,
            why_not="" if kind == "nll_loss" and not softmax else "the call that has to change lies ahead of the loss",
        )
        message = (
            f"{kind} wants log-probabilities and received {what}: their exponentials sum to {words(sums[1])} "
            f"over the classes instead of 1 (the last operation is {last})."
        )
        return self._present(
            record,
            made,
            f"{kind} without log-probabilities",
            message,
            remedy,
            {"low": low, "high": high, "sum": sums[1]},
        )

    @staticmethod
    def _sums_to_one(trace: Trace, record: dict[str, Any]) -> bool:
        """Whether one-axis float targets are a distribution over classes."""
        slot = next(
            (
                r
                for r in trace.list("batches")
                if r["role"] == "target" and r["name"] == record["key"] and r.get("mean")
            ),
            None,
        )
        return slot is not None and abs(slot["mean"][0] * slot["shape"][0] - 1) < 0.01

    @staticmethod
    def _drop(record: dict[str, Any], name: str, advice: str = "") -> RemedySpec:
        advice = advice or f"hand the raw scores to cross entropy; keep {name} for reporting only"
        return RemedySpec(
            "drop-activation",
            advice,
            {"loss": record["key"], "activation": name},
            snippet="loss = F.cross_entropy(scores, labels)"
            if record["kind"] == "cross_entropy"
            else "loss = F.binary_cross_entropy_with_logits(scores, labels)",
        )

    @staticmethod
    def _present(
        record: dict[str, Any],
        last: dict[str, Any] | None,
        title: str,
        message: str,
        remedy: RemedySpec,
        evidence: dict[str, Any],
        confidence: float = 0.95,
        structural: bool = True,
    ) -> Present:
        return Present(
            title=title,
            message=message,
            why="The loss and the last operation each apply the same squashing (or neither does): gradients fade and "
            "the loss cannot reach its minimum, or has none.",
            site=Site.of((last or {}).get("site") or record["site"]),
            evidence={"loss": record["kind"], "last_operation": (last or {}).get("name", ""), **evidence},
            remedies=[remedy],
            confidence=confidence,
            structural=structural,
        )
