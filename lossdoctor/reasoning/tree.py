"""From verdicts to one diagnosis: stages in order, root cause, symptoms, ruled out, not told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossdoctor.contracts.catalogue import ORDER, STAGE_OF, STAGES, explains
from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Diagnosis, Finding, Node, Present, Verdict

# A run that explains this share of what the input can explain has learned well; softer findings are then remarks.
LEARNS_WELL = 0.2
# Fewer optimizer steps show no course of the loss.
FEWEST_STEPS = 5
# From this confidence on a structural finding is taken as certain.
SURE = 0.85


@dataclass
class Judged:
    """Every check's verdict on one trace."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)

    def present(self) -> dict[str, Present]:
        """The causes found."""
        return {c: v for c, v in self.verdicts.items() if isinstance(v, Present)}


def judge(checks: list[Check], trace: Any) -> tuple[Judged, list[str]]:
    """Ask every check. A check that raises is named (second value) and counts as ``CannotTell``."""
    judged, broken = Judged(), []
    for check in checks:
        try:
            verdict = check.judge(trace)
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; the rest of the diagnosis stands
            broken.append(f"check {check.cause} failed: {type(error).__name__}: {error}")
            verdict = CannotTell(f"the check itself failed: {type(error).__name__}: {error}")
        judged.verdicts[check.cause] = verdict
        judged.checks[check.cause] = check
    return judged, broken


def suffers(outcome: Outcome | None, ended: str) -> bool:
    """Whether training goes badly enough that a mechanism which is not wrong by itself may be told as its cause."""
    if outcome is None:
        return True
    if outcome.nonfinite_at is not None or outcome.diverged:
        return True
    if np.isfinite(outcome.skill):
        return not outcome.learns
    if outcome.streams > 1:
        return False  # several losses that pull against each other (a GAN's): their values do not say how well it goes
    return not outcome.learns and not outcome.improving


def candidates(judged: Judged, suffering: bool) -> list[tuple[str, Present]]:
    """Found causes in the order in which they are believed: stages in order, then confidence; symptoms of others last."""
    found = judged.present()
    told = {c: v for c, v in found.items() if v.severity != "info" and (v.structural or suffering)}
    explained = {e for c in told for e in judged.checks[c].explains if e in told and explains(c, e)}
    stage_of = {c: i for i, s in enumerate(STAGES) for c in s.causes}

    def rank(item: tuple[str, Present]) -> tuple[Any, ...]:
        cause, verdict = item
        return (
            cause in explained,
            not verdict.structural and verdict.confidence < 0.5,
            stage_of.get(cause, len(STAGES)),
            -verdict.confidence,
            ORDER.get(cause, 99),
        )

    return sorted(told.items(), key=rank)


def certain(ranked: list[tuple[str, Present]]) -> str | None:
    """The leading candidate, where it is certain without any run that trains again, and can be treated; else None.

    What else is wrong is then asked of the treated run: exams of a run with a known fault would only measure that fault.
    """
    if not ranked:
        return None
    cause, verdict = ranked[0]
    early = STAGE_OF.get(cause) in {"runs", "data", "wiring", "loss", "gradient path"}
    sure = verdict.structural and verdict.severity == "error" and verdict.confidence >= SURE
    return cause if early and sure and any(r.runtime for r in verdict.remedies) else None


def symptoms_of(root: str | None, judged: Judged, names: list[str]) -> list[str]:
    """What the root cause explains: what its check says, and what shows only in the result (the two last stages)."""
    if root is None:
        return []
    late = {c for s in STAGES if s.name in {"signal", "outcome"} for c in s.causes}
    said = [e for e in judged.checks[root].explains if explains(root, e)]
    return said + [c for c in names if c in late and root not in late and c not in said]


def walk(judged: Judged, ranked: list[str], root: str | None) -> list[Node]:
    """The tree as walked, for the reports."""
    nodes = []
    symptoms = set(symptoms_of(root, judged, ranked))
    for stage in STAGES:
        entries: list[dict[str, str]] = []
        answers = []
        for cause in stage.causes:
            verdict = judged.verdicts.get(cause)
            if verdict is None:
                entries.append({"cause": cause, "answer": "unknown", "reason": "no check for this cause is installed"})
                answers.append("unknown")
            elif isinstance(verdict, Present):
                told = cause in ranked
                answer = (
                    "sick"
                    if cause == root
                    else "symptom"
                    if told and (cause in symptoms or root)
                    else "sick"
                    if told
                    else "remark"
                )
                entries.append({"cause": cause, "answer": answer, "reason": verdict.message})
                answers.append(answer)
            elif isinstance(verdict, Absent):
                entries.append({"cause": cause, "answer": "ok", "reason": verdict.reason})
                answers.append("ok")
            else:
                entries.append({"cause": cause, "answer": "unknown", "reason": verdict.reason})
                answers.append("unknown")
        state: Any = (
            "sick"
            if "sick" in answers
            else "symptom"
            if "symptom" in answers
            else "unknown"
            if all(a == "unknown" for a in answers)
            else "ok"
        )
        nodes.append(Node(stage.name, stage.question, state, entries))
    return nodes


def finding_of(cause: str, verdict: Present, check: Check) -> Finding:
    """A verdict as a finding."""
    return Finding(
        cause=cause,
        stage=check.stage,
        severity=verdict.severity,
        title=verdict.title,
        message=verdict.message,
        why=verdict.why,
        location=verdict.site,
        evidence=verdict.evidence,
        remedies=verdict.remedies,
        confidence=verdict.confidence,
        structural=verdict.structural,
    )


def conclude(
    script: str,
    judged: Judged,
    outcome: Outcome | None,
    steps: int,
    suffering: bool,
    ranked: list[tuple[str, Present]],
    notes: list[str],
) -> Diagnosis:
    """The diagnosis from ranked candidates (trials may have re-ordered and dropped some)."""
    names = [c for c, _ in ranked]
    root = names[0] if names else None
    diagnosis = Diagnosis(script=script, verdict="healthy", steps=steps, root_cause=root, notes=list(notes))
    symptoms = symptoms_of(root, judged, names)
    for cause, verdict in judged.verdicts.items():
        check = judged.checks[cause]
        if isinstance(verdict, Present):
            finding = finding_of(cause, verdict, check)
            if cause not in names:
                if verdict.severity != "info" and not verdict.structural and not suffering:
                    # A mechanism without harm in this run: the message is kept where it is a fact worth a remark.
                    diagnosis.ruled_out.append(
                        {"cause": cause, "reason": f"seen, but the run learns all the same: {verdict.message}"}
                    )
                    continue
                finding.severity = "info"
            elif cause != root and cause in symptoms:
                finding.severity = "warning"
            diagnosis.findings.append(finding)
        elif isinstance(verdict, Absent):
            diagnosis.ruled_out.append(
                {"cause": cause, "reason": verdict.reason}
                | ({"evidence": verdict.evidence} if verdict.evidence else {})
            )
        else:
            diagnosis.cannot_tell.append({"cause": cause, "reason": verdict.reason})
    order = {c: i for i, c in enumerate(names)}
    diagnosis.findings.sort(key=lambda f: (order.get(f.cause, 999), ORDER.get(f.cause, 999)))
    diagnosis.explains = [c for c in names[1:] if c in symptoms]
    if root:
        diagnosis.verdict = "sick"
    elif outcome is None or (steps < FEWEST_STEPS and not outcome.learns):
        diagnosis.verdict = "inconclusive"
        if outcome is not None:
            diagnosis.notes.append(f"{steps} steps are too few to call a run healthy (at least {FEWEST_STEPS})")
    diagnosis.tree = walk(judged, names, root)
    diagnosis.summary = _summary(diagnosis, outcome)
    return diagnosis


def _unshown(outcome: Outcome | None) -> str:
    """That a loss without a floor, which does not fall, is no evidence of health either."""
    if outcome is None or outcome.streams > 1 or np.isfinite(outcome.skill) or outcome.learns or outcome.improving:
        return ""
    return " The loss does not show that the run learns, and what it should come to is not known."


def _summary(diagnosis: Diagnosis, outcome: Outcome | None) -> str:
    how = ""
    if outcome is not None:
        how = f"In {outcome.steps} steps the loss went from {outcome.start:.4g} to {outcome.end:.4g}"
        if np.isfinite(outcome.skill) and outcome.streams <= 1:  # one loss of several says nothing about the whole
            how += (
                f"; {outcome.skill:.0%} better than the best constant ({outcome.floor_name} {outcome.floor:.4g})"
                if outcome.skill >= 0
                else f"; worse than the best constant ({outcome.floor_name} {outcome.floor:.4g})"
            )
        how += "."
    if diagnosis.root_cause:
        finding = diagnosis.finding(diagnosis.root_cause)
        title = finding.title if finding else diagnosis.root_cause
        return f"{title}. {how}".strip()
    if diagnosis.verdict == "healthy":
        return f"Nothing wrong was found. {how}{_unshown(outcome)}".strip()
    return f"Too few steps for a diagnosis. {how}".strip() if how else "No diagnosis was possible."
