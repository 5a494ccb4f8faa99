"""How long exams and trials may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# Exams of single steps are made under any budget, unless they take longer than this (seconds).
CHEAP = 60.0
# Where none is given: five times the probe (the whole diagnosis is then six times as long), within these bounds. The lower
# one keeps the answer for short scripts the same on a slow or busy machine.
PROBES = 5.0
AT_LEAST, AT_MOST = 120.0, 600.0


def allotted(probe: float) -> float:
    """The budget (seconds) for a script whose probe took ``probe`` seconds."""
    return min(max(PROBES * probe, AT_LEAST), AT_MOST)


@dataclass
class Budget:
    """Time for everything after the probe: ``total`` seconds; one run takes about ``probe`` seconds for ``steps`` steps."""

    total: float
    probe: float
    steps: int
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.total - (time.monotonic() - self.begun)

    @property
    def cheap_left(self) -> float:
        """Seconds left for exams of single steps, which get ``CHEAP`` seconds whatever the budget."""
        return max(self.left, CHEAP - (time.monotonic() - self.begun))

    @property
    def exam_timeout(self) -> float:
        """For one examined step."""
        return max(15.0, min(60.0, 2 * self.probe))

    @property
    def run_timeout(self) -> float:
        """For one whole run beside another."""
        return max(20.0, 5 * self.probe + 10.0)

    def allows(self, runs: int, jobs: int = 2) -> bool:
        """Whether so many more runs fit in."""
        return self.left > 1.3 * self.probe * max(1, runs / jobs)
