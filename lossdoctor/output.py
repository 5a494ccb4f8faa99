"""Writing the reports of a diagnosis: to a folder, or one of them to standard output."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from lossdoctor.contracts import registry
from lossdoctor.contracts.report import ReportError
from lossdoctor.trace import Diagnosis
from lossdoctor.trace.store import write


def write_reports(result: Any, wanted: list[str], available: dict[str, Any], folder: Path | None) -> list[str]:
    """Write ``wanted`` formats into ``folder`` (None: print); a line for each format that is broken.

    What is broken is told in the other reports' notes.
    """
    renderers: dict[str, Any] = {}
    texts: dict[str, str] = {}
    broken: list[str] = []
    # Plugins first: the built-in reports then tell which of them failed.
    for name in sorted(wanted, key=lambda n: available[n].value.startswith("lossdoctor_")):
        try:
            renderers[name] = registry.report(available[name])
            if not hasattr(renderers[name], "show") or folder is None:
                texts[name] = registry.rendered(available[name], renderers[name], result.diagnosis, result.trace)
        except ReportError as error:
            renderers.pop(name, None)
            broken.append(str(error))
            result.diagnosis.notes += [str(error)] if str(error) not in result.diagnosis.notes else []
    if folder is not None:
        write(result.trace, folder / "trace.h5", result.diagnosis)
    for name in [n for n in wanted if n in renderers]:
        renderer = renderers[name]
        if name not in texts:
            renderer.show(result.diagnosis, result.trace)
        elif folder is None or not renderer.filename:
            sys.stdout.write(texts[name] if texts[name].endswith("\n") else texts[name] + "\n")
        else:
            (folder / renderer.filename).write_text(texts[name], encoding="utf-8")
        _step_summary(renderer, result.diagnosis, result.trace)
    if folder is not None and {"html", "terminal"} <= set(wanted):
        print(f"Report: {folder / 'report.html'}")
    return broken


def _step_summary(renderer: Any, diagnosis: Diagnosis, trace: Any) -> None:
    """A format made for a job's page adds its text there, where there is such a page."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path and hasattr(renderer, "step_summary"):
        with open(path, "a", encoding="utf-8") as page:
            page.write(renderer.step_summary(diagnosis, trace) + "\n")
