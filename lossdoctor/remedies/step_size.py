"""Changing the step: its rate, its schedule, its clipping, its decay."""

from __future__ import annotations

from typing import Any

import torch

from lossdoctor.contracts.remedy import Remedy


class ScaleLr(Remedy):
    """Multiply every learning rate by ``factor`` during the step itself, so that schedules go on undisturbed."""

    id = "scale-lr"
    says = "learning rate x {factor}"
    safety = "safe"

    def step_begins(self, optimizer: Any) -> None:
        """Scale."""
        for group in optimizer.param_groups:
            if "lr" in group:
                group["lr"] = group["lr"] * float(self.args["factor"])
        self.applied += 1

    def step_ended(self, optimizer: Any) -> None:
        """Scale back."""
        for group in optimizer.param_groups:
            if "lr" in group:
                group["lr"] = group["lr"] / float(self.args["factor"])

    # Parameters that the script updates by hand: its step is proportional to the gradient, so the gradient is scaled.

    def backwarded(self, roots: list[Any]) -> None:
        """Scale the gradients where no optimizer is at work."""
        self._by_hand = not self.recorder.optimizers.known and not self.instruments.optimizers
        if self._by_hand:
            for tensor in self.recorder.by_hand.tensors:
                if tensor.grad is not None:
                    tensor.grad.mul_(float(self.args["factor"]))
            self.applied += 1

    def clipped(self, kind: str, limit: float, total: Any) -> None:
        """Clipping saw the scaled gradient: give the clipped one the factor it would have had."""
        if getattr(self, "_by_hand", False) and isinstance(total, torch.Tensor) and float(total) > 0:
            factor, seen = float(self.args["factor"]), float(total)
            wanted = factor * min(seen / factor, limit)
            for tensor in self.recorder.by_hand.tensors:
                if tensor.grad is not None:
                    tensor.grad.mul_(wanted / min(seen, limit))


class ClipGradients(Remedy):
    """Clip the global gradient norm to ``limit`` ahead of each step (Pascanu et al., 2013)."""

    id = "clip-gradients"
    says = "clip_grad_norm_(parameters, {limit})"
    safety = "safe"

    def step_begins(self, optimizer: Any) -> None:
        """Clip."""
        mine = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not mine:
            return
        total = torch.sqrt(sum(p.grad.detach().float().pow(2).sum() for p in mine))  # type: ignore[arg-type, union-attr]
        limit = float(self.args.get("limit", 1.0))
        if not torch.isfinite(total):
            for p in mine:
                p.grad = torch.zeros_like(p)
            self.applied += 1
        elif total > limit:
            for p in mine:
                p.grad.mul_(limit / (total + 1e-6))  # type: ignore[union-attr]
            self.applied += 1


class HoldLr(Remedy):
    """Step at the highest rate seen so far: schedulers (and rates lowered by hand) go on, but lower nothing."""

    id = "hold-lr"
    says = "learning rate held at its highest"
    safety = "safe"

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.peak: dict[tuple[int, int], float] = {}

    def step_begins(self, optimizer: Any) -> None:
        """Raise the rate to its peak for this step."""
        self.own = [group.get("lr") for group in optimizer.param_groups]
        for i, group in enumerate(optimizer.param_groups):
            if "lr" not in group:
                continue
            peak = max(self.peak.get((id(optimizer), i), 0.0), float(group["lr"]))
            self.peak[id(optimizer), i] = peak
            if float(group["lr"]) < peak:
                group["lr"] = peak
                self.applied += 1

    def step_ended(self, optimizer: Any) -> None:
        """Give the schedule its rate back."""
        for group, rate in zip(optimizer.param_groups, self.own, strict=False):
            if rate is not None:
                group["lr"] = rate


class NoWeightDecay(Remedy):
    """Weight decay 0."""

    id = "no-weight-decay"
    says = "weight_decay = 0"
    safety = "safe"

    def step_begins(self, optimizer: Any) -> None:
        """Set the groups' decay to zero."""
        for group in optimizer.param_groups:
            if group.get("weight_decay"):
                group["weight_decay"] = 0.0
                self.applied += 1
