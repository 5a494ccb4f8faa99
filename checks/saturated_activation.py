"""Hidden tanh or sigmoid units sit on their flat ends.

What it detects
    Bounded activations between input and last layer most of whose values lie where the slope is under a tenth, from the start or for good.

Why training suffers
    The gradient is multiplied by that slope: what lies ahead hardly learns.

Sick
    >>> pooled = encode(points).sum(dim=1)        # 200 points: values around 25
    >>> h = torch.tanh(layer(pooled))

Cured
    >>> pooled = encode(points).mean(dim=1)

How sure we are
    The saturated share is measured on whole batches at several steps; an activation right ahead of the loss (a probability) is left out.
    Where the layers' weights are far above their fan-in scale already, bad-initialization is the cause; where steps as large as the weights
    came first, saturation is their consequence. Runs that learn well are no finding; where a run learns in part, a trial with unit
    scale ahead of the activation decides.

References
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._layers import OVERSIZED, activations, by_place, largest_step, place_site, sampled_steps
from ._weights import learns_well

# Half of all values beyond |tanh| = 0.95 (sigmoid outside 0.05..0.95), where less than a tenth of the slope is left: the "saturation" of
# Glorot & Bengio (2010). Default-initialised layers on standardised inputs start below 0.05 (measured on the healthy scripts).
SATURATED = 0.5


class SaturatedActivation(Check):
    """See the module's docstring."""

    cause = "saturated-activation"
    explains = (
        "vanishing-gradient",
        "loss-plateau",
        "plateau-unigram",
        "under-capacity",
        "lr-too-low",
        "class-imbalance-collapse",
        "no-signal-labels",
    )

    def ask(self, trace: Trace, losses: list[dict[str, Any]], outcome: Outcome | None = None) -> Verdict:
        """Which hidden activations are saturated at which steps?"""
        steps = sampled_steps(trace)
        if not steps:
            return Absent("no tanh or sigmoid ran") if trace.list("ops") else CannotTell("no operations were recorded")
        last_ops = self._last(losses)
        shares = {s: self._hidden(activations(trace, s), last_ops) for s in steps}
        places = list(dict.fromkeys(p for found in shares.values() for p in found))
        if not places:
            return Absent("no tanh or sigmoid stands between the input and the last layer")
        final = max(s for s in steps if shares[s])
        flat = [p for p in places if shares[final].get(p, 0.0) >= SATURATED]
        most = max(max(found.values(), default=0.0) for found in shares.values())
        if not flat:
            return Absent(
                f"at most {most:.0%} of a hidden layer's tanh or sigmoid values were saturated, and none stayed so"
            )
        if learns_well(outcome):
            return Absent(
                f"{shares[final][flat[0]]:.0%} of the values of one activation are saturated, and the run learns well"
            )
        born = [p for p in flat if shares[steps[0]].get(p, 0.0) >= SATURATED]
        first = next(s for s in steps if any(shares[s].get(p, 0.0) >= SATURATED for p in flat))
        step = largest_step(trace, first)
        caused = not born and np.isfinite(step) and step >= OVERSIZED
        place = (born or flat)[0]
        name = place[2].split("@")[0]
        start, end = shares[steps[0]].get(place, 0.0), shares[final][place]
        after = f"; a step ahead of that moved a weight by {step:.0%} of its size" if caused else ""
        arriving = self._arriving(trace, place)
        message = f"{end:.0%} of the values of {name} are saturated at step {final} ({start:.0%} at step {steps[0]}){arriving}{after}."
        return Present(
            title="Hidden units are saturated",
            message=message,
            why="A saturated unit passes less than a tenth of the gradient; the layers ahead of it hardly learn.",
            site=place_site(trace.list("activations"), place),
            evidence={
                "saturated_at_start": start,
                "saturated_at_end": end,
                "from_the_start": bool(born),
                "layers": len(flat),
                "largest_relative_step_before": step if np.isfinite(step) else None,
            },
            remedies=[
                RemedySpec(
                    "normalise-hidden",
                    "keep what enters the activation near unit scale: scale the input, average instead of summing, or normalise the layer",
                    {"lines": [[path, line] for path, line, _ in flat]},
                    snippet="nn.LayerNorm(features)",
                ),
                RemedySpec("reinitialise", "start with fan-in scaled weights"),
            ],
            confidence=0.85 if born else 0.4 if caused else 0.6,
            by_trial=bool(born),
        )

    def _last(self, losses: list[dict[str, Any]]) -> set[tuple[str, int]]:
        """Places of activations right ahead of a loss (with nothing but shape changes and arithmetic between)."""
        found = set()
        for record in losses:
            for op in record.get("behind", [])[:6]:
                site = op.get("site") or {}
                if op["name"] in {"tanh", "sigmoid", "softsign", "hardtanh"}:
                    found.add((str(site.get("path", "")), int(site.get("line", 0))))
        return found

    def _hidden(self, records: list[dict[str, Any]], last: set[tuple[str, int]]) -> dict[tuple[str, int, str], float]:
        """Saturated share per place of the activations that a weight still follows."""
        found = by_place([a for a in records if a.get("requires_grad", True) and a.get("followed", True)], "saturated")
        return {p: share for p, share in found.items() if p[:2] not in last or p != list(found)[-1]}

    def _arriving(self, trace: Trace, place: tuple[str, int, str]) -> str:
        name = place[2].split("@")[1].split("#")[0]
        alone = (m for m in trace.list("modules") if m["class"] in {"Tanh", "Sigmoid"} and m.get("first_input_std"))
        module = next((m for m in alone if m["name"] == name), None)
        return f"; values of std {module['first_input_std']:.3g} enter it" if module else ""
