"""Reading a tape backwards: which operations stand between the last layer and the loss."""

from __future__ import annotations

from typing import Any

import torch

from .functions import Op, Tape

SHAPE_ONLY = {
    "view", "reshape", "squeeze", "unsqueeze", "flatten", "permute", "transpose", "T", "mT", "contiguous", "__getitem__", "expand", "movedim",
    "swapaxes", "unflatten", "float", "double", "to", "type", "clone", "cpu", "squeeze_", "unsqueeze_", "narrow", "select", "half", "bfloat16",
    "view_as", "reshape_as", "stack", "cat", "concat", "chunk", "split", "unbind", "ravel", "index_select", "masked_select", "type_as", "expand_as", "t", "permute_",
}  # fmt: skip
JOINS = {"stack", "cat", "concat", "hstack", "vstack"}
AFFINE = {
    "mul",
    "__mul__",
    "__rmul__",
    "add",
    "__add__",
    "__radd__",
    "sub",
    "__sub__",
    "__rsub__",
    "div",
    "__truediv__",
    "neg",
    "__neg__",
    "__imul__",
    "__iadd__",
}
# Calls whose other arguments say what the result can reach.
LIMITS = {
    "clamp",
    "clamp_",
    "clip",
    "clamp_min",
    "clamp_max",
    "maximum",
    "minimum",
    "max",
    "min",
    "pow",
    "__pow__",
    "hardtanh",
    "hardtanh_",
    "true_divide",
    "multiply",
    "subtract",
    "mul_",
    "add_",
    "sub_",
    "div_",
}


def operand(value: Any, carried: torch.Tensor) -> Any:
    """An argument as data: "x" the tensor that the chain follows, a number, the [low, high] of a fixed tensor, None for the rest."""
    if value is carried:
        return "x"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if (
        isinstance(value, torch.Tensor)
        and not value.requires_grad
        and 0 < value.numel() <= 1_000_000
        and not value.is_complex()
        and value.dtype != torch.bool
    ):
        with torch._C.DisableTorchFunction():
            flat = value.detach().float()
            return [float(flat.min()), float(flat.max())]
    return None


def described(op: Op) -> dict[str, Any]:
    """An op as a plain record."""
    dim = op.kwargs.get("dim")
    if (
        dim is None
        and op.name in {"softmax", "log_softmax", "softmin"}
        and len(op.args) > 1
        and isinstance(op.args[1], int)
    ):
        dim = op.args[1]
    return {
        "name": op.name.rstrip("_") if not op.name.startswith("__") else op.name,
        "site": op.site,
        "module": op.module,
        "op": op.index,
        "dim": dim,
        "shape": list(op.outputs[0].shape) if op.outputs else [],
        "requires_grad": bool(op.outputs[0].requires_grad) if op.outputs else False,
    }


def behind(tape: Tape, tensor: torch.Tensor, steps: int = 12) -> list[dict[str, Any]]:
    """The ops that made ``tensor``, last first, following the (first) differentiable input; stops at a layer with weights."""
    chain: list[dict[str, Any]] = []
    current, before = tensor, len(tape.ops)
    for _ in range(steps):
        op = tape.producer(current, before)
        if op is None:
            break
        record = described(op)
        if op.name in AFFINE:
            record["scalars"] = [float(a) for a in op.args if isinstance(a, (int, float)) and not isinstance(a, bool)]
            record["tensors"] = len([t for t in op.inputs if t.numel() > 1])
        chain.append(record)
        carrying = [t for t in op.inputs if t.requires_grad] or [t for t in op.inputs if t.is_floating_point()]
        record["output"] = next((i for i, t in enumerate(op.outputs) if t is current), 0)
        record["branches"] = len({id(t) for t in op.inputs if t.requires_grad})
        if record["branches"] > 1 and op.name in JOINS:
            made_by = [tape.producer(t, op.index) for t in op.inputs[:256] if t.requires_grad]
            record["alike"] = len({(m.name, m.module, str(m.site)) if m else None for m in made_by}) == 1
        if carrying and (op.name in AFFINE or op.name in LIMITS):
            record["operands"] = [operand(a, carrying[0]) for a in op.args]
            record["named"] = {k: operand(v, carrying[0]) for k, v in op.kwargs.items()}
        if not carrying or op.name in {
            "linear",
            "conv1d",
            "conv2d",
            "conv3d",
            "lstm",
            "gru",
            "rnn_tanh",
            "rnn_relu",
            "bilinear",
            "addmm",
            "matmul",
            "__matmul__",
            "mm",
            "bmm",
            "embedding",
            "multi_head_attention_forward",
        }:
            break
        current, before = carrying[0], op.index
    return chain
