"""The treatment plan: cure the first fault, diagnose the treated run, go on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from lossdoctor.contracts.catalogue import ORDER, STAGE_OF, explains
from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import LONGER, Plan
from lossdoctor.exams import battery, stuck
from lossdoctor.reasoning import tree
from lossdoctor.trace import Absent, Present, Trace
from lossdoctor.trials.judging import spec_dict
from lossdoctor.trials.proof import FIRM, prove, remedies_to_try, try_out
from lossdoctor.trials.scale import Measured, measured, noise_of
from lossdoctor.trials.ward import Proven, Ward

MOST_STAGES = 4
# Stages of a plan run longer than single trials: cures that need each other show late.
AT_MOST = 300
# What a run that learns must gain by a remedy (in skill) before the want of it is called a fault.
CLEARLY = 0.1
# Below this confidence a finding is no more than a suspicion. Before one is told alone, the script is given up to so many times
# the probe's steps, and this share of the time that is left; it is well when it comes to so much skill (or fall of the loss).
SUSPICION, PATIENT, PATIENCE, COMES_TO = 0.5, 16, 0.5, 0.3
# Two faults rarely hide a third: so many times a treated run is diagnosed anew.
MOST_ROUNDS = 2


@dataclass
class Treated:
    """What the checks said of the untreated run, and what trials made of it."""

    judged: tree.Judged
    suffering: bool
    proven: Proven
    broken: list[str]


def diagnose(ward: Ward, ended: str, trials: bool) -> Treated:
    """Examine, judge, try, treat. A fault that is certain from the start is treated first, and the rest asked of the treated run."""
    checks = list(ward.checks.values())
    unmade = battery.look(ward.zygote, ward.trace, ward.budget, ward.jobs, ward.tell)
    suffering = tree.suffers(measure(ward.trace), ended)
    judged, broken = tree.judge(checks, ward.trace)
    if trials and (cause := tree.certain(tree.candidates(judged, suffering))):
        proven = prove(ward, tree.candidates(judged, suffering))
        if cause in proven.best:
            why = f"not needed: {cause} is certain; what else is wrong was asked of the treated run"
            battery.leave(ward.zygote, ward.trace, ward.budget, ward.jobs, why)
            judged, _ = tree.judge(checks, ward.trace)
            known = {c for c, _ in proven.ranked} | set(proven.proofs)
            proven.ranked += [cv for cv in tree.candidates(judged, suffering) if cv[0] not in known]
            treat(ward, proven, judged)
            return Treated(judged, suffering, proven, unmade + broken)
    battery.train(ward.zygote, ward.trace, ward.budget, ward.jobs, ward.tell)
    judged, broken = tree.judge(checks, ward.trace)
    if suffering and not tree.candidates(judged, suffering) and _settles_later(ward):
        judged, broken = tree.judge(checks, ward.trace)
    proven = Proven(tree.candidates(judged, suffering))
    if trials:
        proven = prove(ward, proven.ranked) if proven.ranked else _suspected(ward, judged)
    if _weak(proven) and _learns_later(ward):
        judged, broken = tree.judge(checks, ward.trace)
        return Treated(judged, False, Proven(tree.candidates(judged, suffering=False)), unmade + broken)
    if trials and proven.ranked:
        treat(ward, proven, judged)
    return Treated(judged, suffering, proven, unmade + broken)


def _weak(proven: Proven) -> bool:
    """Whether all that was found are suspicions that a slow start would arouse as well, and no trial confirmed one."""
    return bool(proven.ranked) and all(
        not v.structural and v.confidence < SUSPICION and proven.proofs.get(c) != "confirmed" for c, v in proven.ranked
    )


def _learns_later(ward: Ward) -> bool:
    """Whether the script, left to itself for as long as the budget allows, begins to learn: the longer run is then that one."""
    known = ward.trace.exams.get("stuck", {})
    later = _patient(ward) if not known.get("learns") else None
    if later is None or not (later["learns"] and later["score"] > COMES_TO):
        return False
    ward.trace.exams["stuck"] = known | later
    return True


def _settles_later(ward: Ward) -> bool:
    """Whether a run that does not move, but would at a higher rate, was given the time to show which it is: slow, or too slow."""
    known = ward.trace.exams.get("stuck", {})
    faster = known.get("faster") or {}
    later = _patient(ward, faster["factor"]) if faster.get("learns") and not known.get("learns") else None
    if later is not None:
        ward.trace.exams["stuck"] = known | later
    return later is not None


def _patient(ward: Ward, factor: float | None = None) -> dict[str, Any] | None:
    """The script run on for as long as patience and the budget allow; None where that is no longer than it has been."""
    affordable = PATIENCE * ward.budget.left / max(ward.budget.probe, 1e-3)  # in probes
    steps = int(min(PATIENT, affordable) * ward.steps)
    if steps <= LONGER * ward.steps:
        return None
    ward.tell(f"a run of {steps} steps", 0.0)
    seconds = PATIENCE * ward.budget.left + 10
    later = stuck.patient(ward.zygote, ward.trace, steps=steps, timeout=seconds, factor=factor, jobs=ward.jobs)
    return None if "cannot_tell" in later else later


def _suspected(ward: Ward, judged: tree.Judged) -> Proven:
    """Where nothing else was found: what is a fault only if the run, which learns, learns clearly more without it."""
    suspects = [(c, v) for c, v in judged.present().items() if v.by_trial and v.severity != "info" and not v.structural]
    if not suspects:
        return Proven([])
    proven = prove(ward, suspects)
    least = measured(ward.trace).score + CLEARLY
    proven.ranked = [
        (c, v) for c, v in proven.ranked if proven.proofs.get(c) == "confirmed" and proven.best[c].score >= least
    ]
    return proven


def treat(ward: Ward, proven: Proven, judged: Any) -> None:
    """Fill ``proven.plan``: what the untreated run shows, then what only a treated one does."""
    proven.plan = plan_of(ward, proven, judged)
    remedies = [proven.best[c].remedy for c in proven.plan if c in proven.best]
    base = measured(ward.trace)
    last = _stages(ward, proven, base)
    for _ in range(MOST_ROUNDS):
        if last is None or not remedies or len(proven.plan) >= MOST_STAGES or not _ill(last):
            return
        found = _next(ward.treated(last, remedies), proven, judged)
        if found is None:
            return
        cause, remedy, last = found
        proven.plan.append(cause)
        if proven.ranked[0][0] == cause:
            proven.plan.sort(key=lambda c: c != cause)
        if remedy is None:
            return
        remedies = [*remedies, remedy]
        proven.add_stage([c for c in proven.plan if c in proven.best], last, base, "all of them together")


def _ill(trace: Trace) -> bool:
    """Whether a treated run still goes badly, or has not moved from its start."""
    outcome = measured(trace).outcome
    return tree.suffers(outcome, "") or (outcome is not None and outcome.standing)


def _ahead(cause: str, other: str) -> bool:
    """Whether a cause belongs to an earlier question of the tree than another."""
    if STAGE_OF.get(cause) == STAGE_OF.get(other):
        return False
    return ORDER.get(cause, 99) < ORDER.get(other, 99)


def plan_of(ward: Ward, proven: Proven, judged: Any) -> list[str]:
    """What to cure, in order: the root, then every other cause that stands by itself.

    Where the root's remedy makes the run learn, a cause that its own check no longer finds in that run was another name for
    the same trouble (a step too large by its rate, its sum, its gradient): another cure, and not a second one.
    """
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
        if cause in explained and proven.proofs.get(cause) != "confirmed":
            cured = proven.best[root].trace if root in proven.best else None
            went = cured is not None and cause in ward.checks and isinstance(ward.checks[cause].judge(cured), Absent)
            if went or not verdict.structural:
                continue
        if verdict.structural or (proven.proofs.get(cause) == "confirmed" and not _gone(ward, proven, root, cause)):
            plan.append(cause)
    return plan[:MOST_STAGES]


def _gone(ward: Ward, proven: Proven, root: str, cause: str) -> bool:
    cured = proven.best[root].trace if root in proven.best else None
    outcome = measured(cured).outcome
    if cured is None or outcome is None or not outcome.learns or cause not in ward.checks:
        return False
    again = ward.checks[cause].judge(cured)
    return not isinstance(again, Present) or again.severity == "info"


def _stages(ward: Ward, proven: Proven, base: Measured) -> Trace | None:
    """Where several causes are to be cured: their remedies one on top of the other, each stage with its curve.

    Returns the run with all of them (None where no remedy of the plan could be applied).
    """
    curable = [c for c in proven.plan if c in proven.best]
    if not curable:
        return None
    last = proven.best[curable[0]].trace
    stages = [curable[: n + 1] for n in range(1, len(curable))]
    steps = min(LONGER * ward.steps, ward.steps + AT_MOST)
    while steps > ward.steps and not ward.budget.allows(math.ceil(steps / ward.steps) * len(stages), ward.jobs):
        steps = max(ward.steps, steps // 2)
    if not stages or not ward.budget.allows(len(stages), ward.jobs):
        return last
    seconds = LONGER * ward.seconds
    plans = [
        Plan(steps=steps, seconds=seconds, remedies=[proven.best[c].remedy for c in causes], label=" + ".join(causes))
        for causes in stages
    ]
    for causes, run in zip(stages, ward.run(plans, seconds), strict=True):
        if run.trace is None or run.error:
            continue
        proven.add_stage(causes, run.trace, base, "all of them together")
        last = run.trace
    return last


def _next(ward: Ward, proven: Proven, judged: Any) -> tuple[str, dict[str, Any] | None, Trace] | None:
    """The next fault, as the treated run shows it: its cause, the remedy that a trial confirmed (or None), and that run."""
    if not ward.budget.allows(6, ward.jobs):
        return None
    ward.trace.exams.clear()
    battery.examine(ward.zygote, ward.trace, ward.budget, ward.jobs, ward.tell)
    again, _ = tree.judge(list(ward.checks.values()), ward.trace)
    # A mechanism whose curve did not show yet may show it here.
    settled = {c for c, proof in proven.proofs.items() if proof in {"refuted", "confirmed"}} | set(proven.plan)
    ranked = [(c, v) for c, v in tree.candidates(again, suffering=True) if c not in settled][:3]
    shown = Proven(ranked)
    wanted = remedies_to_try(ranked, shown)
    seed = Plan(steps=ward.steps, seconds=ward.seconds, seed=1, label="treated, another seed")
    if not ranked or not ward.budget.allows(len(wanted) + 1, ward.jobs):
        return None
    if wanted:
        runs = ward.run([seed, *(ward.plan([spec_dict(r, v)], f"{c}: {r.id}") for c, v, r in wanted)])
        base = measured(ward.trace)
        try_out(ward, shown, wanted, runs[1:], base, noise_of(base, measured(runs[0].trace)))
    for cause, verdict in ranked:
        proof = shown.proofs.get(cause, "untried")
        sure = verdict.structural or verdict.confidence >= FIRM
        if not (proof == "confirmed" or (sure and proof != "refuted" and STAGE_OF.get(cause) != "outcome")):
            continue
        known = any(c == cause for c, _ in proven.ranked)
        when = f"{'Its cure shows' if known else 'Seen'} once {' and '.join(proven.plan)} is treated."
        told = replace(verdict, message=f"{verdict.message} ({when})")
        judged.verdicts[cause] = told
        proven.ranked = [*(cv for cv in proven.ranked if cv[0] != cause), (cause, told)]
        if known and _ahead(cause, proven.plan[0]):
            # It stood in the untreated run already, where the later fault kept its cure from showing.
            proven.ranked.insert(0, proven.ranked.pop())
        proven.proofs[cause] = proof
        proven.trials += [t for t in shown.trials if t.cause == cause]
        if cause not in shown.best:
            return cause, None, ward.trace
        proven.best[cause] = shown.best[cause]
        trace = shown.best[cause].trace
        return cause, shown.best[cause].remedy, trace if trace is not None else ward.trace
    return None
