"""What the checks of the data and of the loss share: the slots that were fed, columns in words, places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Site, Trace

# Layers that bring their input to unit scale, or look a row up instead of multiplying with the input.
NORMALISES = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "embedding", "embedding_bag"}


def numbers(values: Iterable[Any] | None) -> list[float]:
    """Recorded figures as floats (JSON keeps non-finite ones as text); empty where one is not finite."""
    found = [float(v) for v in values or []]
    return found if all(np.isfinite(found)) else []


def words(value: float) -> str:
    """A number as people write it: ``84,213``, ``1.1``, ``3.2e-06``."""
    value = float(value)
    if not np.isfinite(value):
        return str(value)
    if abs(value) >= 1e7 or (value and abs(value) < 1e-4):
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def listed(items: Iterable[Any], limit: int = 5) -> str:
    """``1, 2, 3 …``."""
    items = list(items)
    return ", ".join(f"{i:,}" if isinstance(i, int) else str(i) for i in items[:limit]) + (
        " …" if len(items) > limit else ""
    )


def slots(trace: Trace, role: str) -> list[tuple[int, dict[str, Any]]]:
    """The recorded inputs ("input") or targets ("target"), with their index among the arrays."""
    return [(i, r) for i, r in enumerate(trace.list("batches")) if r["role"] == role and r.get("calls")]


def main_input(trace: Trace) -> tuple[int, dict[str, Any]] | None:
    """The input with the most numbers among those fed in every step: what the model reads."""
    found = slots(trace, "input")
    if not found:
        return None
    calls = max(r["calls"] for _, r in found)
    steady = [(i, r) for i, r in found if r["calls"] >= 0.5 * calls]
    return max(steady, key=lambda item: int(np.prod(item[1]["shape"][1:])) if len(item[1]["shape"]) > 1 else 1)


def rms(record: dict[str, Any]) -> np.ndarray:
    """Root mean square of every column of a slot: what a weight is multiplied with."""
    return np.sqrt(
        np.square(np.asarray(record["mean"], dtype=float)) + np.square(np.asarray(record["std"], dtype=float))
    )


def feature(record: dict[str, Any], column: int) -> str:
    """How to call a column of a slot."""
    return f"channel {column}" if len(record["shape"]) > 3 else f"feature {column}"


def first_layer(trace: Trace) -> dict[str, Any] | None:
    """The parameter that the data meet first, as recorded; None where the order was not."""
    used = [p for p in trace.list("parameters") if "order" in p and p.get("used_by")]
    return min(used, key=lambda p: p["order"]) if used else None


def data_site(trace: Trace) -> Site | None:
    """Where the batches come from: the training loader's line, else the line that calls the model, else the loss."""
    for loader in sorted(trace.list("loaders"), key=lambda r: -int(r.get("grad_batches", 0))):
        if loader.get("site") and loader.get("grad_batches"):
            return Site.of(loader["site"])
    for module in trace.list("modules"):
        if module.get("root") and module.get("grad_calls") and module.get("site"):
            return Site.of(module["site"])
    return loss_site(trace)


def loss_site(trace: Trace) -> Site | None:
    """The main loss call's line."""
    record = next((r for r in trace.list("losses") if r.get("main")), None)
    return Site.of(record.get("site")) if record else None


def learned(outcome: Outcome | None) -> str:
    """The run's success in words, empty where it did not learn."""
    if outcome is None or not outcome.learns:
        return ""
    return (
        f"the loss is {outcome.skill:.0%} better than the best constant"
        if np.isfinite(outcome.skill)
        else f"the loss falls from {words(outcome.start)} to {words(outcome.end)}"
    )


def holders(trace: Trace, want: str) -> list[dict[str, Any]]:
    """Scanned arrays that hold what ``want`` names ("bad_row_count", "extremes"), training data first."""
    return [r for r in trace.list("data") if r.get(want)]


def array_name(record: dict[str, Any]) -> str:
    """How to call a scanned array."""
    return f"{record['name'] or 'an array'} {tuple(record['shape'])} ({record['origin']})"
