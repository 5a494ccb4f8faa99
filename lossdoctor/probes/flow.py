"""Which parameters the operations of a step use, in which order, and where the way from a parameter to the loss is cut."""

from __future__ import annotations

from typing import Any

import torch

from .functions import LEAVES, Op, Tape
from .parameters import Parameters

TURNS = {"T", "t", "mT", "transpose"}
PRODUCTS = {"matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "baddbmm", "einsum", "mv"}
LOOKUPS = {"embedding", "embedding_bag", "__getitem__", "index_select", "gather"}
EXITS = {"numpy", "__array__", "item", "tolist", "__float__"}
MADE = {"tensor", "as_tensor", "from_numpy", "asarray"}
# What an update by hand does with a parameter.
DERIVES = {"grad", "backward"}
UPDATES = {"data", "detach", "clone", "lerp", "copy_", "__set__"}
# Calls whose result carries no gradient although their argument does.
CUTS = {
    "detach",
    "detach_",
    "data",
    "numpy",
    "__array__",
    "argmax",
    "argmin",
    "argsort",
    "round",
    "floor",
    "ceil",
    "sign",
    "tensor",
    "as_tensor",
    "new_tensor",
}


def written(op: Op) -> list[torch.Tensor]:
    """The tensors an op made or changed: its results, and its first argument where it works in place."""
    out = list(op.outputs)
    in_place = (
        op.name == "__setitem__"
        or (op.name.endswith("_") and not op.name.endswith("__"))
        or op.name in {"__iadd__", "__isub__", "__imul__"}
    )
    if in_place and op.args and isinstance(op.args[0], torch.Tensor):
        out.append(op.args[0])
    return out


# What joins the terms of a loss.
ADDS = {"add", "__add__", "__radd__", "__iadd__", "add_"}
SUMS = ADDS | {"sub", "__sub__", "__rsub__", "sum", "stack", "mean"}
SCALES = {"mul", "__mul__", "__rmul__", "div", "__truediv__"}


def note_uses(tape: Tape, parameters: Parameters) -> None:
    """Write into each parameter's record how and in which order it was first used, with its fan-in and the axis of its units."""
    turned: dict[int, tuple[int, bool]] = {}
    fresh = {
        i for i, r in enumerate(parameters.records) if "uses" not in r
    }  # how often one step uses them is counted once
    for op in tape.ops:
        for position, tensor in enumerate(op.inputs):
            index = parameters.index(tensor)
            flipped = False
            if index is None:
                index, flipped = turned.get(id(tensor), (None, False))
                if index is None:
                    continue
            in_place = op.name == "__setitem__" or (op.name.endswith("_") and not op.name.endswith("__"))
            if op.name in UPDATES or op.name in DERIVES or (in_place and op.args and op.args[0] is tensor):
                continue  # an update by hand is no use, nor is asking for its gradient
            if op.name in TURNS and tensor.dim() == 2 and op.outputs:
                turned[id(op.outputs[0])] = (index, not flipped)
                continue
            record = parameters.records[index]
            if not op.grad and op.name in {
                "sub",
                "add",
                "mul",
                "__sub__",
                "__add__",
                "__mul__",
                "__rmul__",
                "__rsub__",
                "__radd__",
            }:
                continue
            record["used"] = True
            if index in fresh:
                record["uses"] = record.get("uses", 0) + 1
            if "order" not in record:
                record["order"], record["used_by"], record["used_site"], record["used_in_grad"] = (
                    op.index,
                    op.name,
                    op.site,
                    op.grad,
                )
                record["fan_in"], record["unit_axis"] = fan_in(op, tensor, position, flipped)
                record["position"] = position


def fan_in(op: Op, weight: torch.Tensor, position: int, flipped: bool) -> tuple[int, int]:
    """How many inputs each unit of ``weight`` sums over, and which axis of the stored parameter counts the units (-1: none)."""
    shape = list(weight.shape)
    if len(shape) < 2:
        return 1, -1
    if op.name in LOOKUPS:
        return 1, -1
    if op.name in PRODUCTS:
        axis = len(shape) - 1 if position > 0 else len(shape) - 2
        summed = shape[-2] if position > 0 else shape[-1]
        if len(shape) == 2 and flipped:
            axis = 1 - axis
        return int(summed), axis
    if op.name.startswith("conv_transpose"):
        return int(weight.numel() // shape[1]), 1
    return int(weight.numel() // shape[0]), 0


def note_cuts(tape: Tape, parameters: Parameters, root: torch.Tensor, reached: set[int]) -> None:
    """For parameters used in this step that ``root``'s graph does not reach: does their output flow into ``root`` all the same, and where is it cut?"""
    lost = {
        i
        for i, r in enumerate(parameters.records)
        if r.get("used") and i not in reached and parameters.tensors[i].requires_grad and not r["reached"]
    }
    if not lost:
        return
    needed = {id(root)}
    path: list[Op] = []
    for op in reversed(tape.ops):
        if any(id(t) in needed for t in written(op)):
            needed.update(id(t) for t in op.inputs)
            path.append(op)
    later = {
        id(op.args[0]) for op in path if op.name in {"detach_", "requires_grad_"} and op.args
    }  # lost their gradient after they were made
    # tensor -> {parameter: the op that cut it, or None}
    carried: dict[int, dict[int, Op | None]] = {}
    for op in reversed(path):
        flowing: dict[int, Op | None] = {}
        for tensor in op.inputs:
            index = parameters.index(tensor)
            if index is not None and index in lost:
                flowing.setdefault(index, None)
            for known, cut in carried.get(id(tensor), {}).items():
                if flowing.get(known) is None:
                    flowing[known] = cut
        if not flowing:
            continue
        outputs = written(op)
        cuts = op.name in CUTS or not op.grad or not any(t.requires_grad or id(t) in later for t in outputs)
        for tensor in outputs:
            mine = carried.setdefault(id(tensor), {})
            for index, cut in flowing.items():
                if mine.get(index) is None:
                    mine[index] = op if cut is None and cuts else cut
    _note_exits(tape, parameters, lost - set(carried.get(id(root), {})), {op.index for op in path})
    for index, cut in carried.get(id(root), {}).items():
        record = parameters.records[index]
        record["flows_to_loss"] = True
        if cut is not None and "cut" not in record:
            record["cut"] = {
                "name": cut.name if cut.grad or cut.name in CUTS else "no_grad",
                "site": cut.site,
                "module": cut.module,
            }


def _note_exits(tape: Tape, parameters: Parameters, lost: set[int], path: set[int]) -> None:
    """Parameters whose output leaves torch (numpy) ahead of a tensor made from outside numbers that the loss depends on."""
    carried: dict[int, set[int]] = {}
    left: dict[int, Op] = {}
    for op in tape.ops if lost else []:
        if op.name in MADE and op.index in path and not op.inputs:
            for index, way_out in left.items():
                record = parameters.records[index]
                name = "numpy" if way_out.name == "__array__" else way_out.name
                record.setdefault("cut", {"name": name, "site": way_out.site, "module": way_out.module})
                record["flows_to_loss"] = True
                record["guessed"] = bool(record.get("guessed", True)) and not _holds(op, way_out)
        flowing = {i for t in op.inputs for i in carried.get(id(t), set()) | ({parameters.index(t)} & lost)}
        if not flowing:
            continue
        if op.name in EXITS:
            left.update({i: op for i in flowing if i is not None})
            if op.name in LEAVES and op.grad and op.module:
                _note_number(parameters, {i for i in flowing if i is not None}, op)
        for tensor in written(op):
            carried.setdefault(id(tensor), set()).update(i for i in flowing if i is not None)


def _note_number(parameters: Parameters, indices: set[int], op: Op) -> None:
    """Inside a model's forward, a weight's own numbers leave as Python numbers: what is computed from them has no gradient."""
    for index in indices:
        if any(t is parameters.tensors[index] for t in op.inputs):
            record = parameters.records[index]
            record.setdefault("cut", {"name": op.name, "site": op.site, "module": op.module})
            record["flows_to_loss"] = True
            record.setdefault("guessed", True)


def _holds(made: Op, way_out: Op) -> bool:
    """Whether a tensor made from outside numbers holds the very numbers that left by ``way_out``."""
    source = way_out.args[0].detach().reshape(-1)[:4].double()
    held = made.outputs[0].detach().reshape(-1)[:100_000].double() if made.outputs else source[:0]
    if not len(source) or not len(held) or not bool((source != 0).any()):
        return False
    return bool((torch.isclose(held[None], source[:, None], rtol=1e-6).any(1)).all())


def noise_edge(value: Any) -> float:
    """Largest singular value of a weight over the edge of pure noise of its size and std, s(sqrt m + sqrt n); NaN where too small.

    About 1 for independent random entries (Marchenko & Pastur 1967), clearly above it for weights that were trained.
    """
    flat = value.detach().float().reshape(value.shape[0], -1)
    m, n = flat.shape
    if min(m, n) < 6 or m * n > 2_000_000 or min(m, n) > 1024:
        return float("nan")
    std = float(flat.std())
    if not 0 < std < float("inf"):
        return float("nan")
    return float(torch.linalg.matrix_norm(flat, 2)) / (std * (m**0.5 + n**0.5))
