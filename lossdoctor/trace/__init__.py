"""Nouns and their storage. Imports nothing of lossdoctor, and no torch."""

from .model import (
    RECURRENT_CALLS,
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
    "RECURRENT_CALLS",
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
