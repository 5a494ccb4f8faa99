"""The step-size exam: the same steps from the same start at other learning rates.

Which rates are tried depends on how far the probe's steps moved the weights: rates below the script's own always,
rates above it as far as needed to bring the median relative update to about 1e-2 a step (steps near 1e-3 of a
weight's norm are the common rule of thumb, see Karpathy, "A recipe for training neural networks" and the CS231n
notes)."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import LONGER, Plan
from lossdoctor.trace import Trace

from .scoring import WORST, curve, figures

DOWN = (0.1, 0.01, 0.001)
UP = (10.0, 100.0, 1000.0, 10000.0)
# Ten to this power is the largest factor tried.
HIGHEST = 7
# Rates are raised until the median relative update reaches this.
FULL_UPDATE = 1e-2
# A rate that does better by this much makes the exam ask what another seed would have done.
WORTH_A_SEED = 0.05


def relative_update(trace: Trace) -> float:
    """Median over trained weights and sampled steps of |update| / |weight|; NaN where updates were not recorded.

    A weight that starts at zero is measured against the size of a usual start (uniform, fan-in scaled).
    """
    updates, norms = trace.arrays.get("layers/update_norm"), trace.arrays.get("layers/weight_norm")
    if updates is None or norms is None:
        return float("nan")
    parameters = trace.list("parameters")
    weights = [i for i, p in enumerate(parameters) if len(p["shape"]) > 1 and i < norms.shape[1]]
    usual = np.array(
        [np.sqrt(p["numel"] / 3 / max(1, int(np.prod(p["shape"][1:])))) for p in parameters[: norms.shape[1]]]
    )
    ratio = updates / np.maximum(norms, np.maximum(usual, 1e-12))
    chosen = ratio[:, weights] if weights else ratio
    per_step = np.where(np.isfinite(chosen) & (chosen > 0), chosen, np.nan)
    if not np.isfinite(per_step).any():
        return 0.0 if np.isfinite(chosen).any() else float("nan")
    return float(np.nanmedian(per_step))


def chosen_factors(trace: Trace) -> list[float]:
    """Which multiples of the script's rate to try: where its steps are of a sane size only the neighbours."""
    update = relative_update(trace)
    outcome = measure(trace)
    if outcome is not None and outcome.diverged:
        return list(DOWN)
    if not np.isfinite(update):
        return [*DOWN[:2], *UP[:2]]
    if update <= 0:
        return [DOWN[0], *UP]
    # Powers of ten that bring the relative update near 1e-3 and 1e-2.
    up = sorted(
        {10.0 ** np.clip(np.round(np.log10(goal / update)), 1, HIGHEST) for goal in (FULL_UPDATE / 10, FULL_UPDATE)}
    )
    down = DOWN[:2] if update > FULL_UPDATE / 10 else DOWN[:1]
    return [*down, *(float(f) for f in up)]


def examine(zygote: Any, trace: Trace, *, steps: int, timeout: float, jobs: int = 2) -> dict[str, Any]:
    """Train at other rates. ``final`` are scores (see :mod:`.scoring`) beside ``factors``.

    Where another rate is better by far, the script's own is run again with another seed (``another_seed``).
    """
    outcome = measure(trace)
    if outcome is None:
        return {"cannot_tell": "the run recorded no loss"}
    base = figures(trace, outcome.start)

    def run(factors: list[float]) -> list[tuple[float, dict[str, Any], Trace]]:
        plans = [
            Plan(
                steps=steps, seconds=timeout, remedies=[{"id": "scale-lr", "args": {"factor": f}}], label=f"lr x {f:g}"
            )
            for f in factors
        ]
        runs = zygote.run_all(plans, timeout + 10, jobs)
        return [
            (f, figures(r.trace, outcome.start), r.trace)
            for f, r in zip(factors, runs, strict=True)
            if r.trace is not None and r.trace.meta.get("remedies_applied", {}).get("scale-lr")
        ]

    tried = run(chosen_factors(trace))
    if not tried:
        return {"cannot_tell": "no step at another rate could be made: no optimizer's rate was reached"}
    if all(t[1]["score"] <= WORST or t[1]["diverged"] for t in tried if t[0] < 1) and any(t[0] < 1 for t in tried):
        tried += run([f for f in DOWN if f not in [t[0] for t in tried]])
    tried.sort(key=lambda t: t[0])
    scores = [t[1]["score"] for t in tried]
    best = int(np.argmax(scores))
    other = later = base["score"]
    if scores[best] - base["score"] > WORTH_A_SEED:
        plans = [Plan(steps=steps, seconds=timeout, seed=1, label="untreated, another seed")]
        if tried[best][0] < 1:  # a rate that is high at first may be right later
            plans.append(Plan(steps=LONGER * steps, seconds=LONGER * timeout, label="untreated, longer"))
        again = zygote.run_all(plans, LONGER * timeout + 10, jobs)
        other = figures(again[0].trace, outcome.start)["score"]
        later = max(later, *(figures(r.trace, outcome.start)["score"] for r in again[1:])) if again[1:] else later
    update = relative_update(trace)
    rates = trace.list("optimizers")[0]["lrs"] if trace.list("optimizers") else []
    return {
        "factors": [t[0] for t in tried],
        "final": scores,
        "runs": [t[1] for t in tried],
        "best": tried[best][0],
        "best_final": scores[best],
        "untreated": base["score"],
        "untreated_run": base,
        "another_seed": other,
        "longer": later,
        "noise": float(max(base["noise"], tried[best][1]["noise"])),
        "scale": base.get("scale", "skill"),
        "steps": steps,
        "lr": rates[0] if rates and np.isfinite(rates[0]) else None,
        "relative_update": update if np.isfinite(update) else None,
        "curves": {"1": curve(trace)} | {f"{t[0]:g}": curve(t[2]) for t in tried},
    }
