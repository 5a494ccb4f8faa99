"""GitHub Actions: workflow commands that mark the source lines, and a step summary."""

from __future__ import annotations

from pathlib import Path

from lossdoctor.trace.model import Diagnosis, Finding, Trace

from .clean import cleaned
from .markdown import MarkdownReport
from .wording import PROOFS, checkout, error_text, headline, ordered, short_path

LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


class GithubReport:
    """``--format github``: printed to the job's log, where the runner picks the commands up."""

    name = "github"
    filename = ""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """One workflow command per finding, the root cause first; one notice for a healthy script."""
        diagnosis = cleaned(diagnosis)
        lines = [self._annotation(diagnosis, f) for f in ordered(diagnosis) if not f.suppressed]
        if diagnosis.verdict == "healthy":
            lines.append(
                command("notice", diagnosis.summary or headline(diagnosis), title=f"{diagnosis.script}: healthy")
            )
        elif diagnosis.verdict == "inconclusive" and not lines:
            told = error_text(diagnosis.error)[0] if diagnosis.error else diagnosis.summary
            lines.append(
                command("error", told or headline(diagnosis), title=f"{diagnosis.script}: no diagnosis possible")
            )
        return "".join(f"{line}\n" for line in lines)

    def step_summary(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """Markdown for ``$GITHUB_STEP_SUMMARY``."""
        return MarkdownReport(checkout(self.root)).render(diagnosis, trace)

    def _annotation(self, diagnosis: Diagnosis, finding: Finding) -> str:
        root_cause = finding.cause == diagnosis.root_cause
        proof = PROOFS[diagnosis.proof if root_cause else finding.proof]
        text = [finding.message, finding.why, *(f"What to do: {r.advice}" for r in finding.remedies)]
        text.append(f"{finding.cause} ({'root cause, ' if root_cause else ''}proof: {proof})")
        site = finding.location
        where = {"file": short_path(site.path, checkout(self.root)), "line": str(site.line)} if site else {}
        return command(
            LEVELS[finding.severity], "\n".join(t for t in text if t), title=" ".join(finding.title.split()), **where
        )


def command(level: str, message: str, **properties: str) -> str:
    """One workflow command, escaped as the runner unescapes it."""
    order = [k for k in ("file", "line", "title") if k in properties]
    shown = ",".join(f"{key}={_property(properties[key])}" for key in order)
    return f"::{level} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
