"""What one trial shows: the mechanism (is the fault gone?) and the outcome (does the run learn better?), told apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.exams import dependency
from lossdoctor.trace import Absent, Present, RemedySpec, Trace, TrialResult
from lossdoctor.trace.store import plain

from .budget import Budget
from .scale import Measured, figures, measured, words
from .zygote import Runs

# Causes whose harm the training loss hides or turns around: their proof is the mechanism alone.
HIDDEN_HARM = {
    "target-leakage",
    "constant-input",
    "wrong-ignore-index",
    "padding-in-loss",
    "overfitting",
    "wrong-loss-sign",
}
# So many weights' norms are told beside a trial's curve.
MOST_NORMS = 4
BY_DEPENDENCY = {"batch-first-mismatch", "sample-mixing-reshape", "causal-gap", "target-leakage"}


def spec_dict(spec: RemedySpec, verdict: Present) -> dict[str, Any]:
    """A remedy as a plan carries it, with the finding's place."""
    args = dict(spec.args)
    if verdict.site is not None and "site" not in args:
        args["site"] = {"path": verdict.site.path, "line": verdict.site.line}
    return {"id": spec.id, "args": plain(args)}


def norms_of(trace: Trace, names: list[str]) -> dict[str, float]:
    """Largest gradient and last norm of the named weights and of those that stand beside them in their module."""
    gradients, weights = trace.arrays.get("layers/grad_norm"), trace.arrays.get("layers/weight_norm")
    if gradients is None or weights is None or not len(gradients):
        return {}
    places = {name.rpartition(".")[0] for name in names}
    found: dict[str, float] = {}
    beside = [(i, p["name"]) for i, p in enumerate(trace.list("parameters")) if p["name"].rpartition(".")[0] in places]
    for i, name in [(i, name) for i, name in beside if i < gradients.shape[1]][:MOST_NORMS]:
        known = gradients[:, i][np.isfinite(gradients[:, i])]
        last = weights[:, i][np.isfinite(weights[:, i])]
        if len(known) and len(last):
            found[f"largest gradient of {name}"], found[f"last norm of {name}"] = float(known.max()), float(last[-1])
    return found


def judge_trial(
    zygote: Runs,
    cause: str,
    verdict: Present,
    remedy: RemedySpec,
    run: Any,
    trace: Trace,
    base: Measured,
    noise: float,
    check: Check | None,
    budget: Budget,
) -> TrialResult:
    """One treated run beside the untreated ``base``: applied? fault gone? learns better beyond ``noise``?"""
    treated = measured(run.trace)
    result = TrialResult(remedy.id, cause, "untried", untreated=figures(base), treated=figures(treated))
    result.untreated["noise"] = noise
    if run.trace is None or run.error:
        detail = (run.error or {}).get("message", run.end)
        result.reason = f"with this remedy alone the script does not run on: {detail}"
        return result
    if not run.trace.meta.get("remedies_applied", {}).get(remedy.id):
        result.reason = "the remedy found nothing to change while the script ran"
        return result
    if run.trace.steps < 1:
        result.reason = "the treated run made no step"
        return result
    gain = (
        treated.score - base.score
        if np.isfinite(base.score)
        else (treated.score + 10 if np.isfinite(treated.score) else float("-inf"))
    )
    after = treated.outcome
    # What is no longer punished may grow in the loss's value while the predictions get better.
    lost = after is not None and after.diverged and not after.skill > 0
    better = bool(np.isfinite(treated.score) and gain > noise and not lost)
    result.treated["gain"] = float(gain) if np.isfinite(gain) else None
    if named := verdict.evidence.get("weights"):
        result.untreated |= norms_of(trace, named)
        result.treated |= norms_of(run.trace, named)
    gone = _mechanism(zygote, cause, verdict, remedy, run.trace, trace, check, better, budget)
    if gone and better and cause not in HIDDEN_HARM:
        result.verdict = "confirmed"
        result.reason = (
            f"the fault is gone and the run learns better: {words(base)} -> {words(treated)} (noise {noise:.2f})"
        )
    elif gone and cause in HIDDEN_HARM:
        result.verdict = "confirmed" if better or cause in {"target-leakage", "constant-input"} else "mechanism-only"
        result.reason = "the fault is gone by its own measure; the training loss cannot show this fault's harm"
    elif gone:
        result.verdict = "mechanism-only"
        result.reason = f"the fault is gone by its own measure; the curve does not yet show it: {words(base)} -> {words(treated)} (noise {noise:.2f})"
    else:
        result.verdict = "refuted"
        result.treated["fault_remains"] = gone is None
        how = "the fault is still there by its own measure" if gone is None else "with the remedy the run is no better"
        result.reason = f"{how}: {words(base)} -> {words(treated)} (noise {noise:.2f})"
    return result


def _mechanism(
    zygote: Runs,
    cause: str,
    verdict: Present,
    remedy: RemedySpec,
    treated: Trace,
    trace: Trace,
    check: Check | None,
    better: bool,
    budget: Budget,
) -> bool | None:
    """Whether the fault is gone by its own measure on the treated run; None when it is still there.

    Where the check cannot tell, the outcome decides.
    """
    if check is None:
        return better
    treated.meta["script"] = trace.meta.get("script")
    if cause in BY_DEPENDENCY:
        treated.exams["dependency"] = dependency.examine(
            zygote,
            int(trace.exams.get("dependency", {}).get("step", 0)),
            timeout=budget.exam_timeout,
            jobs=2,
            remedies=[spec_dict(remedy, verdict)],
        )
    else:
        treated.exams["dependency"] = trace.exams.get("dependency", {})
        treated.exams["floors"] = trace.exams.get("floors", {})
    again = check.judge(treated)
    if isinstance(again, Absent):
        return True
    if isinstance(again, Present):
        # The remedy did not remove the fault: that refutes the remedy, not the cause.
        return True if not again.structural and better and again.severity == "info" else None
    return better
