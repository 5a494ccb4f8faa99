"""The returns exam: where log-probabilities are weighed so that the weights become small, which way is there something to learn?

A policy gradient climbs rewards; the same formula without its minus descends them, and both runs look alike: the one gets
as good at failing as the other at succeeding. Numbers do not say whether they are rewards or costs, but the reach does:
of all ways to act few are good, and acting at random is nearer to the worst than to the best. So the same steps are run
as they are and with the weights turned around, and how far each drives the numbers from where they start is compared.

Method: Williams (1992), "Simple statistical gradient-following algorithms for connectionist reinforcement learning".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.plan import LONGER, Plan
from lossdoctor.trace import Trace

# Shares of a run that speak for its start and its end; fewer steps than this tell nothing.
HEAD, TAIL, FEWEST = 0.1, 0.2, 20


def descended(trace: Trace) -> dict[str, Any] | None:
    """The objective whose weights the script drives down (up, for an optimizer that maximises, is down as well); None for none."""
    records = trace.list("objectives")
    upward = any(o.get("options", {}).get("maximize") for o in trace.list("optimizers"))
    signs = {r["sign"] * (-1 if upward else 1) for r in records}
    return records[0] if signs == {1} else None


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """``start``; ``own`` and ``turned``: how far the mean weight comes in the direction that each run drives it to;
    ``noise``: the standard error of their difference.
    """
    record = descended(trace)
    if record is None:
        return {"cannot_tell": "not needed: no log-probabilities are weighed so that the weights become small"}
    args = {"sites": record["sites"], "number": record["number"]}
    plans = [
        Plan(
            steps=LONGER * steps,
            seconds=LONGER * timeout,
            exam={"kind": "returns"},
            remedies=remedies,
            label="weights as they are" if not remedies else "weights turned around",
        )
        for remedies in ([], [{"id": "turn-weights", "args": args}])
    ]
    runs = zygote.run_all(plans, LONGER * timeout + 10, jobs)
    own, turned = (_values(run.trace) for run in runs)
    if min(len(own), len(turned)) < FEWEST:
        return {"cannot_tell": "too few steps weighed log-probabilities"}
    head = max(2, int(HEAD * min(len(own), len(turned))))
    start = float(np.concatenate([own[:head], turned[:head]]).mean())
    ends = [values[-max(5, int(TAIL * len(values))) :] for values in (own, turned)]
    noise = float(np.sqrt(sum(np.var(e, ddof=1) / len(e) for e in ends)))
    return {
        "start": start,
        "own_end": float(ends[0].mean()),
        "turned_end": float(ends[1].mean()),
        "own": start - float(ends[0].mean()),
        "turned": float(ends[1].mean()) - start,
        "noise": noise,
        "sites": record["sites"],
        "number": record["number"],
        "curves": [_thin(own), _thin(turned)],
        "steps": [len(own), len(turned)],
    }


def _values(trace: Trace | None) -> np.ndarray:
    """Mean weight of each step, in order."""
    if trace is None:
        return np.zeros(0)
    values = np.array([r["value"] for r in trace.list("objectives")], dtype=float)
    return values[np.isfinite(values)]


def _thin(values: np.ndarray) -> list[float]:
    return [float(part.mean()) for part in np.array_split(values, min(60, len(values)))]
