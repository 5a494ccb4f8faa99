"""The dependency exam, inside a fork: run one step with one part of the data changed, and write down every result on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lossdoctor.contracts.plan import Plan
from lossdoctor.probes.functions import Tape, tensors_in
from lossdoctor.probes.instruments import Instruments
from lossdoctor.probes.recorder import Recorder

OUTPUT_LIMIT = 400_000  # elements kept of one operation's result
TOTAL_LIMIT = 20_000_000  # elements kept in all
KEEP_LIMIT = 4_000_000  # elements kept of a prediction or target


def changed(tensor: torch.Tensor, spec: dict[str, Any]) -> torch.Tensor:
    """``tensor`` with one slice replaced by plausible other values.

    ``spec``: ``axis`` and ``index`` of the slice (axis None = everything), ``sample_axis`` along which other values are
    taken. Floats get noise of the slice's own scale on top, so that equal slices change too, and keep to the tensor's
    range; ints and bools are rolled.
    """
    out = tensor.detach().clone()
    axis, index, sample_axis = spec.get("axis"), spec.get("index", 0), spec.get("sample_axis", 0)
    generator = torch.Generator().manual_seed(20)
    if axis is None:
        part = out
        other = torch.roll(part.reshape(-1), 1).reshape(part.shape)
    else:
        part = out.select(axis, index)
        if axis == sample_axis:
            other = out.select(axis, (index + max(1, out.shape[axis] // 2)) % out.shape[axis]).clone()
        else:
            position = sample_axis - (1 if axis < sample_axis else 0)
            other = torch.roll(part, 1, dims=position) if part.dim() > position else part.clone()
    if out.is_floating_point():
        spread = torch.nan_to_num(out.float()).std() if out.numel() > 1 else torch.tensor(1.0)
        scale = float(spread) if float(spread) > 0 else 1.0
        other = torch.nan_to_num(other) + 0.7 * scale * torch.randn(other.shape, generator=generator).to(out.dtype)
        known = torch.nan_to_num(out)
        if known.numel() > 1 and float(known.min()) < float(known.max()):
            other = other.clamp(known.min(), known.max())  # what is a share, a colour or a probability stays one
    elif torch.equal(other, part) and out.numel() > 1:
        low, high = out.min(), out.max()
        other = torch.where(part < high, part + 1, low) if out.dtype != torch.bool else ~part
    else:
        high = out.max()
        if out.dtype not in (torch.bool,):
            same = other == part
            alternative = torch.where(part < high, part + 1, torch.clamp(part - 1, min=int(out.min())))
            other = torch.where(same, alternative, other)
    if axis is None:
        return other.to(out.dtype)
    part.copy_(other.to(out.dtype))
    return out


# Additions by which positions are told apart.
JOINS = {"add", "__add__", "__radd__", "__iadd__", "add_"}


class Examiner(Recorder):
    """Runs to step ``exam["step"]``; applies ``exam["inject"]``; dumps predictions, targets and every op's result; ends."""

    def __init__(self, instruments: Instruments, plan: Plan, finish: Callable[[str], None], folder: Path) -> None:
        self.exam: dict[str, Any] = plan.exam or {}
        self.folder = folder
        self.inject = self.exam.get("inject")
        self.leaves: list[torch.Tensor] = []
        self.loader_record: dict[str, Any] | None = None
        self.given: list[torch.Tensor] = []
        self.calls_seen = 0
        super().__init__(instruments, plan, finish)
        self.functions.every.append(self._op_result)

    @property
    def now(self) -> bool:
        """Whether the exam's step has come."""
        return self.count == int(self.exam.get("step", 0))

    def _maybe_tape(self) -> None:
        self.functions.tape = Tape() if self.now else None

    def batch(self, iterator: Any, batch: Any) -> Any:
        """Change a leaf of the batch."""
        batch = super().batch(iterator, batch)
        if not self.now or not torch.is_grad_enabled():
            return batch
        self.leaves = tensors_in(batch)
        self.loader_record = self._loader_of(iterator)
        if self.inject and self.inject["at"] == "loader" and self.inject["leaf"] < len(self.leaves):
            return _replaced(
                batch, self.leaves[self.inject["leaf"]], changed(self.leaves[self.inject["leaf"]], self.inject)
            )
        return batch

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Change an argument of the first outermost call; batch norm must not mix samples during the exam."""
        if self.now and isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.eval()
        if (
            self.now
            and depth == 0
            and torch.is_grad_enabled()
            and not self.given
            and any(True for _ in module.parameters())
        ):
            self.given = tensors_in((args, kwargs))
            if self.inject and self.inject["at"] == "call" and self.inject["leaf"] < len(self.given):
                old = self.given[self.inject["leaf"]]
                other = changed(old, self.inject)
                if old.requires_grad and old.is_leaf:
                    old.data.copy_(other)  # the script holds on to it, to take a derivative
                else:
                    args, kwargs = _replaced((args, kwargs), old, other)
        return super().forward(module, args, kwargs, depth)

    def _op_result(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        if (
            self.inject
            and self.inject["at"] == "op"
            and self.functions.tape is not None
            and len(self.functions.tape.ops) - 1 == self.inject["op"]
        ):
            return changed(result, self.inject) if isinstance(result, torch.Tensor) else None
        return None

    def backward(self, roots: list[Any], kind: str) -> list[Any] | None:
        """Everything has been computed: write it down and end."""
        # Steps made by hand are noticed at the next backward: the step that was examined is that of the forward.
        tape, now = self.functions.tape, self.now
        waiting = list(self.pending)
        super().backward(roots, kind)
        stream = next(iter(self.streams.values()), None)
        if self.done or tape is None or not now or stream is None:
            return None
        keys = stream["keys"]
        calls = [c for c in waiting if keys.get(c.options.get("key", c.key))]
        if not calls:
            from lossdoctor.probes.losses import by_hand

            calls = [c for c, _ in by_hand(tape, roots[0])]
        self._dump(tape, calls)
        self.done = True
        os._exit(0)

    def _dump(self, tape: Tape, calls: list[Any]) -> None:
        arrays: dict[str, np.ndarray] = {}
        left = TOTAL_LIMIT
        ops = []
        wanted = self.exam.get("ops", True)
        for op in tape.ops:
            out = op.outputs[0] if op.outputs else None
            record = {
                "name": op.name,
                "site": op.site,
                "module": op.module,
                "shape": list(out.shape) if out is not None else [],
                "given": list(op.inputs[0].shape) if op.inputs else [],
                "index": op.index,
                "grad": bool(out is not None and out.requires_grad),
            }
            if op.name in JOINS and out is not None and out.dim() == 3 and len(op.inputs) == 2:
                record["table"] = next(
                    (list(t.shape) for t in op.inputs if t.shape != out.shape and self._fixed(tape, t, op.index)), None
                )
            if (
                wanted
                and out is not None
                and out.numel() <= min(OUTPUT_LIMIT, left)
                and out.dtype != torch.bool
                and not out.is_complex()
                and not out.is_sparse
            ):
                arrays[f"op{op.index}"] = out.detach().float().cpu().numpy()
                left -= out.numel()
            ops.append(record)
        records = []
        for i, call in enumerate(calls[:4]):
            records.append(
                {
                    "kind": call.kind,
                    "family": call.family,
                    "site": call.site,
                    "prediction": list(call.prediction.shape),
                    "target": list(call.target.shape) if call.target is not None else None,
                    "ignore_index": call.options.get("ignore_index", -100),
                }
            )
            if call.prediction.numel() <= KEEP_LIMIT:
                arrays[f"prediction{i}"] = call.prediction.detach().float().cpu().numpy()
            if call.target is not None and call.target.numel() <= KEEP_LIMIT:
                arrays[f"target{i}"] = call.target.detach().double().cpu().numpy()
        for i, leaf in enumerate(self.leaves[:6]):
            if leaf.numel() <= KEEP_LIMIT:
                arrays[f"leaf{i}"] = leaf.detach().double().cpu().numpy()
        for i, given in enumerate(self.given[:6]):
            if given.numel() <= KEEP_LIMIT:
                arrays[f"given{i}"] = given.detach().double().cpu().numpy()
        loader = None
        if self.loader_record:
            loader = {k: v for k, v in self.loader_record.items() if not k.startswith("_")}
        document = {
            "ops": ops,
            "losses": records,
            "calls_alike": sum(c.kind == calls[0].kind and c.site == calls[0].site for c in calls) if calls else 0,
            "leaves": [_described(t) for t in self.leaves[:6]],
            "given": [_described(t) for t in self.given[:6]],
            "loader": loader,
            "common": self._common(tape, calls),
            "cuts": self._cuts(tape, calls),
            "modules": [r for r in self.modules.records.values() if "batch_first" in r],
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "exam.json").write_text(json.dumps(document, default=str))
        np.savez(self.folder / "exam.npz", **arrays)  # type: ignore[arg-type]

    def _fixed(self, tape: Tape, tensor: torch.Tensor, before: int, depth: int = 8) -> bool:
        """Whether a tensor was made without the data: a table of positions, whatever it is computed from."""
        if depth == 0 or any(tensor is t for t in [*self.leaves, *self.given]):
            return False
        op = tape.producer(tensor, before)
        if op is None:
            return tensor.is_leaf
        return all(self._fixed(tape, t, op.index, depth - 1) for t in op.inputs)

    def _cuts(self, tape: Tape, calls: list[Any]) -> list[dict[str, Any]]:
        """The lines where the model's input and the target were indexed out of other tensors."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for tensor in [*(c.target for c in calls[:1] if c.target is not None), *self.given[:3]]:
            for index in _ancestors(tape, tensor):
                op = tape.ops[index]
                if op.name == "__getitem__" and op.site is not None:
                    found[(op.site["path"], op.site["line"])] = op.site
        return list(found.values())

    def _common(self, tape: Tape, calls: list[Any]) -> dict[str, Any] | None:
        """The op from whose result both the model's input and the target were cut, when there is one."""
        if not calls or calls[0].target is None or not self.given:
            return None
        mine = _ancestors(tape, calls[0].target)
        for given in self.given[:3]:
            theirs = _ancestors(tape, given)
            both = [i for i in theirs if i in mine]
            if both:
                op = tape.ops[max(both)]
                return {
                    "op": op.index,
                    "name": op.name,
                    "site": op.site,
                    **_described(op.outputs[0]),
                    "gathered": _gathered(op),
                }
        return None


def _gathered(op: Any) -> int | None:
    """The axis along which a list of indices picked rows; None where none did, or where two axes fit."""
    if op.name not in {"__getitem__", "index_select"}:
        return None
    indices = [t for t in op.inputs[1:] if t.dtype == torch.long and t.dim() == 1]
    if len(indices) != 1:
        return None
    before, after, n = list(op.inputs[0].shape), list(op.outputs[0].shape), indices[0].shape[0]
    fits = [a for a in range(len(before)) if after == [*before[:a], n, *before[a + 1 :]]]
    return fits[0] if len(fits) == 1 else None


def _ancestors(tape: Tape, tensor: torch.Tensor) -> set[int]:
    found: set[int] = set()
    waiting = [(tensor, len(tape.ops))]
    while waiting and len(found) < 200:
        current, before = waiting.pop()
        op = tape.producer(current, before)
        if op is None or op.index in found or (op.outputs and op.outputs[0].requires_grad):
            continue
        found.add(op.index)
        waiting.extend((t, op.index) for t in op.inputs)
    return found


def _described(tensor: torch.Tensor) -> dict[str, Any]:
    return {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype),
        "float": bool(tensor.is_floating_point()),
        "bool": tensor.dtype == torch.bool,
    }


def _replaced(value: Any, old: torch.Tensor, new: torch.Tensor) -> Any:
    """``value`` (nested) with the tensor ``old`` exchanged for ``new``."""
    if value is old:
        return new
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_replaced(v, old, new) for v in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(v, old, new) for v in value)
    if isinstance(value, dict):
        return (
            {k: _replaced(v, old, new) for k, v in value.items()}
            if type(value) is dict
            else _replaced_in(value, old, new)
        )
    if hasattr(value, "__dict__") and not isinstance(value, (torch.Tensor, torch.nn.Module)):
        for name, part in list(vars(value).items()):
            if part is old:
                setattr(value, name, new)
    return value


def _replaced_in(value: Any, old: torch.Tensor, new: torch.Tensor) -> Any:
    for key in list(value):
        if value[key] is old:
            value[key] = new
    return value
