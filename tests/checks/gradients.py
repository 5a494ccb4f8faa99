"""Small hand-made traces for the checks on gradients: a run that learns, to which each test does one harm."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.trace import Trace

SITE = {"path": "/t/train.py", "line": 7, "function": "f", "source": "h = layer(x)"}
STEPS = 40


def weight(name: str, shape: tuple[int, ...] = (32, 32), order: int = 0, **more: Any) -> dict[str, Any]:
    """A trained weight with torch's default start."""
    fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
    record: dict[str, Any] = {
        "name": name,
        "origin": "module",
        "module": "Linear",
        "shape": list(shape),
        "numel": int(np.prod(shape)),
        "requires_grad": True,
        "requires_grad_end": True,
        "in_optimizer": True,
        "optimizer": 0,
        "reached": 5,
        "init_std": 0.577 / fan_in**0.5,
        "init_absmax": 1 / fan_in**0.5,
        "init_norm": 10.0,
        "init_unit_spread": 0.58,
        "init_column_spread": 0.58,
        "init_kurtosis": 1.8,
        "noise_edge": 1.0,
        "is_parameter": True,
        "loaded": False,
        "used": True,
        "used_in_grad": True,
        "order": order,
        "used_by": "linear",
        "used_site": SITE,
        "fan_in": fan_in,
        "unit_axis": 0,
        "uses": 1,
    }
    return record | more


def module(name: str, kind: str = "Linear", **more: Any) -> dict[str, Any]:
    """A module that ran in train mode."""
    record: dict[str, Any] = {
        "name": name,
        "class": kind,
        "bases": [kind, "Module"],
        "root": False,
        "grad_calls": STEPS,
        "train_calls": STEPS,
        "eval_calls_in_grad": 0,
        "nograd_calls": 0,
        "has_state": False,
        "own_parameters": 100,
        "parameters": [],
        "registered": True,
        "last_train_step": STEPS - 1,
        "site": SITE,
        "first_output_std": 0.6,
    }
    return record | more


def optimizer(**more: Any) -> dict[str, Any]:
    """An SGD that stepped as it should."""
    record: dict[str, Any] = {
        "class": "SGD",
        "options": {"lr": 0.1},
        "lrs": [0.1],
        "stale_steps": 0,
        "empty_steps": 0,
        "cleared_steps": 0,
        "bare_steps": 0,
        "steps": STEPS,
        "numel": 1000,
        "site": SITE,
    }
    return record | more


def activation(step: int, op: int, name: str = "relu", **more: Any) -> dict[str, Any]:
    """A living activation."""
    record: dict[str, Any] = {
        "name": name,
        "site": SITE | {"line": 10 + op},
        "module": "Net",
        "op": op,
        "shape": [64, 32],
        "step": step,
    }
    record |= {"requires_grad": True, "std": 0.6}
    if name == "relu":
        record |= {"dead_units": 0.05, "zero": 0.5, "units": 32, "rows": 64}
    else:
        record |= {"saturated": 0.02}
    return record | more


def run(
    parameters: list[dict[str, Any]] | None = None,
    learns: bool = True,
    grads: np.ndarray | None = None,
    updates: np.ndarray | None = None,
    norms: np.ndarray | None = None,
    **records: Any,
) -> Trace:
    """A trace of ``STEPS`` steps whose loss falls (or not); ``records`` replace whole lists."""
    parameters = parameters if parameters is not None else [weight(f"net.{i}.weight", order=i) for i in range(3)]
    trace = Trace(meta={"steps": STEPS, "backwards": STEPS, "end": "step limit"})
    trace.records = {
        "parameters": parameters,
        "modules": [
            module("Net", "Net", root=True),
            *(module(f"net.{i}", parameters=[i]) for i in range(len(parameters))),
        ],
        "optimizers": [optimizer()],
        "streams": [{"key": "s", "site": SITE, "kind": "backward", "shape": [], "reached": [], "id": 0, "losses": []}],
        "losses": [
            {
                "id": 0,
                "main": True,
                "kind": "mse_loss",
                "family": "regression",
                "key": "k",
                "site": SITE,
                "calls": STEPS,
                "options": {},
            }
        ],
        "ops": [{"name": "linear", "count": 3}],
        **records,
    }
    rng = np.random.default_rng(0)
    curve = (np.linspace(1.0, 0.1, STEPS) if learns else np.full(STEPS, 1.2)) + 0.01 * rng.standard_normal(STEPS)
    count = len(parameters)
    moves = np.array([0.01 if p["reached"] else 0.0 for p in parameters])  # what gets no gradient does not move
    steps = np.arange(10)
    trace.arrays = {
        "series/loss": curve,
        "steps/loss": np.arange(STEPS),
        "losses/0/error": curve,
        "losses/0/rows/target": rng.standard_normal(400),
        "series/grad_norm": np.ones(STEPS) if norms is None else norms,
        "steps/grad_norm": np.arange(STEPS if norms is None else len(norms)),
        "series/lr": np.full(STEPS, 0.1),
        "series/optimizer": np.zeros(STEPS),
        "layers/steps": steps,
        "layers/grad_norm": np.ones((10, count)) if grads is None else np.tile(grads, (10, 1)),
        "layers/weight_norm": np.full((10, count), 10.0),
        "layers/update_norm": np.tile(moves if updates is None else updates * 10.0, (10, 1)),
        "layers/update_ratio": np.full((10, count), 1e-3) if updates is None else np.tile(updates, (10, 1)),
    }
    return trace
