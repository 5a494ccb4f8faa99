"""Every torch function call of the script, seen by one ``TorchFunctionMode``; observers and remedies subscribe to it.

Source of the method: ``torch.overrides.TorchFunctionMode`` (PyTorch docs, "Extending torch with torch function modes").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from .sites import Sites

KEPT_PROPERTIES = {"T", "mT", "H", "mH", "data", "real", "imag"}
# Calls that carry no data flow: skipping them keeps the tape short.
QUIET = {
    "__get__",
    "size",
    "dim",
    "numel",
    "stride",
    "is_floating_point",
    "is_complex",
    "item",
    "__len__",
    "__repr__",
    "__format__",
    "__bool__",
    "__hash__",
    "__set__",
    "storage_offset",
    "data_ptr",
    "is_contiguous",
    "tolist",
    "__float__",
    "__int__",
    "__index__",
    "requires_grad_",
    "register_hook",
    "backward",
    "retain_grad",
    "ndimension",
    "get_device",
    "_is_view",
    "is_same_size",
    "element_size",
}

# Of these, the ones by which numbers leave torch: on the tape where a gradient is lost by it.
LEAVES = {"item", "tolist", "__float__"}


def name_of(func: Callable[..., Any]) -> str:
    """The call's name: ``softmax``, ``__getitem__``, or the property for a descriptor's getter (``T``, ``data``)."""
    name = getattr(func, "__name__", str(func))
    if name == "__get__":
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        return owner if owner in KEPT_PROPERTIES else "__get__"
    return name


def in_transform() -> bool:
    """Whether ``torch.func`` (vmap, grad, jvp, …) is at work: its tensors stand for many, or for a trace, and hold no values."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def tensors_in(value: Any, depth: int = 4) -> list[torch.Tensor]:
    """All dense tensors of a nested list, tuple, dict or dataclass-like object, in order.

    Sparse, quantised and nested ones lack most of the operations that measure a tensor: they are passed over.
    """
    if isinstance(value, torch.Tensor):
        return [value] if value.layout is torch.strided and not value.is_nested and not value.is_quantized else []
    if depth <= 0 or value is None or isinstance(value, (str, bytes, int, float, bool)):
        return []
    if isinstance(value, dict):
        return [t for v in value.values() for t in tensors_in(v, depth - 1)]
    if isinstance(value, (list, tuple, set)):
        return [t for v in value for t in tensors_in(v, depth - 1)]
    fields = getattr(value, "__dict__", None)
    if isinstance(fields, dict) and not isinstance(value, (torch.nn.Module, type)):
        return [t for v in fields.values() for t in tensors_in(v, depth - 1)]
    return []


@dataclass
class Op:
    """One call on the tape. ``inputs``/``outputs`` are tensors kept alive for the step; ``versions`` distinguish in-place."""

    index: int
    name: str
    inputs: list[torch.Tensor]
    outputs: list[torch.Tensor]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    site: dict[str, Any] | None
    module: str
    grad: bool = True


@dataclass
class Tape:
    """The calls of one step, in order."""

    ops: list[Op] = field(default_factory=list)
    limit: int = 20000

    def producer(self, tensor: torch.Tensor, before: int | None = None) -> Op | None:
        """The last op (before op number ``before``) that returned or wrote ``tensor``; None for a leaf."""
        end = len(self.ops) if before is None else before
        for op in reversed(self.ops[:end]):
            if any(out is tensor for out in op.outputs) and not any(i is tensor for i in op.inputs[1:]):
                return op
        return None


Before = Callable[
    [str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], "tuple[tuple[Any, ...], dict[str, Any]] | None"
]
After = Callable[[str, Callable[..., Any], tuple[Any, ...], dict[str, Any], Any], Any]


class Functions(TorchFunctionMode):
    """The mode. ``before`` may change arguments, ``replace`` may take over a call, ``after`` may change the result."""

    def __init__(self, sites: Sites) -> None:
        super().__init__()
        self.sites = sites
        self.before: dict[str, list[Before]] = {}
        self.after: dict[str, list[After]] = {}
        self.every: list[After] = []
        self.tape: Tape | None = None
        self.module_stack: list[str] = []

    def on(self, names: str | set[str], call: After) -> None:
        """Call ``call(name, func, args, kwargs, result)`` after each of these; what it returns (not None) is the result."""
        for name in [names] if isinstance(names, str) else names:
            self.after.setdefault(name, []).append(call)

    def ahead(self, names: str | set[str], call: Before) -> None:
        """Call ``call(name, func, args, kwargs)`` ahead of each of these; it may return new (args, kwargs)."""
        for name in [names] if isinstance(names, str) else names:
            self.before.setdefault(name, []).append(call)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run ``func``; tell the subscribers; put it on the tape when one is running."""
        kwargs = kwargs or {}
        name = name_of(func)
        quiet = name in QUIET and name not in self.before and name not in self.after
        if (quiet and not (name in LEAVES and self.tape is not None)) or in_transform():
            return func(*args, **kwargs)
        for early in self.before.get(name, ()):
            changed = early(name, func, args, kwargs)
            if changed is not None:
                args, kwargs = changed
        result = func(*args, **kwargs)
        for late in self.after.get(name, ()):
            altered = late(name, func, args, kwargs, result)
            if altered is not None:
                result = altered
        tape = self.tape
        if (
            tape is not None
            and (name not in QUIET or (name in LEAVES and getattr(args[0], "requires_grad", False)))
            and len(tape.ops) < tape.limit
            and not _passed_through(args, result, name)
        ):
            op = Op(
                len(tape.ops),
                name,
                tensors_in((args, kwargs)),
                tensors_in(result),
                args,
                kwargs,
                self.sites.here(2),
                self.module_stack[-1] if self.module_stack else "",
                torch.is_grad_enabled(),
            )
            tape.ops.append(op)
            for watch in self.every:
                altered = watch(name, func, args, kwargs, result)
                if altered is not None:
                    op.outputs = tensors_in(altered)
                    result = altered
        return result


def _passed_through(args: tuple[Any, ...], result: Any, name: str) -> bool:
    """A call whose result is its first argument, though the function does not work in place: a remedy left it out."""
    return (
        bool(args)
        and result is args[0]
        and not name.endswith("_")
        and isinstance(result, torch.Tensor)
        and name
        in {"softmax", "log_softmax", "sigmoid", "tanh", "relu", "hardtanh", "softplus", "relu6", "hardsigmoid"}
    )
