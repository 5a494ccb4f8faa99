"""What was found and does not count: by configuration, by a comment on its line, by a baseline. It is still reported, as suppressed."""

from __future__ import annotations

import json
import linecache
import re
from collections.abc import Iterable
from pathlib import Path

from lossdoctor.config import Config, hint
from lossdoctor.trace import Diagnosis, Finding

BY_BASELINE = "known from the baseline"
BY_CONFIG = "allowed by configuration"
COMMENT = re.compile(r"#\s*lossdoctor:\s*ignore\[([^\]]*)\]\s*(.*)")


class BaselineError(Exception):
    """The file given as baseline is no report of ours."""


def by_config(diagnosis: Diagnosis, config: Config) -> None:
    """Severities and allowed causes. A remark stays a remark: what did no harm in this run is not made to."""
    for finding in [f for f in diagnosis.findings if f.severity != "info"]:
        finding.severity = config.severity.get(finding.cause, finding.severity)  # type: ignore[assignment]
        if finding.cause in config.allow:
            finding.suppressed = BY_CONFIG


def by_comment(diagnosis: Diagnosis, known: Iterable[str]) -> None:
    """``# lossdoctor: ignore[cause] reason`` on the finding's line. A comment there that names no known cause becomes a note."""
    causes = set(known)
    for finding in diagnosis.findings:
        place = finding.location
        if place is None:
            continue
        linecache.checkcache(place.path)
        match = COMMENT.search(linecache.getline(place.path, place.line))
        named = [c.strip() for c in match.group(1).split(",")] if match else []
        if match and finding.cause in named and not finding.suppressed:
            finding.suppressed = match.group(2).strip() or "ignored on its source line"
        for cause in named:
            if cause not in causes:
                note = f"{Path(place.path).name}:{place.line}: ignore[{cause}] names no known cause{hint(cause, causes, ' ').rstrip()}"
                if note not in diagnosis.notes:
                    diagnosis.notes.append(note)


def by_baseline(diagnosis: Diagnosis, path: str | Path) -> None:
    """What the report at ``path`` has already: the same cause on a line with the same text.

    Raises:
        BaselineError: the file cannot be read as a JSON report.
    """
    known = read_baseline(path)
    for finding in diagnosis.findings:
        if _mark(finding) in known and not finding.suppressed:
            finding.suppressed = BY_BASELINE


def read_baseline(path: str | Path) -> set[tuple[str, str]]:
    """The findings of a JSON report; see :func:`by_baseline`."""
    try:
        old = Diagnosis.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BaselineError(f"{path} is no lossdoctor report ({type(error).__name__}: {error})") from None
    return {_mark(f) for f in old.findings}


def _mark(finding: Finding) -> tuple[str, str]:
    return finding.cause, " ".join(finding.location.source.split()) if finding.location else ""


def counting(diagnosis: Diagnosis, allow: Iterable[str] = ()) -> list[Finding]:
    """The findings that count: warnings and errors that nothing suppresses and that are no symptom of what is suppressed."""
    allowed = set(allow)
    quiet = {f.cause for f in diagnosis.findings if f.suppressed or f.severity == "info" or f.cause in allowed}
    if diagnosis.root_cause in quiet:
        quiet |= set(diagnosis.explains)
    return [f for f in diagnosis.findings if f.cause not in quiet]


def settle(diagnosis: Diagnosis) -> None:
    """Symptoms of a suppressed root cause are suppressed with it; a diagnosis in which nothing is left that counts is healthy."""
    root = diagnosis.finding(diagnosis.root_cause or "")
    if diagnosis.verdict != "sick" or root is None:
        return
    counted = counting(diagnosis)
    left = {f.cause for f in counted}
    for finding in diagnosis.findings:
        if finding.cause in diagnosis.explains and finding.cause not in left and finding.severity != "info":
            finding.suppressed = finding.suppressed or f"symptom of {root.cause}, which does not count here"
    if (diagnosis.error or {}).get("before_training"):
        return
    if counted:
        if root.cause not in left:  # what is told first is what counts
            diagnosis.root_cause, diagnosis.proof = counted[0].cause, counted[0].proof
            diagnosis.plan = [c for c in diagnosis.plan if c in left] or [counted[0].cause]
            diagnosis.explains, diagnosis.patch = [], None
            diagnosis.summary = f"{counted[0].title}. Left out: {root.cause} ({root.suppressed or root.severity})."
        return
    why = root.suppressed or f"severity {root.severity} by configuration"
    diagnosis.verdict, diagnosis.root_cause = "healthy", None
    diagnosis.plan, diagnosis.explains, diagnosis.patch = [], [], None
    diagnosis.summary = f"Nothing that counts was found. Left out: {root.cause} ({why}). {diagnosis.summary}".strip()
    for node in diagnosis.tree:
        if node.answer in {"sick", "symptom"}:
            node.answer = "ok"
