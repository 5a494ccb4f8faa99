"""The HTML report: one file which needs no network and no script, and reads on paper as on a screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from lossdoctor.trace.model import Diagnosis, Finding, Trace
from lossdoctor.trace.store import plain

from .clean import clean_text, cleaned
from .course import course
from .diff import line_kind
from .plots import gallery, trial_picture
from .walk import branches, plan_steps
from .wording import (
    PROOFS,
    SAFETY,
    VERDICTS,
    code_spans,
    error_text,
    evidence_rows,
    figures,
    grouped,
    has_proof,
    headline,
    label,
    ordered,
    place,
    proof_sentence,
    root_finding,
    sentence,
    title_of,
    value_text,
)

TEMPLATES = Path(__file__).parent / "templates"
SEVERITY_WORDS = (("error", "error"), ("warning", "warning"), ("info", "remark"))
META = ("python", "torch", "numpy", "platform", "device", "seed", "end", "seconds", "timing")
"""What is worth a place at the foot of the page; the trace has the rest."""


class HtmlReport:
    """``--format html``."""

    name = "html"
    filename = "report.html"

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """The whole page; without a trace it says which pictures are missing."""
        diagnosis = cleaned(diagnosis)
        trials, pictures = trial_picture(trace), gallery(trace)
        lead = None if trials.svg else next((p for p in pictures if p.key == "loss" and p.svg), None)
        environment = _environment()
        environment.filters["place"] = lambda site: place(site, self.root)
        return environment.get_template("report.html.j2").render(
            d=diagnosis,
            trace=trace,
            title=headline(diagnosis),
            root=root_finding(diagnosis),
            findings=ordered(diagnosis),
            proof_of=lambda finding: _proof_of(diagnosis, finding),
            title_of=lambda ident: title_of(diagnosis, ident),
            error=error_text(diagnosis.error) if diagnosis.error else None,
            tree=branches(diagnosis),
            plan=plan_steps(diagnosis),
            facts=_facts(diagnosis, trace),
            trial_picture=trials,
            lead=lead,
            drawn=[p for p in pictures if p.svg and p is not lead],
            left_out=[p for p in pictures if not p.svg],
            environment_rows=_environment_rows(trace),
            VERDICTS=VERDICTS,
            PROOFS=PROOFS,
            has_proof=has_proof(diagnosis),
            proof_sentence=proof_sentence(diagnosis),
            SAFETY=SAFETY,
        )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        prose=prose,
        sentence=sentence,
        python=highlighted,
        svg=Markup,
        evidence=lambda e: list(evidence_rows(e)),
        grouped=grouped,
    )
    environment.globals.update(figures=figures, diff_lines=_diff_lines)
    return environment


def prose(text: str) -> Markup:
    """A message as HTML: backticked pieces become ``<code>``, everything else is escaped."""
    pieces = (Markup("<code>{}</code>").format(piece) if code else escape(piece) for piece, code in code_spans(text))
    return Markup("").join(pieces)


def highlighted(source: str) -> Markup:
    """Python source with the classes that ``report.css`` colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Markup(highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n"))


def _diff_lines(patch: str) -> list[tuple[str, str]]:
    return [(line_kind(line), line) for line in patch.splitlines()]


def _proof_of(diagnosis: Diagnosis, finding: Finding) -> str:
    return diagnosis.proof if finding.cause == diagnosis.root_cause else finding.proof


def _facts(diagnosis: Diagnosis, trace: Trace | None) -> list[tuple[str, str]]:
    facts = [("optimizer steps", str(diagnosis.steps))]
    went = course(trace)
    if went:
        facts.append(("loss", went.told))
    if went and went.floor is not None:
        facts.append(("best constant prediction", f"{went.floor:.3g}"))
    counted = [f for f in diagnosis.findings if not f.suppressed]
    counts = [(sum(f.severity == severity for f in counted), word) for severity, word in SEVERITY_WORDS]
    facts.append(("found", ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counts if n) or "nothing"))
    facts.append(("causes ruled out", str(len(diagnosis.ruled_out))))
    if diagnosis.cannot_tell:
        facts.append(("cannot be told", str(len(diagnosis.cannot_tell))))
    return facts


def _environment_rows(trace: Trace | None) -> list[tuple[str, str]]:
    meta: dict[str, Any] = plain(trace.meta) if trace else {}
    return [(label(k), clean_text(value_text(meta[k]))) for k in META if meta.get(k) not in (None, "")]
