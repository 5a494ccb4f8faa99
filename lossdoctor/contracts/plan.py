"""The order for one run: how long, treated how, examined how. Plain data, sent over a pipe."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

# A run that is given longer (slow starters, later evaluations, stages of a treatment) has so many times the probe's steps.
LONGER = 3


@dataclass
class Plan:
    """One run of the script from its first training act.

    ``steps`` optimizer steps at most, ``seconds`` of training at most (0 = no limit); ``remedies`` as
    ``{"id": …, "args": {…}}``; ``exam`` is the one-step exam to make (None = record); ``seed`` shifts the random state.
    """

    steps: int = 100
    seconds: float = 0.0
    remedies: list[dict[str, Any]] = field(default_factory=list)
    exam: dict[str, Any] | None = None
    seed: int = 0
    label: str = "probe"

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)
