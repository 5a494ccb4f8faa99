"""Score-function objectives (Williams 1992, REINFORCE): log-probabilities of what was drawn, weighed by numbers from outside.

Found from the tape behind ``backward``: which way the weights are driven, and the numbers they were made from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from .flow import SUMS
from .functions import Op, Tape

WEIGHS = {"mul", "__mul__", "__rmul__", "multiply"}
# Logarithms of probabilities; losses that are one with a minus.
LOGS = {"log", "log_softmax", "logsumexp", "logsigmoid", "log_"}
MINUS_LOGS = {"cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"}
NEGATES = {"neg", "__neg__", "negative"}
TAKES_AWAY = {"sub", "__sub__", "subtract"}
SHAPES = {
    "reshape", "view", "flatten", "squeeze", "unsqueeze", "expand", "__getitem__", "gather", "unbind", "__iter__", "index_select", "take_along_dim",
    "cat", "concat", "hstack", "to", "float", "double", "contiguous", "clone", "split", "chunk", "transpose", "T", "permute", "flip", "detach",
}  # fmt: skip
REDUCES = SUMS | {"nansum", "nanmean", "masked_select", "where", "min", "minimum", "dot", "vstack"}
# On the way from a weighed term to its logarithm (a ratio of probabilities is the exponential of a difference of them).
INSIDE = (
    SHAPES | SUMS | NEGATES | {"exp", "clamp", "clip", "div", "__truediv__", "pow", "__pow__"} | WEIGHS | {"__rsub__"}
)
# On the way from a weight to the numbers it was made from (normalised, clipped, less a baseline); what was put together or
# summed up stands for itself: how an environment makes its rewards is not asked.
MADE = (SHAPES - {"cat", "concat", "hstack"}) | NEGATES | WEIGHS | TAKES_AWAY | {"div", "__truediv__", "clamp", "clip"}
DRAWS = {"multinomial", "bernoulli", "normal", "poisson"}
DEEP, MOST = 16, 5000


@dataclass
class Objective:
    """``sign``: +1 where the loss makes the weights' side small, -1 where it makes it large; ``value``: the mean of the
    numbers that weigh, before they were normalised; ``number``: they are Python numbers; ``sites``: where they weigh;
    ``drawn``: something was drawn from what the model put out, so that the loss is a stand-in whose value means nothing.
    """

    sign: int
    value: float
    number: bool
    sites: list[dict[str, Any]]
    terms: int
    drawn: bool


def objective(tape: Tape, root: torch.Tensor) -> Objective | None:
    """What ``root`` weighs log-probabilities with; None where it weighs none, or does so both ways."""
    made = {id(out): op for op in tape.ops for out in op.outputs if not any(out is given for given in op.inputs)}
    waiting: list[tuple[torch.Tensor, int]] = [(root, 1)]
    seen: set[int] = set()
    found: list[tuple[Op, int, Any]] = []
    while waiting and len(seen) < MOST:
        tensor, sign = waiting.pop()
        op = made.get(id(tensor))
        if op is None or op.index in seen:
            continue
        seen.add(op.index)
        if op.name in WEIGHS and (parts := weighed(op.args)) is not None:
            carrying, weight = parts
            inner = 0 if _scale(made, carrying, weight) else _log_sign(made, carrying)
            if inner:
                found.append((op, sign * inner, weight))
            elif isinstance(weight, (int, float)):
                waiting.append((carrying, sign if weight >= 0 else -sign))
        elif op.name in REDUCES | SHAPES | NEGATES | {"div", "__truediv__", "__rsub__"}:
            waiting.extend((t, sign * _turn(op, t)) for t in op.inputs if t.requires_grad)
    places = {(o.site["path"], o.site["line"]): o.site for o, _, _ in found if o.site}
    if not places:
        return None
    signs: set[int] = set()
    numbers: list[float] = []
    for _, sign, weight in found:
        turned, raw = _origin(made, weight)
        if raw is not None:
            signs.add(sign * turned)
            numbers.append(raw)
    if len(signs) != 1 or not numbers:
        return None
    number = isinstance(found[0][2], (int, float))
    drawn = any(op.name in DRAWS and any(_from_model(made, t) for t in op.inputs) for op in tape.ops)
    return Objective(signs.pop(), sum(numbers) / len(numbers), number, list(places.values()), len(found), drawn)


def weighed(args: tuple[Any, ...]) -> tuple[torch.Tensor, Any] | None:
    """(what carries a gradient, what it is multiplied with) of a product of one such tensor with something fixed."""
    carrying = [a for a in args[:2] if isinstance(a, torch.Tensor) and a.requires_grad]
    fixed = [a for a in args[:2] if not (isinstance(a, torch.Tensor) and a.requires_grad)]
    if len(carrying) != 1 or len(fixed) != 1 or not isinstance(fixed[0], (torch.Tensor, int, float)):
        return None
    return carrying[0], fixed[0]


def _turn(op: Op, tensor: torch.Tensor) -> int:
    """-1 where ``op`` turns ``tensor`` around."""
    if op.name in NEGATES or op.name == "__rsub__":
        return -1
    return -1 if op.name in TAKES_AWAY and len(op.args) > 1 and op.args[1] is tensor else 1


def _scale(made: dict[int, Op], carrying: torch.Tensor, weight: Any) -> bool:
    """Whether a product scales a whole term (a coefficient), rather than weigh a log-probability."""
    if isinstance(weight, torch.Tensor) and weight.numel() > 1:
        return False
    current = carrying
    for _ in range(DEEP):
        op = made.get(id(current))
        if op is not None and op.name in MINUS_LOGS:  # a mean over rows that somebody else has labelled
            return len(op.inputs) > 1 and op.inputs[1].numel() > 1
        if op is None or op.name not in REDUCES | SHAPES | NEGATES:
            return op is not None and op.name in WEIGHS and weighed(op.args) is not None
        onward = [t for t in op.inputs if t.requires_grad]
        if not onward:
            return False
        current = onward[0]
    return False


def _log_sign(made: dict[int, Op], tensor: torch.Tensor) -> int:
    """+1 for a log-probability, -1 for one with a minus, 0 for anything else.

    A logarithm that is taken away is the normaliser of a log-probability, so only a minus in front counts.
    """
    waiting = [(tensor, 1, 0)]
    while waiting:
        current, sign, depth = waiting.pop(0)
        op = made.get(id(current))
        if op is None or depth > DEEP:
            continue
        if op.name in LOGS:
            return sign
        if op.name in MINUS_LOGS:
            return -sign
        # Probabilities times their own logarithms are an entropy, and no log-probability of what was drawn.
        if op.name in INSIDE and (op.name not in WEIGHS or weighed(op.args) is not None):
            turned = -sign if op.name in NEGATES else sign
            waiting.extend((t, turned, depth + 1) for t in op.inputs if t.requires_grad)
    return 0


def _origin(made: dict[int, Op], weight: Any) -> tuple[int, float | None]:
    """Whether ``weight`` was turned around since it was normalised or a baseline was taken from it, and its mean before that.

    None where nothing but a model made it.
    """
    if isinstance(weight, (int, float)):
        return 1, float(weight)
    current, sign = weight, 1
    for _ in range(MOST):
        op = made.get(id(current))
        if op is None or op.name not in MADE or not op.inputs:
            break
        onward = next((t for t in op.inputs if not _modelled(made, t)), None)
        if onward is None:
            return sign, None
        current, sign = onward, sign * _turn(op, onward)
    if _modelled(made, current) or not current.numel():
        return sign, None
    with torch._C.DisableTorchFunction():
        return sign, float(current.detach().float().mean())


def _modelled(made: dict[int, Op], tensor: torch.Tensor, depth: int = 0) -> bool:
    """Whether nothing but a model stands behind ``tensor``: a parameter, or what an operation with parameters returned."""
    op = made.get(id(tensor))
    if op is None or depth > DEEP:
        return tensor.requires_grad
    if op.name in MADE and op.inputs:
        return all(_modelled(made, t, depth + 1) for t in op.inputs)
    return tensor.requires_grad or any(isinstance(t, torch.nn.Parameter) for t in op.inputs)


def _from_model(made: dict[int, Op], tensor: torch.Tensor) -> bool:
    """Whether a parameter stands anywhere behind ``tensor``, with or without a gradient."""
    waiting: list[torch.Tensor] = [tensor]
    seen: set[int] = set()
    while waiting and len(seen) < 4 * DEEP:
        current = waiting.pop()
        if current.requires_grad or isinstance(current, torch.nn.Parameter):
            return True
        op = made.get(id(current))
        if op is not None and op.index not in seen:
            seen.add(op.index)
            waiting.extend(op.inputs)
    return False
