"""A position must predict a step far ahead without seeing what lies between, although later positions do.

What it detects
    Sequence outputs compared position by position with targets several steps ahead: output t sees the data up to t, its
    target is step t + k with k > 1, and the steps between are in the input but out of its reach. Also targets of another
    kind that are stored steps ahead of the data that tells them: no step within a position's reach says anything of its
    target, a later one does.

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
# Share of a constant's mistakes that a single step of the data must spare before the targets count as told by it.
TOLD = 0.3


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
            return self._told(exam_dependency, outcome) or CannotTell(found)
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

    @staticmethod
    def _told(exam: dict[str, Any], outcome: Outcome | None) -> Present | None:
        """Targets that a later step of the data tells, and no step that their position sees."""
        time, told = exam.get("time"), exam.get("told")
        if not time or not told or outcome is None or not outcome.skill <= BRIDGED:
            return None
        reach = [
            pick - t
            for t, row in enumerate(time["sees"])
            for pick, seen in zip(time["picks"], row, strict=True)
            if seen
        ]
        gains = dict(zip(told["offsets"], told["gains"], strict=True))
        offset = max(gains, key=lambda k: gains[k])
        inside = max((g for k, g in gains.items() if k <= max(reach, default=0)), default=0.0)
        if not reach or offset <= max(reach) or gains[offset] < TOLD or inside > gains[offset] / 2:
            return None
        losses = exam.get("losses") or [{}]
        return Present(
            title="The targets belong to later steps of the data",
            message=(
                f"A position's target is told by the data {offset} steps later (that step alone spares {gains[offset]:.0%} of a constant's "
                f"mistakes), which it cannot see: it sees up to {_steps(max(reach))}, and no step there spares more than {max(inside, 0.0):.0%}."
            ),
            why="The targets are stored ahead of the inputs that they were made from: what would tell them has not been read yet.",
            site=Site.of(losses[0].get("site")),
            evidence={"offset": offset, "gain": gains[offset], "within_reach": inside, "sees_up_to": max(reach)},
            remedies=[
                RemedySpec(
                    "realign-in-time",
                    f"cut the targets at the same steps as the inputs: {offset} steps earlier than they are stored",
                    {"offset": offset, "positions": time["positions"], "axis": 1 - int(exam.get("sample_axis", 0))},
                    snippet=f"inputs, targets = inputs[:, {offset}:], targets[:, :-{offset}]",
                )
            ],
            severity="error",
            confidence=0.9,
            structural=True,
        )


def _steps(reach: int) -> str:
    return "its own step" if reach == 0 else f"{abs(reach)} steps {'before' if reach < 0 else 'after'} its own"
