"""Which exams are made, in which order: cheap and decisive ones always, runs that train only when the probe gives cause."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import LONGER
from lossdoctor.trace import Trace

from . import dependency, plugged, returns, stuck, thaw
from . import time as time_exam

FIRST = ("dependency", "time", "returns", "thaw")
OFFLINE = ("floors", "signal")
WITH_RUNS = (
    "lr_sweep",
    "regularisation",
    "stuck",
    "one_batch",
    "permuted_labels",
    "held_out",
    "carried_state",
)
# Above this skill a run has so clearly learned that exams which train again would tell nothing.
CLEARLY_LEARNS = 0.3


def examine(zygote: Any, trace: Trace, budget: Any, jobs: int, tell: Callable[[str, float], None]) -> list[str]:
    """Fill ``trace.exams``, the cheap ones first. An exam that was not made says why.

    Returns a line for each plugin's exam that is broken.
    """
    broken = look(zygote, trace, budget, jobs, tell)
    train(zygote, trace, budget, jobs, tell)
    return broken


def look(zygote: Any, trace: Trace, budget: Any, jobs: int, tell: Callable[[str, float], None]) -> list[str]:
    """The exams of single steps, those that only read the trace, and those of plugins (broken ones: a line each)."""
    tell("exams", 0.0)
    # Without a loader, the fork begins at the model's call: only the second step shows how its data was cut.
    first = 0 if any(r.get("grad_batches") for r in trace.list("loaders")) or trace.steps < 2 else 1
    limit = budget.cheap_left / 4
    found = dependency.examine(zygote, first, timeout=budget.exam_timeout, jobs=jobs, limit=limit)
    if budget.cheap_left > limit and trace.steps > 3 and (found.get("cannot_tell") or found.get("ignores_input")):
        later = dependency.examine(zygote, min(3, trace.steps - 1), timeout=budget.exam_timeout, jobs=jobs, limit=limit)
        if not later.get("cannot_tell"):
            found = later
    trace.exams["dependency"] = found
    _keep_matrices(trace, found)
    if budget.cheap_left > budget.exam_timeout / 4:
        trace.exams["time"] = time_exam.examine(zygote, 0, timeout=min(budget.exam_timeout, budget.cheap_left))
    else:
        trace.exams["time"] = {"cannot_tell": "the time budget did not allow it"}
    for name in OFFLINE:
        module = importlib.import_module(f"lossdoctor.exams.{name}")
        trace.exams[name] = module.examine(trace)
    for name, exam, needed, runs in (
        ("returns", returns, returns.descended(trace) is not None, 2 * LONGER),
        ("thaw", thaw, bool(thaw.frozen(trace) or thaw.left_out(trace)), LONGER),
    ):
        trace.exams[name] = (
            exam.examine(zygote, trace, steps=budget.steps, timeout=budget.run_timeout, jobs=jobs)
            if not needed or budget.allows(runs, jobs)
            else {"cannot_tell": "the time budget did not allow it"}
        )
    return plugged.examine(zygote, trace, budget, jobs, {*FIRST, *OFFLINE, *WITH_RUNS})


def train(zygote: Any, trace: Trace, budget: Any, jobs: int, tell: Callable[[str, float], None]) -> None:
    """The exams that train again; those which a run that clearly learns does not need are left out, and say so."""
    outcome = measure(trace)
    clearly = (
        outcome is not None and outcome.learns and (outcome.skill > CLEARLY_LEARNS or not np.isfinite(outcome.skill))
    )
    for i, name in enumerate(WITH_RUNS):
        tell(f"exams · {name.replace('_', ' ')}", (i + 1) / (len(WITH_RUNS) + 1))
        doubtful = name == "held_out" or (
            name == "permuted_labels" and trace.exams.get("signal", {}).get("found") is False
        )
        if clearly and not doubtful:
            why = (
                "a policy gradient's loss does not say how it goes"
                if outcome and outcome.surrogate
                else "not needed: the run clearly learns"
            )
            trace.exams[name] = {"cannot_tell": why}
        elif not budget.allows(3):
            trace.exams[name] = {"cannot_tell": "the time budget did not allow it"}
        else:
            module = importlib.import_module(f"lossdoctor.exams.{name}")
            trace.exams[name] = module.examine(zygote, trace, steps=budget.steps, timeout=budget.run_timeout, jobs=jobs)


def leave(zygote: Any, trace: Trace, budget: Any, jobs: int, why: str) -> None:
    """Where a fault is certain: only whether the run stays where it is; all else is asked of the treated run."""
    trace.exams.update({name: {"cannot_tell": why} for name in WITH_RUNS})
    outcome = measure(trace)
    if outcome is not None and not outcome.learns and not outcome.diverged and budget.allows(6, jobs):
        trace.exams["stuck"] = stuck.longer(zygote, trace, steps=budget.steps, timeout=budget.run_timeout, jobs=jobs)


def _keep_matrices(trace: Trace, found: dict[str, Any]) -> None:
    """The matrices for the report's picture."""
    time = found.get("time")
    if time:
        trace.arrays["exam/dependency/time"] = np.asarray(time["sees"], dtype=float)
        trace.arrays["exam/dependency/target_time"] = np.nan_to_num(np.asarray(time["wants"], dtype=float))
    samples = found.get("samples")
    if samples and samples.get("matrix") and all(samples["matrix"]):
        trace.arrays["exam/dependency/samples"] = np.asarray(samples["matrix"], dtype=float)
