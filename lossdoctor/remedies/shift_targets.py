"""Next-step prediction: the input and the target are cut from the same data one step apart."""

from __future__ import annotations

from typing import Any

import torch

from lossdoctor.contracts.remedy import Remedy


class ShiftTargets(Remedy):
    """Where two slices of one tensor are input and target ``k`` > 1 steps apart, cut ``x[:, :-1]`` and ``x[:, 1:]`` instead.

    Acts on ``__getitem__`` with a tuple index that slices axis ``axis`` (default 1): a slice that starts at 0 (or nowhere) becomes
    all but the last step, one that ends at the end becomes all but the first.
    """

    id = "shift-targets"
    says = "inputs x[:, :-1], targets x[:, 1:]"

    def install(self) -> None:
        """At indexing."""
        self.axis = int(self.args.get("axis", 1))
        self.instruments.functions.ahead("__getitem__", self._cut)

    def _cut(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        base, index = args[0], args[1]
        if (
            not isinstance(base, torch.Tensor)
            or base.requires_grad
            or not isinstance(index, tuple)
            or len(index) <= self.axis
        ):
            return None
        wanted = self.args.get("lines")
        if wanted:
            key = self.instruments.sites.key(3)
            if key is None or key[1] not in wanted:
                return None
        part = index[self.axis]
        before = index[: self.axis]
        if (
            not isinstance(part, slice)
            or part.step not in (None, 1)
            or any(i != slice(None) for i in before)
            or base.dim() <= self.axis
        ):
            return None
        length = base.shape[self.axis]
        start, stop, _ = part.indices(length)
        if start == 0 and 0 < stop < length and stop > 1:
            new = slice(None, -1)
        elif stop == length and start > 1:
            new = slice(1, None)
        else:
            return None
        self.applied += 1
        return (base, (*before, new, *index[self.axis + 1 :])), kwargs
