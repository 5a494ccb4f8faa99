"""What bounded scores cost: the lowest loss they allow, against that of guessing."""

from __future__ import annotations

import math

import numpy as np

from lossdoctor.trace import Trace

from ._reach import Reach


def lowest_cross_entropy(width: float, classes: int) -> float:
    """The lowest cross entropy of scores that lie within ``width`` of each other."""
    return math.log(1 + (classes - 1) * math.exp(-width))


def lowest_bce(targets: np.ndarray, low: float, high: float) -> tuple[float, float, float]:
    """(lowest loss for logits in [low, high], of unbounded logits, of guessing the mean) on these targets."""
    wanted = np.clip(targets.astype(float), 1e-6, 1 - 1e-6)
    best = np.clip(wanted, max(sigmoid(low), 1e-6), min(sigmoid(high), 1 - 1e-6))
    p = float(np.clip(wanted.mean(), 1e-6, 1 - 1e-6))
    guess = -(p * math.log(p) + (1 - p) * math.log(1 - p))
    bound = float(np.mean(-(wanted * np.log(best) + (1 - wanted) * np.log(1 - best))))
    own = float(np.mean(-(wanted * np.log(wanted) + (1 - wanted) * np.log(1 - wanted))))
    return bound, own, guess


def last_name(found: Reach) -> str:
    return str((found.by or {}).get("name", "")).rstrip("_")


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def extent(trace: Trace, loss_id: int) -> tuple[float, float]:
    low, high = (
        trace.arrays.get(f"losses/{loss_id}/prediction_min"),
        trace.arrays.get(f"losses/{loss_id}/prediction_max"),
    )
    if low is None or high is None or not np.isfinite(low).any() or not np.isfinite(high).any():
        return float("nan"), float("nan")
    return float(np.min(low[np.isfinite(low)])), float(np.max(high[np.isfinite(high)]))
