"""The label-permutation exam: the same steps with each batch's targets in another order.

Permuted targets have the same distribution and nothing to do with the input (Zhang et al., "Understanding deep
learning requires rethinking generalization", 2017). A run that does no better on the true ones has found nothing in
the input, either."""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace

from .scoring import curve, figures


def plans(trace: Trace, steps: int, timeout: float) -> list[Plan]:
    """One run, or none where a simple model already showed that the targets follow from the inputs."""
    if trace.exams.get("signal", {}).get("found"):
        return []
    return [
        Plan(steps=steps, seconds=timeout, remedies=[{"id": "permute-targets", "args": {}}], label="permuted targets")
    ]


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """Train on permuted targets (unless that has been done). See :func:`read`."""
    if "permuted_labels" in trace.exams:
        return trace.exams["permuted_labels"]
    return read(trace, zygote.run_all(plans(trace, steps, timeout), timeout + 10, jobs), trace)


def read(trace: Trace, runs: list[Any], beside: Trace | None) -> dict[str, Any]:
    """``advantage`` is what the true targets give (in the run ``beside``, of the same length), ``noise`` the scatter of both ends."""
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    if not runs:
        return {"cannot_tell": "not needed: a simple model predicts the targets"}
    run = runs[0].trace
    if run is None or not run.meta.get("remedies_applied", {}).get("permute-targets"):
        return {"cannot_tell": "the targets could not be permuted: no loss with a target was reached"}
    true, permuted = figures(beside, outcome.start), figures(run, outcome.start)
    return {
        "true": true["score"],
        "permuted": permuted["score"],
        "advantage": true["score"] - permuted["score"],
        "noise": float((true["noise"] ** 2 + permuted["noise"] ** 2) ** 0.5),
        "scale": true.get("scale", "skill"),
        "steps": permuted["steps"],
        "curves": {"true": curve(beside), "permuted": curve(run)},
    }
