"""How much of the targets' variance lies between groups of samples, and whether an axis is in order: used by exams, probes and checks."""

from __future__ import annotations

import numpy as np

# Mean neighbour distance / mean random-pair distance along an axis: below = an ordered (time) axis, above = exchangeable.
ORDERED = 0.85
EXCHANGEABLE = 0.93

# Whole numbers of so many kinds are classes: each kind is an indicator of its own.
CLASSES = 20


def between(group: np.ndarray, values: np.ndarray) -> float | None:
    """Share of the variance of ``values`` (n, d) that lies between the groups ``group`` (n,): adjusted R squared of a
    one-way layout, so about 0 for groups that mean nothing. None where there is nothing to explain or every group is
    one row.
    """
    values = values.reshape(len(values), -1).astype(float)
    n, k = len(values), len(np.unique(group))
    whole = np.unique(values)
    if values.shape[1] == 1 and len(whole) <= CLASSES and np.array_equal(whole, np.round(whole)):
        values = (values == whole[None]).astype(float)
    total = ((values - values.mean(0)) ** 2).sum()
    if n <= k or total <= 0:
        return None
    _, group = np.unique(group, return_inverse=True)
    sums = np.zeros((k, values.shape[1]))
    np.add.at(sums, group, values)
    within = ((values - (sums / np.bincount(group)[:, None])[group]) ** 2).sum()
    return float(1 - (within / (n - k)) / (total / (n - 1)))


def order_ratio(x: np.ndarray, axis: int) -> float:
    """Neighbour distance over random-pair distance along ``axis`` (1 = exchangeable, near 0 = smooth); NaN for short axes."""
    n = x.shape[axis]
    if n < 4:
        return float("nan")
    moved = np.moveaxis(x, axis, 0).reshape(n, -1)
    near = np.abs(np.diff(moved, axis=0)).mean()
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, n, 400), rng.integers(0, n, 400)
    keep = first != second
    far = np.abs(moved[first[keep]] - moved[second[keep]]).mean()
    return float(near / far) if far > 0 else float("nan")
