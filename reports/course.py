"""How the loss went, in the figures which every format shows alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossdoctor.contracts.outcome import Outcome, measure
from lossdoctor.trace.model import Trace

from .wording import number, real

STEADY = 0.05
"""Loss and error may differ by a factor (``reduction="sum"``); it must stay within this share to be one."""


@dataclass(frozen=True)
class Course:
    """Start and end of the loss, and what the best constant prediction scores in the same units (None: not known)."""

    start: float
    end: float
    floor: float | None
    floor_name: str
    on_floor: bool
    """Whether progress is measured against a floor (skill) or against the start (fall of the loss)."""

    @property
    def told(self) -> str:
        """``0.163 → 0.102``."""
        return f"{number(float(f'{self.start:.3g}'))} → {number(float(f'{self.end:.3g}'))}"


def course(trace: Trace | None) -> Course | None:
    """The course of a run's loss; None where none was recorded."""
    outcome = measure(trace) if trace is not None else None
    if trace is None or outcome is None:
        return None
    floors = trace.exams.get("floors", {})
    given = real(floors.get("best_constant"))
    floor = given if given is not None else real(outcome.floor)
    name = str(floors.get("name") or outcome.floor_name)
    return Course(outcome.start, outcome.end, _in_loss_units(trace, outcome, floor), name, floor is not None)


def _in_loss_units(trace: Trace, outcome: Outcome, floor: float | None) -> float | None:
    """The floor is an error per row; the script may sum, weight or scale it."""
    main = next((r for r in trace.list("losses") if r.get("main")), None)
    if floor is None or main is None:
        return floor
    errors, steps = (trace.arrays.get(f"losses/{main['id']}/{name}") for name in ("error", "step"))
    if errors is None or steps is None:
        return None
    shared, ours, theirs = np.intersect1d(outcome.curve_steps, steps, return_indices=True)
    if not len(shared):
        return None
    ratio = outcome.curve[ours] / np.where(errors[theirs] == 0, np.nan, errors[theirs])
    ratio = ratio[np.isfinite(ratio)]
    if not len(ratio) or np.percentile(ratio, 90) - np.percentile(ratio, 10) > STEADY * abs(np.median(ratio)):
        return None
    return float(floor * np.median(ratio))
