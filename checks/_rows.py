"""Statistics on recorded rows: values far out, whether some rows differ from the others."""

from __future__ import annotations

import numpy as np

# A stand-in lies further from the rest of its column than this many times the rest's interquartile range: for normal
# data 10 IQR are 13.5 standard deviations (Tukey's "far out" fence is 3 IQR).
FAR_OUT = 10.0
# A single such value may be a heavy tail; it counts only when it is this far out.
ALONE = 1000.0
# Columns need so many values for quartiles to mean something.
ENOUGH = 40


def whole(values: np.ndarray) -> bool:
    """Ids, not measurements: whole and non-negative all over."""
    with np.errstate(invalid="ignore"):
        return bool(np.all((values == np.round(values)) & (values >= 0)))


def stand_in(column: np.ndarray) -> tuple[float, int, float, float, int] | None:
    """(value, how often, lowest and highest of the rest, rows) of a value far out of a column, or None."""
    column = column[np.isfinite(column)]
    if len(column) < ENOUGH:
        return None
    low_quartile, high_quartile = np.quantile(column, [0.25, 0.75])
    spread = high_quartile - low_quartile
    if spread <= 0:
        return None
    for end in (column.min(), column.max()):
        same = column == end
        rest = column[~same]
        if len(rest) < ENOUGH // 2 or same.sum() > len(column) / 4:
            continue
        gap = min(abs(end - rest.min()), abs(end - rest.max()))
        # Where most values are alike (pixels that are black but in a few pictures) quartiles say little: a stand-in is also
        # further away than the rest reaches.
        if gap > max((FAR_OUT if same.sum() > 1 else ALONE) * spread, np.ptp(rest)):
            return float(end), int(same.sum()), float(rest.min()), float(rest.max()), len(column)
    return None


def first_seen(rows: np.ndarray) -> np.ndarray:
    """Which rows (n, d) no earlier row equals."""
    first = np.zeros(len(rows), dtype=bool)
    first[np.unique(rows, axis=0, return_index=True)[1]] = True
    return first


def told_apart(rows: np.ndarray, chosen: np.ndarray) -> tuple[float, float]:
    """How often a linear rule (ridge, two folds) ranks a chosen row above another (AUC), and its sigmas from 0.5.

    The rule sees each column and its square, so that a class around the middle of the others is found, too.
    """
    if not len(rows):
        return 0.5, 0.0
    rows = rows.reshape(len(rows), -1)[:, :200].astype(float)
    rows = rows[:, np.isfinite(rows).all(0)]
    rows = rows[:, rows.std(0) > 0]
    n, m = int(chosen.sum()), int((~chosen).sum())
    if min(n, m) < 10 or not rows.shape[1]:
        return 0.5, 0.0
    scaled = (rows - rows.mean(0)) / rows.std(0)
    design = np.concatenate([scaled, scaled**2 - 1, np.ones((len(scaled), 1))], axis=1)
    # Equal rows (drawn in several epochs) stay on one side.
    fold = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1) % 2 == 0
    score = np.zeros(len(rows))
    for train in (fold, ~fold):
        a, y = design[train], chosen[train].astype(float) - chosen.mean()
        weights = np.linalg.solve(a.T @ a + 0.01 * len(a) * np.eye(a.shape[1]), a.T @ y)
        score[~train] = design[~train] @ weights
    order = np.argsort(np.argsort(score)) + 1
    auc = (order[chosen].sum() - n * (n + 1) / 2) / (n * m)
    return float(auc), float((auc - 0.5) / np.sqrt((n + m + 1) / (12 * n * m)))
