"""Training by function transforms: ``torch.func.grad`` of a loss by a collection of weights that no optimizer holds.

A transform's tensors hold no values that could be looked at. So its outermost call is made as an ordinary differentiation of
the same function at the same numbers, which is observed like any other backward. A ``vmap`` of such a gradient over weights
(an ensemble) is made member by member: the sum of their losses has the gradients of each.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from .functions import in_transform

# Members of an ensemble up to which they are run one by one.
MEMBERS = 32


def install(instruments: Any) -> None:
    """Wrap ``grad``, ``grad_and_value`` and ``vmap`` of ``torch.func``; ``instruments`` are told of each gradient that trains."""
    for name, valued in (("grad", False), ("grad_and_value", True)):
        instruments.wrap(torch.func, name, functools.partial(_transform, instruments, valued))
    instruments.wrap(torch.func, "vmap", functools.partial(_vmap, instruments))
    instruments.wrap(torch, "vmap", functools.partial(_vmap, instruments))


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

        call.differentiated = (func, argnums, has_aux, valued)  # type: ignore[attr-defined]
        return call

    return transform


def _vmap(instruments: Any, original: Any) -> Any:
    @functools.wraps(original)
    def vmap(func: Any, in_dims: Any = 0, out_dims: Any = 0, *rest: Any, **options: Any) -> Any:
        plain = original(func, in_dims, out_dims, *rest, **options)
        inner = getattr(func, "differentiated", None)
        if inner is None or out_dims != 0 or rest or options or inner[2]:
            return plain
        loss, argnums, has_aux, valued = inner

        @functools.wraps(func)
        def call(*args: Any, **kwargs: Any) -> Any:
            dims = in_dims if isinstance(in_dims, tuple) else (in_dims,) * len(args)
            weights = None if in_transform() or instruments.optimized() else _weights(args, argnums)
            simple = len(dims) == len(args) and all(d is None or isinstance(d, int) for d in dims) and not kwargs
            if weights is None or not simple or dims[argnums] != 0 or len(weights[0][0]) > MEMBERS:
                return plain(*args, **kwargs)

            def each(*stacked: Any) -> torch.Tensor:
                members = range(len(weights[0][0]))
                return torch.stack(
                    [loss(*(_member(a, d, i) for a, d in zip(stacked, dims, strict=True))) for i in members]
                )

            return _differentiate(instruments, each, args, kwargs, argnums, weights, has_aux, valued)

        return call

    return vmap


def _member(value: Any, dim: int | None, index: int) -> Any:
    """One member's part of an argument that is stacked along ``dim`` (None: it is shared)."""
    if dim is None:
        return value
    return tree_map(lambda t: t.select(dim, index) if isinstance(t, torch.Tensor) else t, value)


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
        root = value if value.dim() == 0 else value.sum()
        instruments.tell.backward([root], "grad")
        with torch._C.DisableTorchFunction():
            torch.autograd.backward.__wrapped__([root])  # type: ignore[attr-defined]
    instruments.tell.backwarded([root])
    grads = [torch.zeros_like(t) if t.grad is None else t.grad for t in fresh]
    for tensor in fresh:  # handed on, and not kept as what a next backward would add to
        tensor.grad = None
    handed = tree_unflatten(grads, structure)
    if not valued:
        return (handed, aux) if has_aux else handed
    return handed, ((value.detach(), aux) if has_aux else value.detach())
