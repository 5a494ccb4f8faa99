"""Simple models in closed form, all of them linear smoothers: kernel ridge with a few kernels. Deterministic; numpy
and scipy only.

``features`` standardises, ``kernels`` builds them, :func:`evaluate` gives held-out explained variance and its
permutation null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

# Half the rows fit, half test, and again with the halves exchanged.
RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
PERMUTATIONS = 99
TARGET_COLUMNS = 6
SPECTRUM_FROM = 16  # columns, from which on a row may be a signal with a spectrum
TOKEN_KINDS = 5000


@dataclass
class Model:
    """One model's held-out result: explained share of the variance, its null's mean, std and 95 % point, and the rows' errors."""

    name: str
    r2: float
    p: float
    z: float
    null_high: float
    errors: np.ndarray
    null: np.ndarray


def standardised(x: np.ndarray) -> np.ndarray:
    """Columns to mean 0, std 1, clipped at five sigma; constant ones dropped."""
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(all="ignore"):
        centre, spread = np.median(x, 0), x.std(0)
    keep = spread > 1e-9 * np.maximum(np.abs(centre), 1e-12)
    if not keep.any():
        return np.zeros((len(x), 0))
    x = (x[:, keep] - x[:, keep].mean(0)) / spread[keep]
    return np.clip(x, -5, 5)


def target_columns(y: np.ndarray, classes: bool) -> np.ndarray:
    """Targets as at most six centred columns: one-hot or standardised, then their principal directions."""
    if classes:
        labels = y[:, 0]
        _, place = np.unique(labels, return_inverse=True)
        counts = np.bincount(place)
        common = np.argsort(-counts)[:64]
        columns = np.stack([(place == c).astype(float) for c in common], 1)
    else:
        columns = np.asarray(y, dtype=float)
        spread = columns.std(0)
        columns = columns[:, spread > 0] / spread[spread > 0]
    columns = columns - columns.mean(0)
    if columns.shape[1] > TARGET_COLUMNS:
        _, _, turn = np.linalg.svd(columns, full_matrices=False)
        columns = columns @ turn[:TARGET_COLUMNS].T
    return columns


def is_tokens(raw: np.ndarray) -> bool:
    """Rows of ids: whole numbers, more than two kinds, several columns that share their values."""
    if raw.shape[1] < 2 or not np.array_equal(raw, np.round(raw)) or raw.min() < -1:
        return False
    kinds = len(np.unique(raw))
    return 2 < kinds <= TOKEN_KINDS


def kernels(raw: np.ndarray) -> dict[str, np.ndarray]:
    """Kernel matrices by name. ``linear`` is linear in the input, the others are not."""
    x = standardised(raw)
    found: dict[str, np.ndarray] = {}
    if x.shape[1] == 0:
        return found
    found["linear"] = x @ x.T / x.shape[1] + 1.0
    found |= _radial("nearby rows", x, (1.0, 0.25))
    if is_tokens(raw):
        same = np.zeros((len(raw), len(raw)))
        for column in raw.T[:128]:
            same += column[:, None] == column[None, :]
        found["token at each place"] = same / raw.shape[1] + 1.0
        names, place = np.unique(raw, return_inverse=True)
        bag = np.zeros((len(raw), len(names)))
        np.add.at(bag, (np.repeat(np.arange(len(raw)), raw.shape[1]), place.ravel()), 1.0)
        bag = standardised(bag)
        found["bag of tokens"] = bag @ bag.T / max(bag.shape[1], 1) + 1.0
        found["tokens together"] = np.exp(4 * (same / raw.shape[1] - 1.0))
    elif x.shape[1] >= SPECTRUM_FROM:
        spectrum = standardised(np.log(np.abs(np.fft.rfft(x - x.mean(1, keepdims=True), axis=1)) + 1e-3))
        found |= _radial("spectrum", spectrum, (1.0,))
    else:
        products = standardised(
            np.stack([x[:, i] * x[:, j] for i in range(x.shape[1]) for j in range(i, x.shape[1])], 1)
        )
        both = np.concatenate([x, products], 1)
        found["products of two"] = both @ both.T / both.shape[1] + 1.0
    return found


def _radial(name: str, x: np.ndarray, widths: tuple[float, ...]) -> dict[str, np.ndarray]:
    if x.shape[1] > 60:
        _, _, turn = np.linalg.svd(x - x.mean(0), full_matrices=False)
        x = x @ turn[:60].T
    distance = scipy.spatial.distance.cdist(x, x, "sqeuclidean")
    middle = np.median(distance[np.triu_indices(len(x), 1)])
    if middle <= 0:
        return {}
    return {
        name if w == 1.0 else f"{name} ({w:g} of the usual width)": np.exp(-distance / (middle * w)) for w in widths
    }


def _fit(kernel: np.ndarray, y: np.ndarray, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predictions (test, columns) by kernel ridge; the ridge is chosen column by column by leave-one-out."""
    k = kernel[np.ix_(fit, fit)]
    values, vectors = np.linalg.eigh(k)
    values = np.maximum(values, 0)
    mean = y[fit].mean(0)
    turned = vectors.T @ (y[fit] - mean)
    best = np.full(y.shape[1], np.inf)
    weights = np.zeros_like(turned)
    scale = values.mean()
    for ridge in RIDGES:
        shrink = 1.0 / (values + ridge * max(scale, 1e-12))
        alpha = vectors @ (shrink[:, None] * turned)
        leverage = (vectors**2) @ shrink
        loo = np.mean((alpha / leverage[:, None]) ** 2, 0)
        better = loo < best
        weights[:, better] = alpha[:, better]
        best = np.minimum(best, loo)
    return kernel[np.ix_(test, fit)] @ weights + mean


def evaluate(
    name: str, kernel: np.ndarray, y: np.ndarray, rng: np.random.Generator, permutations: int = PERMUTATIONS
) -> Model:
    """Cross-fitted explained variance of ``y`` (n, columns) and the same for permuted rows of ``y``."""
    n, c = y.shape
    orders = [rng.permutation(n) for _ in range(permutations)]
    stacked = np.concatenate([y, *[y[o] for o in orders]], 1)
    half = np.arange(n) % 2 == 0
    errors = np.zeros_like(stacked)
    for fit, test in ((half, ~half), (~half, half)):
        errors[test] = (stacked[test] - _fit(kernel, stacked, fit, test)) ** 2
    total = ((stacked - stacked.mean(0)) ** 2).reshape(n, permutations + 1, c)
    explained = 1 - errors.reshape(n, permutations + 1, c).sum((0, 2)) / np.maximum(total.sum((0, 2)), 1e-12)
    real, null = float(explained[0]), explained[1:]
    p = float((1 + np.sum(null >= real)) / (len(null) + 1)) if len(null) else 1.0
    spread = float(null.std()) if len(null) else 1.0
    z = (real - float(null.mean())) / max(spread, 1e-9) if len(null) else 0.0
    high = float(np.quantile(null, 0.95)) if len(null) else 0.0
    return Model(name, real, p, z, high, errors.reshape(n, permutations + 1, c)[:, 0].sum(1), null)


def accuracy(kernel: np.ndarray, labels: np.ndarray) -> float:
    """Cross-fitted accuracy of taking the class with the largest predicted indicator."""
    names, place = np.unique(labels, return_inverse=True)
    y = np.eye(len(names))[place]
    half = np.arange(len(y)) % 2 == 0
    guess = np.zeros(len(y), int)
    for fit, test in ((half, ~half), (~half, half)):
        guess[test] = _fit(kernel, y, fit, test).argmax(1)
    return float(np.mean(guess == place))


def switches(raw: np.ndarray, y: np.ndarray) -> dict[str, Any] | None:
    """For two-valued inputs: the product of columns that goes best with the target, over all subsets (Walsh-Hadamard) or up to three.

    p by Bonferroni over all subsets tried. None when the inputs are not two-valued.
    """
    low, high = raw.min(0), raw.max(0)
    keep = high > low
    if not keep.any() or not np.all((raw == low) | (raw == high)) or y.shape[1] == 0:
        return None
    bits = (raw[:, keep] == high[keep]).astype(np.int64)
    columns = np.nonzero(keep)[0]
    n, d = bits.shape
    target = y[:, 0] / max(float(np.sqrt(np.mean(y[:, 0] ** 2))), 1e-12)
    if d < 2 or d > 60:
        return None
    if d <= 20:
        spectrum = np.zeros(2**d)
        np.add.at(spectrum, bits @ (1 << np.arange(d)), target)
        step = 1
        while step < len(spectrum):
            pairs = spectrum.reshape(-1, 2, step)
            spectrum = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], 1).reshape(-1)
            step *= 2
        spectrum[0] = 0
        tried, place = len(spectrum) - 1, int(np.argmax(np.abs(spectrum)))
        subset = [j for j in range(d) if place >> j & 1]
        strength = float(abs(spectrum[place]) / n)
    else:
        signs = 1.0 - 2.0 * bits
        tried, strength, subset = 0, 0.0, []
        for i in range(d):
            for j in range(i, d):
                with_two = (target * signs[:, i] * (signs[:, j] if j > i else 1.0)) @ signs[:, j:] / n
                if j > i:
                    with_two[0] = (target * signs[:, i]) @ signs[:, j] / n
                tried += d - j
                k = int(np.argmax(np.abs(with_two)))
                if abs(with_two[k]) > strength:
                    strength, subset = float(abs(with_two[k])), sorted({i, j, j + k})

    p = float(min(1.0, 2 * tried * scipy.stats.norm.sf(strength * np.sqrt(n))))
    return {"columns": [int(columns[j]) for j in subset], "strength": strength, "p": p, "tried": tried}
