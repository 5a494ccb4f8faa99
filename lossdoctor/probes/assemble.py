"""From a recorder's books to a trace."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lossdoctor.trace import Trace

from .flow import noise_edge
from .parameters import unit_spread

if TYPE_CHECKING:
    from .recorder import Recorder


def main_key(recorder: Recorder) -> str | None:
    """The loss call that speaks for the script: known family first, then most calls, then most rows."""
    best, best_rank = None, (-1, -1.0, -1.0)
    for key, record in recorder.loss_records.items():
        book = recorder.pairs.steps.get(key)
        if not book or not record["calls"]:
            continue
        aligned = np.isfinite(book["error"]).mean() if book["error"] else 0.0
        rank = (
            int(record["family"] in {"nll", "bce", "regression"} and aligned > 0.5),
            float(record["calls"]),
            float(np.sum(book["n"])),
        )
        if rank > best_rank:
            best, best_rank = key, rank
    return best


def assemble(recorder: Recorder) -> Trace:
    """The trace of everything recorded so far."""
    trace = Trace()
    _meta(recorder, trace)
    _series(recorder, trace)
    _pairs(recorder, trace)
    _layers(recorder, trace)
    _closing(recorder)
    records = trace.records
    records["parameters"] = recorder.parameters.records
    records["modules"] = [_public(r) for r in recorder.modules.records.values()]
    records["optimizers"] = recorder.optimizers.records
    records["idle_optimizers"] = idle_optimizers(recorder)
    records["schedulers"] = list(recorder.schedulers.values())
    records["loaders"] = [_public(r) for r in recorder.loaders.values()]
    records["clips"] = list(recorder.clips.values())
    records["attention"] = list(recorder.attention.records.values())
    records["activations"] = recorder.activation_records
    records["data"] = recorder.data_tensors
    records["batches"], batch_arrays = recorder.batches.records()
    records["layouts"], records["pixels"] = recorder.layouts.records, recorder.layouts.pixels
    trace.arrays.update(batch_arrays | recorder.layouts.arrays)
    records["carried"] = recorder.carried.habits()
    records["lost_terms"] = recorder.lost_terms
    records["objectives"] = recorder.objectives
    records["torn"] = recorder.torn
    records["softmaxes"], records["broadcasts"] = recorder.softmaxes, recorder.broadcasts
    trace.arrays.update({f"data/{i}": kept for i, kept in recorder.data_arrays.items() if kept is not None})
    records["evals"] = [
        {k: v for k, v in r.items() if k not in {"steps", "values", "errors"}} for r in recorder.eval_values.values()
    ]
    for i, evaluation in enumerate(recorder.eval_values.values()):
        trace.arrays[f"evals/{i}/steps"] = np.asarray(evaluation["steps"])
        trace.arrays[f"evals/{i}/values"] = np.asarray(evaluation["values"], dtype=float)
        trace.arrays[f"evals/{i}/errors"] = np.asarray(evaluation["errors"], dtype=float).reshape(-1, 4)
    records["ops"] = [{"name": name, "count": count} for name, count in recorder.op_counts.items()]
    return trace


GATES = {"lstm": 4, "lstm_cell": 4, "gru": 3, "gru_cell": 3}


def _closing(recorder: Recorder) -> None:
    """What can only be said of a parameter at the end: whether its units still are alike, whether it was loaded, whether it looks like noise."""
    for tensor, record in zip(recorder.parameters.tensors, recorder.parameters.records, strict=True):
        value = tensor.detach().float()
        record["requires_grad_end"] = bool(tensor.requires_grad)
        record["loaded"] = id(tensor) in recorder.instruments.loaded
        record["filled_at"] = recorder.instruments.filled_at(tensor)
        if record["init_unit_spread"] == 0 or record["init_column_spread"] == 0:
            gates = GATES.get(record.get("used_by", ""), 1)  # the units of gated cells are stacked gate by gate
            record["end_unit_spread"] = max(unit_spread(part) for part in value.chunk(gates)) if value.dim() else -1.0
            record["end_column_spread"] = unit_spread(value.transpose(0, 1)) if value.dim() == 2 else -1.0
        idle = not record["requires_grad"] or not record["in_optimizer"] or not record["reached"]
        if idle and value.dim() >= 2 and value.is_floating_point():
            record["noise_edge"] = noise_edge(value)


def idle_optimizers(recorder: Recorder) -> list[dict[str, Any]]:
    """Optimizers that the script made and that never stepped, with the parameters known to the run that they hold."""
    found = []
    for reference, site in zip(recorder.instruments.optimizers, recorder.instruments.made_at, strict=True):
        optimizer = reference()
        known = next((i for i, other in enumerate(recorder.optimizers.known) if other is optimizer), None)
        if known is not None:
            recorder.optimizers.records[known]["made_site"] = site
        if optimizer is None or known is not None:
            continue
        held = [recorder.parameters.index(p) for group in optimizer.param_groups for p in group["params"]]
        record = {
            "class": type(optimizer).__name__,
            "site": site,
            "size": len(held),
            "parameters": [i for i in held if i is not None],
        }
        record["zeroed"] = recorder.optimizers.zeroed[id(optimizer)]
        record["lrs"] = [float(g.get("lr", float("nan"))) for g in optimizer.param_groups]
        found.append(record)
    return found


def _public(record: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if not k.startswith("_")}


def _meta(recorder: Recorder, trace: Trace) -> None:
    key = main_key(recorder)
    stream = None
    if recorder.streams:
        stream = max(recorder.streams.values(), key=lambda s: len(s["values"]))
        if key is not None:
            wanted = recorder.loss_records[key].get("stream")
            stream = recorder.streams.get(str(wanted), stream)
    trace.meta.update(
        {
            "steps": max(recorder.per_optimizer.values(), default=0),
            "step_calls": recorder.count,
            "backwards": recorder.backwards,
            "counts_decisions": recorder.counts_decisions,
            "evaluated_labels": {str(k): v for k, v in sorted(recorder.evaluation.wanted.items())},
            "end": recorder.end_reason,
            "seconds": recorder.step_times[-1] if recorder.step_times else 0.0,
            "label": recorder.plan.label,
            "main_loss": key,
            "main_stream": stream["key"] if stream else None,
            "manual_updates": not recorder.optimizers.known and recorder.count > 0,
            "climbs": recorder.by_hand.climbs,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "modules_used": len(recorder.modules.records),
            "manual_stale_steps": recorder.by_hand.stale,
            "scaler_steps": recorder.scaler_steps,
            "scaler_skips": recorder.scaler_skips,
            "scaler_site": recorder.scaler_site,
        }
    )


def _series(recorder: Recorder, trace: Trace) -> None:
    for name, values in recorder.series.items():
        trace.arrays[f"series/{name}"] = np.asarray(values, dtype=float)
        trace.arrays[f"steps/{name}"] = np.asarray(recorder.series_steps[name])
    trace.arrays["series/seconds"] = np.diff(np.asarray([0.0, *recorder.step_times]))
    trace.records["streams"] = []
    for i, stream in enumerate(recorder.streams.values()):
        trace.records["streams"].append(
            {k: stream[k] for k in ("key", "site", "kind", "shape", "reached", "terms")}
            | {"id": i, "losses": list(stream["keys"])}
        )
        trace.arrays[f"streams/{i}/values"] = np.asarray(stream["values"], dtype=float)
        trace.arrays[f"streams/{i}/steps"] = np.asarray(stream["steps"])
        if stream["key"] == trace.meta["main_stream"]:
            trace.meta["main_stream_id"] = i
            steps, numbers = np.asarray(stream["steps"]), np.asarray(stream["values"], dtype=float)
            # Several backwards a step (accumulation): their mean. A closure's repeated calls: the first counts.
            unique = np.unique(steps)
            closure = any("LBFGS" in o["class"] for o in recorder.optimizers.records)
            joined = np.array([numbers[steps == s][0] if closure else numbers[steps == s].mean() for s in unique])
            trace.arrays["series/loss"], trace.arrays["steps/loss"] = joined, unique


def _pairs(recorder: Recorder, trace: Trace) -> None:
    trace.records["losses"] = []
    for i, (key, record) in enumerate(recorder.loss_records.items()):
        record = dict(record) | {"id": i, "main": key == trace.meta["main_loss"]}
        counts = recorder.pairs.raw_target_counts.get(key)
        if counts:
            record["label_counts"] = {str(k): v for k, v in sorted(counts.items())[:2000]}
        if costs := recorder.pairs.constant_costs(key):
            record["constant_costs"] = costs
        trace.records["losses"].append(record)
        book = recorder.pairs.steps.get(key)
        if not book:
            continue
        for name, values in book.items():
            trace.arrays[f"losses/{i}/{name}"] = np.asarray(values, dtype=float)
        for name, array in recorder.pairs.arrays(key).items():
            trace.arrays[f"losses/{i}/rows/{name}"] = array
        if record["main"]:
            trace.meta["main_loss_id"] = i
            for name, array in recorder.pairs.arrays(key).items():
                trace.arrays[f"pairs/{name}"] = array


def _layers(recorder: Recorder, trace: Trace) -> None:
    width = len(recorder.parameters.tensors)
    if not recorder.layers or not width:
        return

    def padded(part: int) -> np.ndarray:
        out = np.full((len(recorder.layers), width), np.nan)
        for i, layer in enumerate(recorder.layers):
            row: Any = layer[part]
            out[i, : len(row)] = row
        return out

    trace.arrays["layers/steps"] = np.asarray([layer[0] for layer in recorder.layers])
    trace.arrays["layers/grad_norm"] = padded(1)
    trace.arrays["layers/weight_norm"] = padded(2)
    updates = padded(3)
    trace.arrays["layers/update_norm"] = updates
    with np.errstate(all="ignore"):
        trace.arrays["layers/update_ratio"] = updates / np.maximum(trace.arrays["layers/weight_norm"], 1e-12)
