"""Markdown for pull requests and step summaries; the decision tree is a Mermaid flow chart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lossdoctor.trace.model import Diagnosis, Finding, Trace

from .clean import cleaned
from .walk import Branch, branches, plan_steps
from .wording import (
    PROOFS,
    VERDICTS,
    code_spans,
    error_text,
    evidence_rows,
    figures,
    grouped,
    has_proof,
    headline,
    ordered,
    place,
    proof_sentence,
    root_finding,
    sentence,
    title_of,
)

MARKS = {"healthy": "✅", "sick": "❌", "inconclusive": "⚠️"}
SEVERITIES = {"error": "❌ error", "warning": "⚠️ warning", "info": "ℹ️ remark"}
STYLES = {
    "ok": "fill:#e3f3e8,stroke:#2b7a4b,color:#123",
    "sick": "fill:#fbe3e1,stroke:#b3261e,color:#411",
    "symptom": "fill:#fdf0d9,stroke:#9a6400,color:#431",
    "unknown": "fill:#eceef1,stroke:#667085,color:#223",
}


class MarkdownReport:
    """``--format markdown``."""

    name = "markdown"
    filename = "report.md"

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """The whole diagnosis; plots are left to the HTML report."""
        diagnosis = cleaned(diagnosis)
        blocks = [
            *self._opening(diagnosis),
            *_proof(diagnosis),
            *_plan(diagnosis),
            *_explains(diagnosis),
            *(b for f in ordered(diagnosis) if not f.suppressed for b in self._finding(diagnosis, f)),
            *self._suppressed(diagnosis),
            *_patch(diagnosis),
            *_tree(diagnosis),
            *_reasons("Ruled out", diagnosis.ruled_out),
            *_reasons("Cannot tell", diagnosis.cannot_tell),
            *(["## Notes", "\n".join(f"- {prose(n)}" for n in diagnosis.notes)] if diagnosis.notes else []),
        ]
        return "\n\n".join(blocks) + "\n"

    def _opening(self, diagnosis: Diagnosis) -> list[str]:
        facts = [f"**{VERDICTS[diagnosis.verdict]}**", code(diagnosis.script), f"{diagnosis.steps} steps"]
        if diagnosis.root_cause:
            facts += [f"root cause {code(diagnosis.root_cause)}", f"proof: **{PROOFS[diagnosis.proof]}**"]
        blocks = [f"# {MARKS[diagnosis.verdict]} {prose(headline(diagnosis))}", " · ".join(facts)]
        blocks += [prose(diagnosis.summary)] if diagnosis.summary else []
        found = root_finding(diagnosis)
        blocks += self._where(found) if found else []
        if diagnosis.error:
            line, traceback = error_text(diagnosis.error)
            blocks += [fence(traceback or line, "text")]
        return blocks

    def _where(self, finding: Finding) -> list[str]:
        site = finding.location
        if not site:
            return []
        inside = f" in {code(site.function)}" if site.function else ""
        source = [fence(site.source.strip(), "python")] if site.source.strip() else []
        return [f"{code(place(site, self.root))}{inside}", *source]

    def _suppressed(self, diagnosis: Diagnosis) -> list[str]:
        left_out = [f for f in diagnosis.findings if f.suppressed]
        rows = [
            [code(f.cause) + (f" at {code(place(f.location, self.root))}" if f.location else ""), prose(f.suppressed)]
            for f in left_out
        ]
        return ["## Suppressed", table(["cause", "why it does not count"], rows)] if rows else []

    def _finding(self, diagnosis: Diagnosis, finding: Finding) -> list[str]:
        facts = [code(finding.cause), SEVERITIES[finding.severity]]
        facts += ["**root cause**"] if finding.cause == diagnosis.root_cause else []
        facts += ["symptom of the root cause"] if finding.cause in diagnosis.explains else []
        blocks = [f"## {prose(finding.title)}", " · ".join(facts), f"**What was seen.** {prose(finding.message)}"]
        rows = [[prose(k), prose(v)] for k, v in evidence_rows(finding.evidence)]
        blocks += [table(["measured", "value"], rows)] if rows else []
        where = self._where(finding)
        blocks += [f"**Where.** {where[0]}", *where[1:]] if where else []
        blocks += [f"**Why it hurts.** {prose(finding.why)}"] if finding.why else []
        for remedy in finding.remedies:
            blocks += [f"**What to do.** {prose(sentence(remedy.advice))}"]
            blocks += [fence(remedy.snippet, "python")] if remedy.snippet else []
        return blocks


def prose(text: str) -> str:
    """Text in which only the backticked pieces are markup; safe in a table's cell too."""
    pieces = code_spans(text.replace("\r\n", "\n"))
    return "".join(f"`{_in_table(piece)}`" if is_code else escape(piece) for piece, is_code in pieces)


def escape(text: str) -> str:
    """``text`` with Markdown's own characters made harmless."""
    marked = re.sub(r"([\\*\[\]<>|#`~$])|(?<!\w)_|_(?!\w)", lambda m: "\\" + m[0], text)
    return marked.replace("\n", " ").replace("&", "&amp;")


def _in_table(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    """``text`` as a code span, whatever backticks it holds."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def fence(text: str, language: str) -> str:
    """``text`` as a fenced block, the fence longer than any inside it."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; the cells are already escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def mermaid(tree: list[Branch]) -> str:
    """The tree as a flow chart: the stages in a column, what was found beside them."""
    lines = ["flowchart TD"]
    for i, branch in enumerate(tree):
        lines.append(f'  s{i}["<b>{_label(branch.stage)}</b><br/>{_label(branch.question)}"]:::{branch.answer}')
    for i, branch in enumerate(tree[:-1]):
        arrow = "-->" if branch.answer == "ok" else "-.->"
        lines.append(f'  s{i} {arrow}|"{_label(branch.word)}"| s{i + 1}')
    for i, branch in enumerate(tree):
        for j, leaf in enumerate(branch.of("root", "found", "symptom")):
            style = "symptom" if leaf.state == "symptom" else "sick"
            lines.append(f'  s{i} ==>|"{leaf.word}"| c{i}_{j}(["{_label(leaf.cause)}"]):::{style}')
        if blind := branch.of("unknown"):
            names = "<br/>".join(_label(leaf.cause) for leaf in blind)
            lines.append(f'  s{i} -.->|"cannot tell"| u{i}(["{names}"]):::unknown')
    lines += [f"  classDef {name} {style}" for name, style in STYLES.items()]
    return "\n".join(lines)


def _label(text: str) -> str:
    return text.translate(
        {ord(k): v for k, v in (("#", "#35;"), ("&", "#38;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"))}
    )


def _proof(diagnosis: Diagnosis) -> list[str]:
    if not has_proof(diagnosis):
        return []
    blocks = [f"## Proof: {PROOFS[diagnosis.proof]}", proof_sentence(diagnosis)]
    rows = []
    for trial in diagnosis.trials:
        measured = "<br>".join(
            f"{escape(name)}: {escape(before)} → {escape(after)}" for name, before, after in figures(trial)
        )
        rows.append(
            [code(trial.remedy), code(trial.cause), f"**{PROOFS[trial.verdict]}**", measured, prose(trial.reason)]
        )
    head = ["remedy", "for", "verdict", "untreated → treated", "why"]
    return [*blocks, table(head, rows)] if rows else blocks


def _plan(diagnosis: Diagnosis) -> list[str]:
    items = []
    for i, step in enumerate(plan_steps(diagnosis), 1):
        text = f"{i}. **{prose(step.finding.title if step.finding else step.ident)}** ({code(step.ident)})"
        text += f": {prose(sentence(step.remedy.advice))}" if step.remedy else ""
        text += f" *{PROOFS[step.trial.verdict]}*" if step.trial else ""
        items.append(text)
    return ["## Treatment plan", "\n".join(items)] if items else []


def _explains(diagnosis: Diagnosis) -> list[str]:
    items = [f"- {code(cause)}: {prose(title_of(diagnosis, cause))}" for cause in diagnosis.explains]
    return ["## What the root cause explains", "\n".join(items)] if items else []


def _patch(diagnosis: Diagnosis) -> list[str]:
    return ["## Patch", fence(diagnosis.patch, "diff")] if diagnosis.patch else []


def _tree(diagnosis: Diagnosis) -> list[str]:
    tree = branches(diagnosis)
    return ["## The decision tree as walked", fence(mermaid(tree), "mermaid")] if tree else []


def _reasons(title: str, records: list[dict[str, Any]]) -> list[str]:
    rows = [[", ".join(map(code, causes)), prose(reason)] for causes, reason in grouped(records)]
    return [f"## {title}", table(["cause", "reason"], rows)] if rows else []
