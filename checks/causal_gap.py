"""A position must predict a step far ahead without seeing what lies between, although later positions do.

What it detects
    Sequence outputs compared position by position with targets several steps ahead: output t sees the data up to t, its
    target is step t + k with k > 1, and the steps between are in the input but out of its reach.

Why training suffers
    The first positions must guess across the gap; only the last one has all the data. The loss stays near what the gap's
    uncertainty allows.

Sick
    >>> inputs, targets = x[:, :5], x[:, 5:]  # causal model, outputs compared position by position

Cured
    >>> inputs, targets = x[:, :-1], x[:, 1:]

How sure we are
    Both sides are measured by replacing single time steps: which predictions change, and which targets change. A decoder
    that sees the whole input before it predicts several steps is healthy.

References
    Sutskever et al. (2014) for the encoder-decoder alternative; any text on next-step prediction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._timing import timing

# A run that explains this much all the same has no use for what lies in the gap.
BRIDGED = 0.5


class CausalGap(Check):
    """See the module's docstring."""

    cause = "causal-gap"
    explains = (
        "loss-plateau",
        "under-capacity",
        "plateau-unigram",
        "no-signal-labels",
        "vanishing-gradient",
        "hidden-state-misuse",
        "lr-too-low",
    )

    def ask(self, exam_dependency: dict[str, Any], trace: Trace, outcome: Outcome | None = None) -> Verdict:
        """Compare what each position sees with what it must predict."""
        found = timing(exam_dependency, trace)
        if isinstance(found, str):
            return CannotTell(found)
        gaps: list[int] = []
        span = found.sees.any(0)
        last_seen_by_any = int(found.picks[np.nonzero(span)[0].max()]) if span.any() else -1
        for t, wanted in enumerate(found.wanted):
            seen = found.picks[found.sees[t]]
            if np.isnan(wanted) or not len(seen):
                continue
            # Only steps that were really tried count: long sequences are sampled.
            between = [s for s in found.picks if int(seen.max()) < s < wanted and s <= last_seen_by_any]
            gaps.append(len(between))
        if not gaps:
            return CannotTell("no position's target could be located in the data")
        share = float(np.mean(np.asarray(gaps) > 0))
        worst = max(gaps)
        if worst == 0 or share < 0.3:
            return Absent("every position sees all of the input that comes before its target", {"gaps": gaps})
        offset = found.wanted[~np.isnan(found.wanted)][0]
        first = int(np.argmax(gaps))
        losses = exam_dependency.get("losses") or [{}]
        # A direct forecast over a horizon that the past suffices for.
        bridged = outcome is not None and np.isfinite(outcome.skill) and outcome.skill > BRIDGED
        return Present(
            title="Positions predict across a gap they cannot see",
            message=(
                f"{share:.0%} of the output positions must predict a step while up to {worst} input steps before it are out of their reach: "
                f"position {first} sees steps up to {int(found.picks[found.sees[first]].max())} and must predict step {int(found.wanted[first])}."
            ),
            why="Later positions see those steps, this one does not: its best guess is close to a constant, and the loss stays near that.",
            site=Site.of(losses[0].get("site")),
            evidence={"gaps": gaps, "offset": float(offset), "how": found.how, "positions": len(gaps)},
            remedies=[
                RemedySpec(
                    "shift-targets",
                    "predict the next step (inputs x[:, :-1], targets x[:, 1:]), or encode the whole input first and decode from there",
                    {"offset": float(offset), "lines": sorted({c["line"] for c in exam_dependency.get("cuts", [])})},
                    snippet="inputs, targets = x[:, :-1], x[:, 1:]",
                )
            ],
            severity="info" if bridged else "error",
            confidence=0.9,
            structural=True,
        )
