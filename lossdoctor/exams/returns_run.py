"""The returns exam, inside a fork: a recorder that tapes every step, so that what weighs log-probabilities is known at each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from lossdoctor.contracts.plan import Plan
from lossdoctor.probes.functions import Tape
from lossdoctor.probes.instruments import Instruments
from lossdoctor.probes.recorder import Recorder


class ReturnsRecorder(Recorder):
    """Records as usual, with one entry of ``objectives`` for each backward of a score-function objective."""

    def __init__(self, instruments: Instruments, plan: Plan, finish: Callable[[str], None], folder: Path) -> None:
        super().__init__(instruments, plan, finish)

    def _maybe_tape(self) -> None:
        super()._maybe_tape()
        if self.functions.tape is None:
            self.functions.tape = Tape()

    def backward(self, roots: list[torch.Tensor], kind: str) -> list[torch.Tensor] | None:
        """Steps whose tape is not read for anything else are read for this."""
        tape, known = self.functions.tape, len(self.objectives)
        result = super().backward(roots, kind)
        if tape is not None and len(self.objectives) == known and roots and isinstance(roots[0], torch.Tensor):
            self._note_objective(tape, roots[0])
        return result
