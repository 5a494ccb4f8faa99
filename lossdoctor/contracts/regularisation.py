"""How hard a run is regularised, measured against its data: weight decay, dropout, penalties added to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.trace import Trace

from .outcome import measure

DECOUPLED = {"AdamW", "Adafactor"}
BY_HAND = {"difference", "picked", "weighted-log"}
# Decay / data gradient (norms; median over weights and the first recorded steps) from which on the decay rules.
RULES = 1.0
# Decoupled decay (AdamW): share of each weight taken away per step; 1e-2 halves a weight in 70 steps.
SHRINKS = 1e-2
# Dropout beyond this leaves under a quarter of the units (Srivastava et al. 2014 advise 0.5, and less for inputs).
DROPS = 0.75
# A penalty that makes up more of the loss than this at the end.
PENALTY = 0.7
# So many numbers a sample make the difference between their mean and their sum count; a run below this skill has given up;
# an added term is there from this share of the first values on.
WIDE, COLLAPSED, THERE = 8, 0.05, 0.003
# A term written by hand is a mean of squares (or half of it) when it is within this factor of their mean.
HALF_OR_TWICE = 2.5
# Of a run that has given up, a term that made up this share of the first values may be why: the run without it decides.
AT_FIRST = 0.3
# Remedy that takes each kind away.
REMEDY = {"weight_decay": "no-weight-decay", "dropout": "no-dropout", "penalty": "no-penalty"}


def _number(value: Any, default: float = float("nan")) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def measured(trace: Trace) -> list[dict[str, Any]]:
    """One record per kind in use: ``kind``, its own figure ``value``, and ``strength`` (from 1 on it rules)."""
    return [f for f in (decay(trace), dropout(trace), penalty(trace)) if f is not None]


def decay(trace: Trace) -> dict[str, Any] | None:
    """Weight decay's pull on the weights over the gradient's; decoupled: the share of each weight it takes a step."""
    decays = [
        (_number(o.get("options", {}).get("weight_decay"), 0.0), i, o) for i, o in enumerate(trace.list("optimizers"))
    ]
    decays = [d for d in decays if d[0] > 0]
    grads, weights = trace.arrays.get("layers/grad_norm"), trace.arrays.get("layers/weight_norm")
    if not decays or grads is None or weights is None:
        return None
    amount, index, optimizer = max(decays, key=lambda d: d[0])
    found = {"kind": "weight_decay", "amount": amount, "optimizer": index}
    if optimizer["class"] in DECOUPLED or optimizer.get("options", {}).get("decoupled_weight_decay"):
        value = _number((optimizer.get("lrs") or [np.nan])[0]) * amount
        return found | {"value": value, "strength": value / SHRINKS, "decoupled": True} if np.isfinite(value) else None
    parameters = trace.list("parameters")
    mine = [
        i
        for i, p in enumerate(parameters)
        if p.get("optimizer") == index and len(p["shape"]) > 1 and i < grads.shape[1]
    ]
    early = slice(0, max(3, len(grads) // 4))
    with np.errstate(all="ignore"):
        pull = amount * weights[early][:, mine] / grads[early][:, mine]
    pull = pull[np.isfinite(pull)]
    if not len(pull):
        return None
    value = float(np.median(pull))
    return found | {"value": value, "strength": value / RULES, "decoupled": False}


def dropout(trace: Trace) -> dict[str, Any] | None:
    """The largest share of units left out while training."""
    drops = [
        (_number(m.get("p"), 0.0), i)
        for i, m in enumerate(trace.list("modules"))
        if "Dropout" in m["class"] and m.get("train_calls")
    ]
    drops += [
        (_number(m.get("dropout"), 0.0), i)
        for i, m in enumerate(trace.list("modules"))
        if m["class"] in {"LSTM", "GRU", "RNN"} and m.get("train_calls") and m.get("num_layers", 1) > 1
    ]
    if not drops or max(drops)[0] <= 0:
        return None
    share, index = max(drops, key=lambda d: d[0])
    count = len([d for d in drops if d[0] == share])
    strength = (1 - DROPS) / max(1 - share, 1e-6)
    return {"kind": "dropout", "value": share, "strength": strength, "module": index, "layers": count}


def penalty(trace: Trace) -> dict[str, Any] | None:
    """What the script adds to its loss: the value on which backward is called, beyond what its loss calls gave."""
    stream = trace.meta.get("main_stream_id")
    record = next((r for r in trace.list("losses") if r.get("main")), None)
    total = trace.arrays.get(f"streams/{stream}/values")
    if record is None or total is None:
        return None
    joined = [r for r in trace.list("losses") if r.get("stream") == record.get("stream")]
    outputs = [trace.arrays.get(f"losses/{r['id']}/output") for r in joined]
    fits = all(
        r["kind"] not in BY_HAND and o is not None and len(o) == len(total) and r["options"].get("reduction") != "none"
        for r, o in zip(joined, outputs, strict=True)
    )
    if not joined:
        return None
    if not fits:
        return _by_hand(trace, record)
    parts = np.sum(np.asarray(outputs), 0)
    collapsed = _collapsed(trace, record, parts, total)
    if collapsed is not None:
        return collapsed
    tail = slice(-max(1, len(total) // 5), None)
    value, data = float(np.mean(total[tail])), float(np.mean(parts[tail]))
    if not np.isfinite(value) or value <= 0 or data < 0 or data > 0.99 * value:
        return None
    share = 1 - data / value
    return {"kind": "penalty", "value": share, "strength": share / PENALTY, "total": value, "added": value - data}


def _by_hand(trace: Trace, record: dict[str, Any]) -> dict[str, Any] | None:
    """The same of a loss that is written out: its terms are known of its first value."""
    errors = trace.arrays.get(f"losses/{record['id']}/error")
    terms = trace.main_stream.get("terms")
    if not terms or errors is None or not len(errors) or not terms["data"]:
        return None
    # A mean over all numbers: what the term says is what the numbers' mean error is.
    mean = 1 / HALF_OR_TWICE < abs(terms["data"]) / max(float(errors[0]), 1e-30) < HALF_OR_TWICE
    return _collapsed(trace, record, np.array([terms["data"]]), np.array([terms["whole"]]), mean)


def _collapsed(
    trace: Trace, record: dict[str, Any], parts: np.ndarray, total: np.ndarray, mean: bool = False
) -> dict[str, Any] | None:
    """A term beside the data's, in a run that ends where a constant would: large at first, or beside a mean over many numbers.

    The term need not be large at the end: it has won when the model has given up whatever it punishes (weights that went to
    zero; the collapse of a variational autoencoder: Bowman et al., 2016).
    """
    outcome = measure(trace)
    if outcome is None or not outcome.skill < COLLAPSED:
        return None
    width = int(np.prod((record.get("target_shape") or [1])[1:]))
    wide = width >= WIDE and (mean or record["options"].get("reduction") == "mean")
    head = slice(0, max(3, len(total) // 10))
    value, data = float(np.mean(total[head])), float(np.mean(parts[head]))
    if not np.isfinite(value) or value <= 0 or data < 0 or data > (1 - THERE) * value:
        return None
    share = 1 - data / value
    if not wide and share < AT_FIRST:
        return None
    return {
        "kind": "penalty",
        "value": share,
        "strength": 1.0,
        "total": value,
        "added": value - data,
        "width": width if wide else 1,
    }
