"""Results of the model that one step hands to the next: a recurrence's state that a script keeps itself."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from lossdoctor.trace import RECURRENT_CALLS

from .functions import Tape

CUTS = {"detach", "detach_", "data"}
LIMIT = 8


class Carried:
    """Compares the tapes of steps that follow one another."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str, int, int], dict[str, Any]] = {}
        self._made: dict[int, weakref.ref[torch.Tensor]] = {}  # by the model in the step before
        self._step = -2

    def keep(self, tape: Tape, step: int) -> None:
        """A step is over: what the model made in it, as long as the script holds on to it."""
        made = [t for op in tape.ops if op.grad and any(i.requires_grad for i in op.inputs) for t in op.outputs]
        self._made = {id(t): weakref.ref(t) for t in made if t.dim() >= 2}
        self._step = step

    def note(self, tape: Tape, step: int) -> None:
        """A step's graph is complete: where does it take up what the step before has made?"""
        if self._step != step - 1 or not self._made:
            return
        here: set[int] = set()
        for op in tape.ops:
            # Torch's own recurrent layers are told the state as an argument, and watched there.
            if op.grad and op.site is not None and op.name not in RECURRENT_CALLS:
                for place, tensor in enumerate(op.inputs):
                    old = self._made.get(id(tensor))
                    if old is None or old() is not tensor or id(tensor) in here:
                        continue
                    if not tensor.requires_grad or op.name in CUTS:
                        self._meet(op.name, op.site, place, tensor, step)
            here.update(id(t) for t in op.outputs)

    def habits(self) -> list[dict[str, Any]]:
        """What was taken up in more than one step."""
        return [r for r in self.records.values() if len(r["steps"]) > 1]

    def _meet(self, name: str, site: dict[str, Any], place: int, tensor: torch.Tensor, step: int) -> None:
        key = (name, site["path"], site["line"], place)
        if key not in self.records and len(self.records) >= LIMIT:
            return
        empty = {"op": name, "site": site, "place": place, "shape": list(tensor.shape), "steps": []}
        steps = self.records.setdefault(key, empty)["steps"]
        if step not in steps:
            steps.append(step)
