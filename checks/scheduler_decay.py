"""The learning rate is scheduled away long before training is done.

What it detects
    The rate falls to next to nothing early in the run and stays there: a schedule meant for epochs that is stepped
    every batch, a step size or a horizon of a few steps, a decay that is far too strong.

Why training suffers
    Steps of a hundredth or a millionth of the rate change nothing. What the model knows when the rate dies is what it
    will ever know.

Sick
    >>> for batch in loader:
    ...     optimizer.step()
    ...     scheduler.step()                  # ExponentialLR(optimizer, gamma=0.8), meant for epochs

Cured
    >>> for epoch in range(epochs):
    ...     for batch in loader:
    ...         optimizer.step()
    ...     scheduler.step()

How sure we are
    Read from the rates that the optimizer really used. Warm-up, cosine over the whole run, OneCycle, restarts and
    schedules that wait for a plateau do not look like this; a decay that only ends at the run's own end does not
    either.

References
    PyTorch documentation, "How to adjust learning rate": most schedulers are to be stepped once an epoch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, Present, RemedySpec, Site, Trace, Verdict

from ._learning import optimizer_site

# Below this share of its peak a rate does as good as nothing more.
DEAD = 0.01
# A schedule is at fault when at least this share of the recorded steps is made at a dead rate ...
DEAD_SHARE = 0.25
# ... or, still falling, will be: constant decay per step that leaves this little of the rate after the recorded steps.
FADING = 0.05
# A run that has explained this much by then has no use for a higher rate.
DONE = 0.9


class SchedulerDecay(Check):
    """See the module's docstring."""

    cause = "scheduler-decay"
    explains = (
        "lr-too-low",
        "loss-plateau",
        "under-capacity",
        "vanishing-gradient",
        "plateau-unigram",
        "class-imbalance-collapse",
    )

    def ask(self, trace: Trace, outcome: Outcome, schedulers: list[dict[str, Any]]) -> Verdict:
        """Follow the rate of each optimizer."""
        rates, owners = trace.series("lr"), trace.series("optimizer")
        if rates is None or not len(rates) or not np.isfinite(rates.values).any():
            return Absent("no optimizer with a learning rate was at work")
        found: list[dict[str, Any]] = []
        for owner in np.unique(owners.values) if owners is not None else [0.0]:
            mine = rates.values[owners.values == owner] if owners is not None else rates.values
            followed = self._followed(mine[np.isfinite(mine)])
            if followed is not None:
                found.append(followed)
        if not found:
            return Absent("too few steps to follow the learning rate")
        worst = max(found, key=lambda f: f["dead_share"])
        ended = str(trace.meta.get("end", "")) in {"script ended", "script exited"}
        if worst["last"] >= 0.999 * worst["peak"] or worst["last_share"] > FADING:
            return Absent(f"the rate ends the recorded steps at {worst['last_share']:.0%} of its peak", worst)
        if worst["dead_share"] < DEAD_SHARE and (ended or not self._fading(worst, schedulers)):
            return Absent("the rate only falls away at the end of the run", worst)
        if np.isfinite(outcome.skill) and outcome.skill > DONE:
            return Absent(f"the run had learned {outcome.skill:.0%} of what there is before the rate fell", worst)
        return self._present(trace, outcome, schedulers, worst)

    @staticmethod
    def _followed(rates: np.ndarray) -> dict[str, Any] | None:
        if len(rates) < 10 or rates.max() <= 0:
            return None
        peak, top = float(rates.max()), int(np.argmax(rates))
        alive = np.nonzero(rates > DEAD * peak)[0]
        died = int(alive[-1]) + 1
        falling = rates[top:]
        ratios = falling[1:] / np.maximum(falling[:-1], 1e-300)
        return {
            "peak": peak,
            "last": float(rates[-1]),
            "last_share": float(rates[-1] / peak),
            "dead_from": died if died < len(rates) else None,
            "dead_share": (len(rates) - died) / len(rates),
            "peak_at": top,
            "steps": len(rates),
            "changes": int(np.sum(rates[1:] != rates[:-1])),
            "decay_per_step": float(np.exp(np.mean(np.log(np.maximum(ratios, 1e-300))))) if len(ratios) else 1.0,
            "steady": bool(len(ratios) > 5 and np.std(ratios) < 1e-3),
        }

    @staticmethod
    def _fading(figures: dict[str, Any], schedulers: list[dict[str, Any]]) -> bool:
        """A schedule without an end of its own, stepped every batch, that keeps falling by the same share."""
        endless = [s for s in schedulers if s["class"] in {"ExponentialLR", "StepLR", "MultiplicativeLR", "LambdaLR"}]
        every = any(s["calls"] >= 0.9 * figures["steps"] for s in endless)
        return bool(every and figures["steady"])

    def _present(
        self, trace: Trace, outcome: Outcome, schedulers: list[dict[str, Any]], worst: dict[str, Any]
    ) -> Present:
        acting = max(schedulers, key=lambda s: s["calls"], default=None)
        per_batch = acting is not None and acting["calls"] >= 0.9 * worst["steps"]
        who = (
            f"{acting['class']} was stepped {acting['calls']} times in {worst['steps']} steps"
            if acting
            else "the script lowers its rate"
        )
        options = (
            ", ".join(
                f"{k}={v:g}"
                for k, v in acting["options"].items()
                if k in {"gamma", "step_size", "T_max", "total_iters"}
            )
            if acting
            else ""
        )
        until = (
            f"from step {worst['dead_from']} on it is under 1% of that"
            if worst["dead_from"] is not None
            else "and it keeps falling"
        )
        advice = (
            "step the scheduler once an epoch, after the loop over batches"
            if per_batch
            else "let the schedule last as long as the training"
        )
        return Present(
            title="The schedule takes the learning rate away too early",
            message=(
                f"{who}{f' ({options})' if options else ''}: the rate fell from {worst['peak']:.3g} to {worst['last']:.3g}; {until}."
            ),
            why="After the rate has died the weights stay as they are, whatever the gradients say.",
            site=Site.of(acting["site"]) if acting and acting.get("site") else optimizer_site(trace),
            evidence={k: v for k, v in worst.items() if k != "steady"}
            | {"scheduler": acting["class"] if acting else None},
            remedies=[
                RemedySpec(
                    "hold-lr", advice, {}, "scheduler.step()  # once an epoch" if per_batch else "", safety="safe"
                )
            ],
            confidence=0.9 if worst["dead_share"] > 0.5 else 0.75,
            structural=worst["dead_share"] >= DEAD_SHARE,
        )
