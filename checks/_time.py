"""Gradients per time step: how they grow or fade on their way back, and whether what fades carried the signal."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from lossdoctor.trace import Trace

# Fewer steps are no sequence, and their ends are not worth comparing.
SHORT = 8
# Association of one input column with the target at this level, after Bonferroni.
LEVEL = 0.01
CLASSES = 64
TINY = 1e-30


def time_groups(exam: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The exam's groups over time that are long enough, with ``ratio``: gradient at the first fifth over the last fifth of the steps."""
    found = []
    for group in (exam or {}).get("groups", []):
        norms = _reached(np.asarray([float(n) for n in group["norms"]], dtype=float))
        if group.get("kind", "time") != "time" or len(norms) < SHORT:
            continue
        fifth = max(1, len(norms) // 5)
        first, last = float(np.mean(norms[:fifth])), float(np.mean(norms[-fifth:]))
        if max(first, last) <= 0 or not np.isfinite(first + last):
            ratio = float("nan")
        else:
            ratio = max(first, TINY) / max(last, TINY)
        found.append({**group, "norms": norms, "ratio": ratio})
    return found


def _reached(norms: np.ndarray) -> np.ndarray:
    """Without the last steps where no gradient at all arrives: the loss does not use what comes out there (padding), and
    nothing passes through them on its way back."""
    used = np.nonzero(norms != 0)[0]
    return norms[: used[-1] + 1] if len(used) else norms


def signal_by_step(trace: Trace, steps: int) -> np.ndarray | None:
    """Per time step: share of the target's variance that the best single input column of that step explains, where significant.

    From the recorded samples; None where the recorded rows do not divide into ``steps`` time steps.
    """
    x, y = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
    if x is None or y is None or x.ndim != 2 or len(x) < 64 or x.shape[1] % steps:
        return None
    columns = np.nan_to_num(np.asarray(x, dtype=float))
    wanted = np.asarray(y, dtype=float).reshape(len(y), -1)
    if len(wanted) != len(columns) or wanted.shape[1] == 0:
        return None
    target = wanted[:, -1] if wanted.shape[1] > 1 else wanted[:, 0]
    classes = np.unique(target)
    labels = len(classes) <= CLASSES and np.allclose(classes, np.round(classes))
    explained = np.zeros(columns.shape[1])
    for j in range(columns.shape[1]):
        column = columns[:, j]
        if column.std() < 1e-12:
            continue
        if labels:
            groups = [column[target == c] for c in classes]
            groups = [g for g in groups if len(g) > 1]
            if len(groups) < 2:
                continue
            f, p = scipy.stats.f_oneway(*groups)
            between, within = len(groups) - 1, len(column) - len(groups)
            share = f * between / (f * between + within) if np.isfinite(f) else 1.0
        else:
            r, p = scipy.stats.pearsonr(column, target)
            share = r**2
        if p < LEVEL / columns.shape[1]:
            explained[j] = share
    return explained.reshape(steps, -1).max(axis=1)
