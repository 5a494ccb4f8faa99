"""Causes that the catalogue does not know: where they stand in the tree as walked."""

from __future__ import annotations

from lossdoctor.contracts.catalogue import STAGE_OF
from lossdoctor.contracts.check import Check
from lossdoctor.trace import Diagnosis


def put_in_tree(diagnosis: Diagnosis, checks: list[Check]) -> None:
    """Add every plugin's cause to the question of its stage."""
    reasons = {r["cause"]: ("ok", r["reason"]) for r in diagnosis.ruled_out}
    reasons |= {r["cause"]: ("unknown", r["reason"]) for r in diagnosis.cannot_tell}
    for check in checks:
        node = next((n for n in diagnosis.tree if n.stage == check.stage), None)
        if check.cause in STAGE_OF or node is None or any(c["cause"] == check.cause for c in node.causes):
            continue
        finding = diagnosis.finding(check.cause)
        answer, reason = reasons.get(check.cause, ("unknown", ""))
        if finding is not None:
            told = "sick" if finding.cause == diagnosis.root_cause else "symptom"
            answer, reason = told if finding.severity != "info" else "remark", finding.message
        node.causes.append({"cause": check.cause, "answer": answer, "reason": reason})
        if answer == "sick" or (answer == "symptom" and node.answer in {"ok", "unknown"}):
            node.answer = answer  # type: ignore[assignment]
