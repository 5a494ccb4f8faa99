"""What the runs of the dependency exam wrote down, and what differs between two of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lossdoctor.contracts.plan import Plan
from lossdoctor.trials.zygote import Outcome, Runs

# Sums in another order differ by a few units in the last place of single precision.
ROUNDING = 4 * 2.0**-23


class Dump:
    """What one exam run wrote down."""

    def __init__(self, folder: Path) -> None:
        self.info: dict[str, Any] = json.loads((folder / "exam.json").read_text())
        with np.load(folder / "exam.npz") as file:
            self.arrays = {k: file[k] for k in file.files}


@dataclass
class Bench:
    """What every part of the exam needs: the untouched run, and how to run the step again with something replaced."""

    zygote: Runs
    plan: Callable[[dict[str, Any] | None, bool], Plan]
    base: Dump
    timeout: float
    jobs: int

    def run(self, injects: list[dict[str, Any]], *, ops: bool) -> list[Dump | None]:
        """The step with each of these replaced; ``ops`` keeps every intermediate result. None where no loss was come to."""
        made = self.zygote.run_all([self.plan(i, ops) for i in injects], self.timeout, self.jobs)
        return [dump_of(outcome) for outcome in made]


def dump_of(outcome: Outcome) -> Dump | None:
    """What a run wrote; None where it did not come to its loss."""
    if outcome.folder is None or not (outcome.folder / "exam.npz").exists():
        return None
    return Dump(outcome.folder)


def differs(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    """Which elements differ, beyond float noise; None where the shapes do."""
    if a is None or b is None or a.shape != b.shape:
        return None
    with np.errstate(invalid="ignore"):
        scale = np.nanstd(a) if a.size else 0.0
        rounding = ROUNDING * float(np.nanmax(np.abs(a))) if a.size and np.isfinite(a).any() else 0.0
        return (
            np.abs(a - b) > 1e-5 * max(float(scale), 1e-12) + (rounding if np.isfinite(rounding) else 0.0) + 1e-12
        ) | (np.isnan(a) != np.isnan(b))


def index_length(base: Dump) -> int:
    """Length of the index by which both the inputs and the targets were picked; 0 where there is none."""
    common = base.info["common"]
    return int(common["shape"][0]) if common and len(common["shape"]) == 1 and not common["float"] else 0


def array_of(base: Dump, source: dict[str, Any]) -> np.ndarray | None:
    """The data at a place of entry; None where it is too large to have been kept."""
    if source["at"] == "loader":
        return base.arrays.get(f"leaf{source['leaf']}")
    if source["at"] == "call":
        return base.arrays.get(f"given{source['leaf']}")
    return base.arrays.get(f"op{source['op']}")
