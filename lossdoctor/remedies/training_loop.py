"""What the training loop forgot: clearing gradients, stepping, train mode, parameters for the optimizer."""

from __future__ import annotations

from typing import Any

import torch

from lossdoctor.contracts.remedy import Remedy
from lossdoctor.probes.carried import CUTS
from lossdoctor.probes.functions import tensors_in
from lossdoctor.probes.optimizers import held_by

# Calls that multiply by a weight.
PRODUCTS = {"matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "mv", "linear"}


class ZeroGradients(Remedy):
    """Clear the gradients ahead of the first backward after each step."""

    id = "zero-gradients"
    says = "optimizer.zero_grad() ahead of backward"
    safety = "safe"

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.stepped: list[Any] = []

    def backward(self, roots: list[Any]) -> list[Any] | None:
        """Clear what the last step has used."""
        for optimizer in self.stepped:
            for p in held_by(optimizer):
                p.grad = None
            self.applied += 1
        self.stepped = []
        return None

    def step_ended(self, optimizer: Any) -> None:
        """Remember whom to clear."""
        self.stepped.append(optimizer)


class StepOptimizer(Remedy):
    """Step the optimizers after each backward (and clear the gradients ahead of it)."""

    id = "step-optimizer"
    says = "optimizer.step() after backward"

    def _optimizers(self) -> list[Any]:
        return [o for o in (ref() for ref in self.instruments.optimizers) if o is not None]

    def backward(self, roots: list[Any]) -> list[Any] | None:
        """Clear."""
        for optimizer in self._optimizers():
            for p in held_by(optimizer):
                p.grad = None
        return None

    def backwarded(self, roots: list[Any]) -> None:
        """Step."""
        for optimizer in self._optimizers():
            optimizer.step()
            self.applied += 1


class TrainMode(Remedy):
    """Put the outermost module into train mode whenever it runs with gradient (``every``: each part by itself)."""

    id = "train-mode"
    says = "model.train() in the training loop"
    safety = "safe"

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Switch."""
        if depth == 0 and torch.is_grad_enabled() and any(not m.training for m in module.modules()):
            if self.args.get("every"):  # its own ``train`` may leave parts out
                for part in module.modules():
                    part.training = True
            else:
                module.train()
            self.applied += 1
        return args, kwargs


class AddMissingParameters(Remedy):
    """Give the first optimizer every parameter that backward reaches and no optimizer holds."""

    id = "add-missing-parameters"
    says = "give the optimizer all trainable parameters"

    def step_begins(self, optimizer: Any) -> None:
        """Add them once (at the first step, and again when new ones turn up)."""
        known = {id(p) for o in (r() for r in self.instruments.optimizers) if o is not None for p in held_by(o)}
        missing = [
            p
            for p in self.recorder.parameters.tensors
            if id(p) not in known and p.requires_grad and p.grad is not None and p.is_leaf
        ]
        if missing:
            optimizer.add_param_group({"params": missing})
            self.applied += len(missing)


class Unfreeze(Remedy):
    """Let every parameter of the outermost modules learn."""

    id = "unfreeze"
    says = "requires_grad_(True) on the frozen parameters"

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Unfreeze ahead of the forward."""
        if depth == 0 and torch.is_grad_enabled():
            for p in module.parameters():
                if not p.requires_grad and p.is_floating_point():
                    p.requires_grad_(True)
                    self.applied += 1
        return args, kwargs

    def step_begins(self, optimizer: Any) -> None:
        """The optimizer may not hold them yet."""
        known = {id(p) for p in held_by(optimizer)}
        missing = [
            p
            for p in self.recorder.parameters.tensors
            if id(p) not in known and p.requires_grad and p.grad is not None and p.is_leaf
        ]
        if missing and len(self.instruments.optimizers) == 1:
            optimizer.add_param_group({"params": missing})


class Reinitialise(Remedy):
    """Start the weights anew, fan-in scaled (each layer's own ``reset_parameters``; He et al. 2015 for bare matrices)."""

    id = "reinitialise"
    says = "default (fan-in scaled) initialisation"

    def install(self) -> None:
        """Weights that belong to no module are met where they are multiplied."""
        self._met: dict[int, torch.Tensor] = {}
        self._mine: set[int] = set()
        self._done: set[int] = set()
        self.instruments.functions.ahead(PRODUCTS, self._bare)

    def _bare(self, name: str, func: Any, args: Any, kwargs: Any) -> None:
        for place, tensor in enumerate(args):
            bare = isinstance(tensor, torch.Tensor) and tensor.is_leaf and tensor.requires_grad and tensor.dim() >= 2
            if not bare or id(tensor) in self._met or id(tensor) in self._mine or not torch.is_grad_enabled():
                continue
            self._met[id(tensor)] = tensor
            inward = tensor.shape[-2] if place == 1 and name != "linear" else tensor.shape[-1]
            with torch._C.DisableTorchFunction(), torch.no_grad():
                generator = torch.Generator().manual_seed(1234 + len(self._met))
                fresh = torch.rand(tensor.shape, generator=generator).mul_(2).sub_(1).div_(max(inward, 1) ** 0.5)
                tensor.copy_(fresh)
            self.applied += 1

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Once per outermost module, ahead of its first forward."""
        if depth == 0 and torch.is_grad_enabled() and id(module) not in self._done:
            self._done.add(id(module))
            if names := self.args.get("tables"):
                self._shake([p for n, p in module.named_parameters() if n in names])
                return args, kwargs
            self._mine |= {id(p) for p in module.parameters()}
            state = torch.get_rng_state()
            torch.manual_seed(1234)
            own = [
                p for m in module.modules() if not hasattr(m, "reset_parameters") for p in m.parameters(recurse=False)
            ]
            for child in module.modules():
                reset = getattr(child, "reset_parameters", getattr(child, "_reset_parameters", None))
                if callable(reset):
                    reset()
                    self.applied += 1
            with torch.no_grad():
                for p in own:
                    if p.dim() >= 2:
                        torch.nn.init.kaiming_uniform_(p, a=5**0.5)
                        self.applied += 1
            torch.set_rng_state(state)
        return args, kwargs

    def _shake(self, tables: list[torch.Tensor]) -> None:
        """Random numbers of the size that the tables' equal ones had (a tenth where those were zero)."""
        generator = torch.Generator().manual_seed(1234)
        with torch._C.DisableTorchFunction(), torch.no_grad():
            for table in tables:
                size = float(table.abs().max()) or 0.1
                table.copy_(torch.randn(table.shape, generator=generator).mul_(size))
                self.applied += 1


class ResetHiddenState(Remedy):
    """Recurrent modules start each call from zeros; so do the operations that ``carried`` names (a recurrence written by hand)."""

    id = "reset-hidden-state"
    says = "start each batch from a zero hidden state"

    def install(self) -> None:
        """At the operations that take up what an earlier step has made."""
        self.instruments.functions.ahead({c["op"] for c in self.args.get("carried", [])}, self._from_zeros)

    def _from_zeros(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return None
        here = self.instruments.sites.here(3)
        given = tensors_in((args, kwargs))
        for carried in self.args["carried"]:
            site, place = carried["site"], carried["place"]
            if name != carried["op"] or not here or place >= len(given):
                continue
            if (here["path"], here["line"]) != (site["path"], site["line"]):
                continue
            state = given[place]
            if state.dim() != len(carried["shape"]) or (state.requires_grad and name not in CUTS):
                continue
            self.applied += 1
            args, kwargs = _with(args, state, torch.zeros_like(state)), _with(kwargs, state, torch.zeros_like(state))
        return args, kwargs

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Drop the state argument."""
        if isinstance(module, torch.nn.RNNBase) and (len(args) > 1 or kwargs.get("hx") is not None):
            self.applied += 1
            return (args[0],), {k: v for k, v in kwargs.items() if k != "hx"}
        return args, kwargs


def _with(value: Any, old: torch.Tensor, new: torch.Tensor) -> Any:
    """Nested arguments with one tensor exchanged."""
    if value is old:
        return new
    if isinstance(value, (list, tuple)) and type(value) in {list, tuple}:
        return type(value)(_with(v, old, new) for v in value)
    if type(value) is dict:
        return {k: _with(v, old, new) for k, v in value.items()}
    return value


class NoDropout(Remedy):
    """Dropout probability 0."""

    id = "no-dropout"
    says = "dropout p = 0"
    safety = "safe"

    def install(self) -> None:
        """Functional dropout."""
        self.instruments.functions.ahead(
            {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"}, self._off
        )

    def _off(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        self.applied += 1
        return (args[0], 0.0), {k: v for k, v in kwargs.items() if k not in {"p", "input"}} | {"training": False}

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Recurrent modules drop out inside."""
        if isinstance(module, torch.nn.RNNBase) and module.dropout:
            module.dropout = 0.0
            self.applied += 1
        return args, kwargs
