"""What causal-gap and target-leakage share: which time step each prediction sees, and which it must predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossdoctor.trace import Trace

# A target that repeats the data at a fixed offset does so in at least this share of positions …
MATCHED = 0.9
# … and at least this much more often than other samples' data does.
ABOVE_CHANCE = 0.3


@dataclass
class Timing:
    """``sees`` (positions, picks) bool; ``wanted`` (positions,) the data's time step that equals the target, NaN = unknown."""

    sees: np.ndarray
    wanted: np.ndarray
    picks: np.ndarray
    length: int
    how: str


def timing(exam: dict[str, Any], trace: Trace | None = None) -> Timing | str:
    """The picture, or why there is none."""
    time = exam.get("time")
    if not time or time["positions"] < 2:
        return "the data has no time axis that the predictions share"
    sees = np.asarray(time["sees"], dtype=float) > 0
    wants = np.asarray(time["wants"], dtype=float)
    picks = np.asarray(time["picks"])
    positions = sees.shape[0]
    wanted = np.full(positions, np.nan)
    strong = np.nan_to_num(wants) > 0.5
    if strong.any():
        for t in range(positions):
            hit = np.nonzero(strong[t])[0]
            if len(hit) == 1:
                wanted[t] = picks[hit[0]]
        known = np.nonzero(~np.isnan(wanted))[0]
        if len(known):
            offsets = wanted[known] - known
            if np.ptp(offsets) == 0 and len(known) >= 2:
                wanted = np.arange(positions) + offsets[0]
            return Timing(sees, wanted, picks, int(time["length"]), "the targets were cut from the same data")
    match = exam.get("match")
    if match and match["rate"] >= MATCHED and match["rate"] - match["chance"] >= ABOVE_CHANCE:
        wanted = np.arange(positions, dtype=float) + match["offset"]
        return Timing(
            sees,
            wanted,
            picks,
            int(time["length"]),
            f"the targets repeat the data {match['offset']:+d} steps away in {match['rate']:.0%} of positions",
        )
    if trace is not None and _continues(trace, int(time["length"]), positions):
        wanted = np.arange(positions, dtype=float) + int(time["length"])
        return Timing(
            sees,
            wanted,
            picks,
            int(time["length"]),
            "other windows of the data show that the targets follow right after the input",
        )
    return "the targets are neither cut from the data nor do they repeat it"


def _continues(trace: Trace, length: int, positions: int) -> bool:
    """Whether input and target of recorded samples stand one behind the other in the data.

    Windows overlap: if input and target are neighbours, the end of an input together with the start of its target is the
    whole input of some other window. Tried for every overlap, against targets of other samples (chance).
    """
    inputs, targets = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
    if inputs is None or targets is None or inputs.shape[1] != length or targets.shape[1] < 1 or length < 3:
        return False
    known = {row.tobytes() for row in np.ascontiguousarray(inputs, dtype=np.float32)}

    def rate(goal: np.ndarray) -> float:
        hits = np.zeros(len(inputs), dtype=bool)
        for taken in range(1, min(length - 1, goal.shape[1]) + 1):
            joined = np.ascontiguousarray(
                np.concatenate([inputs[:, taken:], goal[:, :taken]], axis=1), dtype=np.float32
            )
            hits |= np.array([row.tobytes() in known for row in joined])
        return float(hits.mean())

    return rate(targets) > ABOVE_CHANCE + rate(np.roll(targets, 1, axis=0))
