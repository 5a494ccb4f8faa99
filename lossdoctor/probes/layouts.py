"""A loss call's targets, errors and inputs as (sample, time) grids, before the script flattened them; a few steps of each run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .functions import Tape
from .losses import LossCall, rows

RESHAPES = {
    "view",
    "reshape",
    "flatten",
    "contiguous",
    "squeeze",
    "unsqueeze",
    "long",
    "to",
    "type",
    "float",
    "clone",
    "ravel",
    "int",
    "unflatten",
    "view_as",
    "reshape_as",
}
SAMPLES, TIMES, KEPT, FEATURES, PIXELS = 128, 512, 8, 8, 2000


def unflattened(tape: Tape, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor before pure reshapes (element order unchanged), at its highest number of axes."""
    best, current, before = tensor, tensor, len(tape.ops)
    for _ in range(8):
        op = tape.producer(current, before)
        if op is None or op.name not in RESHAPES or not op.inputs or op.inputs[0].numel() != tensor.numel():
            break
        current, before = op.inputs[0], op.index
        if current.dim() > best.dim():
            best = current
    return best


def codes(values: np.ndarray) -> np.ndarray:
    """Whole numbers (n,) that are equal where the rows of ``values`` (n, features) are."""
    flat = np.ascontiguousarray(values.reshape(values.shape[0], -1))
    if flat.shape[1] == 1:
        return np.unique(flat[:, 0], return_inverse=True)[1].reshape(-1)
    view = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).reshape(-1)
    return np.unique(view, return_inverse=True)[1].reshape(-1)


class Layouts:
    """Snapshots of the taped steps."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.taken: dict[str, list[int]] = {}
        self.pixels: list[dict[str, Any]] = []

    def note(self, tape: Tape, key: str, call: LossCall, step: int, inputs: list[torch.Tensor]) -> None:
        """Keep one call's grid, when its target has a time axis. The first and the latest few stay."""
        if call.target is None or call.target.is_complex() or call.family not in {"nll", "regression", "bce"}:
            return
        taken = self.taken.setdefault(key, [])
        if len(taken) >= KEPT and step < taken[-1] + 10:
            return
        with torch._C.DisableTorchFunction(), torch.no_grad():
            self._note(tape, key, call, step, inputs, taken)

    def _note(
        self, tape: Tape, key: str, call: LossCall, step: int, inputs: list[torch.Tensor], taken: list[int]
    ) -> None:
        target = unflattened(tape, call.target)  # type: ignore[arg-type]
        if call.family == "nll" and target.dim() == 3:
            self._pixels(key, call, target, inputs, step)
        limit = 2 if call.family == "nll" else 3
        if target.dim() < 2 or target.dim() > limit or target.shape[1] < 4 or target.shape[0] < 2:
            return
        aligned = rows(call)
        if aligned is None:
            return
        each = self._errors(call, aligned)
        if each is None:
            return
        samples, times = min(target.shape[0], SAMPLES), min(target.shape[1], TIMES)
        grid = each.reshape(target.shape)
        if grid.dim() == 3:
            grid = grid.mean(2)
        values = target[:samples, :times].detach().cpu().float().numpy()
        if values.ndim == 3 and values.shape[2] == 1:
            values = values[:, :, 0]
        index = len(self.records)
        record = {
            "id": index,
            "key": key,
            "step": step,
            "shape": list(target.shape),
            "integer": not target.is_floating_point(),
            "ignore_index": call.options.get("ignore_index"),
            "input": "",
        }
        self.arrays[f"layouts/{index}/target"] = (
            codes(values.reshape(samples * times, -1)).reshape(samples, times) if values.ndim == 3 else values
        )
        self.arrays[f"layouts/{index}/error"] = grid[:samples, :times].cpu().numpy()
        if values.ndim == 3:
            self.arrays[f"layouts/{index}/values"] = values[:, :, :FEATURES]
        given = self._input(target, inputs)
        if given is not None:
            kept = given[:samples, :times].detach().cpu()
            shown = kept.float().numpy() if kept.is_floating_point() else kept.numpy()
            self.arrays[f"layouts/{index}/input"] = codes(shown.reshape(samples * times, -1)).reshape(samples, times)
            record["input"] = "integer" if not given.is_floating_point() else "float"
        self.records.append(record)
        taken.append(step)
        if call.prediction.requires_grad:
            self._listen(call, index, list(target.shape), samples, times)

    def _listen(self, call: LossCall, index: int, shape: list[int], samples: int, times: int) -> None:
        """Keep how much gradient each position of the grid sends back (what a mask after the loss leaves of it)."""

        def heard(gradient: torch.Tensor) -> None:
            with torch._C.DisableTorchFunction(), torch.no_grad():
                value = gradient.detach().float()
                if call.family == "nll":
                    if call.kind in {"cross_entropy", "nll_loss"} and value.dim() > 2:
                        value = value.movedim(1, -1)
                    value = value.reshape(-1, value.shape[-1]).abs().sum(1)
                value = value.abs().reshape(shape)
                self.arrays[f"layouts/{index}/grad"] = (
                    (value.sum(2) if value.dim() == 3 else value)[:samples, :times].cpu().numpy()
                )

        call.prediction.register_hook(heard)

    def _pixels(self, key: str, call: LossCall, target: torch.Tensor, inputs: list[torch.Tensor], step: int) -> None:
        """Channels and labels of evenly spaced pixels, where the loss may ignore a class."""
        index = call.options.get("ignore_index", -100)
        if index < 0 or len(self.pixels) >= 3 or not bool((target == index).any()):
            return
        images = [
            t for t in inputs[-8:] if t.dim() == 4 and t.shape[0] == target.shape[0] and t.shape[2:] == target.shape[1:]
        ]
        if not images:
            return
        image, place = images[-1].detach(), len(self.pixels)
        flat = image.movedim(1, -1).reshape(-1, image.shape[1])
        pick = torch.linspace(0, flat.shape[0] - 1, min(flat.shape[0], PIXELS)).long().to(flat.device)
        self.arrays[f"pixels/{place}/input"] = flat[pick].cpu().float().numpy()
        self.arrays[f"pixels/{place}/target"] = target.reshape(-1)[pick].cpu().numpy()
        self.pixels.append({"id": place, "key": key, "step": step, "ignore_index": index})

    @staticmethod
    def _errors(call: LossCall, aligned: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor | None:
        prediction, wanted = aligned[0].float(), aligned[1]
        assert call.target is not None
        if call.family == "nll":
            if wanted.numel() == 0 or int(wanted.min()) < 0 or int(wanted.max()) >= prediction.shape[1]:
                return None
            each = -torch.log_softmax(prediction, 1).gather(1, wanted.long().unsqueeze(1)).squeeze(1)
            full = torch.full((call.target.numel(),), float("nan"), device=each.device)
            full[call.target.reshape(-1) != call.options.get("ignore_index", -100)] = each
            return full
        if call.family == "bce" and call.kind != "binary_cross_entropy":
            return torch.nn.functional.softplus(prediction) - wanted.float() * prediction
        return (prediction - wanted.float()) ** 2

    @staticmethod
    def _input(target: torch.Tensor, inputs: list[torch.Tensor]) -> torch.Tensor | None:
        """The model's input that shares the target's sample and time axes, the last one given."""
        for tensor in reversed(inputs[-8:]):
            if (
                tensor.dim() >= 2
                and tensor.shape[:2] == target.shape[:2]
                and not tensor.is_complex()
                and not tensor.requires_grad
                and tensor.dtype != torch.bool
            ):
                return tensor
        return None
