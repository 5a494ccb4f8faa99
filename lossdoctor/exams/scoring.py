"""How far a run got on a scale that compares runs of one script: skill where a floor is known, else the loss's
relative fall."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import Outcome, measure
from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace

# A run that ends non-finite, or worse than this, counts as this.
WORST = -10.0


def score(outcome: Outcome | None, start: float) -> float:
    """Skill, or the fall from the common ``start`` relative to it; ``WORST`` for what diverged or died."""
    if outcome is None or outcome.nonfinite_at is not None:
        return WORST
    if np.isfinite(outcome.skill):
        return float(max(outcome.skill, WORST))
    if not np.isfinite(outcome.end) or not np.isfinite(start):
        return WORST
    return float(np.clip((start - outcome.end) / max(abs(start), 1e-12), WORST, -WORST))


def noise(outcome: Outcome | None, start: float) -> float:
    """Standard error of :func:`score` from the last steps' scatter; at most 1, and 0 for what diverged."""
    if outcome is None or score(outcome, start) <= WORST:
        return 0.0
    if np.isfinite(outcome.skill_noise):
        return float(min(outcome.skill_noise, 1.0))
    tail = outcome.curve[-max(2, len(outcome.curve) // 5) :]
    tail = tail[np.isfinite(tail)]
    if len(tail) < 2:
        return 0.0
    return float(min(np.std(tail, ddof=1) / np.sqrt(len(tail)) / max(abs(start), 1e-12), 1.0))


def figures(trace: Trace | None, start: float) -> dict[str, Any]:
    """A run's figures as plain data."""
    outcome = measure(trace) if trace is not None else None
    if outcome is None:
        return {"score": WORST, "noise": 0.0, "learns": False, "diverged": True, "end": None, "steps": 0}
    return {
        "score": score(outcome, start),
        "noise": noise(outcome, start),
        "learns": bool(outcome.learns),
        "diverged": bool(outcome.diverged),
        "improving": bool(outcome.improving),
        "end": float(outcome.end) if np.isfinite(outcome.end) else None,
        "accuracy": float(outcome.accuracy) if np.isfinite(outcome.accuracy) else None,
        "steps": outcome.steps,
        "scale": "skill" if np.isfinite(outcome.skill) else "drop",
    }


def curve(trace: Trace | None, points: int = 60) -> list[float | None]:
    """The loss of a run, thinned, for the plot; None where it is not finite."""
    series = trace.series("loss") if trace is not None else None
    if series is None or not len(series):
        return []
    parts = np.array_split(series.values, min(points, len(series)))
    means = [float(np.mean(p)) for p in parts]
    return [m if np.isfinite(m) else None for m in means]


def tail(trace: Trace | None) -> dict[str, Any] | None:
    """What the last steps decided, by class: rows and share found of each; None where there are no classes."""
    if trace is None:
        return None
    wanted, decided = trace.arrays.get("pairs/tail_target"), trace.arrays.get("pairs/tail_decided")
    if wanted is None or decided is None or len(wanted) == 0:
        return None
    wanted = np.round(wanted).astype(int)
    names, counts = np.unique(wanted, return_counts=True)
    common = names[np.argsort(-counts)[:64]]
    return {
        "classes": [int(c) for c in common],
        "rows": [int(np.sum(wanted == c)) for c in common],
        "found": [float(np.mean(decided[wanted == c] == c)) for c in common],
        "decided": [float(np.mean(decided == c)) for c in common],
    }


def beside(
    zygote: Any,
    trace: Trace,
    start: float,
    remedies: list[dict[str, Any]],
    label: str,
    steps: int,
    timeout: float,
    jobs: int,
) -> tuple[dict[str, Any], Trace] | str:
    """The same steps with ``remedies``: ``own``, ``free`` (treated), joint ``noise`` and ``scale``, and the run; or why there is none."""
    run = zygote.run_all([Plan(steps=steps, seconds=timeout, remedies=remedies, label=label)], timeout + 10, jobs)[0]
    if run.trace is None:
        return f"the run without it came to no result ({run.end})"
    own, free = figures(trace, start), figures(run.trace, start)
    noise = float((own["noise"] ** 2 + free["noise"] ** 2) ** 0.5)
    return {"own": own["score"], "free": free["score"], "noise": noise, "scale": own.get("scale", "skill")}, run.trace
