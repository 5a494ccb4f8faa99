"""What the data holds: column statistics of the tensors and arrays behind the batches, and how a loader draws."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from lossdoctor.contracts.grouping import order_ratio

ROWS_SCANNED = 200_000
COLUMNS_KEPT = 256
# Rows looked at for an order along the first two axes, of tables with at least so many entries along both.
ROWS_ORDERED = 2000
LONG = 8
# Rows and numbers kept of one array for exams that need the data in their own order.
ROWS_KEPT = 4000
NUMBERS_KEPT = 400_000


def dataset_tensors(loader: Any) -> list[tuple[str, Any]]:
    """Arrays and tensors held by the loader's dataset (through Subset and the like), with the attribute's name."""
    found: list[tuple[str, Any]] = []
    dataset, depth = getattr(loader, "dataset", None), 0
    while dataset is not None and hasattr(dataset, "dataset") and depth < 4:
        dataset = dataset.dataset
        depth += 1
    tensors = getattr(dataset, "tensors", None)
    if isinstance(tensors, (tuple, list)):
        found.extend((f"tensors[{i}]", t) for i, t in enumerate(tensors))
    for name, value in getattr(dataset, "__dict__", {}).items():
        if isinstance(value, (np.ndarray, torch.Tensor)):
            found.append((name, value))
    return [(n, t) for n, t in found if isinstance(t, (np.ndarray, torch.Tensor))]


def loader_record(loader: Any, site: Any, loader_id: int) -> dict[str, Any]:
    """How the loader draws: batch size, sampler, shuffling, workers."""
    sampler = getattr(loader, "sampler", None)
    name = type(sampler).__name__
    try:
        size = len(loader.dataset)
    except (TypeError, AttributeError, NotImplementedError):
        size = -1
    return {
        "id": loader_id,
        "site": site,
        "batch_size": getattr(loader, "batch_size", None) or -1,
        "sampler": name,
        "sequential": name == "SequentialSampler" and getattr(loader, "batch_sampler", None) is not None,
        "shuffled": name in {"RandomSampler", "WeightedRandomSampler", "SubsetRandomSampler"},
        "iterable": size < 0,
        "dataset": type(getattr(loader, "dataset", None)).__name__,
        "dataset_size": size,
        "workers": getattr(loader, "num_workers", 0),
        "default_collate": getattr(getattr(loader, "collate_fn", None), "__name__", "") == "default_collate",
        "epochs": 1,
        "batches": 0,
        "grad_batches": 0,
        "_dataset": getattr(loader, "dataset", None),
        "_sampler": getattr(loader, "_index_sampler", None),
    }


def scan(name: str, data: Any) -> dict[str, Any] | None:
    """Column statistics of one array or tensor with rows along its first axis; None for what has no numbers."""
    if isinstance(data, torch.Tensor):
        if data.is_sparse or data.is_complex() or data.dtype == torch.bfloat16 or data.device.type != "cpu":
            return None
        data = data.detach().numpy()
    if data.ndim < 1 or data.size == 0 or data.dtype.kind not in "fiub":
        return None
    shape, integer = list(data.shape), data.dtype.kind in "iub"
    rows = np.asarray(data[:ROWS_SCANNED])
    flat = rows.reshape(rows.shape[0], -1)
    last_axis_columns = rows.ndim > 2 and flat.shape[1] > COLUMNS_KEPT
    if last_axis_columns:
        flat = rows.reshape(-1, rows.shape[-1])
    flat = flat[:, :COLUMNS_KEPT]
    per_row = 1 if not last_axis_columns else int(np.prod(rows.shape[1:-1]))
    values = flat.astype(np.float64)
    finite = np.isfinite(values)
    bad_rows = np.unique(np.nonzero(~finite)[0] // per_row)
    safe = np.where(finite, values, np.nan)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        record: dict[str, Any] = {
            "name": name,
            "shape": shape,
            "dtype": str(data.dtype),
            "integer": integer,
            "rows": shape[0],
            "columns": flat.shape[1],
            "column_axis": "last" if last_axis_columns else "flattened",
            "mean": np.nanmean(safe, 0).tolist(),
            "std": np.nanstd(safe, 0).tolist(),
            "min": np.nanmin(safe, 0).tolist(),
            "max": np.nanmax(safe, 0).tolist(),
            "q01": np.nanquantile(safe, 0.01, axis=0).tolist(),
            "q25": np.nanquantile(safe, 0.25, axis=0).tolist(),
            "median": np.nanmedian(safe, 0).tolist(),
            "q75": np.nanquantile(safe, 0.75, axis=0).tolist(),
            "q99": np.nanquantile(safe, 0.99, axis=0).tolist(),
            "nonfinite": (~finite).sum(0).tolist(),
            "bad_rows": bad_rows[:20].tolist(),
            "bad_row_count": len(bad_rows),
        }
    if rows.ndim in (2, 3) and min(rows.shape[:2]) >= LONG:
        corner = (slice(ROWS_ORDERED),) + (slice(COLUMNS_KEPT),) * (rows.ndim - 1)
        part = np.nan_to_num(rows[corner].astype(np.float64))
        record["order"] = [order_ratio(part, axis) for axis in (0, 1)]
    record["unique_rows"] = _unique_rows(rows)
    record["extremes"] = _extremes(safe, per_row)
    return record


def kept(data: Any) -> np.ndarray | None:
    """The first rows of an array as (rows, columns) float32, in its own order; None for what is too wide or has no numbers."""
    if isinstance(data, torch.Tensor):
        data = data.detach().float().numpy() if data.dtype == torch.bfloat16 else data.detach().numpy()
    width = int(np.prod(data.shape[1:]))
    rows = min(data.shape[0], ROWS_KEPT, NUMBERS_KEPT // max(width, 1))
    if rows < min(data.shape[0], 64) or data.dtype.kind not in "fiub":
        return None
    return np.array(data[:rows], dtype=np.float32).reshape(rows, -1)


def _unique_rows(rows: np.ndarray) -> int:
    flat = np.ascontiguousarray(rows.reshape(rows.shape[0], -1)[:20000])
    if flat.shape[1] == 0:
        return -1
    view = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1])))
    return len(np.unique(view))


def _extremes(values: np.ndarray, per_row: int) -> list[dict[str, Any]]:
    """Per column: a value far outside the rest of the column which occurs exactly more than once (a sentinel's mark)."""
    found = []
    for column in range(values.shape[1]):
        v = values[:, column]
        v = v[np.isfinite(v)]
        if len(v) < 20:
            continue
        for end in (v.min(), v.max()):
            at = v == end
            rest = v[~at]
            if len(rest) < 10 or not at.any():
                continue
            spread = rest.std()
            gap = min(abs(end - rest.min()), abs(end - rest.max()))
            width = rest.max() - rest.min()
            if gap > 10 * max(spread, 1e-12) and gap > 3 * max(width, 1e-12):
                rows = np.nonzero(values[:, column] == end)[0] // per_row
                found.append(
                    {
                        "column": column,
                        "value": float(end),
                        "count": int(at.sum()),
                        "rows": rows[:10].tolist(),
                        "rest_min": float(rest.min()),
                        "rest_max": float(rest.max()),
                    }
                )
    return found[:20]
