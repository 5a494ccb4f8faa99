"""The modules that a run calls: their modes, options, and the scale of what goes in and out."""

from __future__ import annotations

from typing import Any

import torch

from .functions import tensors_in
from .parameters import Parameters, unregistered
from .sites import Sites

OPTIONS = (
    "batch_first",
    "bidirectional",
    "num_layers",
    "p",
    "dropout",
    "momentum",
    "affine",
    "track_running_stats",
    "dim",
    "bias",
    "norm_first",
    "hidden_size",
    "nonlinearity",
)
# Calls of a module whose inputs and outputs are measured.
SAMPLES = 3


class Modules:
    """One record per module called, by its id."""

    def __init__(self, parameters: Parameters, sites: Sites) -> None:
        self.parameters = parameters
        self.sites = sites
        self.records: dict[int, dict[str, Any]] = {}
        self.roots: dict[int, Any] = {}
        self._names: dict[int, str] = {}
        self._registered: set[int] = set()  # modules that are part of a root's named_modules

    def name(self, module: Any) -> str:
        """What a module is called from its root; its class where no root knows it."""
        return self._names.get(id(module), type(module).__name__)

    def meet_root(self, module: Any) -> None:
        """Name an outermost module, what it contains, and its parameters."""
        if id(module) in self.roots:
            return
        self.roots[id(module)] = module
        prefix = "" if len(self.roots) == 1 else f"{type(module).__name__}#{len(self.roots)}."
        for name, child in module.named_modules():
            self._names.setdefault(id(child), f"{prefix}{name}" if name else f"{prefix}{type(module).__name__}")
            self._registered.add(id(child))
        for key, name in unregistered(module).items():
            self._names.setdefault(key, prefix + name)
        self.parameters.add_module(module, prefix)

    def called(self, module: Any, args: Any, kwargs: Any, result: Any, step: int) -> dict[str, Any]:
        """Note a call that is over; returns the module's record."""
        record = self.records.get(id(module))
        if record is None:
            record = self._meet(module)
        if not torch.is_grad_enabled():
            record["nograd_calls"] += 1
            return record
        record["grad_calls"] += 1
        if module.training:
            record["train_calls"] += 1
            record["last_train_step"] = step
        else:
            record["eval_calls_in_grad"] += 1
            record["last_eval_step"] = step
            record.setdefault("first_eval_step", step)
        if record["sampled"] < SAMPLES:
            _sample(record, args, kwargs, result)
        if isinstance(module, torch.nn.RNNBase):
            _sample_state(record, args, kwargs)
        return record

    def _meet(self, module: Any) -> dict[str, Any]:
        record: dict[str, Any] = {
            "uid": len(self.records),
            "name": self.name(module),
            "class": type(module).__name__,
            "bases": [c.__name__ for c in type(module).__mro__ if c.__module__.startswith("torch.nn")][:4],
            "root": id(module) in self.roots,
            "grad_calls": 0,
            "train_calls": 0,
            "eval_calls_in_grad": 0,
            "nograd_calls": 0,
            "sampled": 0,
            "site": self.sites.here(4),
        }
        for option in OPTIONS:
            value = getattr(module, option, None)
            if isinstance(value, (bool, int, float, str)):
                record[option] = value
        record["has_state"] = bool(getattr(module, "running_mean", None) is not None)
        record["own_parameters"] = sum(p.numel() for p in module.parameters(recurse=False))
        record["parameters"] = self.parameters.add_called(module, record["name"])
        record["registered"] = id(module) in self._registered
        if record["has_state"]:
            record["stats_default"] = bool((module.running_mean == 0).all() and (module.running_var == 1).all())
        self.records[id(module)] = record
        return record


def _sample(record: dict[str, Any], args: Any, kwargs: Any, result: Any) -> None:
    record["sampled"] += 1
    inputs, outputs = tensors_in((args, kwargs)), tensors_in(result)
    record["inputs"] = [list(t.shape) for t in inputs[:4]]
    record["outputs"] = [list(t.shape) for t in outputs[:4]]
    if inputs and inputs[0].is_floating_point() and inputs[0].numel() > 1:
        value = inputs[0].detach().float()
        record["input_mean"], record["input_std"] = float(value.mean()), float(value.std())
        record["input_absmax"] = float(value.abs().max())
    if outputs and outputs[0].is_floating_point() and outputs[0].numel() > 1:
        value = outputs[0].detach().float()
        record["output_mean"], record["output_std"] = float(value.mean()), float(value.std())
    if record["sampled"] == 1:
        for figure in ("input_std", "input_absmax", "output_std"):
            record[f"first_{figure}"] = record.get(figure)


def _sample_state(record: dict[str, Any], args: Any, kwargs: Any) -> None:
    """Whether a recurrent module is given a state, and whether that state has a history."""
    given = args[1] if len(args) > 1 else kwargs.get("hx")
    state = tensors_in(given)
    if not state:
        return
    record["state_calls"] = record.get("state_calls", 0) + 1
    record["state_nonzero"] = record.get("state_nonzero", 0) + int(bool(state[0].detach().any()))
    if any(t.requires_grad and t.grad_fn is not None for t in state):
        record["state_with_history"] = record.get("state_with_history", 0) + 1
