"""Runs on one scale-free measure: skill where a floor is known, else the loss's relative fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import Outcome, measure
from lossdoctor.trace import Trace
from lossdoctor.trace.store import plain

# The smallest gain on the scale-free measure that counts, whatever the noise says.
SMALLEST_GAIN = 0.03
# Below this skill a run is lost, and how far below tells nothing; and noise beyond this would refute every cure.
LOST, MOST_NOISE = -1.0, 0.5


@dataclass
class Measured:
    """One run on the scale-free measure: ``score`` (skill, or the loss's relative fall) and its noise."""

    score: float
    noise: float
    outcome: Outcome | None


def measured(trace: Trace | None) -> Measured:
    """The scale-free score of a run; minus infinity when it died or diverged to non-finite values."""
    outcome = measure(trace) if trace is not None else None
    if outcome is None:
        return Measured(float("-inf"), 0.0, None)
    if outcome.nonfinite_at is not None:
        return Measured(float("-inf"), 0.0, outcome)
    if np.isfinite(outcome.skill):
        return Measured(max(outcome.skill, -10.0), outcome.skill_noise, outcome)
    return Measured(max(outcome.drop, -10.0), 0.05, outcome)


def curve_of(trace: Trace, name: str, kind: str, **more: Any) -> dict[str, Any] | None:
    """A run's curve on the scale-free measure (skill per step), smoothed over a tenth of the run, for the plot."""
    outcome = measure(trace)
    if outcome is None:
        return None
    errors, steps = None, None
    record = next((r for r in trace.list("losses") if r.get("main")), None)
    if record is not None and np.isfinite(outcome.floor) and outcome.floor > 0:
        errors, steps = (
            trace.arrays.get(f"losses/{record['id']}/error"),
            trace.arrays.get(f"losses/{record['id']}/step"),
        )
    if errors is None or steps is None:
        values, steps = outcome.curve, outcome.curve_steps
        scale = abs(outcome.start) or 1.0
        values = (outcome.start - values) / scale
    else:
        values = 1 - errors / outcome.floor
    values = np.clip(np.where(np.isfinite(values), values, -1.0), -1.0, 1.0)
    width = max(1, len(values) // 10)
    kernel = np.ones(width) / width
    smooth = np.convolve(np.pad(values, (width - 1, 0), mode="edge"), kernel, "valid") if len(values) else values
    return {"name": name, "kind": kind, "steps": plain(steps), "values": plain(smooth), **more}


def noise_of(base: Measured, other: Measured) -> float:
    """What two untreated runs differ by, or the scatter of their ends, whichever is more; of runs that diverge only a bound."""
    held = [max(m.score, LOST) for m in (base, other) if m.outcome is not None]
    parts = [2 * m.noise for m in (base, other) if m.score > LOST and np.isfinite(m.noise)]
    spread = abs(held[0] - held[1]) if len(held) == 2 else 0.0
    return float(min(max([spread, *parts, SMALLEST_GAIN]), MOST_NOISE))


def figures(m: Measured) -> dict[str, Any]:
    """A run's figures as plain data."""
    out: dict[str, Any] = {"score": plain(m.score)}
    if m.outcome is not None:
        out.update(
            start=plain(m.outcome.start),
            end=plain(m.outcome.end),
            skill=plain(m.outcome.skill),
            floor=plain(m.outcome.floor),
            steps=m.outcome.steps,
        )
        if np.isfinite(m.outcome.accuracy):
            out["accuracy"] = m.outcome.accuracy
    return out


def words(m: Measured) -> str:
    """A run's score in words."""
    if not np.isfinite(m.score):
        return "diverges"
    if m.outcome is not None and np.isfinite(m.outcome.skill):
        return f"skill {m.score:.2f}"
    return f"loss fell by {m.score:.0%}"
