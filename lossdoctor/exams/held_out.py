"""The held-out exam: a run that knows its training rows by heart goes on until the script evaluates itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import LONGER, Plan
from lossdoctor.trace import Trace

# Explained share from which on rows count as known by heart, and how often they must have come on average.
BY_HEART = 0.9
PASSES = 5.0


def passes(trace: Trace) -> float:
    """How often each training row has come, as far as inputs were recorded."""
    x = trace.arrays.get("pairs/sample_input")
    if x is None or not len(x):
        return 0.0
    flat = np.ascontiguousarray(x)
    return len(x) / len(np.unique(flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1])))))


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """The evaluations of a run ``LONGER`` times as long, with the training error beside them."""
    outcome = measure(trace)
    if outcome is None or not np.isfinite(outcome.skill) or outcome.skill < BY_HEART or passes(trace) < PASSES:
        return {"cannot_tell": "not needed: the training rows are not known by heart"}
    at = [int(s) for i, _ in enumerate(trace.list("evals")) for s in trace.arrays[f"evals/{i}/steps"]]
    if max(at, default=0) >= trace.steps / 2:
        return {"cannot_tell": "not needed: the script evaluated itself within the recorded steps"}
    run = zygote.run_all(
        [Plan(steps=LONGER * steps, seconds=LONGER * timeout, label="until it evaluates")], LONGER * timeout + 10, jobs
    )
    longer = run[0].trace
    main = next((r for r in longer.list("losses") if r.get("main")), None) if longer is not None else None
    if longer is None or main is None:
        return {"cannot_tell": "the longer run came to no result"}
    return {
        "evals": [
            {
                "kind": e["kind"],
                "site": e["site"],
                "steps": longer.arrays[f"evals/{i}/steps"].tolist(),
                "errors": longer.arrays[f"evals/{i}/errors"].tolist(),
            }
            for i, e in enumerate(longer.list("evals"))
        ],
        "error": longer.arrays[f"losses/{main['id']}/error"].tolist(),
        "step": longer.arrays[f"losses/{main['id']}/step"].tolist(),
        "steps": longer.steps,
    }
