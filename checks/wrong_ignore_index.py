"""A class that really occurs carries the number that the loss ignores: the model is never told about it.

What it detects
    ``ignore_index`` equal to a class id which labels real positions: not only runs at the ends of padded samples, but
    places inside them, with inputs like any other's, as often as other classes occur.

Why training suffers
    The loss looks fine, since it leaves out what it would be bad at. The ignored class is never predicted, or
    predicted by accident: accuracy on it stays at zero.

Sick
    >>> criterion = nn.CrossEntropyLoss(ignore_index=0)         # 0 = product, and also the padding

Cured
    >>> tags = pad_sequence(tags, batch_first=True, padding_value=-100)
    >>> criterion = nn.CrossEntropyLoss(ignore_index=-100)

How sure we are
    Real padding is told apart by its place and by the constant input there. Where samples have one label each, the
    ignored ones must differ from the others as a class does, by their input (to a linear rule) or by what the half-trained
    model answers to samples that it has not met before: unlabelled samples do not. A class that the script's own count of
    right decisions wants is a class.

References
    PyTorch documentation of ``CrossEntropyLoss`` (``ignore_index``: "specifies a target value that is ignored").
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.grouping import between
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._grids import Grid, grids, runs
from ._rows import first_seen, told_apart

# Ignored positions inside the samples, as a share of all real ones: below it is an accident.
SHARE = 0.02
# A class is at most this many times as frequent as the most frequent class that counts; beyond, ignoring is the rule
# (masked language models ignore 85%).
FREQUENT = 3.0
# … unless what is left out follows from the input there, as a class does (adjusted R squared of "ignored" by the input's
# value), and not from the place: tags of words leave "none of them" to two words in three.
BY_INPUT = 0.5
# Ignored and counted samples are told apart by their input with this probability (0.5 = not at all), cross-validated …
APART = 0.65
# … and this significance (normal approximation of the Mann-Whitney statistic).
SIGNIFICANT = 4.0
# … or the script's own evaluation wants it in this share of its decisions.
WANTED = 0.05
# The model's answers speak after this share of the probe.
WARM = 0.2


class WrongIgnoreIndex(Check):
    """See the module's docstring."""

    cause = "wrong-ignore-index"
    explains = (
        "class-imbalance-collapse",
        "no-signal-labels",
        "overfitting",
        "plateau-unigram",
        "padding-in-loss",
    )

    def ask(self, losses: list[dict[str, Any]], trace: Trace) -> Verdict:
        """Every loss call that can ignore an index."""
        known = [r for r in losses if r["calls"] and r["kind"] in {"cross_entropy", "nll_loss"}]
        if not known:
            return Absent("no loss in this script can ignore a class")
        verdicts = [self._one(r, trace) for r in known]
        return next((v for v in verdicts if isinstance(v, Present)), verdicts[0])

    def _one(self, record: dict[str, Any], trace: Trace) -> Verdict:
        index = record["options"].get("ignore_index", -100)
        counts = {int(k): int(v) for k, v in (record.get("label_counts") or {}).items()}
        classes = self._classes(record)
        if classes > 1 and index in counts and len(counts) == 2:
            return self._all_but_one(record, index, counts)
        if index < 0 or (classes and index >= classes):
            return Absent(f"ignore_index={index} is no class id")
        ignored = counts.pop(index, 0)
        if not counts and not ignored:
            return CannotTell("the targets were not counted")
        if not ignored:
            return Absent(f"no target equals ignore_index={index}")
        total = ignored + sum(counts.values())
        evidence: dict[str, Any] = {"ignore_index": index, "ignored": ignored, "targets": total}
        found = grids(trace, record["key"])
        if found:
            return self._in_grids(record, index, found, counts, total, evidence)
        rows, chosen = self._samples(record, index, trace)
        if rows is None or chosen is None:
            return CannotTell(
                f"{ignored / total:.0%} of the targets equal ignore_index={index}; what the model saw there was not "
                "recorded"
            )
        answers = self._first_answers(trace) if rows is trace.arrays.get("pairs/sample_input") else None
        return self._evaluated(record, index, ignored, total, trace, evidence) or self._in_rows(
            record, index, ignored, total, rows, chosen, answers, evidence
        )

    def _all_but_one(self, record: dict[str, Any], index: int, counts: dict[int, int]) -> Verdict:
        """All targets that are not ignored are one class: the other classes are what is ignored."""
        left = next(k for k in counts if k != index)
        ignored, total = counts[index], sum(counts.values())
        evidence = {"ignore_index": index, "ignored": ignored, "targets": total, "left": left}
        if ignored < SHARE * total:
            return Absent(f"{ignored / total:.1%} of the targets are ignored: too few to be a class", evidence)
        return self._present(
            record,
            index,
            f"{ignored:,} of {total:,} targets ({ignored / total:.0%}) are {index}, which the loss ignores "
            f"(ignore_index={index}); every other one is {left}, so that nothing is left to tell apart",
            evidence,
            0.9,
        )

    @staticmethod
    def _samples(record: dict[str, Any], index: int, trace: Trace) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Inputs (n, features) of samples or pixels, and which of them the loss ignores."""
        spots = [r["id"] for r in trace.list("pixels") if r["key"] == record["key"]]
        if spots:
            rows = np.concatenate([trace.arrays[f"pixels/{i}/input"] for i in spots])
            return rows, np.concatenate([trace.arrays[f"pixels/{i}/target"] for i in spots]) == index
        given, targets = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
        single = len(record.get("target_shape") or []) == 1 and record.get("main")
        if not single or given is None or targets is None or targets.shape[1] != 1:
            return None, None
        return given, targets[:, 0] == index

    def _evaluated(
        self,
        record: dict[str, Any],
        index: int,
        ignored: int,
        total: int,
        trace: Trace,
        evidence: dict[str, Any],
    ) -> Present | None:
        """Whether the script's own evaluation of its decisions wants the class that its loss ignores."""
        labels = {int(k): int(v) for k, v in (trace.meta.get("evaluated_labels") or {}).items()}
        wanted = labels.get(index, 0) / max(1, sum(labels.values()))
        if wanted < WANTED or len(labels) < 2:
            return None
        return self._present(
            record,
            index,
            f"{ignored:,} of {total:,} labels ({ignored / total:.0%}) are {index}, which the loss ignores "
            f"(ignore_index={index}); where the script counts right decisions, {wanted:.0%} of the wanted ones are class {index}",
            evidence | {"evaluated": wanted},
            0.9,
        )

    @staticmethod
    def _first_answers(trace: Trace) -> tuple[np.ndarray, np.ndarray] | None:
        """(which samples, their predictions): met for the first time after the model has learned for a while.

        What has been met before is known by heart if it is labelled and not if it is not, which would tell them apart.
        """
        given, steps = trace.arrays["pairs/sample_input"], trace.arrays.get("pairs/sample_step")
        answers = trace.arrays.get("pairs/sample_prediction")
        if steps is None or answers is None or len(answers) != len(given) or not len(steps):
            return None
        # Augmented samples come again with other numbers: only a loader's first pass is known to be new.
        passes = [
            r["dataset_size"] / r["batch_size"]
            for r in trace.list("loaders")
            if r.get("grad_batches") and r.get("dataset_size") and r.get("batch_size")
        ]
        new = first_seen(given) & (steps >= WARM * (steps.max() + 1)) & (steps < min(passes, default=np.inf))
        return np.flatnonzero(new), answers[new]

    @staticmethod
    def _classes(record: dict[str, Any]) -> int:
        shape = record.get("prediction_shape") or []
        return int(shape[1]) if len(shape) > 1 else 0

    def _in_grids(
        self,
        record: dict[str, Any],
        index: int,
        found: list[Grid],
        counts: dict[int, int],
        total: int,
        evidence: dict[str, Any],
    ) -> Verdict:
        inside = edges = real = 0
        same: list[np.ndarray] = []
        counted_inputs: list[np.ndarray] = []
        for grid in found:
            hit = grid.target == index
            mask = self._at_edges(grid, index)
            inside += int((hit & ~mask).sum())
            edges += int((hit & mask).sum())
            real += int((~mask).sum())
            if grid.given is not None:
                same.append(grid.given[hit & ~mask])
                counted_inputs.append(grid.given[~hit])
        share = inside / max(real, 1)
        evidence |= {"inside": inside, "at_edges": edges, "share_inside": share}
        if share < SHARE:
            return Absent(
                f"ignore_index={index} is padding: {edges:,} of {edges + inside:,} recorded positions that hold it "
                "lie in runs at the ends of samples",
                evidence,
            )
        largest = max(counts.values(), default=0) / total
        by_value, by_place = self._followed(found, index)
        evidence |= {"by_value": by_value, "by_place": by_place}
        if share > FREQUENT * largest and (by_value < BY_INPUT or by_place > by_value / 2):
            return Absent(
                f"{share:.0%} of the real positions hold ignore_index={index}, far more than any class that counts "
                f"({largest:.0%}): they are left out on purpose",
                evidence,
            )
        if same and self._one_input(same, found):
            return Absent(
                f"all positions that hold ignore_index={index} have the same input: they are filler", evidence
            )
        if counted_inputs and self._marked(counted_inputs, same):
            return Absent(
                f"the positions that count are marked in the input: the others (ignore_index={index}) are left out "
                "on purpose",
                evidence,
            )
        return self._present(
            record,
            index,
            f"{inside:,} of {real:,} recorded real positions ({share:.0%}) hold class {index}, which the loss "
            f"ignores (ignore_index={index}); {edges:,} more are padding at the ends of samples",
            evidence,
            0.9,
        )

    def _followed(self, found: list[Grid], index: int) -> tuple[float, float]:
        """How far being ignored follows from the input's value at a position, and from the position's place (adjusted R squared)."""
        hits, values, places = [], [], []
        for grid in found:
            if grid.given is None:
                return 0.0, 0.0
            real = ~self._at_edges(grid, index)
            hits.append((grid.target == index)[real])
            values.append(grid.given[real])
            places.append(np.broadcast_to(np.arange(grid.target.shape[1]), grid.target.shape)[real])
        hit = np.concatenate(hits)
        return (
            between(np.unique(np.concatenate(values), return_inverse=True)[1].reshape(-1), hit) or 0.0,
            between(np.concatenate(places), hit) or 0.0,
        )

    @staticmethod
    def _at_edges(grid: Grid, index: int) -> np.ndarray:
        """Positions in a run of the index at the start or end of a sample, as far as the input is constant there."""
        places = np.arange(grid.target.shape[1])[None]
        mask = np.zeros(grid.target.shape, dtype=bool)
        for target, turned in ((grid.target, False), (grid.target.T, True)):
            places = np.arange(target.shape[1])[None]
            for leading in (False, True):
                length = runs(target, index, leading)[:, None]
                edge = places < length if leading else places >= target.shape[1] - length
                if turned and not (len(np.unique(length)) > 2):
                    continue
                mask |= edge.T if turned else edge
        if grid.given is not None and mask.any():
            values, counts = np.unique(grid.given[mask], return_counts=True)
            filler = grid.given == values[counts.argmax()]
            if (filler & mask).sum() > 0.3 * mask.sum() and not (filler & ~mask & (grid.target != index)).any():
                # The run may begin with real positions; the first filler position of a shifted target is one step off.
                near = filler | np.roll(filler, -1, axis=1) | np.roll(filler, 1, axis=1)
                mask &= near
        return mask

    @staticmethod
    def _one_input(same: list[np.ndarray], found: list[Grid]) -> bool:
        """Whether the ignored positions share one input value that hardly any other position has."""
        return all(len(np.unique(values)) <= 1 for values in same if len(values))

    @staticmethod
    def _marked(counted: list[np.ndarray], ignored: list[np.ndarray]) -> bool:
        """Whether most counted positions hold one input value that ignored positions do not (a mask token)."""
        for mine, others in zip(counted, ignored, strict=True):
            if not len(mine):
                continue
            values, counts = np.unique(mine, return_counts=True)
            if counts.max() < 0.5 * len(mine) or (others == values[counts.argmax()]).mean() > 0.1:
                return False
        return True

    def _in_rows(
        self,
        record: dict[str, Any],
        index: int,
        ignored: int,
        total: int,
        rows: np.ndarray,
        chosen: np.ndarray,
        answers: tuple[np.ndarray, np.ndarray] | None,
        evidence: dict[str, Any],
    ) -> Verdict:
        share = ignored / total
        if chosen.any() and not np.any(np.ptp(rows[chosen], axis=0)):
            return Absent(
                f"all samples whose label is ignore_index={index} have the same input: they are filler", evidence
            )
        told, sigmas = told_apart(rows, chosen)
        by = "inputs differ from the others'"
        if answers is not None and (told < APART or sigmas < SIGNIFICANT):
            which, said = answers
            told_by_answer, its_sigmas = told_apart(said, chosen[which])
            evidence |= {"told_apart_by_answer": told_by_answer, "answers": len(which)}
            if told_by_answer >= APART and its_sigmas >= SIGNIFICANT:
                told, sigmas, by = told_by_answer, its_sigmas, "answers at first sight differ from the others'"
        evidence |= {"told_apart": told, "sigmas": sigmas}
        if share < SHARE or told < APART or sigmas < SIGNIFICANT:
            return Absent(
                f"the {share:.0%} of labels that are ignore_index={index} belong to inputs like all the others (told "
                f"apart in {told:.0%} of pairs): they are unlabelled",
                evidence,
            )
        return self._present(
            record,
            index,
            f"{ignored:,} of {total:,} labels ({share:.0%}) are class {index}, which the loss ignores "
            f"(ignore_index={index}); their {by} as those of a class do (told apart in "
            f"{told:.0%} of pairs)",
            evidence,
            0.85,
        )

    @staticmethod
    def _present(
        record: dict[str, Any], index: int, message: str, evidence: dict[str, Any], confidence: float
    ) -> Present:
        return Present(
            title="A real class is ignored by the loss",
            message=message + ".",
            why="Ignored positions send no gradient: whatever the model says about this class costs nothing, and the "
            "falling loss hides it.",
            site=Site.of(record.get("site")),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "no-ignore-index",
                    f"count class {index} (give it the number of an output); pad with a number that is no class (-100 is the default of ignore_index)",
                    {"loss": record["key"]},
                    snippet="pad_sequence(tags, batch_first=True, "
                    "padding_value=-100)\nnn.CrossEntropyLoss(ignore_index=-100)",
                )
            ],
            confidence=confidence,
            structural=True,
        )
