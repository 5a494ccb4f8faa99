"""Prediction and target broadcast into something bigger than both: every prediction is compared with every target.

What it detects
    Shapes such as (N, 1) and (N,) in a loss function, a difference written by hand, or another elementwise operation
    between something with gradient and something without: equal numbers of elements, another number of axes, and a
    result of N * N.

Why training suffers
    The loss becomes the mean over all pairs. Its minimum is the same constant for every sample: the mean of the
    targets. The model learns that constant and no more, without an error.

Sick
    >>> loss = F.mse_loss(model(x), y)          # (32, 1) and (32,)

Cured
    >>> loss = F.mse_loss(model(x), y.unsqueeze(1))

How sure we are
    Read from the shapes of the calls that ran: always wrong in a loss. A scalar or one-element target is not it, nor
    an axis inserted on the same line (``x[:, None] - y`` is meant), nor pairwise differences between operands of
    equal rank.

References
    PyTorch broadcasting semantics; the warning of ``F.mse_loss`` ("Using a target size that is different to the input
    size").
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, Present, RemedySpec, Site, Trace, Verdict

# Loss functions that compare element by element and broadcast.
ELEMENTWISE = {
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "poisson_nll_loss",
    "gaussian_nll_loss",
    "kl_div",
    "binary_cross_entropy_with_logits",
}


def broadcast(a: list[int], b: list[int]) -> tuple[int, ...] | None:
    """The joined shape, None where the two do not fit."""
    try:
        return np.broadcast_shapes(tuple(a), tuple(b))
    except ValueError:
        return None


class BroadcastMismatch(Check):
    """See the module's docstring."""

    cause = "broadcast-mismatch"
    explains = (
        "loss-plateau",
        "no-signal-labels",
        "under-capacity",
        "lr-too-low",
        "plateau-unigram",
        "vanishing-gradient",
        "over-regularized",
        "class-imbalance-collapse",
        "lr-too-high",
    )

    def ask(self, losses: list[dict[str, Any]], trace: Trace) -> Verdict:
        """Shapes of loss functions, then of everything that broadcast on the way to the loss."""
        compared = []
        for record in losses:
            if not record["calls"] or record.get("target_shape") is None:
                continue
            a, b = record["prediction_shape"], record["target_shape"]
            compared.append(f"{tuple(a)} with {tuple(b)}")
            joined = broadcast(a, b)
            if joined is None or record["kind"] not in ELEMENTWISE or a == b:
                continue
            if prod(joined) > max(prod(a), prod(b)) and min(prod(a), prod(b)) > 1:
                return self._present(
                    record["kind"], a, b, joined, Site.of(record.get("site")), record["key"], trace, 0.98
                )
        for op in trace.list("broadcasts"):
            if op["meant"] or sum(op["carrying"]) != 1:
                continue
            a, b = op["shapes"] if op["carrying"][0] else op["shapes"][::-1]
            return self._present(
                op["name"].strip("_"),
                a,
                b,
                tuple(op["joined"]),
                Site.of(op.get("site")),
                self._key(losses, op),
                trace,
                0.9,
            )
        if not compared:
            return Absent("no operation between a prediction and fixed data broadcasts to more than both")
        return Absent(f"shapes fit: {', '.join(dict.fromkeys(compared))}")

    @staticmethod
    def _key(losses: list[dict[str, Any]], op: dict[str, Any]) -> str:
        """The loss call at the same line, if there is one."""
        site = op.get("site") or {}
        return next(
            (
                r["key"]
                for r in losses
                if (r.get("site") or {}).get("line") == site.get("line")
                and (r.get("site") or {}).get("path") == site.get("path")
            ),
            "",
        )

    @staticmethod
    def _present(
        kind: str,
        a: list[int],
        b: list[int],
        joined: tuple[int, ...],
        site: Site | None,
        key: str,
        trace: Trace,
        confidence: float,
    ) -> Present:
        outcome_key = next((r["id"] for r in trace.list("losses") if r["key"] == key), None)
        said = ""
        stds = trace.arrays.get(f"losses/{outcome_key}/prediction_std") if outcome_key is not None else None
        if stds is not None and len(stds) > 10 and np.isfinite(stds).all():
            said = f" The predictions' spread went from {stds[:3].mean():.3g} to {stds[-3:].mean():.3g}."
        pairs = prod(joined)
        if len(b) < len(a):
            cure, snippet = f"give the target the prediction's shape {tuple(a)}", "target = target.view_as(prediction)"
        else:
            cure, snippet = (
                f"give prediction and target the same shape: squeeze the target to {tuple(a)}, or keep the "
                "prediction's axis",
                "target = target.view_as(prediction)",
            )
        return Present(
            title="Prediction and target broadcast against each other",
            message=f"{kind} compares a prediction of shape {tuple(a)} with a target of shape {tuple(b)}: they "
            f"broadcast to {tuple(joined)}, {pairs:,} pairs instead of {prod(a):,}.{said}",
            why="Every prediction is pulled towards every target of the batch, so the best answer is their mean for "
            "each sample.",
            site=site,
            evidence={"prediction_shape": a, "target_shape": b, "broadcast_shape": list(joined), "pairs": pairs},
            remedies=[RemedySpec("match-target-shape", cure, {"loss": key}, snippet=snippet, safety="safe")],
            confidence=confidence,
            structural=True,
        )
