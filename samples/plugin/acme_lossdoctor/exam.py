"""The restlessness exam: how far the loss jumps from step to step, against how far it falls; here and with another seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from lossdoctor.contracts.exam import Exam, Runs
from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace


def restless(trace: Trace | None) -> float | None:
    """The mean rise over the steps at which the loss rises, in units of its start."""
    loss = trace.series("loss") if trace is not None else None
    if loss is None or len(loss.finite) < 8:
        return None
    steps = np.diff(loss.finite)
    return float(np.clip(steps, 0, None).mean() / (abs(loss.finite[0]) or 1.0))


class Restlessness(Exam):
    """``own`` and ``another_seed``: the mean rise per step, relative to the first loss."""

    name = "restlessness"

    def examine(self, trace: Trace, runs: Runs, steps: int) -> dict[str, Any]:
        """One more run from the same start, with another random state."""
        own = restless(trace)
        if own is None:
            return {"cannot_tell": "fewer than 8 finite losses"}
        (other,) = runs([Plan(steps=steps, seed=1, label="restlessness: another seed")])
        return {"own": own, "another_seed": restless(other)}
