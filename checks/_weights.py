"""What several checks ask of the recorded parameters: who is trained, who never moves, what was never more than noise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Site, Trace

# Operations that look a row up instead of summing over inputs.
LOOKUPS = {"embedding", "embedding_bag", "__getitem__", "index_select", "gather"}
# Kurtosis of independent uniform and normal entries; the sampling error of a kurtosis from n entries is at most sqrt(24 / n) (normal).
UNIFORM, NORMAL = 1.8, 3.0
# A largest singular value up to this multiple of the Marchenko-Pastur edge is pure noise: measured, 2,000 random matrices of 6..512 rows and columns stayed under 1.13.
NOISE_EDGE = 1.15
# Fewer entries than these say nothing about how a weight was made.
ENTRIES = 32
# A run that explains this share of what there is to explain has no use for a softer remark on its gradients.
LEARNS_WELL = 0.5


def number(value: Any) -> float:
    """A recorded figure as float (JSON keeps non-finite ones as text)."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def size(parameters: Iterable[dict[str, Any]]) -> int:
    """Numbers held by these parameters."""
    return sum(int(p["numel"]) for p in parameters)


def names(parameters: list[dict[str, Any]], limit: int = 4) -> str:
    """The first few names, for a message."""
    shown = ", ".join(p["name"] for p in parameters[:limit])
    return shown + (f" and {len(parameters) - limit} more" if len(parameters) > limit else "")


def random_looking(parameter: dict[str, Any]) -> bool | None:
    """Whether a weight still is the noise that it was filled with; None where it is too small to say."""
    if parameter.get("loaded"):
        return False
    if len(parameter["shape"]) < 2 or parameter["numel"] < ENTRIES:
        return None
    kurtosis, edge = number(parameter.get("init_kurtosis")), number(parameter.get("noise_edge"))
    if not np.isfinite(kurtosis):
        return None
    slack = 4 * math.sqrt(24 / parameter["numel"])
    if np.isfinite(edge) and edge > NOISE_EDGE:
        return False
    bound = 1 / math.sqrt(max(1, parameter.get("fan_in") or 1))
    uniform = abs(kurtosis - UNIFORM) < min(slack, 0.6)
    if uniform and (np.isfinite(edge) or parameter["init_absmax"] <= bound * 1.0001):
        return True
    return bool(np.isfinite(edge) and abs(kurtosis - NORMAL) < slack)


def share_random(parameters: list[dict[str, Any]]) -> float:
    """Share (by numbers held) of the weights that can be judged which still are noise; NaN when none can."""
    judged = [(p, random_looking(p)) for p in parameters if p.get("used_by") not in LOOKUPS]
    known = [(p, r) for p, r in judged if r is not None]
    total = size(p for p, _ in known)
    return size(p for p, r in known if r) / total if total else math.nan


def moved(trace: Trace, index: int) -> bool | None:
    """Whether parameter ``index`` ever changed; None when it was not followed."""
    norms = trace.arrays.get("layers/weight_norm")
    if norms is None or index >= norms.shape[1]:
        return None
    column = norms[:, index]
    column = column[np.isfinite(column)]
    updates = trace.arrays.get("layers/update_norm")
    if updates is not None and np.isfinite(updates[:, index]).any():
        return bool(np.nanmax(updates[:, index]) > 0)
    return bool(np.ptp(column) > 0) if len(column) > 1 else None


def had_gradient(trace: Trace, index: int) -> bool:
    """Whether parameter ``index`` ever had a gradient other than zero in a sampled step."""
    grads = trace.arrays.get("layers/grad_norm")
    if grads is None or index >= grads.shape[1]:
        return False
    column = grads[:, index]
    return bool((column[np.isfinite(column)] > 0).any() or (~np.isfinite(column) & ~np.isnan(column)).any())


def learns_well(outcome: Outcome | None) -> bool:
    """Whether the run goes well enough that a mechanism which is not wrong by itself does no harm."""
    if outcome is None or outcome.nonfinite_at is not None or outcome.diverged:
        return False
    if np.isfinite(outcome.skill):
        return outcome.learns and outcome.skill >= LEARNS_WELL
    return outcome.learns and outcome.drop > LEARNS_WELL


def first_site(records: Iterable[dict[str, Any] | None]) -> Site | None:
    """The first recorded place among ``records``."""
    return next((Site.of(r) for r in records if r), None)
