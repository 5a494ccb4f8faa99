"""The model says the majority class for every row, though the rare ones can be told.

What it detects
    One class makes up nearly all rows; at the end of the run the model decides for it on (nearly) every row of the
    other classes, its loss is no better than that of the class frequencies, and yet a simple model trained on equal
    numbers of rare and common rows tells them apart.

Why training suffers
    With 99 rows against 1 the frequencies alone give a tiny loss and 99% accuracy; the few rare rows hardly add to
    the gradient.

Sick
    >>> loss = F.binary_cross_entropy_with_logits(score, fraud)           # 1% fraud

Cured
    >>> loss = F.binary_cross_entropy_with_logits(score, fraud, pos_weight=torch.tensor(99.0))

How sure we are
    Imbalance alone is no fault, and neither is a model that is not yet there: a run that does better than the
    frequencies, finds some of the rare rows, or does so when it is given three times as long, is not told. A script that
    counts right decisions itself is told also where its loss falls, as long as it finds none of the rare rows.

References
    Lin et al., "Focal loss for dense object detection" (2017); Buda et al., "A systematic study of the class
    imbalance problem in convolutional neural networks" (2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._learning import kept, loss_site, main_loss, number, one_of_several

# Share of the commonest class from which on we speak of imbalance.
IMBALANCED = 0.75
# Rare rows found: up to this share is none; and so many rare rows are wanted to say so (at 5% recall 59 rows show one with 95%).
FOUND = 0.05
FEWEST_RARE = 10
# Class weights that leave the rare rows less than this part of their share work against them.
LIGHTER = 0.7
# So many labels, over so many steps, without a second class among them.
ALL_ALIKE = 200
FEWEST_STEPS = 10
# A longer run counts as recovering when it finds this share of the rare rows.
RECOVERS = 0.2


class ClassImbalanceCollapse(Check):
    """See the module's docstring."""

    cause = "class-imbalance-collapse"
    explains = ("loss-plateau", "under-capacity", "plateau-unigram")

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_signal: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
    ) -> Verdict:
        """Look at what the last steps decided, by class."""
        record = main_loss(trace)
        if record.get("family") not in {"nll", "bce"}:
            return Absent("the targets are no classes")
        only = self._only_one(trace, record)
        if only is not None:
            return only
        wanted, decided = kept(trace, "tail_target"), kept(trace, "tail_decided")
        if wanted is None or decided is None or len(wanted) < 50:
            return CannotTell("what the model decides at the end was not recorded")
        shape = record.get("target_shape") or []
        if record["family"] == "bce" and len(shape) == 2 and shape[1] > 1:
            return Absent("each row has several labels")
        wanted = np.round(wanted).astype(int)
        names, counts = np.unique(wanted, return_counts=True)
        common, share = int(names[np.argmax(counts)]), float(counts.max() / counts.sum())
        rare = wanted != common
        figures = {"majority": common, "share": share, "rare_rows": int(rare.sum()), "classes": len(names)}
        if share < IMBALANCED:
            return Absent(f"the commonest class makes up {share:.0%} of the rows", figures)
        if rare.sum() < FEWEST_RARE:
            return CannotTell(f"only {int(rare.sum())} rare rows came in the last steps")
        found = float(np.mean(decided[rare] == wanted[rare]))
        figures["rare_found"] = found
        if found > FOUND:
            return Absent(f"{found:.0%} of the rare rows are found", figures)
        if outcome.learns and self._weighted_away(record, rare, wanted) is None:
            return Absent(
                f"the loss is {outcome.skill:.0%} better than the class frequencies: the rare rows are ranked", figures
            )
        turned = self._weighted_away(record, rare, wanted)
        if turned is not None:
            return self._wrong_weights(record, figures | turned, common)
        later = self._later(exam_stuck, common)
        if later is not None and later > RECOVERS:
            return Absent(f"in a longer run {later:.0%} of the rare rows are found", figures)
        if later is None:
            return CannotTell("whether a longer run finds the rare rows was not tried")
        # Who ranks rows by their probability is content with a falling loss; who counts decisions is not.
        if (
            exam_stuck is not None
            and exam_stuck.get("learns")
            and not (exam_stuck.get("counts_decisions") and later <= FOUND)
        ):
            return Absent("in a longer run the loss falls below that of the class frequencies", figures)
        signal = (exam_signal or {}).get("balanced") or {}
        if not signal:
            return CannotTell("whether the rare rows can be told from the others was not examined")
        if not signal["found"]:
            return CannotTell(f"no simple model tells the rare rows from the others (p = {signal['p']:.2f})")
        return self._present(trace, figures | {"longer_found": later, "balanced": signal}, found, share, common, signal)

    @staticmethod
    def _weighted_away(record: dict[str, Any], rare: np.ndarray, wanted: np.ndarray) -> dict[str, float] | None:
        """The rare rows' share of the loss's weights, where class weights make it smaller than their share of the rows."""
        options = record.get("options") or {}
        weights = options.get("class_weights")
        if weights is not None and wanted.min() >= 0 and wanted.max() < len(weights):
            mass = np.asarray(weights, dtype=float)[wanted]
        elif record["family"] == "bce" and "positive_weight" in options:
            mass = np.where(wanted > 0, float(options["positive_weight"]), 1.0)
        else:
            return None
        share, plain = float(mass[rare].sum() / max(mass.sum(), 1e-30)), float(rare.mean())
        return {"rare_share": plain, "rare_weight": share} if share < LIGHTER * plain else None

    @staticmethod
    def _wrong_weights(record: dict[str, Any], figures: dict[str, Any], common: int) -> Present:
        counts = record.get("label_counts") or {}
        share = figures["rare_share"]
        args: dict[str, Any] = {"counts": counts} if counts else {"share": float(share if common == 0 else 1 - share)}
        return Present(
            title="The class weights are the wrong way round",
            message=(
                f"The rare rows are {share:.1%} of all, and the class weights leave them {figures['rare_weight']:.2%} of the loss: "
                f"the commonest class weighs most. {figures['rare_found']:.0%} of the rare rows are found at the end."
            ),
            why="Weights are there to make up for rarity; frequencies in their place make rare rows count for nothing.",
            site=Site.of(record.get("site")),
            evidence=figures,
            remedies=[
                RemedySpec(
                    "class-weights",
                    "weigh each class by the inverse of its frequency",
                    args,
                    "weight=counts.sum() / (len(counts) * counts)",
                )
            ],
            confidence=0.9,
            structural=True,
        )

    @staticmethod
    def _only_one(trace: Trace, record: dict[str, Any]) -> Present | None:
        """All labels are of one class, though the model can tell several."""
        labels = kept(trace, "target")
        few = labels is None or len(labels) < ALL_ALIKE or trace.steps < FEWEST_STEPS
        if labels is None or few or np.ptp(labels) != 0 or one_of_several(trace):
            return None
        shape = record.get("prediction_shape") or []
        classes = shape[1] if record["family"] == "nll" and len(shape) > 1 else 2
        value = f"{float(labels[0]):g}"
        return Present(
            title="All labels are of one class",
            message=(
                f"Each of the {len(labels)} recorded labels is {value}, of {classes} that the model can tell: the loss falls to nothing "
                "by always saying so."
            ),
            why="Whatever the input, one answer is right; nothing is learned about the input.",
            site=loss_site(trace),
            evidence={"value": float(labels[0]), "labels": len(labels), "classes": classes},
            remedies=[
                RemedySpec(
                    "fix-labels",
                    "look at how the labels are read and encoded: only one value arrives",
                    runtime=False,
                    why_not="the right labels are not in the script's memory",
                )
            ],
            confidence=0.9,
            structural=True,
        )

    @staticmethod
    def _later(stuck: dict[str, Any] | None, common: int) -> float | None:
        """Share of the rare rows that the longer run finds at its end."""
        ended = (stuck or {}).get("tail")
        if not ended:
            return None
        rows = sum(n for c, n in zip(ended["classes"], ended["rows"], strict=True) if c != common)
        hits = sum(
            n * f for c, n, f in zip(ended["classes"], ended["rows"], ended["found"], strict=True) if c != common
        )
        return float(hits / rows) if rows else None

    @staticmethod
    def _present(
        trace: Trace,
        figures: dict[str, Any],
        found: float,
        share: float,
        common: int,
        signal: dict[str, Any],
    ) -> Present:
        record = main_loss(trace)
        counts = record.get("label_counts") or {}
        args: dict[str, Any] = {"counts": counts} if counts else {"share": float(1 - share if common == 0 else share)}
        snippet = (
            "weight=counts.sum() / (len(counts) * counts)"
            if record["family"] == "nll"
            else "pos_weight=negatives / positives"
        )
        return Present(
            title="The model says the majority class for every row",
            message=(
                f"Class {common} makes up {share:.1%} of the rows; of {figures['rare_rows']} rows of other classes in the last steps "
                f"{found:.0%} were found, and no more in a run three times as long. Given as many rare rows as common ones, a simple "
                f"model tells them apart ({signal['best']}, p = {number(signal['p']):.2g})."
            ),
            why="The class frequencies alone already give a small loss and a high accuracy; the rare rows hardly weigh in the gradient.",
            site=loss_site(trace),
            evidence=figures,
            remedies=[
                RemedySpec(
                    "class-weights",
                    "weigh the classes by the inverse of their frequency, or draw the rare ones more often",
                    args,
                    snippet,
                )
            ],
            confidence=0.85,
        )
