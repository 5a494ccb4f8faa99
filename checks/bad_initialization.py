"""Weights start far from the scale that their fan-in asks for.

What it detects
    Weight matrices whose standard deviation times the square root of the fan-in is several times (or a small fraction of) what any
    published scheme gives, together with the harm at the first step: activations that grow or fade from layer to layer, saturated units,
    a first loss far above what a constant would reach.

Why training suffers
    Each layer multiplies the signal and its gradient by the same wrong factor: the first loss is huge, units saturate, or nothing arrives.

Sick
    >>> nn.init.normal_(layer.weight, std=1.0)

Cured
    >>> nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

How sure we are
    Scale and harm are both measured at the start. A small last layer, embeddings, weights behind normalisation layers and runs that learn
    well are no finding; equal weights are symmetric-init.

References
    X. Glorot, Y. Bengio (2010); K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers" (2015).
"""

from __future__ import annotations

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._layers import Layer, activations, by_place, layers, normalised, sampled_steps
from ._weights import learns_well

# std x sqrt(fan-in): torch's default gives 0.58, Glorot up to 1.41, He 1.41, the largest published gain (tanh, 5/3) with Glorot 2.36.
LARGE = 3.0
# A recurrent matrix is applied at every step: its signal grows when this (the spectral radius of a random square matrix, Girko 1984)
# is above 1, behind ReLUs above 1.41; told where the first error is this many times the best constant's.
GROWS, OUT_OF_HAND = 1.45, 1000.0
# A fifth of torch's default: eight such layers in a row leave nothing of a signal.
SMALL = 0.12
# Harm at the first step: signal grown or faded this much from input to last hidden layer, error this many times the best constant's,
# or this share of values saturated.
GROWN, FADED, ABOVE, SATURATED = 10.0, 0.01, 10.0, 0.3


class BadInitialization(Check):
    """See the module's docstring."""

    cause = "bad-initialization"
    explains = (
        "saturated-activation",
        "exploding-gradient",
        "vanishing-gradient",
        "dead-relu",
        "lr-too-high",
        "lr-too-low",
        "loss-plateau",
        "under-capacity",
        "plateau-unigram",
        "class-imbalance-collapse",
        "no-signal-labels",
    )

    def ask(self, trace: Trace, outcome: Outcome | None = None) -> Verdict:
        """Scale of the weights against their fan-in, and what it does at the first step."""
        weights = [w for w in layers(trace) if w.fan_in > 1 and w.record["numel"] > 8]
        if not weights:
            return CannotTell("no weight matrices were followed")
        gains = {w.name: w.gain for w in weights}
        large = [w for w in weights if w.gain > LARGE]
        if outcome is not None and np.isfinite(outcome.start_skill) and 1 - outcome.start_skill > OUT_OF_HAND:
            large += [w for w in weights if w.recurrent and GROWS < w.gain <= LARGE]
        hidden = weights[:-1] if len(weights) > 1 else []
        small = [w for w in hidden if 0 < w.gain < SMALL]
        spread = f"std x sqrt(fan-in) of {len(weights)} weights lies between {min(gains.values()):.3g} and {max(gains.values()):.3g}"
        if not large and len(small) < 2:
            return Absent(f"{spread} (default 0.58, He 1.41)")
        if learns_well(outcome):
            return Absent(f"{spread}, and the run learns well")
        harm = self._harm(trace, outcome, large, small)
        if not harm:
            return Absent(f"{spread}, without harm at the first step (the signal keeps its size)")
        worst = max(large, key=lambda w: w.gain) if large else min(small, key=lambda w: w.gain)
        count = len(large) or len(small)
        ratio = worst.gain / 1.41 if large else 1.41 / worst.gain
        loaded = any(w.record.get("loaded") for w in (large or small))
        told = {
            "growth": "the signal's std changes {:.3g}-fold from the first to the last hidden layer",
            "above": "the first error is {:.3g} times that of the best constant",
            "saturated": "{:.0%} of the values of a bounded activation are saturated at once",
        }
        return Present(
            title="Weights start at the wrong scale" if not loaded else "Loaded weights have the wrong scale",
            message=(
                f"{count} weights start {ratio:.3g} times too {'large' if large else 'small'} for their fan-in: {worst.name} has std "
                f"{worst.gain / np.sqrt(worst.fan_in):.3g} with {worst.fan_in} inputs per unit; "
                + "; ".join(told[k].format(v) for k, v in harm.items())
                + "."
            ),
            why="Signal and gradient are multiplied by the wrong factor in each layer, so that the run starts far from where learning is possible.",
            site=worst.born,
            evidence={
                "gains": {k: round(v, 4) for k, v in list(gains.items())[:20]},
                "fan_in": worst.fan_in,
                "loaded": loaded,
                **harm,
            },
            remedies=[
                RemedySpec(
                    "reinitialise",
                    "scale the start by the fan-in"
                    if not loaded
                    else "check the file that the weights come from; its numbers are off by a factor",
                    snippet=f"nn.init.kaiming_normal_({worst.name}, nonlinearity='relu')",
                )
            ],
            confidence=0.9,
            by_trial=True,
        )

    def _harm(self, trace: Trace, outcome: Outcome | None, large: list[Layer], small: list[Layer]) -> dict[str, float]:
        found: dict[str, float] = {}
        steps = sampled_steps(trace)
        first = activations(trace, steps[0]) if steps else []
        stds = [a["std"] for a in first if a.get("requires_grad", True) and np.isfinite(a["std"])]
        modules = [
            m["first_output_std"]
            for m in trace.list("modules")
            if m.get("own_parameters") and not m["root"] and m.get("first_output_std")
        ]
        signal = stds if len(stds) > 1 else modules
        growth = signal[-1] / max(signal[0], 1e-12) if len(signal) > 1 else 1.0
        peak = max(signal) / max(min(signal[0], 1.0), 1e-12) if signal else 1.0
        if large and max(growth, peak) > GROWN:
            found["growth"] = float(max(growth, peak))
        rows = [
            a["row_std"] for a in first if a.get("requires_grad", True) and a.get("row_std") and a.get("followed", True)
        ]
        fading = rows if len(rows) > 1 else signal
        faded = fading[-1] / max(fading[0], 1e-12) if len(fading) > 1 else 1.0
        if small and faded < FADED and not normalised(trace):
            found["growth"] = float(faded)
        if large and outcome is not None and np.isfinite(outcome.start_skill) and 1 - outcome.start_skill > ABOVE:
            found["above"] = float(1 - outcome.start_skill)
        shares = by_place(first, "saturated")
        if large and shares and max(shares.values()) > SATURATED:
            found["saturated"] = float(max(shares.values()))
        return found
