"""Padding is counted in the loss: the model is paid for predicting the filler.

What it detects
    Sequences of different lengths, filled up with one value, whose filled positions send gradient back; and a model
    that does well there while the real positions are left behind.

Why training suffers
    The filler is the easiest thing to predict and there may be more of it than of anything else. The mean loss falls,
    the real positions get a fraction of the gradient, and longer padding means smaller steps on what matters.

Sick
    >>> loss = F.cross_entropy(scores.flatten(0, 1), targets.flatten())

Cured
    >>> loss = F.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=PAD)

How sure we are
    Padding is recognised by what it is: runs of one value at the end (or start) of samples, of different lengths,
    hardly ever elsewhere, where the model's input is constant too. Gradients per position say whether it counts. It
    is a fault when the real positions are not learned; else a remark.

References
    PyTorch documentation of ``CrossEntropyLoss`` (``ignore_index``) and ``pack_padded_sequence``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._data import words
from ._grids import Grid, grids, padding

# Padding below this share of the counted positions takes little from the rest.
SHARE = 0.2
# Padded positions that send back less than this share of the gradient are masked (or learned and done with).
COUNTED = 1e-6
# Real positions count as left behind when their skill is below this, or below this fraction of the skill over all
# positions.
LEFT_BEHIND = 0.05
FRACTION = 0.25
# Where most of the loss is padding, real positions lag from this fraction of the skill over all on, unless half learned.
MOSTLY = 0.5
LAGGING = 0.75
HALF_LEARNED = 0.5
# Too little real data in the recorded grids to measure its floor.
POSITIONS = 50


class PaddingInLoss(Check):
    """See the module's docstring."""

    cause = "padding-in-loss"
    explains = (
        "class-imbalance-collapse",
        "plateau-unigram",
        "loss-plateau",
        "under-capacity",
        "lr-too-low",
        "wrong-ignore-index",
    )

    def ask(self, losses: list[dict[str, Any]], trace: Trace) -> Verdict:
        """Each loss call whose targets have a time axis."""
        reasons = []
        for record in sorted(losses, key=lambda r: not r.get("main")):
            found = grids(trace, record["key"]) if record["calls"] else []
            if not found:
                continue
            verdict = self._one(record, found)
            if isinstance(verdict, Present):
                return verdict
            reasons.append(verdict)
        if not reasons:
            shaped = [r for r in losses if r["calls"] and r.get("target_shape")]
            return (
                Absent("no target has a time axis that could be padded")
                if shaped
                else CannotTell("no targets were recorded")
            )
        return reasons[0]

    def _one(self, record: dict[str, Any], found: list[Grid]) -> Verdict:
        padded = [(g, p) for g in found if (p := padding(g, record["family"] == "nll")) is not None]
        if len(padded) < max(1, len(found) / 2):
            return Absent(
                f"the targets of {record['kind']} have no padding: no value fills the ends of samples in runs of "
                "different lengths"
            )
        late = padded[-2:]
        value = late[-1][1][1]
        counted = [np.isfinite(g.error) for g, _ in late]
        ignored = all(not (m & c).any() for (_, (m, _, _)), c in zip(late, counted, strict=True))
        if ignored:
            return Absent(f"the targets are padded with {words(value)}, and the loss ignores it")
        share = float(
            np.mean([(m & c).sum() / max(c.sum(), 1) for (_, (m, _, _)), c in zip(late, counted, strict=True)])
        )
        grads = [
            (g.grad[m].sum() / g.grad.sum())
            for g, (m, _, _) in padded
            if g.grad is not None and np.isfinite(g.grad).all() and g.grad.sum() > 0
        ]
        evidence: dict[str, Any] = {"value": value, "share": share, "gradient_share": [float(x) for x in grads]}
        if grads and max(grads) <= COUNTED:
            return Absent(
                f"the targets are padded with {words(value)} ({share:.0%} of positions), and a mask keeps it out of "
                "the gradient",
                evidence,
            )
        if not grads:
            return CannotTell("the gradient of padded positions was not recorded")
        if share < SHARE:
            return Absent(
                f"padding ({words(value)}) is {share:.0%} of the positions in the loss: too little to matter", evidence
            )
        real, whole = self._skill(record, found, late, padded)
        evidence |= {"skill_real": real, "skill_all": whole}
        if not np.isfinite([real, whole]).all():
            return CannotTell(
                f"{share:.0%} of the positions in the loss are padding; how well the real ones are learned cannot be "
                "measured"
            )
        behind = real < max(LEFT_BEHIND, FRACTION * whole)
        lagging = share >= MOSTLY and real < min(LAGGING * whole, HALF_LEARNED)
        where = "start" if late[-1][1][2] else "end"
        how = (
            f"{share:.0%} of the positions in the loss are padding ({words(value)} at the {where} of samples), with "
            f"up to {max(grads):.0%} of the gradient"
        )
        than = f"{real:.0%} better than a constant" if real >= 0 else "worse than a constant"
        what = f"On the real positions the model is {than}; over all positions it is {whole:.0%} better"
        integer = late[-1][0].record["integer"]
        return Present(
            title="Padding is counted in the loss",
            message=f"{how}. {what}.",
            why="The model is rewarded for predicting the filler, which is easy and frequent; what matters gets a "
            "fraction of the gradient.",
            severity="error" if behind else "warning" if lagging else "info",
            site=Site.of(record.get("site")),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "ignore-padding",
                    "leave the padding out of the loss",
                    {"loss": record["key"], "index": int(value)},
                    snippet=f"F.cross_entropy(scores, targets, ignore_index={int(value)})",
                    safety="safe",
                )
                if integer
                else RemedySpec(
                    "ignore-padding",
                    "compare real positions only",
                    {"loss": record["key"], "index": -100, "value": value},
                    snippet="real = torch.arange(y.size(1)) < lengths.unsqueeze(1)\nloss = "
                    "F.mse_loss(prediction[real], y[real])",
                )
            ],
            confidence=0.85,
            structural=(behind or lagging) and whole > LEFT_BEHIND,
        )

    @staticmethod
    def _skill(record: dict[str, Any], found: list[Grid], late: list[Any], padded: list[Any]) -> tuple[float, float]:
        """Skill (1 - error / best constant's error) of the latest recorded steps on real positions, and on all."""
        errors_real = np.concatenate([g.error[~m & np.isfinite(g.error)] for g, (m, _, _) in late])
        errors_all = np.concatenate([g.error[np.isfinite(g.error)] for g, _ in late])
        if len(errors_real) < POSITIONS:
            return float("nan"), float("nan")
        if record["family"] == "nll":
            real = np.concatenate([g.target[~m & np.isfinite(g.error)] for g, (m, _, _) in padded])
            every = np.concatenate([g.target[np.isfinite(g.error)] for g, _ in padded])
            floors = [entropy(real), entropy(every)]
        else:
            real_values = np.concatenate([g.numbers()[~m] for g, (m, _, _) in padded])
            all_values = np.concatenate([g.numbers().reshape(-1, real_values.shape[1]) for g, _ in padded])
            floors = [float(real_values.var(0).mean()), float(all_values.var(0).mean())]
        real_skill = 1 - float(errors_real.mean()) / floors[0] if floors[0] > 0 else float("nan")
        return real_skill, 1 - float(errors_all.mean()) / floors[1] if floors[1] > 0 else float("nan")


def entropy(labels: np.ndarray) -> float:
    """Entropy of labels in nats."""
    counts = np.unique(labels, return_counts=True)[1]
    share = counts / counts.sum()
    return float(-(share * np.log(share)).sum())
