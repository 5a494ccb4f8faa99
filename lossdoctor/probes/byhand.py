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
# In so many of the first steps the direction of the update is measured, and so many must be known; nearly all say which way it goes.
DIRECTIONS, FEWEST, NEARLY_ALL = 12, 5, 0.9


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
        self._with_gradient: list[
            tuple[torch.Tensor, torch.Tensor]
        ] = []  # weights and gradients of the latest backward, copied
        self._along: list[
            bool
        ] = []  # per measured step: whether the weights went with their gradient, and not against it

    @property
    def climbs(self) -> bool:
        """Whether the script moves its weights up the gradient."""
        return len(self._along) >= FEWEST and sum(self._along) >= NEARLY_ALL * len(self._along)

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
        moved = not same or any(prints[i] != before[j] for i, j in same)
        if moved:
            self._measure(found)
        return moved

    def _copied(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        sparse = any(t.grad is not None and t.grad.is_sparse for t in self.tensors)
        if sparse or sum(t.numel() for t in self.tensors) >= NUMBERS:
            return []
        grads = [torch.zeros_like(t) if t.grad is None else t.grad.detach().clone() for t in self.tensors]
        return [(t.detach().clone(), grad) for t, grad in zip(self.tensors, grads, strict=True)]

    def _measure(self, now: list[torch.Tensor]) -> None:
        copies, self._with_gradient = self._with_gradient, []
        if len(copies) != len(now) or any(t.shape != old.shape for t, (old, _) in zip(now, copies, strict=True)):
            return
        dots = [float(((t.detach() - old) * grad).sum()) for t, (old, grad) in zip(now, copies, strict=True)]
        if sum(dots) != 0 and np.isfinite(dots).all():
            self._along.append(sum(dots) > 0)

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
        if len(self._along) < DIRECTIONS:
            self._with_gradient = self._copied()
        tensors = self.parameters.tensors
        if copy and sum(t.numel() for t in tensors) < NUMBERS:
            self._before = norms([p.grad for p in tensors]), [p.detach().clone() for p in tensors]
