"""Nouns and their storage. Imports nothing of lossdoctor, and no torch."""

from .model import (
    Absent,
    CannotTell,
    Diagnosis,
    Finding,
    Node,
    Present,
    Proof,
    RemedySpec,
    Series,
    Severity,
    Site,
    Trace,
    TrialResult,
    Verdict,
)

__all__ = [
    "Absent",
    "CannotTell",
    "Diagnosis",
    "Finding",
    "Node",
    "Present",
    "Proof",
    "RemedySpec",
    "Series",
    "Severity",
    "Site",
    "Trace",
    "TrialResult",
    "Verdict",
]
