"""The terms that a loss is a sum of: which of them carry no gradient, and how much the data's own make up."""

from __future__ import annotations

from typing import Any

import torch

from .flow import ADDS, SCALES, SUMS
from .functions import Op, Tape
from .losses import contributes, leaves
from .parameters import Parameters

# What turns an error into a loss, row by row.
ERRORS = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "pow", "__pow__", "square", "abs"}
TAKES_AWAY = {"sub", "__sub__", "__isub__"}
MOST = 200


def shares(tape: Tape, root: torch.Tensor, outputs: list[torch.Tensor]) -> dict[str, float] | None:
    """``whole``: the value of the sum ``root``; ``data``: what the terms behind ``outputs`` make up of it. None for a single term."""
    parts = _addends(tape, root)
    if len(parts) < 2:
        return None
    data = sum(value for value, tensor in parts if any(contributes(tensor, o) for o in outputs))
    return {"whole": sum(value for value, _ in parts), "data": data}


def _addends(tape: Tape, root: torch.Tensor) -> list[tuple[float, torch.Tensor]]:
    """(value, tensor) of each term with gradient that ``root`` is made of by sums, differences, numbers as factors and one reduction."""
    found: list[tuple[float, torch.Tensor]] = []
    waiting = [(root, len(tape.ops), 1.0, "")]
    while waiting and len(found) < MOST:
        tensor, before, factor, reduced = waiting.pop()
        op = tape.producer(tensor, before)
        if op is not None and op.name in ADDS | TAKES_AWAY | {"__rsub__"} and op.inputs:
            for part in op.inputs:
                taken = op.name == "__rsub__" or (op.name in TAKES_AWAY and len(op.args) > 1 and op.args[1] is part)
                if part.requires_grad:
                    waiting.append((part, op.index, -factor if taken else factor, reduced))
        elif op is not None and op.name in SCALES and (number := _number(op)) is not None:
            scale = 1 / number if op.name in {"div", "__truediv__"} and number else number
            waiting.append((op.inputs[0], op.index, factor * scale, reduced))
        elif op is not None and op.name in {"mean", "sum"} and not reduced and len(op.args) == 1 and not op.kwargs:
            waiting.append((op.inputs[0], op.index, factor, op.name))
        else:
            value = tensor.detach().float()
            found.append((factor * float(value.sum() if reduced == "sum" else value.mean()), tensor))
    return found


def _number(op: Op) -> float | None:
    """The Python number by which ``op`` multiplies or divides its only tensor."""
    numbers = [a for a in op.args[:2] if isinstance(a, (int, float))]
    return float(numbers[0]) if len(op.inputs) == 1 and len(numbers) == 1 else None


def lost_terms(
    tape: Tape, root: torch.Tensor, derivatives: list[tuple[torch.Tensor, Any]], parameters: Parameters
) -> list[dict[str, Any]]:
    """Terms of the sum ``root`` that reach no parameter although they were made from the model, or from a derivative of it."""
    found: list[dict[str, Any]] = []
    waiting = [(root, len(tape.ops))]
    seen: set[int] = set()
    while waiting and len(seen) < MOST:
        tensor, before = waiting.pop()
        op = tape.producer(tensor, before)
        alone = op is not None and op.name in SCALES and len({id(t) for t in op.inputs}) == 1  # scaled, or squared
        if op is None or op.index in seen or not (op.name in SUMS | ERRORS or alone):
            continue
        seen.add(op.index)
        for part in op.inputs:
            known = [i for leaf in leaves(part) if (i := parameters.index(leaf)) is not None]
            if any(parameters.records[i]["is_parameter"] for i in known):
                waiting.append((part, op.index))
            elif len(op.inputs) > 1:  # (inputs that a derivative is taken by require a gradient)
                whole = op.outputs[0] if part.numel() > 1 and op.outputs else root
                share = float(part.detach().abs().sum()) / max(float(whole.detach().abs().sum()), 1e-30)
                site = _behind(tape, part, op.index, derivatives) if derivatives else None
                if site is not None:
                    found.append({"cut": "derivative", "site": site, "joined": op.site, "share": share})
                elif part.numel() > 1:  # a baseline, a target: constants on purpose
                    continue
                elif not part.requires_grad and (cut := _cut_ahead(tape, part, op.index, parameters)) is not None:
                    found.append({"cut": cut[0], "site": cut[1], "joined": op.site, "share": share})
    return found


def _cut_ahead(tape: Tape, tensor: torch.Tensor, before: int, parameters: Parameters) -> tuple[str, Any] | None:
    """Name and place of what cut ``tensor`` from something that carried a trainable parameter's gradient; None for no such thing."""
    waiting = [(tensor, before)]
    seen: set[int] = set()
    while waiting and len(seen) < 400:
        current, end = waiting.pop()
        op = tape.producer(current, end)
        if op is None or op.index in seen:
            continue
        seen.add(op.index)
        for given in op.inputs:
            if not given.requires_grad:
                waiting.append((given, op.index))
            elif any(parameters.trained(leaf) for leaf in leaves(given)):
                return (op.name if op.grad else "no_grad"), op.site
    return None


def _behind(tape: Tape, tensor: torch.Tensor, before: int, derivatives: list[tuple[torch.Tensor, Any]]) -> Any:
    """Where the derivative was taken from which ``tensor`` was made; None for none."""
    waiting = [(tensor, before)]
    seen: set[int] = set()
    while waiting and len(seen) < MOST:
        current, end = waiting.pop()
        if (known := next((site for t, site in derivatives if t is current), None)) is not None:
            return known
        op = tape.producer(current, end)
        if op is not None and op.index not in seen:
            seen.add(op.index)
            waiting.extend((t, op.index) for t in op.inputs)
    return None
