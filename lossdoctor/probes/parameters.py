"""Parameters and optimizers: who is trained, what reaches it, how far it moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def norms(tensors: list[torch.Tensor | None]) -> np.ndarray:
    """L2 norms (n,) of ``tensors`` in one fused call and one copy; NaN where a tensor is missing."""
    out = np.full(len(tensors), np.nan)
    present = [(i, t.detach()) for i, t in enumerate(tensors) if t is not None]
    present = [(i, t.coalesce().values() if t.is_sparse else t) for i, t in present]
    present = [(i, t) for i, t in present if t.numel()]
    if present:
        values = torch.stack([n.float().cpu() for n in torch._foreach_norm([t for _, t in present])])
        out[[i for i, _ in present]] = values.numpy()
    return out


# Where a name comes from, worst first: an optimizer's list, the graph behind backward, a module that no root registers, a root module.
ORIGINS = ("optimizer", "graph", "called", "module")


class Parameters:
    """The parameters met so far, in a stable order: from root modules, optimizers, and the graph behind ``backward``."""

    def __init__(self) -> None:
        self.tensors: list[torch.Tensor] = []
        self.records: list[dict[str, Any]] = []
        self._known: dict[int, int] = {}

    def add(self, tensor: torch.Tensor, name: str, origin: str, module: str = "") -> int:
        """Remember ``tensor`` (once) and return its index. A better name replaces a made-up one."""
        index = self._known.get(id(tensor))
        if index is None:
            index = len(self.tensors)
            self._known[id(tensor)] = index
            self.tensors.append(tensor)
            value = tensor.detach().float()
            self.records.append(
                {
                    "name": name,
                    "origin": origin,
                    "module": module,
                    "shape": list(tensor.shape),
                    "numel": tensor.numel(),
                    "requires_grad": bool(tensor.requires_grad),
                    "in_optimizer": False,
                    "optimizer": -1,
                    "reached": 0,
                    "init_std": float(value.std()) if tensor.numel() > 1 else 0.0,
                    "init_norm": float(value.norm()) if tensor.numel() else 0.0,
                    "init_absmax": float(value.abs().max()) if tensor.numel() else 0.0,
                    "init_unit_spread": unit_spread(value),
                    "init_column_spread": unit_spread(value.transpose(0, 1)) if value.dim() == 2 else -1.0,
                    "init_kurtosis": kurtosis(value),
                    "is_parameter": isinstance(tensor, torch.nn.Parameter),
                }
            )
        elif ORIGINS.index(origin) > ORIGINS.index(self.records[index]["origin"]):
            self.records[index].update(name=name, origin=origin, module=module)
        return index

    def add_module(self, module: torch.nn.Module, prefix: str) -> None:
        """Remember every parameter of a root module under its qualified name."""
        for name, parameter in module.named_parameters():
            owner = module.get_submodule(name.rpartition(".")[0]) if "." in name else module
            self.add(parameter, f"{prefix}{name}", "module", type(owner).__name__)

    def add_called(self, module: torch.nn.Module, name: str) -> list[int]:
        """Remember the own parameters of a module that was called, and return their indices."""
        return [
            self.add(p, f"{name}.{n}", "called", type(module).__name__)
            for n, p in module.named_parameters(recurse=False)
        ]

    def index(self, tensor: torch.Tensor) -> int | None:
        """The index of a known parameter."""
        return self._known.get(id(tensor))

    def trained(self, tensor: torch.Tensor) -> bool:
        """Whether an optimizer is known to hold ``tensor``."""
        index = self.index(tensor)
        return index is not None and bool(self.records[index]["in_optimizer"])


def unit_spread(value: torch.Tensor) -> float:
    """How much the rows (output units) of a weight differ at the start: mean std over rows / overall absmax. 0 = symmetric; NaN for NaN."""
    if value.dim() < 2 or value.shape[0] < 2:
        return -1.0
    flat = value.reshape(value.shape[0], -1)
    scale = flat.abs().max()
    return 0.0 if scale == 0 else float(flat.std(dim=0).mean() / scale)


def kurtosis(value: torch.Tensor) -> float:
    """Fourth moment over squared variance: 1.8 for uniform, 3 for normal entries; NaN for few or constant ones."""
    if value.numel() < 32:
        return float("nan")
    centred = value.flatten().double() - value.double().mean()
    variance = centred.square().mean()
    return float(centred.pow(4).mean() / variance.square()) if variance > 0 else float("nan")


def unregistered(root: torch.nn.Module) -> dict[int, str]:
    """Modules that a module of ``root`` keeps in plain lists, tuples or dicts, where registration does not see them: id -> name."""
    found: dict[int, str] = {}

    def look(value: Any, name: str, depth: int) -> None:
        if isinstance(value, torch.nn.Module):
            for inner, child in value.named_modules():
                found.setdefault(id(child), f"{name}.{inner}" if inner else name)
        elif depth and isinstance(value, (list, tuple)):
            for i, item in enumerate(value[:200]):
                look(item, f"{name}[{i}]", depth - 1)
        elif depth and isinstance(value, dict):
            for key, item in list(value.items())[:200]:
                look(item, f"{name}[{key!r}]", depth - 1)

    for prefix, module in root.named_modules():
        for key, value in vars(module).items():
            if not key.startswith("_") and isinstance(value, (list, tuple, dict)):
                look(value, f"{prefix}.{key}" if prefix else key, 3)
    return found
