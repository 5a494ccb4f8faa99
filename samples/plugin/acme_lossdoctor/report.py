"""Findings as comma-separated values, for a spreadsheet."""

from __future__ import annotations

import csv
import io

from lossdoctor.trace import Diagnosis, Trace


class CsvReport:
    """``--format csv``."""

    name = "csv"
    filename = "report.csv"

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """One row a finding."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["cause", "severity", "proof", "file", "line", "title"])
        for f in diagnosis.findings:
            place = (f.location.path, f.location.line) if f.location else ("", "")
            rows.writerow([f.cause, f.severity, f.proof, *place, f.title])
        return text.getvalue()
