"""Moving targets along time, to the steps of the data that they belong to."""

from __future__ import annotations

import torch

from .exam_runs import AtTargets


class RealignInTime(AtTargets):
    """Move each sample's targets by ``offset`` positions (of ``positions``) along ``axis`` (0 or 1), at the loss.

    The positions that nothing is moved to hold what was moved out at the other end: a small share of wrong targets.
    """

    id = "realign-in-time"
    says = "targets moved to the steps that tell them"

    def change(self, target: torch.Tensor) -> torch.Tensor | None:
        """The targets, rolled; None where they have no such time axis."""
        positions, axis, offset = (int(self.args[name]) for name in ("positions", "axis", "offset"))
        if target.dim() > axis and target.dim() > 1 and target.shape[axis] == positions:
            return torch.roll(target, offset, axis)
        if target.dim() != 1 or target.shape[0] % positions:
            return None
        rows = target.view((-1, positions) if axis else (positions, -1))
        return torch.roll(rows, offset, axis).reshape(-1)
