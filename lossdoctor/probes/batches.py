"""What the outermost modules and the loss were given, step by step: fingerprints, column statistics, non-finite rows."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

COLUMNS = 256
# Larger batches are looked at in evenly spaced rows.
NUMBERS = 1_000_000
FINGERPRINT = 4096
PLACES = 20
CALLS = 4000
SLOTS = 24


@dataclass
class Slot:
    """One argument of one outermost module, or one loss call's target, over the whole run."""

    name: str
    role: str
    shape: list[int] = field(default_factory=list)
    integer: bool = False
    calls: int = 0
    rows: int = 0
    first_step: int = 0
    prints: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    count: Any = None
    total: Any = None
    square: Any = None
    low: Any = None
    high: Any = None
    bad: Any = None
    bad_calls: int = 0
    bad_rows: int = 0
    places: list[dict[str, int]] = field(default_factory=list)
    bad_first_step: int = -1
    bad_kinds: dict[str, int] = field(default_factory=lambda: {"nan": 0, "inf": 0})


class Batches:
    """Collects slots. Works on NumPy copies, outside of every torch function mode."""

    def __init__(self) -> None:
        self.slots: dict[str, Slot] = {}

    def given(self, module: str, tensors: list[torch.Tensor], step: int) -> None:
        """The data arguments of an outermost module's call that will be trained on."""
        with torch._C.DisableTorchFunction():
            for position, tensor in enumerate(tensors[:6]):
                # Points at which a derivative is wanted require a gradient, and are data all the same.
                if not tensor.requires_grad or (tensor.is_leaf and not isinstance(tensor, torch.nn.Parameter)):
                    self._note(f"{module}[{position}]", "input", tensor, step)

    def wanted(self, key: str, target: torch.Tensor | None, step: int) -> None:
        """The target of a loss call."""
        if target is not None and not target.requires_grad:
            with torch._C.DisableTorchFunction():
                self._note(key, "target", target, step)

    def _note(self, name: str, role: str, tensor: torch.Tensor, step: int) -> None:
        slot = self.slots.get(role + name)
        if slot is None:
            if len(self.slots) >= SLOTS:
                return
            slot = self.slots[role + name] = Slot(
                name, role, list(tensor.shape), not tensor.is_floating_point(), first_step=step
            )
        if (
            slot.calls >= CALLS
            or tensor.dim() == 0
            or tensor.numel() == 0
            or tensor.is_complex()
            or tensor.layout != torch.strided
        ):
            return
        slot.calls += 1
        slot.rows += tensor.shape[0]
        value = tensor.detach()
        stride = 1
        if value.numel() > NUMBERS:
            stride = -(-value.numel() // NUMBERS)
            value = value[::stride]
        if value.dtype in {torch.bfloat16, torch.float16}:
            value = value.float()
        array = value.cpu().numpy()
        flat = array.reshape(-1)
        picked = np.ascontiguousarray(flat[:: max(1, len(flat) // FINGERPRINT)])
        slot.prints.append(zlib.crc32(picked.tobytes(), zlib.crc32(str(tuple(tensor.shape)).encode())))
        slot.steps.append(step)
        slot.sizes.append(int(tensor.shape[0]))
        self._sum(slot, columns_of(array), array.shape[0], stride, step)

    def _sum(self, slot: Slot, columns: np.ndarray, rows: int, stride: int, step: int) -> None:
        columns = columns[:, :COLUMNS].astype(np.float64)
        if slot.count is None:
            width = columns.shape[1]
            slot.count, slot.total, slot.square, slot.bad = (np.zeros(width) for _ in range(4))
            slot.low, slot.high = np.full(width, np.inf), np.full(width, -np.inf)
        if columns.shape[1] != len(slot.count):
            return
        if not np.isfinite(columns.sum()):
            finite = np.isfinite(columns)
            if not finite.all():
                self._bad(slot, columns, finite, rows, stride, step)
                columns = np.where(finite, columns, np.nan)
            with np.errstate(all="ignore"):
                slot.count += finite.sum(0)
                slot.total += np.nansum(columns, 0)
                slot.square += np.nansum(columns**2, 0)
                slot.low, slot.high = (
                    np.fmin(slot.low, np.fmin.reduce(columns)),
                    np.fmax(slot.high, np.fmax.reduce(columns)),
                )
            return
        slot.count += columns.shape[0]
        slot.total += columns.sum(0)
        slot.square += (columns**2).sum(0)
        slot.low, slot.high = np.minimum(slot.low, columns.min(0)), np.maximum(slot.high, columns.max(0))

    def _bad(self, slot: Slot, columns: np.ndarray, finite: np.ndarray, rows: int, stride: int, step: int) -> None:
        slot.bad += (~finite).sum(0)
        slot.bad_calls += 1
        slot.bad_kinds["nan"] += int(np.isnan(columns).sum())
        slot.bad_kinds["inf"] += int(np.isinf(columns).sum())
        if slot.bad_first_step < 0:
            slot.bad_first_step = step
        per_row = max(1, columns.shape[0] // max(rows, 1))
        at, which = np.nonzero(~finite)
        slot.bad_rows += len(np.unique(at // per_row))
        for row, column in list(zip(at, which, strict=True))[: max(0, PLACES - len(slot.places))]:
            slot.places.append({"step": step, "row": int(row // per_row) * stride, "column": int(column)})

    def records(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """One record per slot, and its fingerprints with their steps as arrays ``batches/<i>/...``."""
        found, arrays = [], {}
        for i, slot in enumerate(self.slots.values()):
            record: dict[str, Any] = {
                k: getattr(slot, k)
                for k in (
                    "name",
                    "role",
                    "shape",
                    "integer",
                    "calls",
                    "rows",
                    "first_step",
                    "bad_calls",
                    "bad_rows",
                    "places",
                    "bad_first_step",
                    "bad_kinds",
                )
            }
            if slot.count is not None:
                with np.errstate(all="ignore"):
                    mean = slot.total / slot.count
                    std = np.sqrt(np.maximum(slot.square / slot.count - mean**2, 0))
                # Rounding of the two sums: below this the column does not vary.
                std[std < 1e-7 * np.abs(mean)] = 0.0
                std[slot.low == slot.high] = 0.0
                record |= {
                    "mean": mean.tolist(),
                    "std": std.tolist(),
                    "min": slot.low.tolist(),
                    "max": slot.high.tolist(),
                    "bad": slot.bad.astype(int).tolist(),
                }
            found.append(record)
            arrays[f"batches/{i}/prints"] = np.asarray(slot.prints, dtype=np.int64)
            arrays[f"batches/{i}/steps"] = np.asarray(slot.steps)
            arrays[f"batches/{i}/sizes"] = np.asarray(slot.sizes)
        return found, arrays


def columns_of(array: np.ndarray) -> np.ndarray:
    """(n, columns): the features of vectors and sequences (last axis), the channels of images (second axis), else one column."""
    if array.ndim <= 1:
        return array.reshape(-1, 1)
    if array.ndim <= 3:
        return array.reshape(-1, array.shape[-1])
    return np.moveaxis(array, 1, -1).reshape(-1, array.shape[1])
