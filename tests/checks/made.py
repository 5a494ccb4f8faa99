"""Hand-made traces for the tests of checks: a training run as numbers, without a script or torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.registry import checks
from lossdoctor.trace import Trace, Verdict

SITE = {"path": "/somewhere/train.py", "line": 12, "function": "main", "source": "loss = criterion(out, y)"}


def check(cause: str) -> Check:
    """The installed check of a cause."""
    found, _ = checks()
    return next(c for c in found if c.cause == cause)


def ask(cause: str, trace: Trace) -> Verdict:
    """The check's verdict on a trace."""
    return check(cause).judge(trace)


def learning(steps: int, start: float, end: float) -> np.ndarray:
    """An error curve that falls (or rises) and settles."""
    return end + (start - end) * np.exp(-np.arange(steps) / (steps / 6))


def run(
    kind: str = "mse_loss",
    family: str = "regression",
    targets: np.ndarray | None = None,
    error: np.ndarray | None = None,
    value: np.ndarray | None = None,
    per_step: int = 32,
    **loss: Any,
) -> Trace:
    """A run of 60 steps (or as many as ``error`` has) with one loss call a step; ``loss`` overrides the loss's record."""
    rng = np.random.default_rng(1)
    error = learning(60, 1.0, 0.1) if error is None else error
    steps = len(error)
    if targets is None:
        targets = rng.standard_normal(steps * per_step)
    value = error if value is None else value
    record = {
        "id": 0,
        "key": f"{kind}@{SITE['path']}:{SITE['line']}",
        "kind": kind,
        "family": family,
        "site": SITE,
        "options": {"reduction": "mean", "ignore_index": -100},
        "prediction_shape": [per_step, 1],
        "target_shape": [per_step, 1],
        "target_dtype": "torch.float32",
        "calls": steps,
        "main": True,
        "behind": [op("linear")],
    } | loss
    trace = Trace(meta={"steps": steps, "main_loss": record["key"], "main_loss_id": 0, "main_stream_id": 0})
    trace.records["losses"] = [record]
    trace.records["streams"] = [
        {"id": 0, "key": "s", "site": SITE, "kind": "backward", "shape": [], "losses": [record["key"]]}
    ]
    trace.records["optimizers"] = [{"class": "SGD", "options": {"lr": 0.1}, "lrs": [0.1], "steps": steps, "site": SITE}]
    trace.records["parameters"] = [
        {"name": "fc.weight", "origin": "module", "in_optimizer": True, "order": 1, "used_by": "linear"}
    ]
    at = np.arange(steps)
    trace.arrays |= {
        "series/loss": np.asarray(value, dtype=float),
        "steps/loss": at,
        "series/backwards": np.ones(steps),
        "streams/0/values": np.asarray(value, dtype=float),
        "streams/0/steps": at,
        "losses/0/step": at,
        "losses/0/error": np.asarray(error, dtype=float),
        "losses/0/n": np.full(steps, float(per_step)),
        "losses/0/accuracy": np.full(steps, np.nan),
        "losses/0/prediction_mean": np.zeros(steps),
        "losses/0/prediction_std": np.full(steps, 0.5),
        "losses/0/prediction_min": np.full(steps, -1.0),
        "losses/0/prediction_max": np.full(steps, 1.0),
        "losses/0/rows/target": np.asarray(targets, dtype=float),
        "losses/0/rows/step": np.repeat(at, per_step)[: len(targets)],
    }
    return trace


def op(name: str, **more: Any) -> dict[str, Any]:
    """One recorded operation of a chain."""
    return {
        "name": name,
        "site": SITE,
        "module": "",
        "op": 3,
        "dim": None,
        "shape": [32, 1],
        "requires_grad": True,
        "output": 0,
        "branches": 1,
    } | more


def slot(trace: Trace, role: str, values: np.ndarray, name: str = "Net[0]", **more: Any) -> Trace:
    """Add what a module (or the loss) was given: ``values`` (steps, rows, columns)."""
    steps, rows, columns = values.shape
    flat = values.reshape(-1, columns).astype(float)
    bad = ~np.isfinite(flat)
    first = np.nonzero(bad.any(1))[0]
    record = {
        "name": name,
        "role": role,
        "shape": [rows, columns],
        "integer": False,
        "calls": steps,
        "rows": steps * rows,
        "first_step": 0,
        "bad_calls": int((~np.isfinite(values)).any((1, 2)).sum()),
        "bad_rows": len(first),
        "bad_first_step": int(first[0] // rows) if len(first) else -1,
        "places": [
            {"step": int(i // rows), "row": int(i % rows), "column": int(np.nonzero(bad[i])[0][0])} for i in first[:5]
        ],
        "bad_kinds": {"nan": int(np.isnan(flat).sum()), "inf": int(np.isinf(flat).sum())},
        "mean": np.nanmean(flat, 0).tolist(),
        "std": np.nanstd(flat, 0).tolist(),
        "min": np.nanmin(flat, 0).tolist(),
        "max": np.nanmax(flat, 0).tolist(),
        "bad": bad.sum(0).tolist(),
    } | more
    index = len(trace.list("batches"))
    trace.records.setdefault("batches", []).append(record)
    trace.arrays[f"batches/{index}/prints"] = np.array([hash(v.tobytes()) for v in values])
    trace.arrays[f"batches/{index}/steps"] = np.arange(steps)
    trace.arrays[f"batches/{index}/sizes"] = np.full(steps, rows)
    return trace


def grid(
    trace: Trace,
    target: np.ndarray,
    error: np.ndarray,
    grad: np.ndarray | None = None,
    given: np.ndarray | None = None,
    step: int = 50,
    ignore: int = -100,
) -> Trace:
    """Add a (sample, time) snapshot of the main loss call."""
    index = len(trace.list("layouts"))
    key = trace.list("losses")[0]["key"]
    trace.records.setdefault("layouts", []).append(
        {
            "id": index,
            "key": key,
            "step": step,
            "shape": list(target.shape),
            "integer": True,
            "ignore_index": ignore,
            "input": "integer" if given is not None else "",
        }
    )
    trace.arrays[f"layouts/{index}/target"] = target
    trace.arrays[f"layouts/{index}/error"] = error
    if grad is not None:
        trace.arrays[f"layouts/{index}/grad"] = grad
    if given is not None:
        trace.arrays[f"layouts/{index}/input"] = given
    return trace
