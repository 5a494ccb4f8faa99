"""The decision tree and the treatment plan, made ready for rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from lossdoctor.contracts.catalogue import STAGE_OF
from lossdoctor.trace.model import Diagnosis, Finding, RemedySpec, TrialResult

from .wording import ANSWERS, finding_for, grouped

State = Literal["root", "symptom", "found", "info", "suppressed", "absent", "unknown"]

STATES: dict[State, str] = {
    "root": "root cause",
    "symptom": "symptom",
    "found": "found",
    "info": "remark",
    "suppressed": "suppressed",
    "absent": "ruled out",
    "unknown": "cannot tell",
}


CLEARED = ("absent", "ruled out", "ruled-out", "ruled_out", "ok")


@dataclass(frozen=True)
class Leaf:
    """One cause as it was answered."""

    cause: str
    state: State
    reason: str = ""

    @property
    def word(self) -> str:
        """The state in a person's words."""
        return STATES[self.state]

    @property
    def present(self) -> bool:
        """True for a cause which was found."""
        return self.state not in ("absent", "unknown")


@dataclass(frozen=True)
class Branch:
    """One question of the tree with its answer and the causes below it."""

    stage: str
    question: str
    answer: str
    leaves: list[Leaf] = field(default_factory=list)

    @property
    def word(self) -> str:
        """The answer in a person's words."""
        return ANSWERS.get(self.answer, self.answer)

    def of(self, *states: State) -> list[Leaf]:
        """The causes in any of these states."""
        return [leaf for leaf in self.leaves if leaf.state in states]

    def groups(self, state: State) -> list[tuple[list[str], str]]:
        """The causes in ``state``, those with the same reason together."""
        return grouped({"cause": leaf.cause, "reason": leaf.reason} for leaf in self.of(state))


@dataclass(frozen=True)
class PlanStep:
    """One step of the treatment: what to cure, how, and whether the cure was tried."""

    ident: str
    finding: Finding | None
    remedy: RemedySpec | None
    trial: TrialResult | None


def branches(diagnosis: Diagnosis) -> list[Branch]:
    """The tree as walked."""
    return [
        Branch(node.stage, node.question, node.answer, [_leaf(diagnosis, record) for record in node.causes])
        for node in diagnosis.tree
    ]


def state_of(diagnosis: Diagnosis, cause: str, told: str = "") -> State:
    """How ``cause`` was answered; ``told`` is what the tree's own record says. Nothing said is no all-clear."""
    found = diagnosis.finding(cause)
    if found is None:
        ruled_out = told.lower() in CLEARED or any(r["cause"] == cause for r in diagnosis.ruled_out)
        return "absent" if ruled_out else "unknown"
    if found.suppressed:
        return "suppressed"
    if cause == diagnosis.root_cause:
        return "root"
    if cause in diagnosis.explains:
        return "symptom"
    return "info" if found.severity == "info" else "found"


def leaves(diagnosis: Diagnosis) -> list[tuple[str, Leaf]]:
    """Every cause which was asked about, with its stage, each once: the tree's order, then what no stage lists."""
    answered = {leaf.cause: (b.stage, leaf) for b in branches(diagnosis) for leaf in b.leaves}
    for finding in diagnosis.findings:
        answered.setdefault(finding.cause, (finding.stage, _leaf(diagnosis, {"cause": finding.cause})))
    for record in [*diagnosis.ruled_out, *diagnosis.cannot_tell]:
        cause = record["cause"]
        answered.setdefault(cause, (STAGE_OF.get(cause, "other"), _leaf(diagnosis, record)))
    return list(answered.values())


def plan_steps(diagnosis: Diagnosis) -> list[PlanStep]:
    """The treatment plan in order; without one, the root cause's remedy."""
    idents = diagnosis.plan or ([diagnosis.root_cause] if diagnosis.root_cause else [])
    steps = [_step(diagnosis, ident) for ident in idents]
    return steps if len(steps) > 1 or any(step.remedy for step in steps) else []


def _step(diagnosis: Diagnosis, ident: str) -> PlanStep:
    finding = finding_for(diagnosis, ident)
    trials = [t for t in diagnosis.trials if ident in (t.cause, t.remedy)]
    best = next((t for t in trials if t.verdict == "confirmed"), trials[0] if trials else None)
    remedies = finding.remedies if finding else []
    wanted = best.remedy if best else ident
    remedy = next((r for r in remedies if r.id == wanted), remedies[0] if remedies else None)
    return PlanStep(ident, finding, remedy, best)


def _leaf(diagnosis: Diagnosis, record: dict[str, str]) -> Leaf:
    cause = record["cause"]
    state = state_of(diagnosis, cause, next((record[k] for k in ("verdict", "answer", "state") if k in record), ""))
    finding = diagnosis.finding(cause)
    if finding:
        reason = f"{finding.title}: ignored here, {finding.suppressed}" if finding.suppressed else finding.title
        return Leaf(cause, state, reason)
    told = [*diagnosis.ruled_out, *diagnosis.cannot_tell, record]
    return Leaf(cause, state, next((str(r["reason"]) for r in told if r["cause"] == cause and r.get("reason")), ""))
