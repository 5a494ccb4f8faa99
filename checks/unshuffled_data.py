"""Samples come in an order that sorts them by target: each batch holds one kind, and the model forgets the others.

What it detects
    Targets that are far more alike within a batch than chance allows, in a run that suffers from it: the loss jumps
    above that of guessing whenever another kind begins.

Why training suffers
    A gradient step is meant to be a sample of the whole data. With sorted data it is not: the model learns to answer
    the present label, whatever the input, and unlearns it when the next one comes.

Sick
    >>> loader = DataLoader(dataset, batch_size=32)                 # rows sorted by class

Cured
    >>> loader = DataLoader(dataset, batch_size=32, shuffle=True)

How sure we are
    The share of the labels' entropy (or the targets' variance) that the batch number explains is compared with 200
    random orders of the same rows. The order of a time series is no fault by itself: told only when the run suffers, or
    is worse than the mean of all targets whenever it comes back to targets that it has met before.

References
    Bengio, Practical recommendations for gradient-based training (2012), section 3.1.2; PyTorch documentation of
    ``DataLoader``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._data import data_site, learned, listed, words

# Share of what the labels tell (beyond chance) that the batch number tells already; sorted data have 0.7 to 1,
# shuffled data 0, sequences of words or tags 0 to 0.1 (measured on the samples and the healthy scripts).
ALIKE = 0.25
# Numbers vary smoothly along a series, so that windows in order are alike without harm; more is asked of them.
ALIKE_NUMBERS = 0.5
# Random orders to compare with, and how often chance may reach the measured figure.
ORDERS = 200
CHANCE = 0.01
# Steps with fewer rows are put together until they have this many.
ROWS = 12
# Numbers come back to what was met before where a step's mean leaves the step before by so many standard deviations of
# all targets, and lies so near to that of an earlier step.
JUMP, SAME = 1.0, 0.25


class UnshuffledData(Check):
    """See the module's docstring."""

    cause = "unshuffled-data"
    explains = (
        "loss-plateau",
        "lr-too-high",
        "exploding-gradient",
        "class-imbalance-collapse",
        "plateau-unigram",
        "overfitting",
        "no-signal-labels",
        "under-capacity",
        "saturated-activation",
        "dead-relu",
    )

    def ask(
        self, loss: dict[str, Any], trace: Trace, loaders: list[dict[str, Any]], outcome: Outcome | None = None
    ) -> Verdict:
        """How much of the targets the batch number gives away."""
        if outcome is not None and outcome.surrogate:
            return Absent("a policy learns from its own play, as it comes")
        i = loss["id"]
        targets, steps = trace.arrays.get(f"losses/{i}/rows/target"), trace.arrays.get(f"losses/{i}/rows/step")
        if targets is None or steps is None or len(targets) < 4 * ROWS:
            return CannotTell("too few targets were recorded to judge their order")
        good = np.isfinite(targets)
        targets, steps = targets[good].astype(float), steps[good]
        blocks = self._blocks(steps)
        if blocks is None:
            return CannotTell("all recorded targets belong to one batch")
        labels = loss["family"] == "nll" or (loss["family"] == "bce" and len(np.unique(targets)) <= 3)
        if not labels and loss["family"] not in {"regression", "bce"}:
            return CannotTell("the loss has no targets that could be ordered")
        if len(np.unique(targets)) < 2:
            return Absent("all targets are equal: no order can matter")
        alike, chance = self._alike(targets, blocks, labels)
        evidence = {"alike": alike, "chance": chance, "batches": int(blocks.max()) + 1}
        what = "the labels' entropy" if labels else "the targets' variance"
        if alike < (ALIKE if labels else ALIKE_NUMBERS) or chance > CHANCE:
            return Absent(
                f"batches are mixed: the batch number explains {max(alike, 0):.0%} of {what} (beyond chance)", evidence
            )
        fresh = (
            self._at_changes(trace, i, targets, steps, outcome)
            if labels
            else self._at_returns(targets, steps, trace.arrays.get(f"losses/{i}/rows/error"), good)
            if loss["family"] == "regression"
            else None
        )
        forgets = fresh is not None and np.isfinite(fresh["guessing"]) and fresh["error"] > fresh["guessing"]
        if learned(outcome) and not forgets:
            return Absent(
                f"targets come in order (the batch number explains {alike:.0%} of {what}), and {learned(outcome)} "
                "all the same",
                evidence,
            )
        evidence |= fresh or {}
        loader = next((r for r in loaders if r.get("grad_batches") and r["sequential"]), None)
        how = (
            f"; the loader (line {loader['site']['line']}) draws the rows in their stored order"
            if loader and loader.get("site")
            else ""
        )
        seen = self._example(targets, steps) if labels else ""
        where = "steps where another label takes over" if labels else "step(s) that jump back to targets met before"
        jump = (
            f" At the {fresh['changes']} {where}, the loss is {words(fresh['error'])} on average "
            f"(guessing: {words(fresh['guessing'])})."
            if fresh
            else ""
        )
        return Present(
            title="Batches hold one kind of target at a time",
            message=f"Targets are sorted: the batch number alone explains {alike:.0%} of {what}{how}.{seen}{jump}",
            why="Each step pulls the model towards the labels of the moment, and the next labels undo it.",
            site=Site.of(loader["site"]) if loader and loader.get("site") else data_site(trace),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "shuffle",
                    "draw the rows in random order, anew in every epoch",
                    snippet="DataLoader(dataset, batch_size=..., shuffle=True)",
                    safety="safe",
                )
            ],
            confidence=min(0.95, 0.45 + 0.5 * alike) if labels or forgets else min(0.6, 0.6 * alike),
            structural=bool(forgets),
        )

    @staticmethod
    def _blocks(steps: np.ndarray) -> np.ndarray | None:
        """A block number for each row: the step, or several small steps together; None when there is one block."""
        unique, which, counts = np.unique(steps, return_inverse=True, return_counts=True)
        if len(unique) < 3:
            return None
        together = max(1, int(np.ceil(ROWS / np.median(counts))))
        blocks = which.reshape(-1) // together
        return blocks if blocks.max() >= 2 else None

    @staticmethod
    def _alike(targets: np.ndarray, blocks: np.ndarray, labels: bool) -> tuple[float, float]:
        """Share explained by the block beyond what random orders give, and how often a random order gives as much."""
        rng = np.random.default_rng(0)
        sizes = np.bincount(blocks).astype(float)
        if labels:
            codes = np.unique(targets, return_inverse=True)[1].reshape(-1)
            width = int(codes.max()) + 1

            def within(order: np.ndarray) -> float:
                table = np.bincount(blocks * width + order, minlength=len(sizes) * width).reshape(len(sizes), width)
                share = table / sizes[:, None]
                with np.errstate(divide="ignore", invalid="ignore"):
                    entropy = -np.where(table > 0, share * np.log(share), 0.0).sum(1)
                return float((entropy * sizes).sum() / sizes.sum())

            values: np.ndarray = codes
        else:

            def within(order: np.ndarray) -> float:
                mean = np.bincount(blocks, order) / sizes
                return float(np.mean((order - mean[blocks]) ** 2))

            values = targets
        own = within(values)
        others = np.array([within(rng.permutation(values)) for _ in range(ORDERS)])
        usual = float(others.mean())
        return (1 - own / usual if usual > 0 else 0.0), float((others <= own).mean())

    @staticmethod
    def _at_changes(
        trace: Trace, loss_id: int, targets: np.ndarray, steps: np.ndarray, outcome: Outcome | None
    ) -> dict[str, Any] | None:
        """The error in the steps whose commonest label is another than the step before."""
        error, when = trace.arrays.get(f"losses/{loss_id}/error"), trace.arrays.get(f"losses/{loss_id}/step")
        if error is None or when is None:
            return None
        modes = {}
        for step in np.unique(steps):
            values, counts = np.unique(targets[steps == step], return_counts=True)
            modes[int(step)] = values[counts.argmax()]
        order = sorted(modes)
        changes = [b for a, b in pairwise(order) if modes[a] != modes[b]]
        of_step = {int(s): float(e) for s, e in zip(when, error, strict=True)}
        errors = [of_step[s] for s in changes if np.isfinite(of_step.get(s, np.nan))]
        if len(errors) < 2 or outcome is None:
            return None
        return {"changes": len(changes), "error": float(np.mean(errors)), "guessing": float(outcome.floor)}

    @staticmethod
    def _at_returns(
        targets: np.ndarray, steps: np.ndarray, errors: np.ndarray | None, good: np.ndarray
    ) -> dict[str, Any] | None:
        """The squared error in steps that jump back to targets such as were learned before, and that of the mean there."""
        if errors is None or len(errors) != len(good):
            return None
        each = errors[good].astype(float)
        order = np.unique(steps)
        means = np.array([targets[steps == s].mean() for s in order])
        spread = float(targets.std())
        back = [
            order[k]
            for k in range(2, len(order))
            if abs(means[k] - means[k - 1]) > JUMP * spread
            and np.abs(means[: k - 1] - means[k]).min() < SAME * spread
            and (steps == order[k]).sum() >= ROWS
        ]
        if not back:
            return None
        there = np.isin(steps, back)
        return {
            "changes": len(back),
            "error": float(np.mean(each[there])),
            "guessing": float(np.mean((targets[there] - targets.mean()) ** 2)),
        }

    @staticmethod
    def _example(targets: np.ndarray, steps: np.ndarray) -> str:
        """The labels of the first recorded batches in words."""
        shown = []
        for step in np.unique(steps)[:4]:
            values, counts = np.unique(targets[steps == step], return_counts=True)
            share = counts.max() / counts.sum()
            shown.append(f"{words(values[counts.argmax()])} ({share:.0%})")
        return f" Commonest label of the first batches: {listed(shown)}."
