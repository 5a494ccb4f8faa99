"""SARIF 2.1.0, the format of code scanning."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lossdoctor.contracts import registry
from lossdoctor.contracts.pages import page_of
from lossdoctor.trace.model import Diagnosis, Finding, Site, Trace
from lossdoctor.trace.store import plain

from .clean import cleaned
from .diff import changes
from .wording import PROOFS, checkout, error_text, ordered, short_path

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
SRCROOT = "%SRCROOT%"
OUTSIDE = ("known from the baseline", "allowed by configuration", "symptom of ")
"""How a reason begins that was not given in the source."""


class SarifReport:
    """``--format sarif``: one run, one rule per cause found, one result per finding."""

    name = "sarif"
    filename = "report.sarif"

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """The SARIF log as JSON."""
        diagnosis = cleaned(diagnosis)
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [self._run(diagnosis)]}
        return json.dumps(plain(log), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def _run(self, diagnosis: Diagnosis) -> dict[str, Any]:
        found = ordered(diagnosis)
        rules = {f.cause: f for f in reversed(found)}
        rules = {f.cause: rules[f.cause] for f in found}
        index = {cause: i for i, cause in enumerate(rules)}
        seen: Counter[str] = Counter()
        pages = _pages()
        return {
            "tool": {"driver": {**_driver(), "rules": [_rule(f, pages.get(f.cause, "")) for f in rules.values()]}},
            "automationDetails": {"id": f"lossdoctor/{short_path(diagnosis.script, checkout(self.root))}/"},
            "originalUriBaseIds": {
                SRCROOT: {"description": {"text": "The checkout, or the folder in which lossdoctor ran."}}
            },
            "columnKind": "unicodeCodePoints",
            "invocations": [_invocation(diagnosis)],
            "results": [self._result(diagnosis, f, index[f.cause], seen) for f in found],
            "properties": {
                "verdict": diagnosis.verdict,
                "rootCause": diagnosis.root_cause,
                "proof": diagnosis.proof,
                "plan": diagnosis.plan,
                "steps": diagnosis.steps,
            },
        }

    def _result(self, diagnosis: Diagnosis, finding: Finding, index: int, seen: Counter[str]) -> dict[str, Any]:
        root_cause = finding.cause == diagnosis.root_cause
        proof = diagnosis.proof if root_cause else finding.proof
        result: dict[str, Any] = {
            "ruleId": finding.cause,
            "ruleIndex": index,
            "level": LEVELS[finding.severity],
            "message": _message(finding),
            "partialFingerprints": {"lossdoctor/v1": _fingerprint(finding, seen)},
            "properties": {
                "stage": finding.stage,
                "rootCause": root_cause,
                "symptom": finding.cause in diagnosis.explains,
                "proof": proof,
                "confidence": finding.confidence,
                "evidence": finding.evidence,
            },
        }
        site = finding.location or _script_site(diagnosis)
        if site:
            result["locations"] = [{"physicalLocation": self._physical(site)}]
        if finding.suppressed:
            kind = "external" if finding.suppressed.startswith(OUTSIDE) else "inSource"
            result["suppressions"] = [{"kind": kind, "justification": finding.suppressed}]
        if diagnosis.patch and root_cause and (fix := self._fix(diagnosis)):
            result["fixes"] = [fix]
        return result

    def _physical(self, site: Site) -> dict[str, Any]:
        region: dict[str, Any] = {"startLine": max(site.line, 1)}
        if site.source:
            region["snippet"] = {"text": site.source}
        return {"artifactLocation": self._artifact(site.path), "region": region}

    def _artifact(self, path: str) -> dict[str, str]:
        short = short_path(path, checkout(self.root))
        if Path(short).is_absolute():
            return {"uri": Path(short).as_uri()}
        return {"uri": quote(short), "uriBaseId": SRCROOT}

    def _fix(self, diagnosis: Diagnosis) -> dict[str, Any] | None:
        located = {Path(f.location.path).name: f.location.path for f in diagnosis.findings if f.location}
        files: dict[str, list[dict[str, Any]]] = {}
        for change in changes(diagnosis.patch or ""):
            region = {
                "startLine": change.start,
                "startColumn": 1,
                "endLine": change.start + change.removed,
                "endColumn": 1,
            }
            replacement: dict[str, Any] = {"deletedRegion": region}
            if change.added:
                replacement["insertedContent"] = {"text": change.added}
            files.setdefault(located.get(Path(change.path).name, change.path), []).append(replacement)
        if not files:
            return None
        return {
            "description": {"text": f"Apply the treatment plan (proof: {PROOFS[diagnosis.proof]})."},
            "artifactChanges": [
                {"artifactLocation": self._artifact(path), "replacements": made} for path, made in files.items()
            ],
        }


def _driver() -> dict[str, Any]:
    try:
        version = metadata.version("lossdoctor")
    except metadata.PackageNotFoundError:
        version = "0"
    return {"name": "lossdoctor", "version": version}


def _pages() -> dict[str, str]:
    """Each installed check's page."""
    try:
        return {c.cause: page_of(c) for c in registry.checks()[0]}
    except registry.RegistryError:  # rendered where no checks are installed
        return {}


def _rule(finding: Finding, page: str) -> dict[str, Any]:
    text, marked = [finding.why or finding.message], [finding.why or finding.message]
    for remedy in finding.remedies:
        text.append(f"What to do: {remedy.advice}" + (f"\n{remedy.snippet}" if remedy.snippet else ""))
        marked.append(f"**What to do:** {remedy.advice}")
        marked += [f"```python\n{remedy.snippet}\n```"] if remedy.snippet else []
    text += [page] if page else []
    marked += [_markdown(page)] if page else []
    more = f"lossdoctor explain {finding.cause}"
    return {
        "id": finding.cause,
        "name": "".join(part.capitalize() for part in finding.cause.split("-")),
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": finding.why or finding.message or finding.title},
        "help": {"text": "\n\n".join([*text, f"More: {more}"]), "markdown": "\n\n".join([*marked, f"More: `{more}`"])},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {"tags": ["training", finding.stage.replace(" ", "-")], "problem.severity": _problem(finding)},
    }


def _markdown(page: str) -> str:
    """A page as Markdown: its headings bold, its examples as code, its paragraphs without their indentation."""
    lines: list[str] = []
    told = page.splitlines()
    for line, after in zip(told, [*told[1:], ""], strict=True):
        body = line.strip()
        if body and not line[0].isspace() and after.startswith("    "):
            lines.append(f"**{body}**\n")
        else:
            lines.append(f"    {body[4:]}" if body.startswith((">>> ", "... ")) else body)
    return "\n".join(lines)


def _problem(finding: Finding) -> str:
    return "recommendation" if finding.severity == "info" else finding.severity


def _message(finding: Finding) -> dict[str, str]:
    return {
        "text": f"{finding.title}. {finding.message}".strip(),
        "markdown": f"**{finding.title}.** {finding.message}".strip(),
    }


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Stable while the line's text stays the same, wherever it moves in its file."""
    site = finding.location
    parts = [finding.cause, " ".join(site.source.split()) if site else "", Path(site.path).name if site else ""]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _script_site(diagnosis: Diagnosis) -> Site | None:
    return Site(diagnosis.script, 1) if diagnosis.script.endswith(".py") else None


def _invocation(diagnosis: Diagnosis) -> dict[str, Any]:
    told = [(f"cannot tell {c['cause']}: {c['reason']}", "note") for c in diagnosis.cannot_tell]
    told += [(note, "note") for note in diagnosis.notes]
    if diagnosis.error:
        told.insert(0, (error_text(diagnosis.error)[0], "error"))
    invocation: dict[str, Any] = {"executionSuccessful": diagnosis.verdict != "inconclusive"}
    if told:
        invocation["toolExecutionNotifications"] = [{"level": level, "message": {"text": t}} for t, level in told]
    return invocation
