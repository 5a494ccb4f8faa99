"""Plugins' exams: made after ours, each by itself; one that fails is named and leaves the rest as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from lossdoctor.contracts import registry
from lossdoctor.contracts.check import Missing, collect
from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace
from lossdoctor.trace.store import plain


def examine(zygote: Any, trace: Trace, budget: Any, jobs: int, taken: set[str]) -> list[str]:
    """Fill ``trace.exams`` with what plugins measure; a line for each that is broken."""

    def runs(plans: list[Plan]) -> list[Trace | None]:
        limited = [replace(p, seconds=p.seconds or budget.run_timeout) for p in plans]
        outcomes = zygote.run_all(limited, budget.run_timeout + 10, jobs)
        return [o.trace for o in outcomes]

    found, broken = registry.exams(taken)
    for exam in found:
        given = collect(exam.examine, trace, {"runs": runs, "steps": budget.steps})
        if isinstance(given, Missing):
            trace.exams[exam.name] = {"cannot_tell": given.reason}
        elif "runs" in given and not budget.allows(2):
            trace.exams[exam.name] = {"cannot_tell": "the time budget did not allow it"}
        else:
            trace.exams[exam.name] = _made(exam, given, broken)
    return broken


def _made(exam: Any, given: dict[str, Any], broken: list[str]) -> dict[str, Any]:
    try:
        result = exam.examine(**given)
        if not isinstance(result, dict):
            raise TypeError(f"examine(...) returned {type(result).__name__}, not a dict")
        return dict(json.loads(json.dumps(plain(result))))
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; the rest of the diagnosis stands
        told = f"{type(error).__name__}: {error}"
        broken.append(f"exam {exam.name} of {type(exam).__module__} is broken: {told}")
        return {"cannot_tell": f"the exam itself failed: {told}"}
