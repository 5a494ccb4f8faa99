"""The optimizers that step: what they hold, and what became of the gradients between backward and step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .parameters import Parameters, norms
from .sites import Sites

# So many parameters' gradients are followed to see whether they were cleared.
FOLLOWED = 4


@dataclass
class State:
    """What is known of one optimizer's gradients at present."""

    clean: bool = True  # cleared, or faded, since its last step
    stepped: bool = False
    given: bool = False  # the latest backward left gradients
    followed: list[torch.Tensor] = field(default_factory=list)
    norms: np.ndarray | None = None  # of the followed gradients at the last step
    size: int = 0  # parameters held
    accumulations: int = 0  # backwards that had added to .grad by its last step


class Optimizers:
    """One record per optimizer that stepped, in the order of their first steps."""

    def __init__(self, parameters: Parameters, sites: Sites) -> None:
        self.parameters = parameters
        self.sites = sites
        self.known: list[Any] = []
        self.records: list[dict[str, Any]] = []
        self.lanes: list[int] = []  # per optimizer: the first one that moved the same parameters (made anew each epoch)
        self.zeroed: Counter[int] = Counter()  # zero_grad calls of optimizers that never stepped, by id
        self._states: list[State] = []
        self._cleared: set[int] = set()  # ids of those whose gradients were cleared since the last backward

    def note_cleared(self) -> None:
        """Ahead of a backward: which optimizers' gradients are gone, however the script (or a remedy) cleared them."""
        for state in self._states:
            if state.clean or not state.stepped or state.norms is None:
                continue
            now = norms([p.grad for p in state.followed])
            # Gone, or changed since the step: who fades old gradients (momentum in the buffer) has dealt with them.
            if not np.nan_to_num(now).any() or not np.allclose(now, state.norms, rtol=1e-4, equal_nan=True):
                state.clean = True

    def backwarded(self) -> None:
        """After a backward: which gradients there are now."""
        self._cleared.clear()
        for known, state in zip(self.known, self._states, strict=True):
            if state.stepped and not state.clean:  # another loss's backward has added to them
                state.norms = norms([p.grad for p in state.followed])
            state.given = any(p.grad is not None for p in held_by(known))

    def zero_grad(self, cleared: Any, *, behind_backward: bool) -> None:
        """Gradients of an optimizer or module are cleared; ``behind_backward``: since the last step there was one."""
        for known, state in zip(self.known, self._states, strict=True):
            state.clean = state.clean or known is cleared
        if not any(known is cleared for known in self.known):
            self.zeroed[id(cleared)] += 1
        if not behind_backward:
            return
        of_module = {id(p) for p in cleared.parameters()} if isinstance(cleared, torch.nn.Module) else frozenset()
        for known in self.known:
            mine = (p.grad for p in held_by(known) if known is cleared or id(p) in of_module)
            if any(grad is not None and bool(grad.any()) for grad in mine):
                self._cleared.add(id(known))

    def begins(self, optimizer: Any, backwards: int, accumulations: int) -> float:
        """Ahead of a step, ``backwards`` after the one before: the norm of the gradients that it will use (NaN: none)."""
        index = self._meet(optimizer)
        record, state = self.records[index], self._states[index]
        mine = held_by(optimizer)
        grads = norms([p.grad for p in mine])
        finite = grads[~np.isnan(grads)]
        total = float(np.sqrt(np.sum(np.square(finite)))) if len(finite) else float("nan")
        bare = all(p.grad is None for p in mine)  # a gradient that is not a number is there all the same
        if backwards and (bare or total == 0.0):
            record["empty_steps"] += 1
            # Cleared by zero_grad, or by hand: what backward gave is None by now.
            gone = state.given and bare
            record["cleared_steps"] += int(id(optimizer) in self._cleared or gone)
        if bare:
            record["bare_steps"] += 1
        # Of optimizers that step one behind the other, each has its own backwards since its last step. (What autograd.grad
        # returns is put in the place of old gradients, and not added to them.)
        if state.stepped and not state.clean and accumulations > state.accumulations:
            record["stale_steps"] += 1
        return total

    def ended(self, optimizer: Any, accumulations: int) -> int:
        """After a step: the optimizer's number."""
        index = self._meet(optimizer)
        state = self._states[index]
        state.clean, state.stepped, state.accumulations = False, True, accumulations
        state.followed = [p for p in held_by(optimizer) if p.grad is not None][:FOLLOWED]
        state.norms = norms([p.grad for p in state.followed])
        self.records[index]["steps"] += 1
        return index

    def _meet(self, optimizer: Any) -> int:
        for i, known in enumerate(self.known):
            if known is optimizer:
                if len(held_by(optimizer)) != self._states[i].size:
                    self._own(optimizer, i)
                return i
        index = len(self.known)
        held = {id(p) for p in held_by(optimizer)}
        before = (i for i, o in enumerate(self.known) if any(id(p) in held for p in held_by(o)))
        self.lanes.append(next(before, index))
        self.known.append(optimizer)
        self._states.append(State())
        options = {k: v for k, v in optimizer.param_groups[0].items() if isinstance(v, (int, float, bool, str))}
        self.records.append(
            {
                "class": type(optimizer).__name__,
                "options": options,
                "groups": len(optimizer.param_groups),
                "lrs": [float(g.get("lr", float("nan"))) for g in optimizer.param_groups],
                "stale_steps": 0,
                "empty_steps": 0,
                "cleared_steps": 0,
                "bare_steps": 0,
                "steps": 0,
                "numel": 0,
                "site": self.sites.here(5),
            }
        )
        self._own(optimizer, index)
        return index

    def _own(self, optimizer: Any, index: int) -> None:
        """Notes which parameters an optimizer holds (again after ``add_param_group``)."""
        record, state = self.records[index], self._states[index]
        record["numel"], state.size = 0, 0
        for parameter in held_by(optimizer):
            i = self.parameters.add(parameter, f"optimizer{index}.{len(self.parameters.tensors)}", "optimizer")
            self.parameters.records[i].update(in_optimizer=True, optimizer=index)
            record["numel"] += parameter.numel()
            state.size += 1


def held_by(optimizer: Any) -> list[torch.Tensor]:
    """Every parameter of an optimizer, group by group."""
    return [p for group in optimizer.param_groups for p in group["params"]]
