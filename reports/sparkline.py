"""A curve on one line of text."""

from __future__ import annotations

import numpy as np

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"


def sparkline(values: np.ndarray, width: int) -> str:
    """``values`` as at most ``width`` block characters; a stretch without a finite number is a dot."""
    values = np.asarray(values, dtype=float)
    if not len(values) or width < 1:
        return ""
    pieces = np.array_split(values, min(width, len(values)))
    means = np.array([np.mean(p[np.isfinite(p)]) if np.isfinite(p).any() else np.nan for p in pieces])
    seen = means[np.isfinite(means)]
    if not len(seen):
        return GAP * len(means)
    low, span = float(seen.min()), float(np.ptp(seen))
    if span <= 1e-9 * max(abs(low), 1e-300):
        return "".join(BLOCKS[3] if np.isfinite(m) else GAP for m in means)
    return "".join(BLOCKS[min(7, int(8 * (m - low) / span))] if np.isfinite(m) else GAP for m in means)
