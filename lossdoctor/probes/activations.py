"""How far each activation call is saturated or dead, from the tape of a sampled step."""

from __future__ import annotations

from typing import Any

import torch

from .functions import Op, Tape

# name -> lower and upper bound of the function's range (None: unbounded on that side).
BOUNDED: dict[str, tuple[float | None, float | None]] = {
    "tanh": (-1.0, 1.0),
    "tanh_": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "sigmoid_": (0.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "relu": (0.0, None),
    "relu_": (0.0, None),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, None),
    "softmax": (0.0, 1.0),
    "log_softmax": (None, 0.0),
    "logsigmoid": (None, 0.0),
    "softsign": (-1.0, 1.0),
    "exp": (0.0, None),
}
NONLINEAR = set(BOUNDED) | {
    "gelu",
    "silu",
    "elu",
    "leaky_relu",
    "prelu",
    "selu",
    "mish",
    "celu",
    "rrelu",
    "glu",
    "hardswish",
    "sin",
    "cos",
    "max_pool2d",
    "max_pool1d",
    "lstm",
    "gru",
    "rnn_tanh",
    "rnn_relu",
    "scaled_dot_product_attention",
    "multi_head_attention_forward",
    "abs",
    "clamp",
    "maximum",
    "pow",
    "square",
    "lstm_cell",
    "gru_cell",
    "rnn_tanh_cell",
    "rnn_relu_cell",
    "layer_norm",
}
# Operations that multiply by a weight.
WEIGHTED = {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "bilinear"} | {
    "matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "mv", "einsum", "lstm", "gru", "rnn_tanh", "rnn_relu", "embedding",
    "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell", "multi_head_attention_forward", "mul", "__mul__", "__rmul__",
}  # fmt: skip
# Beyond these, tanh's derivative is under 0.1 and sigmoid's under 0.0475: the "saturated" zone of Glorot & Bengio (2010).
TANH_SATURATED = 0.95
SIGMOID_SATURATED = 0.05


def summarise(tape: Tape, limit: int = 400) -> list[dict[str, Any]]:
    """One record per activation call of the tape: saturated share, dead-unit share, number of units."""
    records: list[dict[str, Any]] = []
    weighted = [
        op.index
        for op in tape.ops
        if op.grad and op.name in WEIGHTED and any(t.is_leaf and t.requires_grad for t in op.inputs)
    ]
    last = max(weighted, default=-1)  # an activation ahead of it is followed by a weight, one behind it is an output
    with torch.no_grad():
        for op in tape.ops:
            if op.name not in BOUNDED or not op.outputs or not op.grad or len(records) >= limit:
                continue
            out = op.outputs[0].detach()
            if not out.is_floating_point() or out.numel() == 0 or op.name in {"softmax", "log_softmax", "exp"}:
                continue
            axis = unit_axis(tape, op, out.dim())
            record: dict[str, Any] = {
                "name": op.name.rstrip("_"),
                "site": op.site,
                "module": op.module,
                "op": op.index,
                "shape": list(out.shape),
                "requires_grad": bool(op.outputs[0].requires_grad),
                "followed": op.index < last,
            }
            if "tanh" in op.name or op.name == "softsign":
                record["saturated"] = float((out.abs() > TANH_SATURATED).float().mean())
            elif "sigmoid" in op.name:
                record["saturated"] = float(((out < SIGMOID_SATURATED) | (out > 1 - SIGMOID_SATURATED)).float().mean())
            elif "relu" in op.name:
                units = out.movedim(axis, -1).reshape(-1, out.shape[axis])
                record["zero"] = float((out <= 0).float().mean())
                record["dead_units"] = (
                    float((units <= 0).all(dim=0).float().mean()) if units.shape[0] > 1 else record["zero"]
                )
                record["units"], record["rows"] = int(out.shape[axis]), int(units.shape[0])
            record["std"] = float(out.float().std()) if out.numel() > 1 else 0.0
            rows = (
                out.float().movedim(axis, -1).reshape(-1, out.shape[axis]) if out.dim() else out.float().reshape(1, 1)
            )
            record["row_std"] = float(rows.std(dim=0).mean()) if rows.shape[0] > 1 else 0.0
            records.append(record)
    return records


def unit_axis(tape: Tape, op: Op, dims: int) -> int:
    """The axis of an activation's units: channels behind a convolution, else the last."""
    if dims <= 2:
        return max(dims - 1, 0)
    tensor, before = (op.inputs[0] if op.inputs else None), op.index
    for _ in range(4):
        maker = tape.producer(tensor, before) if tensor is not None else None
        if maker is None:
            break
        if maker.name.startswith(("conv", "batch_norm", "instance_norm", "group_norm")):
            return 1
        if maker.name in {"linear", "matmul", "__matmul__", "layer_norm", "bmm"}:
            return dims - 1
        tensor, before = (maker.inputs[0] if maker.inputs else None), maker.index
    return 1 if dims >= 4 else dims - 1
