"""ReLU units that never answer, so that nothing ahead of them learns.

What it detects
    A ReLU layer nearly all of whose units are zero for every row of the batch, from the start or for good.

Why training suffers
    The gradient of a ReLU at a negative input is zero: a unit that answers to no row gets no gradient and cannot come back.

Sick
    >>> nn.init.constant_(layer.bias, -5.0)

Cured
    >>> nn.init.zeros_(layer.bias)

How sure we are
    Units are counted over whole batches at several steps. Sparse but living units, narrow layers of which a few are dead, and runs that
    learn well are no finding. Units that died right after steps as large as the weights themselves are told as their consequence.

References
    L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, "Dying ReLU and Initialization" (2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._layers import OVERSIZED, ROWS, activations, largest_step, sampled_steps
from ._weights import learns_well

# He-initialised layers start with under a fifth of their units dead on a batch (measured on the healthy scripts: at most 0.55, in layers
# of few units); at nine tenths a layer passes next to nothing on.
DEAD = 0.9


# path, line, module, units, and which call of these in one step.
Place = tuple[str, int, str, int, int]


class DeadRelu(Check):
    """See the module's docstring."""

    cause = "dead-relu"
    explains = (
        "vanishing-gradient",
        "under-capacity",
        "loss-plateau",
        "plateau-unigram",
        "class-imbalance-collapse",
        "lr-too-low",
        "no-signal-labels",
        "constant-input",
    )

    def ask(self, trace: Trace, outcome: Outcome | None = None) -> Verdict:
        """Which layers are dead at which steps?"""
        steps = sampled_steps(trace)
        seen = {s: self._dead(activations(trace, s)) for s in steps}
        if not any(seen.values()):
            seen_any = steps or trace.list("ops")
            return (
                Absent("no ReLU ran on the way to the loss") if seen_any else CannotTell("no operations were recorded")
            )
        places = list(dict.fromkeys(place for found in seen.values() for place in found))
        worst = max(max(found.values(), default=0.0) for found in seen.values())
        last = max(s for s in steps if seen[s])
        dead = [p for p in places if seen[last].get(p, 0.0) >= DEAD]
        if not dead:
            return Absent(f"at most {worst:.0%} of a layer's ReLU units were dead on a batch, and no layer stayed dead")
        if learns_well(outcome):
            return Absent(f"{seen[last][dead[0]]:.0%} of the units of one ReLU layer are dead, and the run learns well")
        born = [p for p in dead if seen[steps[0]].get(p, 0.0) >= DEAD]
        first = next(s for s in steps if any(seen[s].get(p, 0.0) >= DEAD for p in dead))
        step = largest_step(trace, first)
        caused = not born and np.isfinite(step) and step >= OVERSIZED
        place = (born or dead)[0]
        share = seen[last][place]
        when = "from the first step on" if born else f"since step {first} or before"
        after = f"; a step ahead of that moved a weight by {step:.0%} of its size" if caused else ""
        return Present(
            title="A ReLU layer is dead",
            message=f"{share:.0%} of the units of a ReLU layer ({place[3]} units) are zero for every row, {when}{after}.",
            why="Dead units pass no gradient: nothing ahead of them can learn.",
            site=self._site(trace, place),
            evidence={
                "dead_share": share,
                "units": place[3],
                "dead_from_the_start": bool(born),
                "first_seen_dead": first,
                "largest_relative_step_before": step if np.isfinite(step) else None,
                "dead_layers": len(dead),
            },
            remedies=[
                RemedySpec(
                    "leaky-activations",
                    "use an activation with a slope on the negative side",
                    snippet="nn.LeakyReLU(0.01)",
                ),
                RemedySpec("reinitialise", "start with fan-in scaled weights and biases at zero"),
            ],
            confidence=0.9 if born else 0.4 if caused else 0.7,
        )

    def _dead(self, records: list[dict[str, Any]]) -> dict[Place, float]:
        """Per place, module and occurrence: share of dead units."""
        found: dict[Place, float] = {}
        for a in records:
            if "dead_units" not in a or not a.get("requires_grad", True) or a.get("rows", ROWS) < ROWS:
                continue
            site = a.get("site") or {}
            key = (str(site.get("path", "")), int(site.get("line", 0)), str(a["module"]), int(a.get("units", 0)))
            place = (*key, sum(p[:4] == key for p in found))
            found[place] = float(a["dead_units"])
        return found

    def _site(self, trace: Trace, place: Place) -> Site | None:
        calls = (a["site"] for a in trace.list("activations") if a.get("site"))
        return next((Site.of(s) for s in calls if (s["path"], s["line"]) == place[:2]), None)
