"""The exams of a run that does not learn, ordered together: longer, on one batch, on permuted targets.

``longer`` tells slow starters from stuck runs. The results of the one-batch and permutation exams are left in the
trace for their own modules to hand on. Nothing is run where the step-size exam has found a rate at which the script
learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import TINY_UPDATE, Outcome, measure
from lossdoctor.contracts.plan import LONGER, Plan
from lossdoctor.trace import Trace

from . import one_batch, permuted_labels
from .scoring import curve, figures, tail

# The step-size exam has settled the matter when another rate is better by this much and the own steps are tiny or too large.
SETTLED = 0.2
# Of so many rows such a share of one class, and of the decisions for it.
MANY, FREQUENT, ALL = 50, 0.75, 0.99


def settled(trace: Trace) -> bool:
    """Whether another learning rate cures the run."""
    sweep = trace.exams.get("lr_sweep", {})
    if sweep.get("cannot_tell") or "best_final" not in sweep:
        return False
    # Steps of a usual size that could be larger still are no explanation.
    update = sweep.get("relative_update")
    explains = sweep["best"] < 1 or update is None or update <= TINY_UPDATE
    return bool(explains and sweep["best_final"] - max(sweep["untreated"], sweep["another_seed"], 0.0) > SETTLED)


def misses_rare(trace: Trace) -> bool:
    """Whether the last steps decide for one frequent class throughout: no rate settles whether that ends."""
    wanted, decided = trace.arrays.get("pairs/tail_target"), trace.arrays.get("pairs/tail_decided")
    if wanted is None or decided is None or len(wanted) < MANY:
        return False
    labels, counts = np.unique(np.round(wanted), return_counts=True)
    frequent = labels[counts.argmax()]
    return bool(len(labels) > 1 and counts.max() > FREQUENT * counts.sum() and np.mean(decided == frequent) > ALL)


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """Figures of the longer run: ``learns``, ``improving``, and per class what it ends up predicting."""
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    if settled(trace) and not misses_rare(trace):
        reason = {"cannot_tell": "not needed: the run learns at another rate"}
        trace.exams.update(one_batch=reason, permuted_labels=reason)
        return reason
    batch, permuted = (
        one_batch.plans(trace, steps, timeout),
        permuted_labels.plans(trace, LONGER * steps, LONGER * timeout),
    )
    factor = _faster(trace)
    own, *faster = _plans(LONGER * steps, LONGER * timeout, factor)
    runs = zygote.run_all([own, *batch, *permuted, *faster], LONGER * timeout + 10, jobs)
    first = 1 + len(batch)
    trace.exams["one_batch"] = one_batch.read(trace, runs[1:first], steps)
    trace.exams["permuted_labels"] = permuted_labels.read(trace, runs[first : first + len(permuted)], runs[0].trace)
    return _read(runs[0], outcome, runs[-1] if faster else None, factor)


def longer(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """The longer run alone."""
    return patient(zygote, trace, steps=LONGER * steps, timeout=LONGER * timeout, jobs=jobs)


def patient(
    zygote: Any, trace: Trace, *, steps: int, timeout: float, factor: float | None = None, jobs: int = 2
) -> dict[str, Any]:
    """The same of a run of ``steps`` steps: slow starters stay at a constant's error for hundreds of them.

    ``factor``: beside it, as many steps at a rate so many times as large.
    """
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    runs = zygote.run_all(_plans(steps, timeout, factor), timeout + 10, jobs)
    return _read(runs[0], outcome, runs[1] if factor is not None else None, factor)


def _faster(trace: Trace) -> float | None:
    """The best larger rate that the step-size exam came to no harm with; None where steps are as large as they may be."""
    sweep = trace.exams.get("lr_sweep", {})
    tried = zip(sweep.get("factors", []), sweep.get("runs", []), strict=True)
    fine = [(run["score"], factor) for factor, run in tried if factor > 1 and not run["diverged"]]
    return max(fine)[1] if fine else None


def _plans(steps: int, timeout: float, factor: float | None) -> list[Plan]:
    """The script's own steps, more of them; beside it as many at ``factor`` times the rate."""
    plans = [Plan(steps=steps, seconds=timeout, label="longer")]
    if factor is not None:
        remedy = {"id": "scale-lr", "args": {"factor": factor}}
        plans.append(Plan(steps=steps, seconds=timeout, remedies=[remedy], label=f"longer, lr x {factor:g}"))
    return plans


def _read(run: Any, outcome: Outcome, faster: Any = None, factor: float | None = None) -> dict[str, Any]:
    if run.trace is None:
        return {"cannot_tell": f"the longer run came to no result ({run.end})"}
    beside = {} if faster is None else {"faster": figures(faster.trace, outcome.start) | {"factor": factor}}
    run = run.trace
    # Whether the script counts right decisions itself, be it only after the recorded steps.
    counts = bool(run.meta.get("counts_decisions")) or any(e.get("kind") == "accuracy" for e in run.list("evals"))
    return figures(run, outcome.start) | {
        "longer": run.steps,
        "curve": curve(run),
        "tail": tail(run),
        "counts_decisions": counts,
        **beside,
    }
