"""Treatments that only exams use: the same batch again and again, targets permuted."""

from __future__ import annotations

from typing import Any

import torch

from lossdoctor.contracts.remedy import Remedy

COMPARED = {"sub", "__sub__", "__rsub__", "subtract", "gather", "__getitem__", "take_along_dim"}


def losses() -> set[str]:
    """The loss functions whose target is their second argument."""
    from lossdoctor.probes.losses import FAMILIES

    return set(FAMILIES) - {"ctc_loss"}


class AtTargets(Remedy):
    """Base: calls ``change(target)`` at every loss with gradient, torch's own ones and those the probe found written by hand."""

    def install(self) -> None:
        """At loss functions, and at comparisons by hand once the recorder knows their lines."""
        self.instruments.functions.ahead(losses(), self._at_loss)
        self.instruments.functions.ahead(COMPARED, self._by_hand)

    def change(self, target: torch.Tensor) -> torch.Tensor | None:
        """The target to use instead; None leaves it."""
        raise NotImplementedError

    def _at_loss(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        target = args[1] if len(args) > 1 else kwargs.get("target")
        if not isinstance(target, torch.Tensor) or target.requires_grad or not torch.is_grad_enabled():
            return None
        other = self.change(target)
        if other is None:
            return None
        self.applied += 1
        return ((args[0], other, *args[2:]), kwargs) if len(args) > 1 else (args, kwargs | {"target": other})

    def _by_hand(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        watched = getattr(self.recorder, "hand_watch", {})
        if not watched or not torch.is_grad_enabled():
            return None
        where = self.instruments.sites.key(3)
        if where is None or (name, *where) not in watched:
            return None
        fixed = [i for i, a in enumerate(args) if isinstance(a, torch.Tensor) and not a.requires_grad and a.numel() > 1]
        carrying = [a for a in args if isinstance(a, torch.Tensor) and a.requires_grad]
        if len(fixed) != 1 or not carrying:
            return None
        other = self.change(args[fixed[0]])
        if other is None:
            return None
        self.applied += 1
        return tuple(other if i == fixed[0] else a for i, a in enumerate(args)), kwargs


class PermuteTargets(AtTargets):
    """Permute the targets within each batch at the loss (the label-permutation exam).

    A row that comes again gets the target it got before, so that permuted targets can be learned by heart as true ones can.
    """

    id = "permute-targets"
    says = "targets permuted within the batch"

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.generator = torch.Generator().manual_seed(0)
        self.given: dict[int, torch.Tensor] = {}

    def change(self, target: torch.Tensor) -> torch.Tensor | None:
        """Another order of the rows."""
        if target.dim() == 0 or target.shape[0] < 2:
            return None
        mixed = target[torch.randperm(target.shape[0], generator=self.generator)]
        with torch.no_grad(), torch._C.DisableTorchFunction():
            names = self._rows(target)
            if names is not None:
                mixed = torch.stack([self.given.setdefault(n, t.clone()) for n, t in zip(names, mixed, strict=True)])
        return mixed

    def _rows(self, target: torch.Tensor) -> list[int] | None:
        """What each row of the latest model input is known by; None where no input has one row for each target."""
        from lossdoctor.probes.functions import tensors_in

        calls = getattr(self.recorder, "root_calls", [])
        fitting = [
            t
            for _, given, _ in calls
            for t in tensors_in(given)
            if t.shape[:1] == target.shape[:1] and not t.requires_grad
        ]
        fitting = [t for t in fitting if t.dim() > 1 and t is not target]
        if not fitting:
            return None
        widest = max(fitting, key=lambda t: t[0].numel())
        return [hash(row.tobytes()) for row in widest.detach().reshape(len(target), -1).float().cpu().numpy()]


class RepeatBatch(AtTargets):
    """Hand out the first batch again and again (the one-batch exam: can the model memorise it?).

    Through the script's loader where it has one; else by giving the outermost modules their first inputs and the losses
    their first targets again.
    """

    id = "repeat-batch"
    says = "the same batch every step"

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.first: dict[int, Any] = {}
        self.given: list[tuple[Any, Any]] = []
        self.targets: list[torch.Tensor] = []
        self.step = -1  # the step whose calls are being counted
        self.taken = -1  # the step whose inputs and targets are kept
        self.calls = self.compared = 0

    def batch(self, iterator: Any, batch: Any) -> Any:
        """Always the first of its loader."""
        if not torch.is_grad_enabled():
            return batch
        key = id(getattr(iterator, "_dataset", None))
        self.applied += 1
        return self.first.setdefault(key, batch)

    def _count(self) -> None:
        if self.recorder.count != self.step:
            self.step, self.calls, self.compared = self.recorder.count, 0, 0
            if self.taken < 0:
                self.given = []

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """The kept step's inputs, call by call."""
        if depth or self.first or not torch.is_grad_enabled():
            return args, kwargs
        self._count()
        number, self.calls = self.calls, self.calls + 1
        if self.taken < 0 or self.taken == self.step:
            self.given.append((args, kwargs))
            return args, kwargs
        if number >= len(self.given):
            return args, kwargs
        first_args, first_kwargs = self.given[number]
        if len(first_args) != len(args) or set(first_kwargs) != set(kwargs):
            return args, kwargs
        self.applied += 1
        again = tuple(_again(a, b) for a, b in zip(first_args, args, strict=True))
        return again, {k: _again(first_kwargs[k], v) for k, v in kwargs.items()}

    def change(self, target: torch.Tensor) -> torch.Tensor | None:
        """The kept step's target, call by call. The first step with a known comparison is the one that is kept."""
        if self.first:
            return None
        self._count()
        number, self.compared = self.compared, self.compared + 1
        if self.taken < 0 or self.taken == self.step:
            self.taken = self.step
            self.targets.append(target)
            return None
        if number < len(self.targets) and self.targets[number].dtype == target.dtype:
            return self.targets[number]
        return None


def _again(first: Any, now: Any) -> Any:
    if (
        isinstance(first, torch.Tensor)
        and isinstance(now, torch.Tensor)
        and not first.requires_grad
        and not now.requires_grad
        and first.dim() == now.dim()
    ):
        return first
    return now


class AdamSteps(Remedy):
    """Make plain SGD step as Adam would: each gradient becomes the one along which SGD's rule takes Adam's step.

    Kingma & Ba, "Adam" (2015), with its default decay rates. Only for exams: whether a model can fit must not hang on its rate.
    """

    id = "adam-steps"
    says = "Adam's steps in place of SGD's"

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.rate = float(args.get("rate", 1e-2))
        self.moments: dict[int, tuple[torch.Tensor, torch.Tensor, int]] = {}

    def step_begins(self, optimizer: Any) -> None:
        """Replace the gradients."""
        if type(optimizer).__name__ != "SGD":
            return
        with torch.no_grad():
            for group in optimizer.param_groups:
                group["momentum"], rate = 0.0, float(group["lr"])
                if rate == 0:
                    continue
                for p in group["params"]:
                    if p.grad is None or p.grad.is_sparse:
                        continue
                    first, second, n = self.moments.get(id(p), (torch.zeros_like(p), torch.zeros_like(p), 0))
                    first = first.lerp(p.grad, 0.1)
                    second = second.lerp(p.grad.square(), 0.001)
                    n += 1
                    self.moments[id(p)] = (first, second, n)
                    step = (first / (1 - 0.9**n)) / ((second / (1 - 0.999**n)).sqrt() + 1e-8)
                    p.grad.copy_(step * (self.rate / rate))
                    self.applied += 1
