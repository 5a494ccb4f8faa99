"""What the last operations of a model can put out: interval arithmetic along the recorded chain behind a prediction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

INF = math.inf
# Range of each activation (PyTorch documentation).
RANGES: dict[str, tuple[float, float]] = {
    "tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "hardtanh": (-1.0, 1.0), "hardsigmoid": (0.0, 1.0),
    "relu": (0.0, INF), "relu6": (0.0, 6.0), "softplus": (0.0, INF), "softmax": (0.0, 1.0), "softmin": (0.0, 1.0),
    "log_softmax": (-INF, 0.0), "logsigmoid": (-INF, 0.0), "softsign": (-1.0, 1.0), "exp": (0.0, INF),
    "abs": (0.0, INF), "square": (0.0, INF), "sqrt": (0.0, INF), "sin": (-1.0, 1.0), "cos": (-1.0, 1.0),
    "erf": (-1.0, 1.0), "expit": (0.0, 1.0), "norm": (0.0, INF), "vector_norm": (0.0, INF),
    "threshold": (0.0, INF), "normalize": (-1.0, 1.0), "expm1": (-1.0, INF), "log1p_exp": (0.0, INF),
}  # fmt: skip
# Hidden states of recurrent layers: products of a sigmoid and a tanh, or mixtures of tanhs.
STATES = {
    "lstm": (-1.0, 1.0),
    "gru": (-1.0, 1.0),
    "rnn_tanh": (-1.0, 1.0),
    "rnn_relu": (0.0, INF),
    "lstm_cell": (-1.0, 1.0),
    "gru_cell": (-1.0, 1.0),
    "rnn_tanh_cell": (-1.0, 1.0),
    "rnn_relu_cell": (0.0, INF),
}
# The LSTM's cell state is not bounded: outputs of these calls are (sequence, h, c) and (h, c).
CELL_STATE = {"lstm": 2, "lstm_cell": 1}
# These keep every value between the lowest and the highest of what they get.
INSIDE = {
    "view", "reshape", "squeeze", "unsqueeze", "flatten", "permute", "transpose", "T", "mT", "contiguous",
    "__getitem__", "expand", "movedim", "swapaxes", "unflatten", "float", "double", "to", "type", "clone", "cpu",
    "cuda", "narrow", "select", "half", "bfloat16", "view_as", "reshape_as", "chunk", "split", "unbind", "ravel",
    "index_select", "masked_select", "type_as", "expand_as", "t", "gather", "mean", "amax", "amin", "median",
    "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "flip",
    "roll", "pixel_shuffle", "tile", "repeat", "repeat_interleave", "detach", "take_along_dim", "swapdims",
    "diagonal", "rot90", "broadcast_to",
}  # fmt: skip
DROPOUTS = {"dropout", "feature_dropout"}
# These are inside only when all they join came the same way.
JOINS = {"stack", "cat", "concat", "hstack", "vstack"}
LINEAR = {
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "bilinear",
    "addmm",
    "matmul",
    "__matmul__",
    "mm",
    "bmm",
    "einsum",
    "baddbmm",
    "__rmatmul__",
    "mv",
}


@dataclass
class Reach:
    """[low, high] of what the chain can put out; ``by`` the operation that bounds it (None: nothing does)."""

    low: float
    high: float
    by: dict[str, Any] | None
    end: str

    @property
    def bounded(self) -> bool:
        """Whether anything lies out of reach."""
        return self.low > -INF or self.high < INF


def reach(chain: list[dict[str, Any]]) -> Reach:
    """What the prediction can reach, from its recorded operations (last first). Unknown operations reach everything."""
    low, high, by = -INF, INF, None
    end = chain[-1]["name"].rstrip("_") if chain else ""
    for op in reversed(chain):
        name = op["name"].rstrip("_") if not op["name"].startswith("__") else op["name"]
        if name in STATES:
            bounded = op.get("output", 0) != CELL_STATE.get(name, -1)
            low, high = STATES[name] if bounded else (-INF, INF)
            by = op if bounded else None
        elif name in RANGES:
            low, high = apply(name, low, high)
            by = op
        elif name.rstrip("123d") in DROPOUTS:
            # Nought, or the value over what is kept: what share is kept is not known here.
            low, high = (0.0 if low >= 0 else -INF), (0.0 if high <= 0 else INF)
            by = by if low > -INF or high < INF else None
        elif name in INSIDE or (name in JOINS and (op.get("branches", 1) <= 1 or op.get("alike"))):
            continue
        else:
            low, high = arithmetic(name, op, low, high)
            if low == -INF and high == INF:
                by = None
            elif by is None:
                by = op
    return Reach(low, high, by if low > -INF or high < INF else None, end)


def apply(name: str, low: float, high: float) -> tuple[float, float]:
    """An activation's result for inputs in [low, high] (relu of [-1, 1] is [0, 1])."""
    bottom, top = RANGES[name]
    if name in {"relu", "hardtanh", "relu6", "threshold"}:
        return min(max(low, bottom), top), max(min(high, top), bottom)
    if name == "tanh":
        return math.tanh(low), math.tanh(high)
    return bottom, top


def arithmetic(name: str, op: dict[str, Any], low: float, high: float) -> tuple[float, float]:
    """Sums, products and limits with what was recorded of the other operand; everything where that is not known."""
    operands, named = op.get("operands"), op.get("named") or {}
    if operands is None:
        return -INF, INF
    plain = name.strip("_")
    if plain in {"clamp", "clip", "hardtanh", "clamp_min", "clamp_max"}:
        limits = [*operands[1:], None, None]
        below = named.get("min", named.get("min_val", limits[0] if plain != "clamp_max" else None))
        above = named.get("max", named.get("max_val", limits[1] if plain != "clamp_max" else limits[0]))
        bottom = edge(below, 0) if below is not None else -INF
        top = edge(above, 1) if above is not None else INF
        return max(low, bottom) if bottom > -INF else low, min(high, top) if top < INF else high
    if plain == "neg":
        return -high, -low
    if named or len(operands) != 2 or "x" not in operands:
        return -INF, INF
    first = operands[0] == "x"
    other = operands[1] if first else operands[0]
    if other is None or other == "x":
        return (0.0, INF) if plain == "pow" and other == "x" else (-INF, INF)
    a, b = edge(other, 0), edge(other, 1)
    if plain in {"add", "radd", "iadd"}:
        return low + a, high + b
    if plain in {"sub", "rsub", "isub", "subtract"}:
        turned = plain == "rsub" or not first
        return (a - high, b - low) if turned else (low - b, high - a)
    if plain in {"mul", "rmul", "imul", "multiply"}:
        return span([times(low, a), times(low, b), times(high, a), times(high, b)])
    if plain in {"div", "truediv", "true_divide", "itruediv"} and first and a * b > 0:
        return span([times(low, 1 / a), times(low, 1 / b), times(high, 1 / a), times(high, 1 / b)])
    if plain == "pow" and first and a == b and a % 2 == 0:
        return 0.0, max(low * low, high * high) ** (a / 2) if math.isfinite(low) and math.isfinite(high) else INF
    if plain in {"maximum", "max"}:
        return max(low, a), max(high, b)
    if plain in {"minimum", "min"}:
        return min(low, a), min(high, b)
    return -INF, INF


def edge(value: Any, side: int) -> float:
    """Lower (0) or upper (1) end of a recorded operand."""
    return float(value[side]) if isinstance(value, (list, tuple)) else float(value)


def times(a: float, b: float) -> float:
    """A product in which nothing times infinity is nothing."""
    return 0.0 if a == 0 or b == 0 else a * b


def span(values: list[float]) -> tuple[float, float]:
    """Lowest and highest."""
    return min(values), max(values)
