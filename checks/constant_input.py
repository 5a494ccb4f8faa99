"""The model is given the same thing again and again: nothing in its input can tell one sample from another.

What it detects
    An input in which every sample is equal (zeros, one repeated row); a few distinct rows with targets that differ
    inside each of them; one and the same batch in every step although the loader holds many.

Why training suffers
    What does not vary carries no information: the best the model can do is the average target. With one repeated
    batch the loss falls nicely and the model knows that batch by heart, and nothing else.

Sick
    >>> x, y = next(iter(loader))
    >>> for step in range(1000):
    ...     train_step(x, y)

Cured
    >>> for x, y in loader:
    ...     train_step(x, y)

How sure we are
    Inputs and targets of every step are fingerprinted, so equal batches are counted, not guessed. Training on the
    whole data set in each step (full batch) is no fault: the fixed batch must be a small part of what the loader
    holds.

References
    Karpathy, A Recipe for Training Neural Networks (2019): "visualize just before the net".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.grouping import between
from lossdoctor.contracts.outcome import Outcome, measure
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._data import array_name, data_site, learned, slots, words

# The same batch in so many steps running is a habit, not chance.
STEPS = 10
# A fixed batch is a fault when the loader holds at least this many times as much.
MUCH_MORE = 2.0
# Distinct rows below this share of the rows drawn, each met often: the input is a handful of rows.
FEW = 0.05
EACH = 5
# With so few distinct inputs, this share or less of the targets' spread lies between them: they say nothing.
EXPLAINED = 0.1


def _most(given: list[tuple[int, dict[str, Any]]]) -> int:
    return max(int(record["rows"]) for _, record in given)


class ConstantInput(Check):
    """See the module's docstring."""

    cause = "constant-input"
    explains = (
        "no-signal-labels",
        "plateau-unigram",
        "loss-plateau",
        "overfitting",
        "lr-too-low",
        "under-capacity",
        "class-imbalance-collapse",
        "over-regularized",
        "dead-relu",
        "input-not-normalized",
        "vanishing-gradient",
    )

    def ask(
        self,
        trace: Trace,
        loaders: list[dict[str, Any]],
        data: list[dict[str, Any]],
        outcome: Outcome | None = None,
        exam_dependency: dict[str, Any] | None = None,
    ) -> Verdict:
        """Equal samples, then few samples, then equal batches."""
        given = slots(trace, "input")
        if not given:
            return self._arrays(trace, data, outcome)
        if (exam_dependency or {}).get("ignores_input"):
            # Lengths and offsets may vary beside it: what they cut up is one value all over, and nothing depends on them.
            given = [g for g in given if not np.any(g[1].get("std", [1.0])) and g[1]["rows"] >= _most(given)] or given
        still = self._still(trace, given)
        if still is not None:
            return still
        few = self._few(trace, data)
        if few is not None:
            return few
        same = self._same_batch(trace, given, loaders)
        if same is not None:
            return same
        _, first = given[0]
        steps = len(np.unique(trace.arrays[f"batches/{given[0][0]}/prints"]))
        if steps <= 1:
            return Absent(f"one batch holds all the data: its {first.get('rows', 0)} rows differ")
        return Absent(f"the input varies: {steps} different batches in {first['calls']} calls of the model")

    def _still(self, trace: Trace, given: list[tuple[int, dict[str, Any]]]) -> Present | None:
        """Every input of every outermost module is the same number all over, or the same row for every sample."""
        rows = trace.arrays.get("pairs/sample_input")
        targets = trace.arrays.get("pairs/sample_target")
        flat = [r for _, r in given if not np.any(r.get("std", [1.0]))]
        values = sorted({float(v) for r in flat for v in r["mean"]})
        level = len(flat) == len(given)
        repeated = rows is not None and len(rows) >= 20 and bool((rows == rows[0]).all()) and len(given) == 1
        if not (level or repeated) or sum(r["rows"] for _, r in given) < 20:
            return None
        if targets is not None and not np.any(np.ptp(targets, axis=0)):
            return None
        if targets is None and self._wanted_constant(trace):
            return None
        what = f"{words(values[0])} everywhere" if level and len(values) == 1 else "the same row for every sample"
        shape = tuple(given[0][1]["shape"])
        return self._present(
            trace,
            "The input is constant",
            f"In all {given[0][1]['calls']} recorded batches the model's input {shape} is {what}, while the targets "
            "differ.",
            {"constant": values[:8], "rows": int(sum(r["rows"] for _, r in given))},
            "look at the input just before the model: print x.std(0); an export, a lookup or a scaling has wiped it "
            "out",
            0.97,
        )

    @staticmethod
    def _wanted_constant(trace: Trace) -> bool:
        """Whether the targets do not vary either (or none are known)."""
        found = slots(trace, "target")
        return not any(len(np.unique(trace.arrays[f"batches/{i}/prints"])) > 1 for i, _ in found)

    def _few(self, trace: Trace, data: list[dict[str, Any]]) -> Present | None:
        """A handful of distinct rows whose targets differ inside each."""
        rows, targets = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
        if (
            rows is None
            or targets is None
            or len(rows) < 100
            or rows.shape[1] < 2
            or np.array_equal(rows, np.round(rows))
            or any(
                o.get("drawn") for o in trace.list("objectives")
            )  # what is drawn from a model differs from time to time
        ):
            return None
        _, which, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
        which = which.reshape(-1)
        if len(counts) < 2 or len(counts) > FEW * len(rows) or np.median(counts) < EACH:
            return None
        held = self._distinct(data)
        if held is not None and held[0] > FEW * held[1]:
            return None
        share = between(which, targets)
        if share is None or share > EXPLAINED:
            return None
        source = f" {array_name(held[2])} holds {held[0]} distinct rows in {held[1]:,}." if held is not None else ""
        return self._present(
            trace,
            "The input is a handful of repeated rows",
            f"The {len(rows):,} recorded samples are {len(counts)} distinct input rows, each repeated about "
            f"{int(np.median(counts))} times with different targets; telling them apart explains {share:.0%} of the "
            f"targets.{source}",
            {"distinct_rows": len(counts), "rows": len(rows), "explained": share},
            "find where rows are repeated: a sensor that hangs, a join that fills forward, an index that does not move",
            0.9,
        )

    @staticmethod
    def _distinct(data: list[dict[str, Any]]) -> tuple[int, int, dict[str, Any]] | None:
        """Distinct rows, rows and the record of the widest array of measurements."""
        wide = [r for r in data if not r["integer"] and r["columns"] > 1 and r["unique_rows"] > 0 and r["rows"] >= 100]
        if not wide:
            return None
        best = max(wide, key=lambda r: int(np.prod(r["shape"])))
        return int(best["unique_rows"]), min(int(best["rows"]), 20000), best

    def _same_batch(
        self, trace: Trace, given: list[tuple[int, dict[str, Any]]], loaders: list[dict[str, Any]]
    ) -> Present | None:
        """One batch in all steps, drawn from a loader that holds many."""
        for i, _ in given + slots(trace, "target"):
            prints = trace.arrays[f"batches/{i}/prints"]
            if len(prints) < STEPS or len(np.unique(prints)) > 1:
                return None
        size = int(given[0][1]["shape"][0])
        larger = [
            r for r in loaders if r["dataset_size"] >= MUCH_MORE * max(size, r["batch_size"], 1) and r["grad_batches"]
        ]
        if not larger:
            return self._same_rows(trace, given[0][1], size)
        loader = larger[0]
        steps = given[0][1]["calls"]
        asked = "once" if loader["grad_batches"] == 1 else f"{loader['grad_batches']} times"
        return self._present(
            trace,
            "Every step trains on the same batch",
            f"All {steps} steps were given the same {size} samples; the loader holds {loader['dataset_size']:,} and "
            f"was asked for a batch {asked}.",
            {"steps": steps, "batch": size, "dataset": loader["dataset_size"], "batches_drawn": loader["grad_batches"]},
            "draw a new batch in every step: iterate over the loader, and keep one iterator instead of calling "
            "iter(loader) anew",
            0.95,
            Site.of(loader.get("site")),
        )

    def _same_rows(self, trace: Trace, slot: dict[str, Any], size: int) -> Present | None:
        """No loader: the fixed batch is a small part of an array, and the script's evaluation stays at the floor."""
        outcome = measure(trace)
        sources = [
            r for r in trace.list("data") if r["rows"] >= MUCH_MORE**2 * size and r["shape"][1:] == slot["shape"][1:]
        ]
        if not sources or outcome is None or not outcome.learns or not np.isfinite(outcome.floor):
            return None
        held = [trace.arrays[f"evals/{i}/errors"] for i, _ in enumerate(trace.list("evals"))]
        errors = [e[-1, 1] for e in held if len(e) and np.isfinite(e[-1, 1]) and e[-1, 0] != size]
        if not errors or min(errors) < (1 - EXPLAINED) * outcome.floor:
            return None
        return self._present(
            trace,
            "Every step trains on the same rows",
            f"All {slot['calls']} steps were given the same {size} rows of {array_name(sources[0])}; on other rows "
            f"the script's own evaluation gives {words(min(errors))}, no better than a constant "
            f"({words(outcome.floor)}).",
            {
                "steps": slot["calls"],
                "batch": size,
                "rows": sources[0]["rows"],
                "evaluation": float(min(errors)),
                "floor": outcome.floor,
            },
            "draw other rows in every step: move the index forward, or shuffle it anew",
            0.8,
        )

    def _arrays(self, trace: Trace, data: list[dict[str, Any]], outcome: Outcome | None) -> Verdict:
        """No outermost module was seen: only the arrays speak."""
        measured = [r for r in data if not r["integer"] and r["columns"] > 1]
        if not measured:
            return CannotTell("no input of a module was recorded (the model is not made of modules)")
        if learned(outcome):
            return Absent(f"the input says enough: {learned(outcome)}")
        biggest = max(measured, key=lambda r: int(np.prod(r["shape"])))
        if not np.any(biggest["std"]) and biggest["rows"] >= 20:
            return self._present(
                trace,
                "The input is constant",
                f"{array_name(biggest)} holds the same row {biggest['rows']:,} times.",
                {"rows": biggest["rows"]},
                "look at the array where it is made or loaded",
                0.8,
            )
        return Absent(f"{array_name(biggest)} holds {biggest['unique_rows']:,} distinct rows")

    @staticmethod
    def _present(
        trace: Trace,
        title: str,
        message: str,
        evidence: dict[str, Any],
        advice: str,
        confidence: float,
        site: Site | None = None,
    ) -> Present:
        return Present(
            title=title,
            message=message,
            why="An input that does not vary carries no information about the target, and one batch carries none "
            "about the other samples.",
            site=site or data_site(trace),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "vary-input",
                    advice,
                    runtime=False,
                    why_not="the samples that should have been fed are not known to the run",
                )
            ],
            confidence=confidence,
            structural=True,
        )
