"""Weights in the order in which the input meets them, with their scale, gradients and steps; activations by layer."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import RECURRENT_CALLS, Site, Trace

from ._weights import LOOKUPS, number

# Operations that multiply by a weight.
MULTIPLIERS = {
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "matmul",
    "__matmul__",
    "__rmatmul__",
    "mm",
    "bmm",
    "addmm",
    "mv",
    "einsum",
    "baddbmm",
}
RECURRENT = RECURRENT_CALLS | {"lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"}
# A hand-written recurrence multiplies by the same weight at least this often in one step (the shortest useful sequence).
USES = 4
NORMALISERS = (
    "batch_norm",
    "layer_norm",
    "group_norm",
    "instance_norm",
    "rms_norm",
    "normalize",
    "local_response_norm",
)
# One step that moves a weight by a tenth of its norm is a hundred times the usual thousandth.
# (A. Karpathy, "Building makemore, part 3": log10 of update over weight should lie near -3.)
OVERSIZED = 0.1
# Steps over gradients agree within this factor for plain SGD (weight decay and two rates for two parts included).
PROPORTIONAL = 3.0
# Rows of activations that a share needs to mean anything.
ROWS = 16


@dataclass(frozen=True)
class Layer:
    """One weight. ``gain`` = std x sqrt(fan-in): 0.58 by torch's default, 1 Glorot, 1.41 He; gradients of the first sampled step and their median."""

    index: int
    name: str
    fan_in: int
    gain: float
    grad0: float
    grad: float
    weight0: float
    update0: float
    update: float
    uses: int
    recurrent: bool
    shape: tuple[int, ...]
    record: dict[str, Any]

    @property
    def site(self) -> Site | None:
        """The line that uses it."""
        return Site.of(self.record.get("used_site"))

    @property
    def born(self) -> Site | None:
        """The line that filled it, where that is known; else the line that uses it."""
        return Site.of(self.record.get("filled_at")) or self.site


def _columns(trace: Trace, name: str, index: int) -> np.ndarray:
    array = trace.arrays.get(f"layers/{name}")
    if array is None or index >= array.shape[1]:
        return np.zeros(0)
    return np.asarray(array[:, index], dtype=float)


def _first(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known[0]) if len(known) else float("nan")


def _middle(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def layers(trace: Trace) -> list[Layer]:
    """Every trained weight that multiplies, in the order of first use."""
    found = []
    for i, p in enumerate(trace.list("parameters")):
        if len(p["shape"]) < 2 or p.get("used_by") in LOOKUPS or not p["reached"] or "order" not in p:
            continue
        by = p.get("used_by", "")
        if (
            by not in MULTIPLIERS
            and by not in RECURRENT
            and not by.startswith("conv")
            and by != "multi_head_attention_forward"
        ):
            continue
        scale = np.hypot(number(p["init_std"]), 0.0) if number(p["init_std"]) > 0 else number(p["init_absmax"])
        fan_in = int(p.get("fan_in") or 1)
        start = number(p.get("init_norm"))
        weight0 = start if start > 0 else _first(_columns(trace, "weight_norm", i))
        found.append(
            (
                p["order"],
                Layer(
                    i,
                    p["name"],
                    fan_in,
                    float(scale * np.sqrt(fan_in)),
                    _first(_columns(trace, "grad_norm", i)),
                    _middle(_columns(trace, "grad_norm", i)),
                    weight0,
                    _first(_columns(trace, "update_norm", i)) / max(weight0, 1e-12),
                    _middle(_columns(trace, "update_ratio", i)),
                    int(p.get("uses", 1)),
                    by in RECURRENT or int(p.get("uses", 1)) >= USES,
                    tuple(p["shape"]),
                    p,
                ),
            )
        )
    return [layer for _, layer in sorted(found, key=lambda item: item[0])]


def normalised(trace: Trace) -> bool:
    """Whether the model normalises its activations somewhere (so that a weight's scale cancels)."""
    return any(op["name"] in NORMALISERS for op in trace.list("ops"))


def activations(trace: Trace, step: int) -> list[dict[str, Any]]:
    """The activation calls recorded at one step, in order."""
    return sorted((a for a in trace.list("activations") if a["step"] == step), key=lambda a: a["op"])


def sampled_steps(trace: Trace) -> list[int]:
    """The steps at which activations were recorded."""
    return sorted({int(a["step"]) for a in trace.list("activations")})


def by_place(records: list[dict[str, Any]], figure: str) -> dict[tuple[str, int, str], float]:
    """Mean of one figure per place in the code (a recurrence calls one place many times), in order of first call."""
    found: dict[tuple[str, int, str], list[float]] = {}
    counters: dict[tuple[str, int], int] = {}
    for a in records:
        value = a.get(figure)
        if value is None:
            continue
        site = a.get("site") or {}
        place = (str(site.get("path", "")), int(site.get("line", 0)), f"{a['name']}@{a['module']}#{tuple(a['shape'])}")
        counters[place[:2]] = counters.get(place[:2], 0) + 1
        found.setdefault(place, []).append(float(value))
    return {k: float(np.mean(v)) for k, v in found.items()}


def place_site(records: list[dict[str, Any]], place: tuple[str, int, str]) -> Site | None:
    """The site record of a place."""
    return next(
        (Site.of(a["site"]) for a in records if a.get("site") and (a["site"]["path"], a["site"]["line"]) == place[:2]),
        None,
    )


def largest_step(trace: Trace, before: int) -> float:
    """Largest relative move of any trained weight in the steps ahead of ``before``."""
    steps, ratios = trace.arrays.get("layers/steps"), trace.arrays.get("layers/update_ratio")
    if steps is None or ratios is None:
        return float("nan")
    wide = [layer.index for layer in layers(trace)]
    part = ratios[np.asarray(steps) < max(1, before)][:, wide] if wide else np.zeros((0, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(np.nanmax(part)) if part.size and np.isfinite(part).any() else float("nan")


def fails(outcome: Outcome | None, poor: float = 0.2) -> bool:
    """Whether the run does not learn, or explains less than ``poor`` of what there is to explain."""
    if outcome is None:
        return True
    if outcome.nonfinite_at is not None or outcome.diverged:
        return True
    if np.isfinite(outcome.skill):
        return outcome.skill < poor
    return not outcome.learns


def follows_gradient(weights: list[Layer]) -> bool:
    """Whether the first step moved every weight in proportion to its gradient (plain SGD), so that a gradient's size matters.

    Optimizers that normalise (Adam, RMSprop, clipped or layer-wise ones) move weights by other ratios.
    """
    ratios = np.array([w.update0 * w.weight0 / w.grad0 for w in weights if w.grad0 > 0 and w.update0 > 0])
    ratios = ratios[np.isfinite(ratios)]
    return bool(len(ratios) and ratios.max() < PROPORTIONAL * ratios.min())
