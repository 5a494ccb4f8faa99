"""Losses that count chosen positions of a row only (masked modelling): what stands at those positions in the model's input."""

from __future__ import annotations

from typing import Any

import torch

from .functions import Tape
from .losses import LossCall


def chosen(tape: Tape, call: LossCall, given: list[torch.Tensor]) -> dict[str, Any] | None:
    """``counted``: the share of positions that the loss counts; ``own``: of those, the share whose input is their target;
    ``filler``: the commonest value's share among the others' inputs; ``turns``: how often a row goes from one kind to the other.

    None where the loss counts all positions, or none of the model's inputs has a symbol for each of them.
    """
    found = _positions(tape, call)
    if found is None:
        return None
    counted, target = found
    with torch._C.DisableTorchFunction(), torch.no_grad():
        inputs = [
            t for t in given if t.dtype in {torch.long, torch.int32} and t.numel() == counted.numel() and t.dim() == 2
        ]
        if not inputs or not bool(counted.any()) or bool(counted.all()):
            return None
        symbols = inputs[0].reshape(-1)
        mask = counted.reshape(-1)
        own = float((symbols[mask] == target.reshape(-1)[mask]).float().mean())
        _, counts = symbols[~mask].unique(return_counts=True)
        rows = mask.view(inputs[0].shape)
        turns = float((rows[:, 1:] != rows[:, :-1]).float().sum(1).mean())
    return {
        "counted": float(mask.float().mean()),
        "own": own,
        "filler": float(counts.max() / counts.sum()),
        "turns": turns,
    }


def _positions(tape: Tape, call: LossCall) -> tuple[torch.Tensor, torch.Tensor] | None:
    """(which positions count, the target of each): by ``ignore_index``, or by the mask that picked rows of a larger target."""
    if call.target is None or call.target.dtype != torch.long:
        return None
    op = tape.producer(call.target)
    mask = op.args[1] if op is not None and op.name == "__getitem__" and len(op.args) > 1 else None
    if op is not None and isinstance(mask, torch.Tensor) and mask.dtype == torch.bool and mask.dim() == 2:
        return (mask, op.args[0]) if op.args[0].shape == mask.shape else None
    return call.target != call.options.get("ignore_index", -100), call.target
