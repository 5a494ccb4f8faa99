"""The nouns: what a probe saw, what a check concluded, what a diagnosis says. No torch, no rendering."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

Severity = Literal["error", "warning", "info"]
Proof = Literal["confirmed", "mechanism-only", "refuted", "untried"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

# Names of torch's recurrent calls on the tape: whole sequences in one call.
RECURRENT_CALLS = {"lstm", "gru", "rnn_tanh", "rnn_relu"}


@dataclass(frozen=True)
class Site:
    """A line of the user's code: absolute ``path``, 1-based ``line``, enclosing ``function`` and the ``source`` text."""

    path: str
    line: int
    function: str = ""
    source: str = ""

    @classmethod
    def of(cls, record: dict[str, Any] | None) -> Site | None:
        """The site stored in a record, or None where none was recorded."""
        return cls(**record) if record else None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Series:
    """One number per training step: ``steps`` (n,) of 0-based step indices, ``values`` (n,) float64."""

    name: str
    steps: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def finite(self) -> np.ndarray:
        """The finite values only, in order."""
        return self.values[np.isfinite(self.values)]


@dataclass
class Trace:
    """What one run recorded.

    ``meta`` holds scalars about the run, ``records`` lists of plain dicts (loss calls, parameters, modules, …), ``arrays``
    named numpy arrays. ``docs/trace.md`` lists every key. Nothing in it refers to torch.
    """

    meta: dict[str, Any] = field(default_factory=dict)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    exams: dict[str, dict[str, Any]] = field(default_factory=dict)

    def series(self, name: str) -> Series | None:
        """The series called ``name``, or None where the run recorded none."""
        values = self.arrays.get(f"series/{name}")
        if values is None:
            return None
        steps = self.arrays.get(f"steps/{name}")
        return Series(name, np.arange(len(values)) if steps is None else steps, np.asarray(values, dtype=float))

    def list(self, name: str) -> list[dict[str, Any]]:
        """The records of one kind (empty where none were made)."""
        return self.records.get(name, [])

    @property
    def main_stream(self) -> dict[str, Any]:
        """The record of the backward calls that speak for the run (empty where none do)."""
        wanted = self.meta.get("main_stream_id")
        return next((s for s in self.list("streams") if s.get("id") == wanted), {})

    @property
    def steps(self) -> int:
        """How many optimizer steps the run made."""
        return int(self.meta.get("steps", 0))


@dataclass(frozen=True)
class RemedySpec:
    """A remedy as a finding proposes it: its ``id`` in ``lossdoctor.remedies`` and the arguments for this script.

    ``advice`` is what a person should change; ``snippet`` is code in the script's own names. ``runtime`` is False for a
    remedy which has advice but cannot be applied while the script runs (``why_not`` says why).
    """

    id: str
    advice: str
    args: dict[str, Any] = field(default_factory=dict)
    snippet: str = ""
    safety: Literal["safe", "unsafe", "show-only"] = "unsafe"
    runtime: bool = True
    why_not: str = ""


@dataclass
class Present:
    """The check found the fault. ``evidence`` is JSON-able numbers; ``confidence`` in [0, 1] orders findings of one stage.

    ``structural`` faults are wrong whatever the curve does; the others are only told when training suffers, or, where
    ``by_trial`` is set, when a trial shows that a run which learns would learn clearly more with the remedy.
    """

    title: str
    message: str
    why: str = ""
    severity: Severity = "error"
    site: Site | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    remedies: list[RemedySpec] = field(default_factory=list)
    confidence: float = 0.8
    structural: bool = False
    by_trial: bool = False


@dataclass
class Absent:
    """The fault was looked for and is not there; ``reason`` says what shows it."""

    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass
class CannotTell:
    """The evidence that would decide is missing; ``reason`` says which and why."""

    reason: str


Verdict = Present | Absent | CannotTell


@dataclass
class Finding:
    """A ``Present`` verdict as told: cause, severity, numbers, place and remedies."""

    cause: str
    stage: str
    severity: Severity
    title: str
    message: str
    why: str = ""
    location: Site | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    remedies: list[RemedySpec] = field(default_factory=list)
    confidence: float = 0.8
    structural: bool = False
    proof: Proof = "untried"
    suppressed: str = ""


@dataclass
class TrialResult:
    """One treated run beside the untreated ones. ``untreated``/``treated`` hold figures; curves are for the plot."""

    remedy: str
    cause: str
    verdict: Proof
    reason: str = ""
    untreated: dict[str, Any] = field(default_factory=dict)
    treated: dict[str, Any] = field(default_factory=dict)


@dataclass
class Node:
    """One question of the tree as walked: ``answer`` is ok, sick, symptom or unknown."""

    stage: str
    question: str
    answer: Literal["ok", "sick", "symptom", "unknown"]
    causes: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Diagnosis:
    """The tree as walked, and what came of it. Everything a report needs besides the trace's curves."""

    script: str
    verdict: Literal["healthy", "sick", "inconclusive"]
    steps: int = 0
    root_cause: str | None = None
    proof: Proof = "untried"
    plan: list[str] = field(default_factory=list)
    explains: list[str] = field(default_factory=list)
    ruled_out: list[dict[str, Any]] = field(default_factory=list)
    cannot_tell: list[dict[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    trials: list[TrialResult] = field(default_factory=list)
    tree: list[Node] = field(default_factory=list)
    patch: str | None = None
    notes: list[str] = field(default_factory=list)
    summary: str = ""
    error: dict[str, Any] | None = None

    @property
    def healthy(self) -> bool:
        """True when nothing at warning or error was found and a diagnosis was possible."""
        return self.verdict == "healthy"

    def finding(self, cause: str) -> Finding | None:
        """The finding for ``cause``, or None."""
        return next((f for f in self.findings if f.cause == cause), None)

    def to_dict(self) -> dict[str, Any]:
        """The public JSON object (``schema.json`` beside this file describes it)."""
        return {
            "schema": "lossdoctor/1",
            "script": self.script,
            "verdict": self.verdict,
            "steps": self.steps,
            "summary": self.summary,
            "diagnosis": {
                "root_cause": self.root_cause,
                "proof": self.proof,
                "plan": self.plan,
                "explains": self.explains,
                "ruled_out": self.ruled_out,
                "cannot_tell": self.cannot_tell,
            },
            "findings": [_finding_dict(f) for f in self.findings],
            "trials": [asdict(t) for t in self.trials],
            "tree": [asdict(n) for n in self.tree],
            "notes": self.notes,
            "error": self.error,
            "patch": self.patch,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Diagnosis:
        """The inverse of :meth:`to_dict`."""
        walked = data["diagnosis"]
        return cls(
            script=data["script"],
            verdict=data["verdict"],
            steps=data["steps"],
            summary=data.get("summary", ""),
            root_cause=walked["root_cause"],
            proof=walked["proof"],
            plan=walked["plan"],
            explains=walked["explains"],
            ruled_out=walked["ruled_out"],
            cannot_tell=walked["cannot_tell"],
            findings=[_finding_of(f) for f in data["findings"]],
            trials=[TrialResult(**t) for t in data["trials"]],
            tree=[Node(**n) for n in data.get("tree", [])],
            notes=data.get("notes", []),
            error=data.get("error"),
            patch=data.get("patch"),
        )


def _finding_dict(finding: Finding) -> dict[str, Any]:
    record = asdict(finding)
    del record["structural"]
    return record


def _finding_of(record: dict[str, Any]) -> Finding:
    record = dict(record)
    record["location"] = Site.of(record.get("location"))
    record["remedies"] = [RemedySpec(**r) for r in record.get("remedies", [])]
    return Finding(**record)
