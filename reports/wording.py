"""The words and numbers which every format says alike."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from lossdoctor.trace.model import Diagnosis, Finding, Site, TrialResult

VERDICTS = {"healthy": "Healthy", "sick": "Sick", "inconclusive": "No diagnosis"}

ANSWERS = {"ok": "yes", "sick": "no", "symptom": "no, as a consequence", "unknown": "cannot tell"}

PROOFS = {"confirmed": "confirmed", "mechanism-only": "mechanism only", "refuted": "refuted", "untried": "not tried"}

PROOF_SENTENCES = {
    "confirmed": "With the remedy the fault is gone by its own measure, and training does better, beyond the noise.",
    "mechanism-only": "With the remedy the fault is gone by its own measure; better training is not shown yet.",
    "refuted": "The remedy was tried, and it does not bear the cause out.",
    "untried": "No trial has been made: the cause rests on the measurements alone.",
}

SAFETY = {
    "safe": "safe to apply",
    "unsafe": "changes what is trained: read it before you apply it",
    "show-only": "shown, never applied by itself",
}


def has_proof(diagnosis: Diagnosis) -> bool:
    """Whether there is anything to say about a proof."""
    return bool(diagnosis.trials) or (diagnosis.root_cause is not None and diagnosis.verdict != "inconclusive")


def proof_sentence(diagnosis: Diagnosis) -> str:
    """What the proof amounts to."""
    if diagnosis.proof == "untried" and diagnosis.trials:
        if all(trial.verdict == "untried" for trial in diagnosis.trials):
            return "No remedy could be tried, for the reasons below: the cause rests on the measurements alone."
        return "Trials were made, but none of them decides about the root cause."
    return PROOF_SENTENCES[diagnosis.proof]


LISTED = 6
"""How many items of a list are written out; the JSON report has them all."""


def number(value: float) -> str:
    """A number for a person: four significant digits, whole numbers whole."""
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if value == int(value) and abs(value) < 10_000:
        return str(int(value))
    return f"{value:.4g}"


def real(value: Any) -> float | None:
    """``value`` as a finite float, None where it is anything else (a bool, ``"nan"``, nothing at all)."""
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def value_text(value: Any) -> str:
    """Any evidence value on one line."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{label(str(k))} {value_text(v)}" for k, v in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = [value_text(v) for v in value[:LISTED]]
        if shown and any(isinstance(v, (Mapping, list, tuple)) for v in value):
            shown = [f"({text})" for text in shown]
        more = len(value) - len(shown)
        return (", ".join(shown) or "none") + (f" … ({more} more)" if more else "")
    return str(value)


def label(key: str) -> str:
    """``best_constant`` as a person writes it."""
    return key.replace("_", " ")


def evidence_rows(evidence: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Evidence as (label, value) rows; a nested dict of several values becomes several rows."""
    for key, value in evidence.items():
        name = f"{prefix}{label(str(key))}"
        if isinstance(value, Mapping) and value and not prefix:
            yield from evidence_rows(value, f"{name}: ")
        else:
            yield name, value_text(value)


def figures(trial: TrialResult) -> list[tuple[str, str, str]]:
    """A trial's figures side by side: (label, untreated, treated); none where nothing was tried."""
    return [] if trial.verdict == "untried" else list(paired(trial.untreated, trial.treated))


def paired(untreated: Mapping[str, Any], treated: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """A trial's figures side by side: (label, untreated, treated); what says nothing is left out."""
    told: set[tuple[str, str]] = set()
    keys = [*untreated, *(k for k in treated if k not in untreated)]
    for key in sorted(keys, key=lambda k: k == "score"):  # "score" repeats the measure that it was taken from
        pair = value_text(untreated.get(key)), value_text(treated.get(key))
        if pair[0] != pair[1] and not (key == "score" and pair in told):
            told.add(pair)
            yield label(key), *pair


def short_path(path: str, root: Path | None = None) -> str:
    """``path`` relative to ``root`` (default: the working directory) where it lies below it, else as it is."""
    try:
        return Path(path).relative_to(root or Path.cwd()).as_posix()
    except ValueError:
        return path


def checkout(root: Path | None) -> Path | None:
    """The folder that paths are told from: what was asked for, else the checkout that a job of GitHub's works in."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    return root or (Path(workspace) if workspace else None)


def place(site: Site, root: Path | None = None) -> str:
    """``train.py:42``."""
    return f"{short_path(site.path, root)}:{site.line}"


def root_finding(diagnosis: Diagnosis) -> Finding | None:
    """The finding which the page opens with: the root cause's, else the first that counts."""
    if diagnosis.root_cause and (found := diagnosis.finding(diagnosis.root_cause)):
        return found
    if diagnosis.verdict == "healthy":
        return None
    return next((f for f in diagnosis.findings if not f.suppressed), None)


def headline(diagnosis: Diagnosis) -> str:
    """The one line that matters."""
    found = root_finding(diagnosis)
    if found:
        return found.title
    if diagnosis.verdict == "healthy":
        return "Nothing wrong was found in this run"
    if diagnosis.verdict == "inconclusive":
        return "No diagnosis was possible"
    return diagnosis.root_cause or "Something is wrong with this run"


def ordered(diagnosis: Diagnosis) -> list[Finding]:
    """The findings, the root cause first, otherwise as the diagnosis has them."""
    first = root_finding(diagnosis)
    return sorted(diagnosis.findings, key=lambda f: f is not first)


def title_of(diagnosis: Diagnosis, ident: str) -> str:
    """The title of a cause's or remedy's finding; the id itself where there is none."""
    found = finding_for(diagnosis, ident)
    return found.title if found else ident


def finding_for(diagnosis: Diagnosis, ident: str) -> Finding | None:
    """The finding of a cause id, or the one which proposes a remedy id."""
    found = diagnosis.finding(ident)
    if found:
        return found
    return next((f for f in diagnosis.findings if any(r.id == ident for r in f.remedies)), None)


def grouped(records: Iterable[Mapping[str, Any]]) -> list[tuple[list[str], str]]:
    """Causes with the same reason together: (causes, reason), in order of first appearance."""
    groups: dict[str, list[str]] = {}
    for record in records:
        groups.setdefault(str(record.get("reason") or ""), []).append(record["cause"])
    return [(causes, reason) for reason, causes in groups.items()]


def error_text(error: Mapping[str, Any]) -> tuple[str, str]:
    """(one line, traceback) of what ended the run."""
    kind, message = str(error.get("type") or ""), str(error.get("message") or "")
    line = f"{kind}: {message}" if kind and message else kind or message or "the run ended without a word"
    return line, str(error.get("traceback") or "").rstrip()


def sentence(text: str) -> str:
    """Advice that starts with a plain word starts with a capital."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.isascii() and first.isalpha() and first.islower() else text


def code_spans(text: str) -> Iterator[tuple[str, bool]]:
    """Split a message at its backticks: (piece, is code)."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an unpaired backtick is only a character
        pieces[-2:] = ["`".join(pieces[-2:])]
    for i, piece in enumerate(pieces):
        if piece:
            yield piece, i % 2 == 1
