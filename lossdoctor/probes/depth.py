"""The weighted layers between the data and a prediction, how wide they are, and whether anything between them is
nonlinear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from lossdoctor.trace import RECURRENT_CALLS

from .chains import SHAPE_ONLY
from .flow import written
from .functions import Op, Tape
from .parameters import Parameters

LAYERS = {
    "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "baddbmm", "mv", "einsum", "bilinear",
}  # fmt: skip
# Calls whose result is an affine function of their data argument (batch norm and dropout are, once trained).
AFFINE = SHAPE_ONLY | {
    "add", "__add__", "__radd__", "__iadd__", "add_", "sub", "__sub__", "__rsub__", "__isub__", "neg", "__neg__", "mean", "sum",
    "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout", "batch_norm", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "pad", "cumsum", "flip", "roll", "detach", "data", "identity",
    "repeat", "repeat_interleave", "unfold", "fold", "diagonal", "tile", "swapdims", "atleast_2d", "vstack", "hstack", "dstack",
    "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "sparse_mm", "zeros_like", "empty_like", "contiguous", "requires_grad_", "lerp_const",
    "dequantize", "numpy", "swapaxes", "movedim", "squeeze_", "unsqueeze_", "cuda", "bfloat16", "type",
}  # fmt: skip
SCALES = {
    "mul",
    "__mul__",
    "__rmul__",
    "mul_",
    "__imul__",
    "multiply",
    "div",
    "__truediv__",
    "true_divide",
    "div_",
    "__itruediv__",
}


@dataclass
class State:
    """What is known of a tensor: does it depend on data, is it affine in them, through how many weighted layers did it come?"""

    data: bool
    affine: bool = True
    layers: int = 0
    weights: bool = False


def path(tape: Tape, prediction: torch.Tensor, parameters: Parameters, end: int | None = None) -> dict[str, Any]:
    """The layers behind ``prediction``, first to last, with ``affine``: is all of it, up to the last layer, affine in the data?"""
    ops = _ancestors(tape, prediction, len(tape.ops) if end is None else end)
    states: dict[int, State] = {}

    def state(tensor: torch.Tensor) -> State:
        known = states.get(id(tensor))
        if known is None:
            learns = parameters.index(tensor) is not None or (tensor.is_leaf and tensor.requires_grad)
            known = states[id(tensor)] = State(data=not learns, weights=learns)
        return known

    layers: list[dict[str, Any]] = []
    bends: list[dict[str, Any]] = []
    last: State | None = None
    for op in ops:
        given = [state(t) for t in op.inputs]
        made, is_layer, bend = _apply(op, given)
        if is_layer and made.data:
            last = made
            layers.append(_described(op, made))
        if bend:
            bends.append(
                {
                    "name": op.name.rstrip("_") if not op.name.startswith("__") else op.name,
                    "site": op.site,
                    "module": op.module,
                    "op": op.index,
                }
            )
        for tensor in written(op):
            states[id(tensor)] = made
    end_op = layers[-1]["op"] if layers else -1
    inside = [b for b in bends if b["op"] < end_op]
    return {
        "depth": last.layers if last else 0,
        "affine": bool(last is not None and last.affine),
        "layers": layers[:64],
        "nonlinear": [b["name"] for b in inside][:32],
        "nonlinear_after": [b["name"] for b in bends if b["op"] > end_op][:8],
    }


def _apply(op: Op, given: list[State]) -> tuple[State, bool, bool]:
    """State of the result, whether the op is a weighted layer, and whether it bends (is nonlinear in the data)."""
    data = any(s.data for s in given)
    affine = all(s.affine for s in given)
    depth = max((s.layers for s in given), default=0)
    weights = any(s.weights for s in given)
    from_data = [s for s in given if s.data]
    if not data:
        return State(False, True, 0, weights), False, False
    if op.name in LAYERS:
        twice = len([s for s in from_data if s.data]) > 1
        layer = any(s.weights and not s.data for s in given) and not twice
        return State(True, affine and not twice, depth + int(layer), weights), layer, twice
    if op.name in AFFINE:
        return State(True, affine, depth, weights), False, False
    if op.name in SCALES:
        product = len(from_data) > 1
        return State(True, affine and not product, depth, weights), False, product
    if op.name in RECURRENT_CALLS | {"multi_head_attention_forward"}:
        return State(True, False, depth + 1, weights), True, True
    return State(True, False, depth, weights), False, True


def _described(op: Op, made: State) -> dict[str, Any]:
    shape = list(op.outputs[0].shape) if op.outputs else []
    channels = shape[1] if op.name.startswith("conv") and len(shape) > 2 else (shape[-1] if shape else 0)
    units = 1
    for n in shape[1:]:
        units *= n
    return {
        "name": op.name,
        "op": op.index,
        "site": op.site,
        "module": op.module,
        "shape": shape,
        "features": int(channels),
        "units": int(units),
        "depth": made.layers,
        "affine": made.affine,
    }


def _ancestors(tape: Tape, tensor: torch.Tensor, end: int) -> list[Op]:
    needed, found = {id(tensor)}, []
    for op in reversed(tape.ops[:end]):
        if any(id(t) in needed for t in written(op)):
            needed.update(id(t) for t in op.inputs)
            found.append(op)
    return found[::-1]
