"""How well a run predicts rows that it sees for the first time, and rows that it has seen before: held-out error
without a held-out set."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.trace import Trace

from ._learning import main_loss

FEWEST = 30


def first_sight(trace: Trace) -> dict[str, Any] | None:
    """Skill on fresh rows (late in the first pass) and on known rows (at the end); None where rows do not come again, or too few."""
    record = main_loss(trace)
    x, y = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
    p, step = trace.arrays.get("pairs/sample_prediction"), trace.arrays.get("pairs/sample_step")
    if x is None or y is None or p is None or step is None or not len(x) == len(y) == len(p) == len(step):
        return None
    error = _errors(str(record.get("family")), str(record.get("kind")), p, y)
    if error is None:
        return None
    flat = np.ascontiguousarray(x)
    keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, first = np.unique(keys, return_index=True)
    fresh = np.zeros(len(x), bool)
    fresh[first] = True
    if fresh.all():
        return None
    known = ~fresh & (step >= np.quantile(step[~fresh], 0.5))
    # The first rows met an untrained model: only the second half of the first pass counts as fresh.
    late = fresh & (step >= np.quantile(step[fresh], 0.5))
    floor = _floor(str(record.get("family")), y)
    if late.sum() < FEWEST or known.sum() < FEWEST or not np.isfinite(floor) or floor <= 1e-9:
        return None
    return {
        "fresh_rows": int(late.sum()),
        "known_rows": int(known.sum()),
        "fresh_skill": float(1 - error[late].mean() / floor),
        "fresh_noise": float(error[late].std(ddof=1) / np.sqrt(late.sum()) / floor),
        "known_skill": float(1 - error[known].mean() / floor),
        "known_noise": float(error[known].std(ddof=1) / np.sqrt(known.sum()) / floor),
        "passes": float(len(x) / len(first)),
    }


def unlike_rows(trace: Trace) -> tuple[int, float] | None:
    """How many different rows were trained on, and how often each came on average; None where no inputs were recorded."""
    x = trace.arrays.get("pairs/sample_input")
    if x is None or not len(x):
        return None
    flat = np.ascontiguousarray(x)
    keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    unlike = len(np.unique(keys))
    return unlike, len(x) / unlike


def _errors(family: str, kind: str, p: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    if family == "regression" and p.shape == y.shape:
        return np.asarray(((p - y) ** 2).mean(1))
    if family == "nll" and y.shape[1] == 1 and p.shape[1] > 1:
        labels = y[:, 0].astype(int)
        if labels.min() < 0 or labels.max() >= p.shape[1]:
            return None
        top = p.max(1, keepdims=True)
        logp = p - top - np.log(np.exp(p - top).sum(1, keepdims=True))
        return np.asarray(-logp[np.arange(len(p)), labels])
    if family == "bce" and p.shape == y.shape:
        if kind == "binary_cross_entropy":
            inside = np.clip(p, 1e-7, 1 - 1e-7)
            return np.asarray(-(y * np.log(inside) + (1 - y) * np.log(1 - inside)).mean(1))
        return np.asarray((np.logaddexp(0, p) - y * p).mean(1))
    return None


def _floor(family: str, y: np.ndarray) -> float:
    if family == "regression":
        return float(y.var(0).mean())
    if family == "nll":
        share = np.unique(y[:, 0], return_counts=True)[1] / len(y)
        return float(-(share * np.log(share)).sum())
    share = np.clip(y.mean(0), 1e-6, 1 - 1e-6)
    return float(np.mean(-(share * np.log(share) + (1 - share) * np.log(1 - share))))
