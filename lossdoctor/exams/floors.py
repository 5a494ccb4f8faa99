"""The floors exam: what the best constant prediction would cost on the recorded targets, and how far from it the run
ended.

For token targets also what a table from the present token to the next one costs on rows it was not made from."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import measure
from lossdoctor.trace import Trace

# A run within this many standard errors of the floor, or this share of it, has come to rest at it.
NEAR_ERRORS = 3.0
NEAR_SHARE = 0.03
MIN_TOKENS = 400


def examine(trace: Trace) -> dict[str, Any]:
    """``best_constant`` and its ``name``; ``distance`` = (end - floor) / floor; ``near`` when the run ends there."""
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    if not np.isfinite(outcome.floor):
        return {"cannot_tell": f"no floor is known for this loss ({outcome.family})"}
    end = outcome.floor * (1 - outcome.skill) if np.isfinite(outcome.skill) else float("nan")
    result: dict[str, Any] = {
        "best_constant": outcome.floor,
        "name": outcome.floor_name,
        "end": end if np.isfinite(end) else None,
        "distance": -outcome.skill if np.isfinite(outcome.skill) else None,
        "noise": outcome.skill_noise if np.isfinite(outcome.skill_noise) else None,
        "near": bool(
            np.isfinite(outcome.skill) and abs(outcome.skill) <= max(NEAR_ERRORS * outcome.skill_noise, NEAR_SHARE)
        ),
    }
    if next((r.get("family") for r in trace.list("losses") if r.get("main")), "") == "nll":
        placed = by_place(trace.arrays.get("pairs/sample_target"), trace.arrays.get("pairs/sample_counted"))
        if placed is not None and np.isfinite(end):
            result.update(by_place=placed, skill_by_place=1 - end / placed)
    tokens = table(trace.arrays.get("pairs/token_input"), trace.arrays.get("pairs/token_target"))
    return result | ({"tokens": tokens} if tokens else {})


def by_place(target: np.ndarray | None, counted: np.ndarray | None = None) -> float | None:
    """Mean entropy (nats) of the labels at each place of a sequence: what a constant for each place costs.

    Labels that are negative, or not ``counted`` (of the same shape; None = all), are left out.
    Corrected for the number of rows (Miller, 1955). None where each sample has one label, or rows are few.
    """
    if target is None or target.ndim != 2 or not 2 <= target.shape[1] <= 64 or len(target) < MIN_TOKENS:
        return None
    if counted is not None and counted.shape == target.shape:
        target = np.where(counted, target, -1)
    found = []
    for column in target.T:
        column = column[column >= 0]
        if len(column) < MIN_TOKENS / 2:
            continue
        _, counts = np.unique(column, return_counts=True)
        share = counts / counts.sum()
        found.append(float(-(share * np.log(share)).sum()) + (len(counts) - 1) / (2 * len(column)))
    return float(np.mean(found)) if found and np.mean(found) > 0 else None


def table(given: np.ndarray | None, wanted: np.ndarray | None) -> dict[str, Any] | None:
    """Cross entropy (nats) of the target's frequencies and of a table from the given token, on every other block of rows.

    The table is smoothed towards the frequencies by Witten & Bell (1991).
    """
    if given is None or wanted is None or len(given) < MIN_TOKENS:
        return None
    given, wanted = given.astype(int), wanted.astype(int)
    block = np.arange(len(given)) * 8 // len(given)
    fit, test = block % 2 == 0, block % 2 == 1
    names, present = np.unique(given, return_inverse=True)
    kinds, target = np.unique(wanted, return_inverse=True)
    if len(kinds) < 2 or len(names) * len(kinds) > 4_000_000:
        return None
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (present[fit], target[fit]), 1.0)
    share = (counts.sum(0) + 0.5) / (counts.sum() + 0.5 * len(kinds))
    seen, followers = counts.sum(1, keepdims=True), (counts > 0).sum(1, keepdims=True)
    smooth = np.where(seen > 0, (counts + followers * share) / np.maximum(seen + followers, 1e-12), share)
    one, two = -np.log(share[target[test]]), -np.log(smooth[present[test], target[test]])
    gain = one - two
    error = float(np.std(gain, ddof=1) / np.sqrt(len(gain)))
    return {
        "unigram": float(one.mean()),
        "bigram": float(two.mean()),
        "gain": float(gain.mean()),
        "z": float(gain.mean() / error) if error > 0 else 0.0,
        "rows": len(given),
        "kinds": len(kinds),
        "copied": float(np.mean(given == wanted)),
    }
