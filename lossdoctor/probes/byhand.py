"""Steps that a script makes without ``torch.optim``: told by parameters that differ between two backwards."""

from __future__ import annotations

import numpy as np
import torch

from . import losses
from .parameters import Parameters, norms

# Models up to this many numbers are copied at each sampled backward to see how far a step goes.
NUMBERS = 20_000_000
# So many leaves of the loss's graph are followed.
FOLLOWED = 64


class HandMadeSteps:
    """The leaves of the latest loss, their norms and gradients."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.tensors: list[torch.Tensor] = []
        self.stale = 0  # steps that found the gradient of the step before in place
        self._previous: list[torch.Tensor] = []
        self._prints: np.ndarray | None = None
        self._grads: np.ndarray | None = None
        self._before: tuple[np.ndarray, list[torch.Tensor]] | None = None

    def moved(self, root: torch.Tensor) -> bool:
        """Whether the leaves of a new loss differ from those of the loss before it."""
        found = losses.leaves(root)[:FOLLOWED]
        prints = norms(list(found))
        known = {id(t): i for i, t in enumerate(self.tensors)}
        before, self._prints = self._prints, prints
        self._previous, self.tensors = self.tensors, found
        if before is None or not self._previous:
            return False
        same = [(i, known[id(t)]) for i, t in enumerate(found) if id(t) in known]
        # New tensors in the place of all old ones: parameters updated by making new ones.
        return not same or any(prints[i] != before[j] for i, j in same)

    def closes(self) -> tuple[float, tuple[np.ndarray, list[torch.Tensor]] | None]:
        """A step is over: the norm of the gradients that it used; gradients and weights ahead of it, where they were copied."""
        now = norms([t.grad for t in self._previous])
        if self._grads is not None and len(now) == len(self._grads):
            kept = (now > 0) & (now == self._grads)
            self.stale += int(kept.any() and kept.sum() >= (self._grads > 0).sum() / 2)
        before, self._before = self._before, None
        given = self._grads[~np.isnan(self._grads)] if self._grads is not None else np.zeros(0)
        return (float(np.sqrt(np.square(given).sum())) if len(given) else float("nan")), before

    def backwarded(self, *, copy: bool) -> None:
        """Gradients have arrived; ``copy``: this step is one of those whose update is measured."""
        self._grads = norms([t.grad for t in self.tensors])
        tensors = self.parameters.tensors
        if copy and sum(t.numel() for t in tensors) < NUMBERS:
            self._before = norms([p.grad for p in tensors]), [p.detach().clone() for p in tensors]
