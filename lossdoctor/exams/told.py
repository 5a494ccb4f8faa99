"""Which step of the data tells each position's target: a lag scan that needs no equality of values.

Method: the target of position t is guessed from the data's step t + k alone, by the most frequent class (or the mean) among
samples with the same symbol (readings are cut into quantiles); fitted on one half of the samples, scored on the other, for
every k. A tag that is a rule about the symbol five steps later is told at k = 5 and nowhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Symbols told apart; readings are cut into so many quantiles.
SYMBOLS, QUANTILES = 64, 8
# Pairs of symbol and target that a half needs for each symbol on average.
EACH = 8
FARTHEST = 32


def told(series: np.ndarray, goal: np.ndarray, valid: np.ndarray, classes: bool) -> dict[str, Any] | None:
    """Gains by offset, from ``series`` (samples, steps[, channels]) and ``goal`` (samples, positions), ``valid`` of the same shape.

    Returns ``{"offsets": [k, …], "gains": […]}``, a gain being the share of a constant's mistakes (of the variance, for numbers)
    that the one step spares on samples put aside; None where there is too little to go by.
    """
    channels = series[..., None] if series.ndim == 2 else series
    codes = [_codes(channels[..., c]) for c in range(min(channels.shape[2], SYMBOLS))]
    length, positions = series.shape[1], goal.shape[1]
    offsets, gains = [], []
    for k in range(-min(FARTHEST, positions - 1), min(FARTHEST, length - 1) + 1):
        low, high = max(0, -k), min(positions, length - k)
        if high - low < 2:
            continue
        wanted, counts = goal[:, low:high], valid[:, low:high]
        each = [_gain(c[:, low + k : high + k], wanted, counts, classes) for c in codes]
        known = [g for g in each if g is not None]
        if known:
            offsets.append(k)
            gains.append(max(known))
    return {"offsets": offsets, "gains": gains} if offsets else None


def _codes(values: np.ndarray) -> np.ndarray:
    met, codes = np.unique(values, return_inverse=True)
    if len(met) <= SYMBOLS:
        return codes.reshape(values.shape)
    edges = np.quantile(values, np.linspace(0, 1, QUANTILES + 1)[1:-1])
    return np.searchsorted(edges, values)


def _gain(codes: np.ndarray, goal: np.ndarray, valid: np.ndarray, classes: bool) -> float | None:
    half = np.arange(len(goal)) % 2 == 0
    fit, score = valid & half[:, None], valid & ~half[:, None]
    number = int(codes.max()) + 1
    if fit.sum() < EACH * number or score.sum() < EACH * number:
        return None
    if classes:
        counts = np.zeros((number, int(goal[valid].max()) + 1))
        np.add.at(counts, (codes[fit], goal[fit].astype(int)), 1)
        wrong = float((counts.argmax(1)[codes[score]] != goal[score]).mean())
        constant = float((counts.sum(0).argmax() != goal[score]).mean())
    else:
        met = np.bincount(codes[fit], minlength=number)
        means = np.bincount(codes[fit], goal[fit], minlength=number) / np.maximum(met, 1)
        means[met == 0] = goal[fit].mean()
        wrong = float(np.square(means[codes[score]] - goal[score]).mean())
        constant = float(np.square(goal[fit].mean() - goal[score]).mean())
    return 1.0 - wrong / constant if constant > 0 else None
