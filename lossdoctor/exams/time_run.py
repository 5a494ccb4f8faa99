"""The time exam, inside a fork: the gradient that reaches each time step of recurrences and each activation in depth."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lossdoctor.contracts.plan import Plan
from lossdoctor.probes.instruments import Instruments
from lossdoctor.probes.recorder import Recorder

WATCHED = {
    "tanh",
    "sigmoid",
    "relu",
    "tanh_",
    "relu_",
    "gelu",
    "silu",
    "elu",
    "leaky_relu",
    "softplus",
    "lstm_cell",
    "gru_cell",
    "rnn_tanh_cell",
    "rnn_relu_cell",
}
MOST = 600


class TimeExaminer(Recorder):
    """Runs to step ``exam["step"]``, keeps the gradients of intermediate results, writes their norms, ends."""

    def __init__(self, instruments: Instruments, plan: Plan, finish: Callable[[str], None], folder: Path) -> None:
        self.exam: dict[str, Any] = plan.exam or {}
        self.folder = folder
        self.kept: list[tuple[str, Any, str, torch.Tensor]] = []
        self.sequences: list[tuple[str, Any, int, torch.Tensor]] = []
        super().__init__(instruments, plan, finish)
        self.functions.on(WATCHED, self._keep)

    @property
    def now(self) -> bool:
        """Whether the exam's step has come."""
        return self.count == int(self.exam.get("step", 0))

    def _keep(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        out = result[0] if isinstance(result, tuple) else result
        if (
            self.now
            and torch.is_grad_enabled()
            and isinstance(out, torch.Tensor)
            and out.requires_grad
            and len(self.kept) < MOST
        ):
            out.retain_grad()
            module = self.functions.module_stack[-1] if self.functions.module_stack else ""
            self.kept.append((name.rstrip("_"), self.sites.here(3), module, out))
        return None

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """The input of recurrent modules gets a gradient of its own."""
        if (
            self.now
            and torch.is_grad_enabled()
            and isinstance(module, torch.nn.RNNBase)
            and args
            and isinstance(args[0], torch.Tensor)
            and args[0].dim() == 3
        ):
            x = args[0]
            if x.requires_grad:
                x.retain_grad()
            else:
                x = x.detach().clone().requires_grad_()
            self.sequences.append(
                (
                    self.modules.name(module),
                    self.sites.here(3),
                    1 if module.batch_first else 0,
                    x,
                )
            )
            args = (x, *args[1:])
        return super().forward(module, args, kwargs, depth)

    def backwarded(self, roots: list[Any]) -> None:
        """Gradients are there: write their norms and end."""
        if not self.now:
            super().backwarded(roots)
            return
        groups: list[dict[str, Any]] = []
        for name, site, axis, x in self.sequences:
            if x.grad is not None:
                norms = x.grad.detach().float().movedim(axis, 0).reshape(x.shape[axis], -1).norm(dim=1)
                groups.append({"kind": "time", "name": name, "site": site, "norms": norms.tolist()})
        places: dict[str, list[Any]] = {}
        for name, site, module, out in self.kept:
            where = f"{name}@{site['path']}:{site['line']}#{module}" if site else name
            places.setdefault(where, []).append((name, site, out))
        depth: list[dict[str, Any]] = []
        for entries in places.values():
            norms = [float(o.grad.detach().float().norm()) if o.grad is not None else 0.0 for _, _, o in entries]
            shapes = {tuple(o.shape) for _, _, o in entries}
            saturated = [float((o.detach().abs() > 0.95).float().mean()) for n, _, o in entries if n == "tanh"]
            record = {
                "name": entries[0][0],
                "site": entries[0][1],
                "norms": norms,
                "saturated": saturated[-1] if saturated else None,
            }
            if len(entries) >= 4 and len(shapes) == 1:
                groups.append({"kind": "time", **record})
            else:
                depth.append(record)
        if len(depth) >= 3:
            groups.append(
                {
                    "kind": "depth",
                    "name": "activations",
                    "site": depth[0]["site"],
                    "norms": [d["norms"][0] for d in depth],
                    "names": [d["name"] for d in depth],
                }
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "exam.json").write_text(json.dumps({"groups": groups}))
        (self.folder / "exam.npz").write_bytes(b"")
        self.done = True
        os._exit(0)
