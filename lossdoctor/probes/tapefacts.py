"""Facts read off the tape: what each softmax sums to where it is used, and operations that broadcast two tensors of equal size."""

from __future__ import annotations

from typing import Any

import torch

from .chains import SHAPE_ONLY
from .functions import Op, Tape
from .losses import counts_rows

SOFTMAXES = {"softmax", "log_softmax", "softmin"}
PRODUCTS = {"matmul", "__matmul__", "bmm"}
PAIRWISE = {
    "sub", "__sub__", "__rsub__", "subtract", "mul", "__mul__", "__rmul__", "multiply", "div", "__truediv__", "true_divide", "add", "__add__", "__radd__",
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "max", "maximum", "min", "minimum",
}  # fmt: skip
LIMIT = 40
# Between a softmax and the product that uses it these leave what the weights sum to alone.
HARMLESS = {
    "dropout",
    "view",
    "reshape",
    "contiguous",
    "clone",
    "to",
    "type",
    "float",
    "expand",
    "masked_fill",
    "unsqueeze",
}


JOINS = {"cat", "concat", "concatenate"}
SPLITS = {"view", "reshape", "unflatten"}
# What these put out has its rows in another order.
REORDERS = {"__getitem__", "gather", "index_select", "take_along_dim", "flip", "roll", "sort", "permute", "transpose"}


def softmax_dim(op: Op) -> int | None:
    """The axis of a softmax call, counted from the front; torch's own choice where the script gave none."""
    dim = op.kwargs.get("dim")
    if dim is None and len(op.args) > 1 and isinstance(op.args[1], int) and not isinstance(op.args[1], bool):
        dim = op.args[1]
    if not op.outputs:
        return None
    axes = op.outputs[0].dim()
    if dim is None:
        return 0 if axes in {0, 1, 3} else 1
    return int(dim) % axes if axes else 0


def softmaxes(tape: Tape) -> list[dict[str, Any]]:
    """One record per softmax of a taped step: axis, shape, and the product that weighs with it (what its weights sum to there)."""
    found: list[dict[str, Any]] = []
    with torch._C.DisableTorchFunction(), torch.no_grad():
        for op in tape.ops:
            if op.name not in SOFTMAXES or not op.outputs or not op.grad or len(found) >= LIMIT:
                continue
            out = op.outputs[0]
            record: dict[str, Any] = {
                "name": op.name,
                "dim": softmax_dim(op),
                "given": op.kwargs.get("dim") is not None or len(op.args) > 1,
                "shape": list(out.shape),
                "site": op.site,
                "module": op.module,
                "op": op.index,
                "requires_grad": bool(out.requires_grad),
            }
            if (picked := _picked(tape, op)) is not None:
                axis, record["picked"] = picked
                record["picked_along"] = axis
                sums = (out if op.name == "softmax" else out.exp()).detach().float().sum(axis)
                record["sum_low"], record["sum_high"] = float(sums.min()), float(sums.max())
            elif op.name == "softmax" and (summed := _summed_over(tape, op)) is not None:
                record["along"] = summed
            elif op.name == "softmax":
                use = _weighs(tape, op)
                # Reshapes on the way may join the leading axes; the one that is summed over is counted from the end.
                if use is not None and (along := use[2] - use[1].dim() + out.dim()) >= 0:
                    product, weights, axis = use
                    if out.shape[along] != weights.shape[axis]:
                        found.append(record)
                        continue
                    sums = weights.detach().float().sum(axis)
                    record["weighs"], record["along"] = product.site, along
                    record["sum_low"], record["sum_high"] = float(sums.min()), float(sums.max())
            found.append(record)
    return found


def _picked(tape: Tape, softmax: Op) -> tuple[int, Any] | None:
    """Axis and place where one entry of each row of a softmax's table (up to its logarithm) is picked; None for no such thing.

    Where no entry is picked twice, it may be the table of all pairs, of which each has its partner.
    """
    current = softmax.outputs[0]
    if current.dim() != 2:
        return None
    for op in tape.ops[softmax.index + 1 : softmax.index + 40]:
        if not op.args or op.args[0] is not current:
            continue
        if op.name == "gather":
            axis = op.args[1] if len(op.args) > 1 else op.kwargs.get("dim")
            index = op.args[2] if len(op.args) > 2 else op.kwargs.get("index")
            if isinstance(axis, int) and isinstance(index, torch.Tensor) and index.dim() == 2:
                return _single(index, axis % 2, op)
        elif op.name == "__getitem__" and len(op.args) > 1 and isinstance(op.args[1], tuple):
            return _by_rows(op.args[1], op)
        elif op.name in HARMLESS | {"log", "clamp", "add", "__add__"} and op.outputs:
            current = op.outputs[0]
    return None


def _single(index: torch.Tensor, axis: int, op: Op) -> tuple[int, Any] | None:
    chosen = index.reshape(-1)
    return (axis, op.site) if index.shape[axis] == 1 and len(chosen.unique()) < len(chosen) else None


def _by_rows(index: tuple[Any, ...], op: Op) -> tuple[int, Any] | None:
    """``table[arange(n), chosen]``: the axis of the index that does not count."""
    if len(index) != 2 or not all(isinstance(i, torch.Tensor) and i.dim() == 1 for i in index):
        return None
    counts = [counts_rows(i) for i in index]
    axis = 1 if counts[0] else 0
    return _single(index[axis].unsqueeze(axis), axis, op) if counts.count(True) == 1 else None


def _summed_over(tape: Tape, softmax: Op) -> int | None:
    """The axis over which a softmax's result, multiplied with something of as many axes, is summed; None for no such thing."""
    weights, product = softmax.outputs[0], None
    for op in tape.ops[softmax.index + 1 : softmax.index + 20]:
        if product is not None and op.args and op.args[0] is product and op.name == "sum":
            axis = op.args[1] if len(op.args) > 1 else op.kwargs.get("dim")
            return axis % weights.dim() if isinstance(axis, int) else None
        multiplies = op.name in {"mul", "__mul__", "__rmul__", "multiply"} and any(t is weights for t in op.inputs)
        if multiplies and op.outputs and op.outputs[0].dim() == weights.dim():
            product = op.outputs[0]
    return None


def _weighs(tape: Tape, softmax: Op) -> tuple[Op, torch.Tensor, int] | None:
    """The product that weighs with this softmax's result (up to reshapes and dropout), the weights, and the axis it sums over."""
    current = softmax.outputs[0]
    for op in tape.ops[softmax.index + 1 : softmax.index + 40]:
        if not any(t is current for t in op.inputs):
            continue
        if op.name in PRODUCTS and op.args[0] is current and current.dim() >= 2:
            return op, current, current.dim() - 1
        if op.name == "einsum" and (axis := _summed(op, current)) is not None:
            return op, current, axis
        if op.name in HARMLESS and op.outputs and op.inputs[0] is current:
            current = op.outputs[0]
    return None


def _summed(op: Op, weights: torch.Tensor) -> int | None:
    """The one axis of an einsum's factor that the result no longer has."""
    if not op.args or not isinstance(op.args[0], str) or "->" not in op.args[0] or "." in op.args[0]:
        return None
    given, kept = op.args[0].replace(" ", "").split("->")
    factors = list(op.args[1]) if len(op.args) == 2 and isinstance(op.args[1], (list, tuple)) else list(op.args[1:])
    place = next((i for i, t in enumerate(factors) if t is weights), None)
    names = given.split(",")[place] if place is not None and place < len(given.split(",")) else ""
    gone = [axis for axis, name in enumerate(names) if name not in kept]
    return gone[0] if len(gone) == 1 else None


def broadcasts(tape: Tape) -> list[dict[str, Any]]:
    """Elementwise calls of two tensors of equal size whose shapes differ in rank and broadcast to something bigger than both."""
    found: list[dict[str, Any]] = []
    for op in tape.ops:
        if op.name not in PAIRWISE or not op.grad or len(op.inputs) < 2 or not op.outputs or len(found) >= LIMIT:
            continue
        a, b = op.inputs[0], op.inputs[1]
        if a.numel() != b.numel() or a.numel() < 2 or a.dim() == b.dim() or a.shape == b.shape:
            continue
        try:
            joined = torch.broadcast_shapes(a.shape, b.shape)
        except RuntimeError:
            continue
        size = 1
        for n in joined:
            size *= n
        if size <= a.numel() or not op.outputs[0].requires_grad:
            continue
        found.append(
            {
                "name": op.name,
                "site": op.site,
                "module": op.module,
                "op": op.index,
                "shapes": [list(a.shape), list(b.shape)],
                "joined": list(joined),
                "carrying": [bool(a.requires_grad), bool(b.requires_grad)],
                "meant": any(_raised(tape, t, op) for t in (a, b)),
            }
        )
    return found


def _raised(tape: Tape, tensor: torch.Tensor, op: Op) -> bool:
    """Whether the tensor got an axis on the same line, just ahead of the call: somebody wanted the broadcast."""
    source = tape.producer(tensor, op.index)
    if source is None or source.site is None or op.site is None:
        return False
    same = source.site["path"] == op.site["path"] and source.site["line"] == op.site["line"]
    return same and source.name in SHAPE_ONLY and bool(source.inputs) and source.inputs[0].dim() < tensor.dim()


def torn(tape: Tape) -> list[dict[str, Any]]:
    """Parts of equal length that are joined along the first axis, part behind part, and split again as if row lay behind row.

    ``cat([a, b, c])`` of (n, d) each lies as (3, n); what reads it as (n, 3) puts neighbours of one part together.
    """
    found: list[dict[str, Any]] = []
    laid: dict[int, tuple[int, int, Any]] = {}  # tensor -> parts, rows of each, where they were joined
    for op in tape.ops:
        if not op.outputs:
            continue
        out = op.outputs[0]
        if op.name in JOINS:
            parts = _parts(op)
            if parts is not None:
                laid[id(out)] = (*parts, op.site)
            continue
        known = next((laid[id(t)] for t in op.inputs if id(t) in laid), None)
        if known is None or op.name in REORDERS:
            continue
        count, rows, joined = known
        if out.dim() and out.shape[0] == count * rows:
            laid[id(out)] = known  # row by row, whatever it does
        elif op.name in SPLITS and tuple(out.shape[:2]) == (rows, count) and op.grad and out.requires_grad:
            found.append({"name": op.name, "site": op.site, "parts": count, "rows": rows, "joined": joined})
    return found[:LIMIT]


def _parts(op: Op) -> tuple[int, int] | None:
    """How many parts of how many rows a call joins along the first axis; None unless all are as long, and longer than they are many."""
    given = op.args[0] if op.args else op.kwargs.get("tensors")
    axis = op.args[1] if len(op.args) > 1 else op.kwargs.get("dim", 0)
    if not isinstance(given, (list, tuple)) or len(given) < 2 or axis != 0:
        return None
    rows = {t.shape[0] if t.dim() else 0 for t in given}
    length = rows.pop()
    return (len(given), length) if not rows and length > 1 and length != len(given) else None
