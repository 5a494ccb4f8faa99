"""Trials: each proposed remedy applied in a fork of the same start, judged by mechanism and by outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossdoctor.contracts.catalogue import STAGE_OF, explains
from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome, measure
from lossdoctor.contracts.plan import Plan
from lossdoctor.exams import dependency
from lossdoctor.trace import Absent, Present, Proof, RemedySpec, Trace, TrialResult
from lossdoctor.trace.store import plain

from .zygote import Zygote

# The smallest gain on the scale-free measure that counts, whatever the noise says.
SMALLEST_GAIN = 0.03
# A remedy of a later stage overrules an earlier one when it is better by this much skill.
OVERRULES = 0.25
MOST_CAUSES = 4
# A mechanism that has no trial keeps its place in the tree from this confidence on.
FIRM = 0.85
# Causes whose harm the training loss hides or turns around: their proof is the mechanism alone.
HIDDEN_HARM = {
    "target-leakage",
    "constant-input",
    "wrong-ignore-index",
    "padding-in-loss",
    "overfitting",
    "broadcast-mismatch-info",
    "wrong-loss-sign",
}
BY_DEPENDENCY = {"batch-first-mismatch", "sample-mixing-reshape", "causal-gap", "target-leakage"}


@dataclass
class Budget:
    """Time for everything after the probe: ``total`` seconds; one run takes about ``probe`` seconds for ``steps`` steps."""

    total: float
    probe: float
    steps: int
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.total - (time.monotonic() - self.begun)

    @property
    def exam_timeout(self) -> float:
        """For one examined step."""
        return max(15.0, min(60.0, 2 * self.probe))

    @property
    def run_timeout(self) -> float:
        """For one whole run beside another."""
        return max(20.0, 5 * self.probe + 10.0)

    def allows(self, runs: int, jobs: int = 2) -> bool:
        """Whether so many more runs fit in."""
        return self.left > 1.3 * self.probe * max(1, runs / jobs)


@dataclass
class Proven:
    """What the trials showed: candidates re-ordered, results, the treatment plan, proof by cause, curves for the plot."""

    ranked: list[tuple[str, Present]]
    trials: list[TrialResult] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    proofs: dict[str, Any] = field(default_factory=dict)
    curves: list[dict[str, Any]] = field(default_factory=list)


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


def spec_dict(spec: RemedySpec, verdict: Present) -> dict[str, Any]:
    """A remedy as a plan carries it, with the finding's place."""
    args = dict(spec.args)
    if verdict.site is not None and "site" not in args:
        args["site"] = {"path": verdict.site.path, "line": verdict.site.line}
    return {"id": spec.id, "args": plain(args)}


def prove(
    zygote: Zygote,
    trace: Trace,
    checks: list[Check],
    judged: Any,
    ranked: list[tuple[str, Present]],
    suffering: bool,
    budget: Budget,
    config: Any,
    tell: Callable[[str, float], None],
) -> Proven:
    """Try the remedies of the leading candidates, beside untreated runs, and let the results re-order them."""
    by_cause = {c.cause: c for c in checks}
    steps = config.trial_steps or trace.steps or config.steps
    proven = Proven(list(ranked))
    wanted: list[tuple[str, Present, RemedySpec]] = []
    for cause, verdict in ranked[:MOST_CAUSES]:
        runtime = [r for r in verdict.remedies if r.runtime][:2]
        if not runtime:
            why = next(
                (r.why_not for r in verdict.remedies if r.why_not),
                "the finding proposes no remedy that can be applied while the script runs",
            )
            proven.trials.append(
                TrialResult(verdict.remedies[0].id if verdict.remedies else "none", cause, "untried", why)
            )
            proven.proofs[cause] = "untried"
        wanted += [(cause, verdict, r) for r in runtime]
    if not wanted:
        proven.plan = _plan(proven, judged)
        return proven
    if not budget.allows(len(wanted) + 1, config.jobs):
        for cause, _, remedy in wanted:
            proven.trials.append(TrialResult(remedy.id, cause, "untried", "the time budget did not allow a trial"))
            proven.proofs.setdefault(cause, "untried")
        proven.plan = _plan(proven, judged)
        return proven
    seconds = budget.run_timeout
    plans = [Plan(steps=steps, seconds=seconds, seed=1, label="untreated, another seed")]
    plans += [
        Plan(steps=steps, seconds=seconds, remedies=[spec_dict(r, v)], label=f"{c}: {r.id}") for c, v, r in wanted
    ]
    done = [0]

    def progress() -> None:
        tell("trials", min(done[0] / (20.0 * len(plans)), 0.99))
        done[0] += 1

    runs = zygote.run_all(plans, seconds + 10, config.jobs, progress)
    zygote.journal.undo()
    base, other = measured(trace), measured(runs[0].trace)
    noise = _noise(base, other)
    if (curve := curve_of(trace, "as it is", "untreated")) is not None:
        proven.curves.append(curve)
    if (
        runs[0].trace is not None
        and (curve := curve_of(runs[0].trace, "as it is, another seed", "untreated")) is not None
    ):
        proven.curves.append(curve)
    best: dict[str, tuple[float, str]] = {}
    for (cause, verdict, remedy), run in zip(wanted, runs[1:], strict=True):
        result = _judge_trial(zygote, cause, verdict, remedy, run, trace, base, noise, by_cause.get(cause), budget)
        proven.trials.append(result)
        if (
            run.trace is not None
            and (curve := curve_of(run.trace, f"with {remedy.id}", "treated", remedy=remedy.id, verdict=result.verdict))
            is not None
        ):
            proven.curves.append(curve)
        rank = {"confirmed": 3, "mechanism-only": 2, "untried": 1, "refuted": 0}
        held = proven.proofs.get(cause)
        told: Proof = "untried" if result.treated.get("fault_remains") else result.verdict
        if held is None or rank[told] > rank[held]:
            proven.proofs[cause] = told
        score = measured(run.trace).score
        if result.verdict in {"confirmed", "mechanism-only"} and score > best.get(cause, (float("-inf"), ""))[0]:
            best[cause] = (score, remedy.id)
    proven.ranked = _reorder(ranked, proven.proofs, best, base, noise)
    proven.plan = _plan(proven, judged)
    _combine(zygote, proven, steps, seconds, budget, config, base)
    return proven


def _noise(base: Measured, other: Measured) -> float:
    parts = [m.noise for m in (base, other) if np.isfinite(m.noise)]
    spread = abs(base.score - other.score) if np.isfinite(base.score) and np.isfinite(other.score) else 0.0
    return float(max([spread, *[2 * p for p in parts], SMALLEST_GAIN]))


def _judge_trial(
    zygote: Zygote,
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
    treated = measured(run.trace)
    result = TrialResult(remedy.id, cause, "untried", untreated=_figures(base), treated=_figures(treated))
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
    better = bool(
        np.isfinite(treated.score) and gain > noise and (treated.outcome is None or not treated.outcome.diverged)
    )
    result.treated["gain"] = float(gain) if np.isfinite(gain) else None
    gone = _mechanism(zygote, cause, verdict, remedy, run.trace, trace, check, better, budget)
    if gone and better and cause not in HIDDEN_HARM:
        result.verdict = "confirmed"
        result.reason = (
            f"the fault is gone and the run learns better: {_words(base)} -> {_words(treated)} (noise {noise:.2f})"
        )
    elif gone and cause in HIDDEN_HARM:
        result.verdict = "confirmed" if better or cause in {"target-leakage", "constant-input"} else "mechanism-only"
        result.reason = "the fault is gone by its own measure; the training loss cannot show this fault's harm"
    elif gone:
        result.verdict = "mechanism-only"
        result.reason = f"the fault is gone by its own measure; the curve does not yet show it: {_words(base)} -> {_words(treated)} (noise {noise:.2f})"
    else:
        result.verdict = "refuted"
        result.treated["fault_remains"] = gone is None
        result.reason = f"with the remedy the run is no better: {_words(base)} -> {_words(treated)} (noise {noise:.2f})"
    return result


def _mechanism(
    zygote: Zygote,
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


def _figures(m: Measured) -> dict[str, Any]:
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


def _words(m: Measured) -> str:
    if not np.isfinite(m.score):
        return "diverges"
    if m.outcome is not None and np.isfinite(m.outcome.skill):
        return f"skill {m.score:.2f}"
    return f"loss fell by {m.score:.0%}"


def _reorder(
    ranked: list[tuple[str, Present]],
    proofs: dict[str, Any],
    best: dict[str, tuple[float, str]],
    base: Measured,
    noise: float,
) -> list[tuple[str, Present]]:
    """Refuted mechanisms go; a confirmed cause leads unconfirmed ones; a much better remedy overrules an earlier stage."""
    kept = [(c, v) for c, v in ranked if v.structural or proofs.get(c) != "refuted"]
    # Certain, proven, or not to be tried but well seen: these keep the tree's order. The others follow.
    firm = [
        (c, v)
        for c, v in kept
        if v.structural or proofs.get(c) == "confirmed" or (proofs.get(c) == "untried" and v.confidence >= FIRM)
    ]
    rest = [cv for cv in kept if cv not in firm]
    soft = [c for c, v in firm if not v.structural and proofs.get(c) == "confirmed"]
    if len(soft) > 1 and firm[0][0] == soft[0]:
        top = max(soft, key=lambda c: best.get(c, (float("-inf"), ""))[0])
        lead = best.get(top, (float("-inf"), ""))[0] - best.get(soft[0], (float("-inf"), ""))[0]
        if lead > OVERRULES:
            firm.sort(key=lambda cv: cv[0] != top)
    return firm + rest


def _plan(proven: Proven, judged: Any) -> list[str]:
    """What to cure, in order: the root, then every other cause that stands by itself."""
    if not proven.ranked:
        return []
    root = proven.ranked[0][0]
    explained = {e for e in judged.checks[root].explains if explains(root, e)} if root in judged.checks else set()
    plan = [root]
    late = {"signal", "outcome"}
    for cause, verdict in proven.ranked[1:]:
        # The first failing stage holds the root cause; what shows only in the result is its symptom unless a trial says otherwise.
        if STAGE_OF.get(cause) in late and STAGE_OF.get(root) not in late and proven.proofs.get(cause) != "confirmed":
            continue
        if cause in explained and proven.proofs.get(cause) != "confirmed" and not verdict.structural:
            continue
        if verdict.structural or proven.proofs.get(cause) == "confirmed":
            plan.append(cause)
    return plan[:MOST_CAUSES]


def _combine(
    zygote: Zygote, proven: Proven, steps: int, seconds: float, budget: Budget, config: Any, base: Measured
) -> None:
    """Where several causes are to be cured: the remedies one on top of the other, each stage with its curve."""
    by_cause = dict(proven.ranked)
    stages: list[tuple[list[str], list[dict[str, Any]]]] = []
    causes: list[str] = []
    remedies: list[dict[str, Any]] = []
    for cause in proven.plan:
        runtime = next((r for r in by_cause[cause].remedies if r.runtime), None)
        if runtime is None:
            continue
        causes, remedies = [*causes, cause], [*remedies, spec_dict(runtime, by_cause[cause])]
        if len(causes) > 1:
            stages.append((causes, remedies))
    longer = min(3 * steps, steps + 300)
    while longer > steps and not budget.allows(int(np.ceil(longer / steps)) * len(stages), config.jobs):
        longer = max(steps, longer // 2)
    if not stages or not budget.allows(len(stages), config.jobs):
        return
    runs = zygote.run_all(
        [Plan(steps=longer, seconds=3 * seconds, remedies=r, label=" + ".join(c)) for c, r in stages],
        3 * seconds + 10,
        config.jobs,
    )
    for (names, _), run in zip(stages, runs, strict=True):
        if run.trace is None or run.error:
            continue
        after = measured(run.trace)
        name = " + ".join(names)
        if (curve := curve_of(run.trace, name, "plan", remedy=name, verdict="plan")) is not None:
            proven.curves.append(curve)
        proven.trials.append(
            TrialResult(
                "plan",
                name,
                "confirmed" if after.outcome is not None and after.outcome.learns else "mechanism-only",
                f"all of them together: {_words(after)} after {run.trace.steps} steps",
                untreated=_figures(base),
                treated=_figures(after),
            )
        )
