"""Training by function transforms: ``torch.func.grad`` of a loss by a collection of weights that no optimizer holds.

A transform's tensors hold no values that could be looked at. So its outermost call is made as an ordinary differentiation of
the same function at the same numbers, which is observed like any other backward.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from .functions import in_transform


def install(instruments: Any) -> None:
    """Wrap ``torch.func.grad`` and ``grad_and_value``; ``instruments`` are told of each gradient that trains."""
    for name, valued in (("grad", False), ("grad_and_value", True)):
        instruments.wrap(torch.func, name, functools.partial(_transform, instruments, valued))


def _transform(instruments: Any, valued: bool, original: Any) -> Any:
    @functools.wraps(original)
    def transform(func: Any, argnums: Any = 0, has_aux: bool = False) -> Any:
        plain = original(func, argnums, has_aux)

        @functools.wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            weights = None if in_transform() or instruments.optimized() else _weights(args, argnums)
            if weights is None:
                return plain(*args, **kwargs)
            return _differentiate(instruments, func, args, kwargs, argnums, weights, has_aux, valued)

        return call

    return transform


def _weights(args: tuple[Any, ...], argnums: Any) -> tuple[list[torch.Tensor], Any] | None:
    """The tensors of the argument that is differentiated by, and its structure; None for inputs rather than weights."""
    if not isinstance(argnums, int) or not -len(args) <= argnums < len(args):
        return None
    wanted = args[argnums]
    if not isinstance(wanted, (dict, list, tuple)):
        return None
    leaves, structure = tree_flatten(wanted)
    fine = all(isinstance(t, torch.Tensor) and t.is_floating_point() and t.is_leaf for t in leaves)
    return (leaves, structure) if leaves and fine else None


def _differentiate(
    instruments: Any,
    func: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    argnums: int,
    weights: tuple[list[torch.Tensor], Any],
    has_aux: bool,
    valued: bool,
) -> Any:
    leaves, structure = weights
    fresh = [t.detach().requires_grad_() for t in leaves]
    given = list(args)
    given[argnums] = tree_unflatten(fresh, structure)
    with torch.enable_grad():
        result = func(*given, **kwargs)
        value, aux = result if has_aux else (result, None)
        instruments.tell.backward([value], "grad")
        with torch._C.DisableTorchFunction():
            torch.autograd.backward.__wrapped__([value])  # type: ignore[attr-defined]
    instruments.tell.backwarded([value])
    grads = [torch.zeros_like(t) if t.grad is None else t.grad for t in fresh]
    for tensor in fresh:  # handed on, and not kept as what a next backward would add to
        tensor.grad = None
    handed = tree_unflatten(grads, structure)
    if not valued:
        return (handed, aux) if has_aux else handed
    return handed, ((value.detach(), aux) if has_aux else value.detach())
