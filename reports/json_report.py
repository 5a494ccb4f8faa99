"""The contract for programs: one JSON object, described by ``lossdoctor/trace/schema.json``."""

from __future__ import annotations

import json

from lossdoctor.trace.model import Diagnosis, Trace
from lossdoctor.trace.store import plain


class JsonReport:
    """``--format json``."""

    name = "json"
    filename = "report.json"

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """The diagnosis as JSON; non-finite numbers become the strings ``nan``, ``inf`` and ``-inf``."""
        return json.dumps(plain(diagnosis.to_dict()), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
