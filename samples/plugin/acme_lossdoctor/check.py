"""Momentum is so high that the run overshoots what it descends into.

What it detects
    A momentum near 1, and a loss that rises again and again, with another seed as well.

Why training suffers
    With momentum m a step goes on for about 1 / (1 - m) steps: the run is past the bottom before it can turn.

Sick
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.99)

Cured
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

How sure we are
    The momentum is read from the optimizer; the trial lowers it and nothing else.

References
    Goh, "Why momentum really works", Distill (2017).
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, Present, RemedySpec, Site, Verdict

# From this momentum on.
HIGH = 0.97
# The loss must rise by this share of its start at a mean step.
RESTLESS = 0.01
# What the remedy sets.
USUAL = 0.9


class MomentumTooHigh(Check):
    """See the module's docstring."""

    cause = "momentum-too-high"
    own_stage = "step size"

    def ask(self, optimizers: list[dict[str, Any]], exam_restlessness: dict[str, Any]) -> Verdict:
        """Read the momentum, and how restless the loss is."""
        momenta = [float(o["options"].get("momentum") or 0.0) for o in optimizers]
        rises = min(v for v in exam_restlessness.values() if isinstance(v, float))
        highest = max(momenta, default=0.0)
        if highest < HIGH:
            return Absent(f"the highest momentum is {highest:g}")
        if rises < RESTLESS:
            return Absent(f"the loss rises by {rises:.2%} of its start at a mean step")
        return Present(
            "The momentum is too high",
            f"With momentum {highest:g} the loss rises by {rises:.1%} of its start at a mean step, with another seed too.",
            why=f"A step of this optimizer goes on for about {1 / (1 - highest):.0f} steps.",
            site=Site.of(next((o["made_site"] for o in optimizers if o.get("made_site")), None)),
            evidence={"momentum": highest, "rise_per_step": rises},
            remedies=[RemedySpec("lower-momentum", f"set momentum={USUAL}", {"momentum": USUAL}, f"momentum={USUAL}", "safe")],
            confidence=0.8,
            structural=True,
        )
