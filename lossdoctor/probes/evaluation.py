"""The script's own evaluation where it is written by hand: accuracies by ``==``, differences of predictions and targets."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import torch

from .functions import Functions, tensors_in

# Elementwise calls after which a prediction still is one, and calls that turn it into a decision.
MAPS = {"softmax", "log_softmax", "sigmoid", "exp", "float", "double", "to", "cpu", "clamp", "squeeze", "flatten"}
DECIDES = {"argmax", "max", "gt", "__gt__", "ge", "__ge__", "round", "topk"}
CASTS = {"float", "double", "long", "int", "to", "type", "bool", "squeeze", "flatten", "cpu"}
COMPARES = {"eq", "__eq__"}
# Decisions counted by kind (hits, false alarms) rather than compared.
COUNTS = {"__and__", "logical_and", "bitwise_and", "__rand__"}
SUBTRACTS = {"sub", "__sub__", "__rsub__", "subtract"}
# A difference is an evaluation once it is squared or its size is taken.
MEASURES = {"pow", "__pow__", "square", "abs", "norm"}
# Fewer rows than these are no evaluation.
FEWEST = 8
HELD = 64
# So many different labels are counted.
CLASSES = 256


class Evaluation:
    """Follows the outputs of models that run without gradient to the comparison with their targets.

    ``tell(kind, rows, error, accuracy, spread)`` is called for each one. Tensors are known by where their numbers lie and are
    held until :meth:`forget`, so that no other tensor can lie there.
    """

    def __init__(self, functions: Functions, tell: Callable[[str, int, float, float, float], None]) -> None:
        self.tell = tell
        self.predictions: dict[int, torch.Tensor] = {}
        self.decisions: dict[int, torch.Tensor] = {}
        self.residuals: dict[int, torch.Tensor] = {}
        self.wanted: Counter[int] = Counter()  # labels that decisions were compared with
        self.order: deque[tuple[dict[int, torch.Tensor], int]] = deque()
        functions.on(MAPS | DECIDES | CASTS | COMPARES | COUNTS | SUBTRACTS | MEASURES, self._seen)

    def output(self, result: Any) -> None:
        """A model's output, made without gradient."""
        for tensor in tensors_in(result)[:4]:
            if tensor.is_floating_point() and tensor.numel() >= FEWEST:
                self._hold(self.predictions, tensor)

    def forget(self) -> None:
        """Let go of everything."""
        self.predictions.clear()
        self.decisions.clear()
        self.residuals.clear()
        self.order.clear()

    def _hold(self, kept: dict[int, torch.Tensor], tensor: torch.Tensor) -> None:
        kept[tensor.data_ptr()] = tensor
        self.order.append((kept, tensor.data_ptr()))
        if len(self.order) > HELD:
            where, key = self.order.popleft()
            where.pop(key, None)

    def _seen(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        if not self.predictions or not args or not isinstance(args[0], torch.Tensor) or args[0].requires_grad:
            return None
        with torch._C.DisableTorchFunction():
            self._follow(name, args, result)
        return None

    def _follow(self, name: str, args: Any, result: Any) -> None:
        at = args[0].data_ptr()
        if name in COMPARES or name in COUNTS or name in SUBTRACTS:
            other = args[1] if len(args) > 1 else None
            if isinstance(other, torch.Tensor) and other.shape == args[0].shape and other.numel() >= FEWEST:
                self._compared(name, args[0], other, result)
            return
        if name in MEASURES:
            residual = self.residuals.pop(at, None)
            if residual is not None:
                each = residual.float().square()
                self.tell("difference", each.numel(), float(each.mean()), float("nan"), float(each.std()))
            return
        if name in DECIDES and at in self.predictions:
            for tensor in tensors_in(result):
                if tensor.numel() >= FEWEST and (name not in {"max", "topk"} or not tensor.is_floating_point()):
                    self._hold(self.decisions, tensor)
        for kept, names in ((self.predictions, MAPS), (self.decisions, CASTS)):
            if name in names and at in kept and isinstance(result, torch.Tensor) and result.data_ptr() not in kept:
                self._hold(kept, result)

    def _count(self, wanted: torch.Tensor) -> None:
        if wanted.is_floating_point() or wanted.dtype == torch.bool or len(self.wanted) > CLASSES:
            return
        values, counts = wanted.detach().unique(return_counts=True)
        self.wanted.update(dict(zip(values.tolist()[:CLASSES], counts.tolist()[:CLASSES], strict=True)))

    def _compared(self, name: str, first: torch.Tensor, second: torch.Tensor, result: Any) -> None:
        places = {first.data_ptr(), second.data_ptr()}
        if name in COUNTS:
            if places & self.decisions.keys() and first.dtype == second.dtype == torch.bool:
                self.tell("counts", first.numel(), float("nan"), float("nan"), float("nan"))
        elif name in COMPARES:
            if places & self.decisions.keys():
                wanted = second if first.data_ptr() in self.decisions else first
                # Negative labels are no classes: rows that the loss leaves out cannot be right.
                self._count(wanted)
                right = (first == second)[wanted >= 0] if not wanted.is_floating_point() else first == second
                if not right.numel():
                    return
                share = float(right.float().mean())
                self.tell("accuracy", right.numel(), float("nan"), share, (share * (1 - share)) ** 0.5)
        elif len(places & self.predictions.keys()) == 1 and first.is_floating_point() and second.is_floating_point():
            self._hold(self.residuals, result)
