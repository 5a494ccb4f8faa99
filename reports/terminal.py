"""The terminal report: the whole diagnosis, at any width, colours only where the stream shows them."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import IO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lossdoctor.trace.model import Diagnosis, Finding, RemedySpec, Site, Trace

from .clean import cleaned
from .course import course
from .diff import line_kind
from .sparkline import sparkline
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
    number,
    place,
    proof_sentence,
    root_finding,
    sentence,
    title_of,
)

WIDTH = 100
MANY = 3
"""From here on a reason shared by causes comes before their names."""
VERDICT_STYLES = {"healthy": "green", "sick": "red", "inconclusive": "yellow"}
VERDICT_MARKS = {"healthy": "✓", "sick": "✗", "inconclusive": "?"}
PROOF_STYLES = {"confirmed": "green", "mechanism-only": "yellow", "refuted": "red", "untried": "dim"}
SEVERITY_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}
ALSO = {"error": "Also found", "warning": "Also found", "info": "Remark"}
ANSWER_MARKS = {"ok": ("✓", "green"), "sick": ("✗", "red"), "symptom": ("↳", "yellow"), "unknown": ("?", "dim")}
DIFF_STYLES = {"file": "bold", "hunk": "cyan", "add": "green", "del": "red", "same": "dim"}
PLAIN = {"✓": "+", "✗": "x", "↳": ">", "→": "->", "·": "-", "–": "-", "…": "...", "│": "|", "─": "-"}
PLAIN |= dict(zip("▁▂▃▄▅▆▇█", "_.-~=+*#", strict=True))


class TerminalReport:
    """``--format terminal``."""

    name = "terminal"
    filename = ""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def render(
        self, diagnosis: Diagnosis, trace: Trace | None = None, *, width: int = WIDTH, color: bool = False
    ) -> str:
        """The report as text of ``width`` columns, with ANSI colours when ``color`` is set."""
        diagnosis = cleaned(diagnosis)
        stream = io.StringIO()
        console = Console(
            file=stream, width=width, force_terminal=color, color_system="standard" if color else None, highlight=False
        )
        console.print(self.body(diagnosis, trace, width))
        return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"

    def show(self, diagnosis: Diagnosis, trace: Trace | None = None, stream: IO[str] | None = None) -> None:
        """Print to ``stream`` (stdout): a terminal's width and colours, plain text of 100 columns in a pipe."""
        stream = stream or sys.stdout
        terminal = Console(file=stream)
        width = max(terminal.width, 40) if terminal.is_terminal else WIDTH
        text = self.render(
            diagnosis, trace, width=width, color=terminal.is_terminal and terminal.color_system is not None
        )
        stream.write(_encodable(text, getattr(stream, "encoding", None) or "utf-8"))

    def body(self, diagnosis: Diagnosis, trace: Trace | None, width: int) -> Group:
        """The report as a rich renderable."""
        found = root_finding(diagnosis)
        parts: list[RenderableType] = [*self._opening(diagnosis), *_curves(diagnosis, trace, width)]
        parts += _section("What was found", self._finding(found)) if found else []
        parts += _proof(diagnosis, width)
        parts += _plan(diagnosis)
        explained = [_item("↳", "yellow", title_of(diagnosis, c), c) for c in diagnosis.explains]
        parts += _section("It explains", explained)
        for finding in diagnosis.findings:
            if finding is not found and not finding.suppressed:
                parts += _section(ALSO[finding.severity], [*self._head(finding), *self._finding(finding)])
        left_out = [f for f in diagnosis.findings if f.suppressed and f is not found]
        parts += _section("Suppressed", [self._suppressed(f) for f in left_out])
        if diagnosis.patch:
            parts += _section("Patch", [_diff(diagnosis.patch)])
        parts += _section("Decision tree", [line for branch in branches(diagnosis) for line in _branch(branch)])
        parts += _section("Ruled out", [_reason("✓", "green", *g) for g in grouped(diagnosis.ruled_out)])
        parts += _section("Cannot tell", [_reason("?", "yellow", *g) for g in grouped(diagnosis.cannot_tell)])
        parts += _section("Notes", [_hanging("·", "dim", marked(note)) for note in diagnosis.notes])
        return Group(*parts)

    def _opening(self, diagnosis: Diagnosis) -> list[RenderableType]:
        style = VERDICT_STYLES[diagnosis.verdict]
        facts = Text(f"{VERDICT_MARKS[diagnosis.verdict]} {VERDICTS[diagnosis.verdict]}", style=f"bold {style}")
        facts.append(f"  {diagnosis.script} · {diagnosis.steps} steps", style="dim")
        parts: list[RenderableType] = [facts, Text(), Text(headline(diagnosis), style="bold")]
        found = root_finding(diagnosis)
        if diagnosis.root_cause:
            told = Text(diagnosis.root_cause, style=style)
            told.append(" · proof: ", style="dim")
            told.append(PROOFS[diagnosis.proof], style=PROOF_STYLES[diagnosis.proof])
            parts.append(told)
        if found and found.location:
            parts += [Text(), self._code_line(found.location)]
        if diagnosis.summary:
            parts += [Text(), marked(diagnosis.summary)]
        if diagnosis.error:
            line, traceback = error_text(diagnosis.error)
            parts += [
                Text(),
                Text(line, style="red"),
                *([Padding(Text(traceback, style="dim"), (0, 2))] if traceback else []),
            ]
        return parts

    def _code_line(self, site: Site) -> RenderableType:
        where = Text(place(site, self.root), style="bold cyan")
        where.append(f"  in {site.function}" if site.function else "", style="dim")
        source = site.source.strip()
        return Group(where, Padding(_code(source), (0, 2))) if source else where

    def _head(self, finding: Finding) -> list[RenderableType]:
        head = Text(finding.title, style="bold")
        told = Text(finding.severity, style=SEVERITY_STYLES[finding.severity])
        told.append(f" · {finding.cause} · {finding.stage}", style="dim")
        if finding.suppressed:
            told.append(f" · suppressed: {finding.suppressed}", style="dim")
        return [head, told, *([self._code_line(finding.location)] if finding.location else [])]

    def _suppressed(self, finding: Finding) -> RenderableType:
        told = Text(finding.title).append(f"  {finding.cause}", style="dim")
        told.append(f" · {place(finding.location, self.root)}" if finding.location else "", style="dim")
        return _hanging("·", "dim", told.append(f"\n{finding.suppressed}", style="dim"))

    def _finding(self, finding: Finding) -> list[RenderableType]:
        parts: list[RenderableType] = [marked(finding.message)]
        measured = Table.grid(padding=(0, 2, 0, 0))
        measured.add_column(style="dim", ratio=2)
        measured.add_column(ratio=3)
        for name, value in evidence_rows(finding.evidence):
            measured.add_row(name, value)
        parts += [Padding(measured, (0, 0, 0, 2))] if finding.evidence else []
        parts += [_labelled("Why it hurts", finding.why)] if finding.why else []
        for remedy in finding.remedies:
            parts += _remedy(remedy)
        return parts


def marked(text: str) -> Text:
    """A message whose backticked pieces stand out."""
    out = Text()
    for piece, is_code in code_spans(text):
        out.append(piece, style="cyan" if is_code else "")
    return out


def _section(title: str, parts: list[RenderableType]) -> list[RenderableType]:
    if not parts:
        return []
    return [Text(), Rule(Text(title, style="bold"), align="left", style="dim", characters="─"), *parts]


def _curves(diagnosis: Diagnosis, trace: Trace | None, width: int) -> list[RenderableType]:
    loss = trace.series("loss") if trace else None
    if trace is None or loss is None or not len(loss.finite):
        return []
    text = Text("loss  ", style="dim")
    text.append(sparkline(loss.values, max(10, min(40, width - 36))), style=VERDICT_STYLES[diagnosis.verdict])
    went = course(trace)
    text.append(f"  {went.told}" if went else "")
    parts: list[RenderableType] = [Text(), text]
    if went and went.floor is not None:
        parts.append(Text(f"      the best constant prediction scores {number(went.floor)}", style="dim"))
    return parts


def _proof(diagnosis: Diagnosis, width: int) -> list[RenderableType]:
    if not has_proof(diagnosis):
        return []
    head = Text().append(PROOFS[diagnosis.proof], style=f"bold {PROOF_STYLES[diagnosis.proof]}")
    head.append(f": {proof_sentence(diagnosis)}")
    parts: list[RenderableType] = [head]
    for trial in diagnosis.trials:
        told = Text().append(f"{trial.remedy}  ", style="bold")
        told.append(PROOFS[trial.verdict], style=PROOF_STYLES[trial.verdict])
        told.append(f"  for {trial.cause}" if trial.cause != trial.remedy else "", style="dim")
        rows = Table.grid(padding=(0, 2, 0, 0))
        rows.add_column(style="dim")
        for justify in ("right", "left", "right"):
            rows.add_column(justify=justify)
        for name, before, after in figures(trial):
            rows.add_row(name, before, "→", after)
        parts += [Text(), told, *([marked(trial.reason)] if trial.reason else [])]
        parts += [Padding(rows, (0, 0, 0, 2))] if rows.row_count else []
    return _section("Proof", parts)


def _plan(diagnosis: Diagnosis) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for i, step in enumerate(plan_steps(diagnosis), 1):
        text = Text().append(step.finding.title if step.finding else step.ident, style="bold")
        if step.trial:
            text.append(f"  [{PROOFS[step.trial.verdict]}]", style=PROOF_STYLES[step.trial.verdict])
        if step.remedy:
            text.append("\n").append_text(marked(sentence(step.remedy.advice)))
        parts.append(_hanging(f"{i}.", "bold", text))
    return _section("Treatment plan", parts)


def _remedy(remedy: RemedySpec) -> list[RenderableType]:
    parts: list[RenderableType] = [_labelled("What to do", sentence(remedy.advice))]
    parts += [Padding(_code(remedy.snippet), (0, 2))] if remedy.snippet else []
    parts += [Text(f"not tried: {remedy.why_not}", style="dim")] if not remedy.runtime and remedy.why_not else []
    return parts


def _labelled(label: str, text: str) -> Text:
    return Text().append(f"{label}: ", style="bold").append_text(marked(text))


def _code(source: str) -> RenderableType:
    return Syntax(source, "python", theme="ansi_dark", background_color="default", word_wrap=True)


def _diff(patch: str) -> Text:
    text = Text()
    for line in patch.rstrip("\n").splitlines(keepends=True):
        text.append(line, style=DIFF_STYLES[line_kind(line)])
    return text


def _hanging(mark: str, style: str, text: RenderableType) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=max(2, len(mark)), style=style, no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_row(mark, text)
    return grid


def _item(mark: str, style: str, text: str, cause: str) -> RenderableType:
    told = marked(text)
    if text != cause:
        told.append(f"  {cause}", style="dim")
    return _hanging(mark, style, told)


def _reason(mark: str, style: str, causes: list[str], reason: str) -> RenderableType:
    names = Text(", ".join(causes), style="bold")
    if not reason:
        return _hanging(mark, style, names)
    pair = [marked(reason), Text(", ".join(causes), style="dim")] if len(causes) > MANY else [names, marked(reason)]
    return _hanging(mark, style, Text(": ").join(pair))


def _branch(branch: Branch) -> list[RenderableType]:
    mark, style = ANSWER_MARKS.get(branch.answer, ("?", "dim"))
    text = (
        Text().append(f"{branch.stage}  ", style="bold").append(branch.question).append(f"  {branch.word}", style=style)
    )
    counts = [(len(branch.of("absent")), "ruled out"), (len(branch.of("unknown")), "cannot tell")]
    if told := ", ".join(f"{count} {word}" for count, word in counts if count):
        text.append(f"  ({told})", style="dim")
    lines: list[RenderableType] = [_hanging(mark, style, text)]
    for leaf in branch.leaves:
        if leaf.present:
            name = Text().append(leaf.cause, style="red" if leaf.state == "root" else "yellow")
            lines.append(Padding(name.append(f"  {leaf.word}", style="dim"), (0, 0, 0, 3)))
    return lines


def _encodable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        for character, plain in PLAIN.items():
            text = text.replace(character, plain)
        text = text.encode("ascii", "replace").decode()
    return text
