"""What padding-in-loss and wrong-ignore-index share: where the padding is in a (sample, time) grid of targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossdoctor.trace import Trace

# Padding comes in runs of different lengths: at least so many lengths, in at least this share of the samples.
LENGTHS = 3
SAMPLES = 0.25
# A padding value is no value of the data: it makes up at most this share of the other positions.
ELSEWHERE = 0.02
# The model's input is constant where there is padding, in at least this share of it (a shifted target is one step off).
SAME_INPUT = 0.9
# Numbers break off into filler: the step onto it is so many times the largest usual step (95th percentile) of the sample's own.
BREAKS_OFF = 5.0


@dataclass
class Grid:
    """One recorded call: target codes or values, error and gradient per position, the input's codes where known."""

    record: dict[str, Any]
    target: np.ndarray
    error: np.ndarray
    grad: np.ndarray | None
    given: np.ndarray | None
    values: np.ndarray | None

    def numbers(self) -> np.ndarray:
        """The targets as numbers (samples, times, features): ``target`` holds codes where a position is a vector."""
        return self.target[:, :, None] if self.values is None else self.values


def grids(trace: Trace, key: str) -> list[Grid]:
    """The recorded grids of one loss call, in the order of steps."""
    found = []
    for record in trace.list("layouts"):
        if record["key"] == key:
            base = f"layouts/{record['id']}/"
            target, error = trace.arrays.get(base + "target"), trace.arrays.get(base + "error")
            if target is not None and error is not None:
                found.append(
                    Grid(
                        record,
                        target,
                        error,
                        trace.arrays.get(base + "grad"),
                        trace.arrays.get(base + "input"),
                        trace.arrays.get(base + "values"),
                    )
                )
    return found


def runs(target: np.ndarray, value: float, leading: bool = False) -> np.ndarray:
    """For every sample the length of the run of ``value`` at its end (or start)."""
    equal = target == value if leading else (target == value)[:, ::-1]
    return np.where(equal.all(1), target.shape[1], np.argmin(equal, axis=1))


def padding(grid: Grid, labels: bool) -> tuple[np.ndarray, float, bool] | None:
    """(mask, value, leading) of the padding in a grid; None where there is none, or where it may be data.

    Class labels (``labels``) speak for themselves; of numbers the model's input along the same axis tells whether they are
    padding, or else that they break off.
    """
    if not labels and grid.given is None:
        return breaking_off(grid)
    for transposed in (False, True):
        target = grid.target.T if transposed else grid.target
        for leading in (False, True):
            found = ends(target, leading)
            if found is None:
                continue
            mask, value = found
            full = mask.T if transposed else mask
            if not constant_input(grid.given, mask, transposed):
                continue
            return full, value, leading
    return by_input(grid) if labels and grid.given is not None else None


def breaking_off(grid: Grid) -> tuple[np.ndarray, float, bool] | None:
    """As :func:`padding`, for numbers whose inputs have no such axis: sequences that end in mid-air, and not on their way to the filler's value."""
    if grid.values is not None:
        return None
    for transposed in (False, True):
        target = grid.target.T if transposed else grid.target
        found = ends(target, False)
        if found is None:
            continue
        mask, value = found
        last = (~mask).sum(1) - 1
        usual = np.abs(np.diff(target, axis=1))[~mask[:, 1:]]
        cut = (last >= 0) & (last < target.shape[1] - 1)
        if not cut.any() or not len(usual):
            continue
        jumps = np.abs(target[cut, last[cut]] - value)
        if np.median(jumps) > BREAKS_OFF * np.quantile(usual, 0.95):
            return mask.T if transposed else mask, value, False
    return None


def by_input(grid: Grid) -> tuple[np.ndarray, float, bool] | None:
    """As :func:`padding`, where the filler's label is a real class as well: the input's own padding tells where it is."""
    assert grid.given is not None
    for transposed in (False, True):
        given, target = (grid.given.T, grid.target.T) if transposed else (grid.given, grid.target)
        for leading in (False, True):
            found = ends(given, leading)
            if found is None:
                continue
            mask, _ = found
            labels, counts = np.unique(target[mask], return_counts=True)
            if counts.max() >= SAME_INPUT * counts.sum():
                return mask.T if transposed else mask, float(labels[counts.argmax()]), leading
    return None


def ends(table: np.ndarray, leading: bool) -> tuple[np.ndarray, float] | None:
    """(mask, value) of a filler at the rows' ends (or starts) in runs of different lengths, and hardly anywhere else."""
    edge = table[:, 0] if leading else table[:, -1]
    values, counts = np.unique(edge, return_counts=True)
    value = values[counts.argmax()]
    length = runs(table, value, leading)
    if (length >= 2).mean() < SAMPLES or len(np.unique(length)) < LENGTHS:
        return None
    place = np.arange(table.shape[1])[None]
    mask = place < length[:, None] if leading else place >= table.shape[1] - length[:, None]
    if ((table == value) & ~mask).mean() > ELSEWHERE * max((~mask).mean(), 1e-9):
        return None
    return mask, float(value)


def constant_input(given: np.ndarray | None, mask: np.ndarray, transposed: bool) -> bool:
    """Whether the model's input is the same all over the padding (true where it is not known)."""
    if given is None:
        return True
    inside = (given.T if transposed else given)[mask]
    if not len(inside):
        return False
    return bool(
        np.unique(inside, return_counts=True)[1].max()
        >= (SAME_INPUT - 1.0 / max(mask.sum() / max((mask.any(1)).sum(), 1), 1.0)) * len(inside)
    )
