"""Trials: each proposed remedy applied in a fork of the same start; what they show re-orders the candidates."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Present, Proof, RemedySpec, TrialResult

from .judging import judge_trial, spec_dict
from .scale import Measured, measured, noise_of
from .ward import Best, Proven, Ward

# A remedy of a later stage overrules an earlier one when it is better by this much skill.
OVERRULES = 0.25
# A mechanism that has no trial keeps its place in the tree from this confidence on.
FIRM = 0.85
RANK: dict[Proof, int] = {"confirmed": 3, "mechanism-only": 2, "untried": 1, "refuted": 0}
# So many causes have remedies tried at once, with so many remedies each.
MOST_CAUSES = 4
MOST_REMEDIES = 2

Wanted = tuple[str, Present, RemedySpec]


def prove(ward: Ward, ranked: list[tuple[str, Present]]) -> Proven:
    """Try the remedies of the leading candidates, beside untreated runs, and let the results re-order them."""
    proven = Proven(list(ranked))
    wanted = remedies_to_try(ranked, proven)
    if not wanted:
        return proven
    if not ward.budget.allows(len(wanted) + 1, ward.jobs):
        for cause, _, remedy in wanted:
            proven.trials.append(TrialResult(remedy.id, cause, "untried", "the time budget did not allow a trial"))
            proven.proofs.setdefault(cause, "untried")
        return proven
    seed = Plan(steps=ward.steps, seconds=ward.seconds, seed=1, label="untreated, another seed")
    runs = ward.run([seed, *(ward.plan([spec_dict(r, v)], f"{c}: {r.id}") for c, v, r in wanted)])
    base, other = measured(ward.trace), measured(runs[0].trace)
    noise = noise_of(base, other)
    proven.add_curve(ward.trace, "as it is", "untreated")
    proven.add_curve(runs[0].trace, "as it is, another seed", "untreated")
    try_out(ward, proven, wanted, runs[1:], base, noise)
    _pairs(ward, proven, wanted, base, noise)
    proven.ranked = _reorder(proven.ranked, proven.proofs, proven.best)
    return proven


def remedies_to_try(ranked: list[tuple[str, Present]], proven: Proven) -> list[Wanted]:
    """Remedies that can be applied while the script runs; a cause without any is told as untried, and why."""
    wanted: list[Wanted] = []
    for cause, verdict in ranked[:MOST_CAUSES]:
        runtime = [r for r in verdict.remedies if r.runtime][:MOST_REMEDIES]
        if not runtime:
            why = next(
                (r.why_not for r in verdict.remedies if r.why_not),
                "the finding proposes no remedy that can be applied while the script runs",
            )
            name = verdict.remedies[0].id if verdict.remedies else "none"
            proven.trials.append(TrialResult(name, cause, "untried", why))
            proven.proofs[cause] = "untried"
        wanted += [(cause, verdict, r) for r in runtime]
    return wanted


def try_out(ward: Ward, proven: Proven, wanted: list[Wanted], runs: list[Any], base: Measured, noise: float) -> None:
    """Judge each treated run; keep the proof of each cause and its best remedy."""
    for (cause, verdict, remedy), run in zip(wanted, runs, strict=True):
        result = judge_trial(
            ward.zygote, cause, verdict, remedy, run, ward.trace, base, noise, ward.checks.get(cause), ward.budget
        )
        proven.trials.append(result)
        proven.add_curve(run.trace, f"with {remedy.id}", "treated", remedy=remedy.id, verdict=result.verdict)
        # A remedy that leaves the fault in place says nothing about the cause.
        told: Proof = "untried" if result.treated.get("fault_remains") else result.verdict
        held = proven.proofs.get(cause)
        if held is None or RANK[told] > RANK[held]:
            proven.proofs[cause] = told
        score = measured(run.trace).score
        if result.verdict in {"confirmed", "mechanism-only"} and (
            cause not in proven.best or score > proven.best[cause].score
        ):
            proven.best[cause] = Best(score, spec_dict(remedy, verdict), run.trace)


def _pairs(ward: Ward, proven: Proven, wanted: list[Wanted], base: Measured, noise: float) -> None:
    """Where no single remedy helps: the first ones of two causes together (two faults can hide each other's cure)."""
    if "confirmed" in proven.proofs.values():
        return
    first: dict[str, tuple[Present, RemedySpec]] = {}
    for cause, verdict, remedy in wanted:
        tried = next((t for t in proven.trials if t.cause == cause and t.remedy == remedy.id), None)
        if tried is not None and tried.verdict != "untried":
            first.setdefault(cause, (verdict, remedy))
    causes = list(first)[:3]
    pairs = [(a, b) for i, a in enumerate(causes) for b in causes[i + 1 :]]
    if not pairs or not ward.budget.allows(len(pairs), ward.jobs):
        return
    specs = {c: spec_dict(r, v) for c, (v, r) in first.items()}
    runs = ward.run([ward.plan([specs[a], specs[b]], f"{a} + {b}") for a, b in pairs])
    scores = [measured(r.trace) for r in runs]
    top = int(np.argmax([m.score for m in scores]))
    if not np.isfinite(scores[top].score) or scores[top].score - max(base.score, -10.0) <= noise:
        return
    pair = pairs[top]
    for cause in pair:
        proven.proofs[cause] = "confirmed"
        proven.best[cause] = Best(scores[top].score, specs[cause], runs[top].trace)
    proven.add_stage(list(pair), runs[top].trace, base, "neither helps alone; together")


def _reorder(
    ranked: list[tuple[str, Present]],
    proofs: dict[str, Any],
    best: dict[str, Best],
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
        scores = {c: best[c].score if c in best else float("-inf") for c in soft}
        leader = next(c for c in soft if scores[c] >= max(scores.values()) - OVERRULES)
        firm.sort(key=lambda cv: cv[0] != leader)
    return firm + rest
