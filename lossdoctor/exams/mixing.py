"""Whether samples reach each other's predictions, and the operation at which they first meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.trace import RECURRENT_CALLS

from .dumps import Bench, Dump, differs

SAMPLES_TRIED = 3
# A replaced sample may reach this many times its own share of the predictions before we speak of mixing.
MIXING = 1.5
RESHAPES = {
    "view",
    "reshape",
    "flatten",
    "unflatten",
    "permute",
    "transpose",
    "T",
    "contiguous",
    "squeeze",
    "unsqueeze",
    "movedim",
    "swapaxes",
    "view_as",
    "reshape_as",
    "expand",
    "chunk",
    "split",
    "stack",
    "cat",
    "__getitem__",
    "unbind",
    "as_strided",
    "resize_",
    "t",
    "ravel",
    "mT",
}
ATTENTION = {
    "multi_head_attention_forward",
    "scaled_dot_product_attention",
    "transformer_encoder_layer_fwd",
    "_native_multi_head_attention",
}


def mixing(bench: Bench, source: dict[str, Any], axis: int, batch: int, result: dict[str, Any]) -> None:
    """Replace single samples, and write into ``result`` whose predictions change (``samples``, ``mixing``, ``meeting``)."""
    base = bench.base
    picks = sorted({0, batch // 2, batch - 1})[:SAMPLES_TRIED]
    dumps = bench.run([{**source, "axis": axis, "index": i, "sample_axis": axis} for i in picks], ops=True)
    shares: list[float | None] = []
    for dump in dumps:
        mask = differs(base.arrays["prediction0"], dump.arrays.get("prediction0")) if dump is not None else None
        shares.append(float(mask.mean()) if mask is not None else None)
    known = [(s, d, p) for s, d, p in zip(shares, dumps, picks, strict=True) if s is not None and d is not None]
    if not known:
        result["cannot_tell_mixing"] = "the script did not come to the same predictions with a replaced sample"
        return
    worst, dump, _ = max(known, key=lambda k: k[0])
    result["samples"] = {
        "batch": batch,
        "replaced": [k[2] for k in known],
        "reached": [k[0] for k in known],
        "own_share": 1.0 / batch,
    }
    result["samples"]["matrix"] = [_rows_reached(base, k[1], batch) for k in known]
    # A batch of groups (pairs, sets) has one prediction and one target for each of them.
    target = base.arrays.get("target0")
    rows = base.arrays["prediction0"].shape[0] if base.arrays["prediction0"].ndim else 1
    groups = target is not None and target.shape[:1] == (rows,) and rows < batch and batch % rows == 0
    # A loss call for each sample: the first one is all about one of them.
    alone = base.info["calls_alike"] >= batch and sum(k[0] > 0 for k in known) <= 1
    result["mixing"] = bool(worst > MIXING / (rows if groups else batch)) and not alone
    if result["mixing"] and dump is not None:
        result["meeting"] = meeting(base, dump, batch)


def _rows_reached(base: Dump, dump: Dump, batch: int) -> list[float]:
    """Share of each prediction row (along the axis of batch length, else axis 0 in ``batch`` blocks) that changed."""
    mask = differs(base.arrays["prediction0"], dump.arrays.get("prediction0"))
    if mask is None:
        return []
    for a in range(mask.ndim):
        if mask.shape[a] == batch:
            return [float(v) for v in np.moveaxis(mask, a, 0).reshape(batch, -1).mean(1)]
    if mask.shape and mask.shape[0] % batch == 0:
        return [float(v) for v in mask.reshape(batch, -1).mean(1)]
    return []


def _aligned(mask: np.ndarray, batch: int) -> bool:
    """Whether the changed elements fill whole slices of one axis (one sample's own rows), wherever that axis went."""
    limit = 1.01 / batch
    for a in range(mask.ndim):
        hit = np.moveaxis(mask, a, 0).reshape(mask.shape[a], -1).any(1)
        if hit.mean() <= max(limit, 0.0) + 1e-9:
            return True
    return mask.ndim == 0


def meeting(base: Dump, dump: Dump, batch: int) -> dict[str, Any] | None:
    """The first operation whose result mixes samples, and the reshape that tore the samples apart ahead of it, if any."""
    broken: dict[str, Any] | None = None
    sites: dict[str, int] = {}
    ops = base.info["ops"]
    other = dump.info["ops"]
    if len(ops) != len(other):
        return None
    for op in ops:
        key = f"{op['name']}@{op['site']['path']}:{op['site']['line']}" if op["site"] else op["name"]
        sites[key] = sites.get(key, 0) + 1
    for op, twin in zip(ops, other, strict=True):
        if op["name"] != twin["name"]:
            return None
        name = f"op{op['index']}"
        mask = differs(base.arrays.get(name), dump.arrays.get(name))
        if mask is None or not mask.any() or mask.size < batch:
            continue
        share = float(mask.mean())
        if (share > MIXING / batch and mask.size >= batch * 2) or (
            share > MIXING / batch and op["name"] not in RESHAPES
        ):
            if op["name"] in RESHAPES and mask.size % batch:
                continue
            key = f"{op['name']}@{op['site']['path']}:{op['site']['line']}" if op["site"] else op["name"]
            return {
                "op": op,
                "share": share,
                "broken_by": broken,
                "repeated": sites.get(key, 1),
                "kind": _kind(op, sites.get(key, 1), broken),
            }
        if broken is None and op["name"] in RESHAPES and mask.size % batch == 0 and not _aligned(mask, batch):
            broken = op
    return None


def _kind(op: dict[str, Any], repeated: int, broken: dict[str, Any] | None) -> str:
    if broken is not None:
        return "reshape"
    if op["name"] in RECURRENT_CALLS:
        return "recurrent"
    if op["name"] in ATTENTION:
        return "attention"
    if repeated >= 4 and op["name"] != "grad":  # weights that were adapted to all samples know them all
        return "loop"
    return "operation"
