"""Leaving out a penalty that the script adds to its loss."""

from __future__ import annotations

from typing import Any

import torch

from lossdoctor.contracts.remedy import Remedy


class _Terms(Remedy):
    """Base: what of the root are loss calls, with the weights they have in it."""

    def bare(self, roots: list[Any]) -> torch.Tensor | None:
        """The loss calls' part of the root; None where it is all of it, or cannot be told."""
        from lossdoctor.probes.losses import contributes

        root = roots[0]
        calls = [c for c in getattr(self, "pending", []) if c.output is not None and c.output.dim() == 0]
        # Errors written by hand are no numbers to be compared with the root, but what their gradient is made of.
        by_hand = [] if calls else getattr(self, "by_hand", [])
        known = [c for c in calls or by_hand if c.grad and c.output is not None and contributes(root, c.output)]
        if not known or len(roots) != 1 or root.dim():
            return None
        weights = torch.autograd.grad(root, [c.output for c in known], retain_graph=True, allow_unused=True)
        parts = [(w.detach() * c.output).sum() for w, c in zip(weights, known, strict=True) if w is not None]
        bare = torch.stack(parts).sum()
        if not by_hand and torch.isclose(bare, root, rtol=1e-4):
            return None
        self.applied += 1
        return bare


class NoPenalty(_Terms):
    """Train on the loss calls alone, without the terms that are added to them."""

    id = "no-penalty"
    says = "the loss without its penalty terms"
    safety = "unsafe"

    def backward(self, roots: list[Any]) -> list[Any] | None:
        """Replace the root by the loss calls' outputs, each with the weight it has in the root."""
        bare = self.bare(roots)
        return None if bare is None else [bare]


class SumOverNumbers(_Terms):
    """Sum the loss calls over the numbers of a sample (``width``) where the script takes their mean; other terms stay."""

    id = "sum-over-numbers"
    says = "the data term summed over each sample's numbers"
    safety = "unsafe"

    def backward(self, roots: list[Any]) -> list[Any] | None:
        """Weigh the loss calls' part of the root ``width`` times."""
        bare = self.bare(roots)
        return None if bare is None else [roots[0] + (float(self.args.get("width", 1)) - 1) * bare]
