"""Weights that would have to learn are frozen.

What it detects
    ``requires_grad`` is False on weights between input and loss which still are the noise they were filled with, so that nothing was
    learned before and nothing can be learned now; or nothing but biases and scales is left to train.

Why training suffers
    Random features stay random: the few parameters that may move cannot make up for them.

Sick
    >>> for p in model.parameters():
    ...     p.requires_grad = False
    >>> model.head.bias.requires_grad = True

Cured
    >>> for p in model.backbone.parameters():   # loaded weights
    ...     p.requires_grad = False

How sure we are
    The freeze is a fact; whether the weights were trained before is measured: independent random entries have the kurtosis of their
    distribution and a largest singular value at the edge that random matrix theory gives (Marchenko & Pastur 1967), trained or loaded
    ones do not. A frozen backbone whose head learns, fixed filters, adapters and embeddings looked up from a table are no finding;
    nor are random features on which the run learns well.

References
    V. A. Marchenko, L. A. Pastur (1967); PyTorch documentation, "Autograd mechanics: setting requires_grad".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._errors import cut_off, error_of
from ._weights import LOOKUPS, first_site, learns_well, names, share_random, size

# Frozen noise counts when it is at least this share of all weights that stand between input and loss.
SHARE = 0.3
MOSTLY_RANDOM = 0.5
# From this share of the weights in use on, frozen random ones that the optimizer was given were meant to learn.
MOST = 0.5
WHY = "What is frozen stays as random as it started; the rest must learn from features that mean nothing."


class FrozenParams(Check):
    """See the module's docstring."""

    cause = "frozen-params"
    explains = (
        "loss-plateau",
        "lr-too-low",
        "under-capacity",
        "plateau-unigram",
        "class-imbalance-collapse",
        "no-signal-labels",
    )

    def ask(
        self,
        trace: Trace,
        parameters: list[dict[str, Any]],
        outcome: Outcome | None = None,
        exam_thaw: dict[str, Any] | None = None,
    ) -> Verdict:
        """Which weights are frozen, what are they made of, and does the rest learn?"""
        used = [p for p in parameters if p.get("used") and p.get("used_in_grad", True) and p["is_parameter"]]
        frozen = [
            p
            for p in used
            if not p["requires_grad"] and not p.get("requires_grad_end") and p.get("used_by") not in LOOKUPS
        ]
        weights = [p for p in used if p.get("used_by") not in LOOKUPS]
        if cut_off(error_of(trace)):
            return self._all_frozen(trace, parameters)
        if not frozen:
            return Absent("every weight that was used requires a gradient")
        later = set((exam_thaw or {}).get("thawed", []))
        if thawed := [p for p in frozen if p["name"] in later]:
            steps = (exam_thaw or {})["steps"]
            return Absent(f"weights are let go in stages: {names(thawed)} within {steps} steps")
        learning = [p for p in weights if p["requires_grad"] and p["reached"]]
        matrices = [p for p in learning if len(p["shape"]) >= 2]
        share = size(frozen) / max(1, size(weights))
        noise = share_random(frozen)
        only_shifts = not matrices and not any(
            p["requires_grad"] and p["reached"] and len(p["shape"]) >= 2 for p in used
        )
        if not np.isfinite(noise):
            return CannotTell(f"{names(frozen)} are frozen, and too small to see whether they were trained before")
        evidence = {
            "frozen": [p["name"] for p in frozen[:20]],
            "frozen_share": share,
            "share_still_random": noise,
            "in_optimizer": sum(p["in_optimizer"] for p in frozen),
        }
        if noise <= MOSTLY_RANDOM and not only_shifts:
            return Absent(
                f"{names(frozen)} are frozen, and are no noise: they were loaded, made or trained before", evidence
            )
        # Whoever keeps random features on purpose does not hand them to the optimizer to be trained.
        meant = share >= MOST and noise > MOSTLY_RANDOM and all(p["in_optimizer"] for p in frozen)
        if share < SHARE or (learns_well(outcome) and not meant):
            return Absent(
                f"{names(frozen)} ({share:.0%} of the weights) are frozen random features, on which the rest learns",
                evidence,
            )
        sure = noise > MOSTLY_RANDOM and (share > 1 - SHARE or only_shifts or len(matrices) <= 1)
        return Present(
            title="Random weights are frozen",
            message=(
                f"{len(frozen)} parameters ({share:.0%} of the weights in use: {names(frozen)}) have requires_grad=False, "
                f"although {noise:.0%} of them still are the random numbers they were filled with; "
                f"{size(learning)} of {size(used)} numbers can learn."
            ),
            why=WHY,
            site=self._site(trace, frozen),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "unfreeze",
                    "freeze only weights that were trained before; let these learn",
                    snippet="\n".join(f"# {p['name']}" for p in frozen[:3]) + "\np.requires_grad = True",
                )
            ],
            confidence=0.85 if sure else 0.6,
            structural=meant,
        )

    def _all_frozen(self, trace: Trace, parameters: list[dict[str, Any]]) -> Verdict:
        weights = [p for p in parameters if p["is_parameter"]]
        if not weights or any(p["requires_grad"] for p in weights):
            return Absent("the model has parameters that require a gradient")
        error = error_of(trace) or {}
        return Present(
            title="All parameters are frozen",
            message=f"None of the model's {len(weights)} parameters requires a gradient; backward was refused ({error.get('type')}).",
            why="Backward has nothing to do.",
            site=Site.of(error.get("site")),
            evidence={"frozen": len(weights)},
            remedies=[RemedySpec("unfreeze", "leave requires_grad=True on what must learn, the head at least")],
            confidence=0.97,
            structural=True,
        )

    def _site(self, trace: Trace, frozen: list[dict[str, Any]]) -> Site | None:
        return first_site([*(p.get("frozen_site") for p in frozen), *(p.get("used_site") for p in frozen)])
