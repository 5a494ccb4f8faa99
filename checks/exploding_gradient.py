"""Gradients grow until a step destroys what was learned.

What it detects
    Gradient norms that shoot up within the run (or become non-finite) in a recurrent or deep model that does not clip them; gradients that
    grow from the last time step or layer to the first.

Why training suffers
    One step along such a gradient throws the weights far away: units saturate, and what follows is silence.

Sick
    >>> loss = criterion(rnn(x), y)          # reduction="sum", no clipping
    >>> loss.backward()
    >>> optimizer.step()

Cured
    >>> loss.backward()
    >>> nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    >>> optimizer.step()

How sure we are
    The norms that the steps used are recorded, and compared with the size of the weights: where the gradient itself is as large as the
    weights it is the gradient, where an ordinary gradient meets a large rate it is the rate (lr-too-high). Clipped runs and runs that
    learn are no finding; weights that start at the wrong scale are bad-initialization.

References
    R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks" (2013).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._layers import OVERSIZED, Layer, fails, follows_gradient, layers
from ._learning import meaningful
from ._time import time_groups

# A run whose largest gradient is this many times its first one has met a cliff (measured on the healthy scripts: 15 at most, where the
# first one was small; none of those fails to learn).
SHOT_UP = 10.0
# Growth from the last time step to the first: a factor of 1.1 a step over fifty steps.
GROWS_IN_TIME = 100.0
# A gradient as large as the weights themselves at the first step: a rate of 0.01 moves them by a hundredth, ten times the usual. A model
# without recurrence must reach ten times that, where even a rate of 0.001 is too much, before the gradient and not the rate is blamed.
AS_LARGE_AS_WEIGHTS, TEN_TIMES = 1.0, 10.0
# A recurrence whose gradients are this much larger in the last fifth of the run than in the first (medians), with a largest one of at
# least half of SHOT_UP, is on its way.
SWELLS = 2.0
# Such a gradient is felt when its step moves the weight by a twentieth of its norm, fifty times the usual; a small enough rate makes up
# for any size (summed losses with a tiny rate).
FELT = 0.05
LIMIT = 5.0


def large_norm(weights: list[Layer]) -> float:
    """The norm of all weights together at the first step."""
    return float(np.sqrt(sum(w.weight0**2 for w in weights)))


class ExplodingGradient(Check):
    """See the module's docstring."""

    cause = "exploding-gradient"
    explains = (
        "loss-scaling",
        "lr-too-high",
        "saturated-activation",
        "vanishing-gradient",
        "dead-relu",
        "loss-plateau",
        "plateau-unigram",
        "class-imbalance-collapse",
        "under-capacity",
    )

    def ask(
        self,
        trace: Trace,
        clips: list[dict[str, Any]],
        outcome: Outcome | None = None,
        exam_time: dict[str, Any] | None = None,
    ) -> Verdict:
        """Did the norms shoot up, and is it the gradient or the rate?"""
        norms = trace.series("grad_norm")
        if norms is None or not np.isfinite(norms.values).any():
            return CannotTell("no gradient norms were recorded")
        values = norms.values
        clip = self._clipping(clips, len(values))
        finite = values[np.isfinite(values)]
        first, peak = float(finite[0]), float(finite.max())
        blown = bool(np.isinf(values).any()) or (outcome is not None and outcome.nonfinite_at is not None)
        rise = peak / max(first, 1e-30)
        groups = [g for g in time_groups(exam_time) if np.isfinite(g["ratio"])]
        growing = max(groups, key=lambda g: g["ratio"], default=None)
        in_time = growing is not None and growing["ratio"] > GROWS_IN_TIME
        told = f"norms between {finite.min():.3g} and {peak:.3g}, {rise:.3g} times the first"
        if clip is not None:
            return Absent(f"gradients are clipped ({clip['kind']}, limit {clip['limit']:.3g}); {told}")
        weights = layers(trace)
        recurrent = [w for w in weights if w.recurrent]
        bound = AS_LARGE_AS_WEIGHTS if recurrent else TEN_TIMES
        large = [w for w in recurrent or weights if w.grad0 > bound * w.weight0 > 0 and w.update0 >= FELT]
        large = large if follows_gradient(weights) else []
        swells = bool(recurrent) and self._late(finite) >= SWELLS and rise >= SHOT_UP / 2
        early = next((c for c in clips if c["calls"] and c["before_backward"] >= 0.5 * c["calls"]), None)
        calm = not (blown or rise >= SHOT_UP or in_time or swells or large) or not fails(outcome)
        if early is not None and calm:
            return self._clipped_too_early(early, told)
        if not (blown or rise >= SHOT_UP or in_time or swells or large):
            return Absent(f"gradients keep their size: {told}")
        if not fails(outcome):
            return Absent(f"{told}, and the run learns all the same")
        by_rate = not large and not in_time and any(w.update0 >= OVERSIZED for w in weights)
        certain = bool(recurrent) and (bool(large) or in_time)
        told_as_error = not by_rate and (bool(recurrent) or bool(large))
        if not told_as_error and not blown and not in_time and (outcome is None or not meaningful(outcome)):
            return Absent(f"{told}, of a loss whose value does not say how well training goes")
        if not told_as_error and not blown and not in_time and peak < large_norm(weights):
            return Absent(f"{told}; the weights are larger than their gradients all along")
        site, who = self._where(recurrent or weights, growing if in_time else None)
        at = int(norms.steps[int(np.argmax(np.where(np.isfinite(values), values, -1.0)))])
        growth = size = ""
        if in_time and growing:
            growth = f"; over {len(growing['norms'])} time steps it grows {growing['ratio']:.3g}-fold on its way back"
        if large:
            times = large[0].grad0 / large[0].weight0
            size = (
                f"; at the first step that of {large[0].name} is {times:.2g} times as large as the weights themselves"
            )
        sums = [r for r in trace.list("losses") if r.get("options", {}).get("reduction") == "sum" and r["calls"]]
        contributors = ["the loss is a sum over the batch"] if sums else []
        end = "a non-finite value" if blown else f"{peak:.3g} at step {at}"
        return Present(
            title="Gradients explode" if told_as_error else "The gradient norm rises",
            message=(
                f"The gradient norm goes from {first:.3g} to {end}{growth}{size}. Nothing clips it"
                + (f"; {contributors[0]}" if contributors else "")
                + "."
            ),
            why="A step along such a gradient throws the weights far from where they were; units saturate and learning stops.",
            severity="error" if told_as_error else "info",
            site=site,
            evidence={
                "first_norm": first,
                "largest_norm": peak,
                "rise": rise,
                "at_step": at,
                "nonfinite": blown,
                "growth_in_time": growing["ratio"] if growing else None,
                "recurrent": bool(recurrent),
                "contributors": contributors,
                "weights": who,
            },
            remedies=[
                RemedySpec(
                    "clip-gradients",
                    f"clip the gradient norm at {LIMIT:g}",
                    {"limit": LIMIT},
                    snippet=f"torch.nn.utils.clip_grad_norm_(model.parameters(), {LIMIT:g})",
                ),
                *([RemedySpec("mean-loss", "average the loss over the batch instead of summing it")] if sums else []),
            ],
            confidence=0.85 if certain else 0.6 if large else 0.5 if told_as_error else 0.4,
        )

    def _clipped_too_early(self, clip: dict[str, Any], told: str) -> Present:
        return Present(
            title="Gradients are clipped ahead of the backward pass",
            message=(
                f"{clip['kind']} runs before backward in {clip['before_backward']} of {clip['calls']} calls: it clips the "
                f"gradients of the step before, or none, and the step uses unclipped ones ({told})."
            ),
            why="No harm was seen in this run; the first spike will go through unclipped.",
            severity="info",
            site=Site.of(clip.get("site")),
            evidence={"calls": clip["calls"], "before_backward": clip["before_backward"]},
            remedies=[
                RemedySpec(
                    "clip-later",
                    "clip between backward and step",
                    snippet=f"loss.backward(); torch.nn.utils.{clip['kind']}(...); optimizer.step()",
                    runtime=False,
                    why_not="the order of the calls is written into the code",
                )
            ],
            confidence=0.3,
        )

    def _clipping(self, clips: list[dict[str, Any]], steps: int) -> dict[str, Any] | None:
        """A clip call that acts on what the steps use: most steps, after backward, to a finite limit."""
        for c in clips:
            if c["calls"] >= 0.5 * steps and c["before_backward"] < 0.5 * c["calls"] and np.isfinite(float(c["limit"])):
                return c
        return None

    def _late(self, values: np.ndarray) -> float:
        fifth = max(1, len(values) // 5)
        head, tail = values[:fifth], values[-fifth:]
        return float(np.median(tail) / max(np.median(head), 1e-30))

    def _where(self, weights: list[Layer], group: dict[str, Any] | None) -> tuple[Site | None, list[str]]:
        names = [w.name for w in weights[:8]]
        if group is not None and group.get("site"):
            return Site.of(group["site"]), names
        return next((w.site for w in weights if w.site), None), names
