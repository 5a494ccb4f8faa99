"""The one-batch exam: can the model memorise a single batch?

A model that is wired right, wide enough and free to move does, given some hundred steps (Karpathy, "A recipe for
training neural networks": "overfit one batch"). Made as the script is, and freed of dropout and weight decay for twice as
long: at three times the rate, and where plain SGD steps, with Adam's steps (Kingma & Ba, 2015) as well, so that what
remains is what the model can represent and not how far its steps go."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace

from .scoring import curve, figures

LONGER = 2
FREED_RATE = 3.0
FREE: list[dict[str, Any]] = [{"id": "no-dropout"}, {"id": "no-weight-decay"}]
# Explained share of the batch's own entropy or variance from which on it counts as memorised.
MEMORISED = 0.9


def plans(trace: Trace, steps: int, timeout: float) -> list[Plan]:
    """As the script is, and freed."""
    again: dict[str, Any] = {"id": "repeat-batch", "args": {}}
    freed = [again, *FREE, {"id": "scale-lr", "args": {"factor": FREED_RATE}}]
    length: dict[str, Any] = {"steps": LONGER * steps, "seconds": LONGER * timeout}
    made = [
        Plan(steps=steps, seconds=timeout, remedies=[again], label="one batch"),
        Plan(**length, remedies=freed, label="one batch, freed"),
    ]
    if any(o["class"] == "SGD" for o in trace.list("optimizers")):
        made.append(Plan(**length, remedies=[again, *FREE, {"id": "adam-steps"}], label="one batch, freed, Adam"))
    return made


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """Train on one batch (unless that has been done). See :func:`read`."""
    if "one_batch" in trace.exams:
        return trace.exams["one_batch"]
    return read(trace, zygote.run_all(plans(trace, steps, timeout), LONGER * timeout + 10, jobs), steps)


def read(trace: Trace, runs: list[Any], steps: int) -> dict[str, Any]:
    """``score`` as the script is, ``free`` the better of both runs, ``memorised`` whether that suffices."""
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    held = [
        r.trace for r in runs if r.trace is not None and r.trace.meta.get("remedies_applied", {}).get("repeat-batch")
    ]
    if not held or runs[0].trace is not held[0]:
        return {"cannot_tell": "one batch could not be held: no loader hands out batches and no module takes them"}
    plain = figures(held[0], outcome.start)
    best = max((figures(t, outcome.start) for t in held), key=lambda f: f["score"])
    result = {
        "score": plain["score"],
        "free": best["score"],
        "noise": best["noise"],
        "improving": bool(best.get("improving")),
        "accuracy": best.get("accuracy"),
        "steps": steps,
        "curves": {"as it is": curve(held[0]), "freed": curve(held[-1])},
    }
    if plain.get("scale") != "skill":
        return result | {"cannot_tell": "the loss has no known floor to compare with"}
    step = held[0].arrays.get("pairs/sample_step")
    if step is not None and len(step):
        result["batch"] = int(np.sum(step == step[0]))
    return result | {"memorised": bool(best["score"] >= MEMORISED)}
