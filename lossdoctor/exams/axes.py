"""Which axis of the data counts samples and which time, and where rows end in padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.grouping import EXCHANGEABLE, ORDERED, order_ratio

from .dumps import Dump, index_length

# Of a filler's occurrences so many lie in the runs at the rows' ends; an ordinary symbol is found all over the table.
IN_RUNS = 0.8
# At most this share of padded sequences is nothing but filler; columns of indicators are so by the dozen.
EMPTY = 0.1


def sample_axis(base: Dump, source: dict[str, Any], data: np.ndarray) -> tuple[int, bool, str]:
    """Which axis of the data counts samples, whether that is certain, and why."""
    loader = base.info["loader"]
    target = base.info["losses"][0]["target"] or []
    if source["at"] == "loader" and loader is not None:
        size = int(loader.get("batch_size", -1))
        if loader.get("default_collate") and size > 1:
            if loader.get("sequential") and data.ndim >= 2 and order_ratio(data, 0) < ORDERED:
                return (
                    0,
                    False,
                    "the loader is sequential and neighbouring rows resemble each other: axis 0 may be time",
                )
            return 0, True, "DataLoader stacks samples along axis 0"
        fits = [a for a in range(min(data.ndim, 2)) if data.shape[a] == size]
        if len(fits) == 1:
            return fits[0], True, f"axis {fits[0]} has the loader's batch size {size}"
    if source["at"] == "op" and base.info["common"] and base.info["common"].get("gathered") in {0, 1}:
        axis = int(base.info["common"]["gathered"])
        return axis, True, f"an index picked samples along axis {axis}"
    if source["at"] == "call" and index_length(base) == data.shape[0] > 1 and index_length(base) not in data.shape[1:]:
        return 0, True, "rows were gathered by an index"
    tokens = _token_time(base, data)
    if tokens is not None:
        return 1 - tokens[0], True, tokens[1]
    placed = _positions_added(base, data)
    if placed is not None:
        return placed, True, f"a table of positions is added along axis {1 - placed}"
    if data.ndim >= 3 or (data.ndim == 2 and len(target) >= 2 and list(data.shape) == target[:2]):
        first, second = order_ratio(data, 0), order_ratio(data, 1)
        if first < ORDERED and not second < ORDERED and second > EXCHANGEABLE:
            return 1, True, "axis 0 is ordered like time, axis 1 is exchangeable"
        if second < ORDERED and first > EXCHANGEABLE:
            return 0, True, "axis 1 is ordered like time, axis 0 is exchangeable"
    if (
        target
        and target[0] == data.shape[0]
        and (data.ndim < 2 or data.shape[0] != data.shape[1])
        and data.ndim >= 2
        and len(target) <= 2
        and (len(target) == 1 or target[1] == 1)
    ):
        if order_ratio(data, 0) > EXCHANGEABLE:
            return 0, True, "one target per row, rows exchangeable"
        return 0, False, "one target per row"
    return 0, False, "axis 0 by convention"


def _positions_added(base: Dump, data: np.ndarray) -> int | None:
    """The sample axis, where something that no data went into is added for each place along the other one."""
    if data.ndim < 2 or data.shape[0] == data.shape[1]:
        return None
    first, second = data.shape[:2]
    for op in base.info["ops"]:
        table, shape = op.get("table"), op["shape"]
        if not table or list(shape[:2]) != [first, second]:
            continue
        if table[-3:-1] in ([second], [1, second]):
            return 0
        if table == [first, 1, shape[2]]:
            return 1
    return None


def _token_time(base: Dump, data: np.ndarray) -> tuple[int, str] | None:
    """The time axis of a table of tokens: along it sequences end in runs of padding, or the target repeats the data one step on."""
    if data.ndim != 2 or not np.array_equal(data, np.round(data)) or min(data.shape) < 3:
        return None
    others = [
        v
        for k, v in base.arrays.items()
        if k.startswith(("given", "leaf", "target")) and v.shape == data.shape and not np.array_equal(v, data)
    ]
    for other in others:
        rates = []
        for axis in (0, 1):
            a, b = np.moveaxis(data, axis, 1)[:, 1:], np.moveaxis(other, axis, 1)[:, :-1]
            rates.append(float((a == b).mean() - (np.roll(a, 1, 0) == b).mean()))
        if max(rates) > 0.3 and abs(rates[0] - rates[1]) > 0.2:
            axis = int(np.argmax(rates))
            return axis, f"the target repeats the data one step on along axis {axis}"
    runs = [padding_runs(np.moveaxis(data, axis, 1)) is not None for axis in (0, 1)]
    if runs[0] != runs[1]:
        axis = 0 if runs[0] else 1
        return axis, f"sequences end in runs of padding along axis {axis}"
    return None


def padding_runs(rows: np.ndarray) -> np.ndarray | None:
    """Lengths of the runs of filler at the rows' ends; None unless they end in runs of one common value, of lengths that differ from row to row, which hardly occurs elsewhere.

    The last is what tells filler from a frequent symbol that happens to end rows: that one occurs everywhere.
    """
    values, counts = np.unique(rows[:, -1], return_counts=True)
    if counts.max() < max(2, 0.3 * len(rows)):
        return None
    same = rows[:, ::-1] == values[counts.argmax()]
    lengths = np.cumprod(same, axis=1).sum(1)
    in_runs = float(lengths.sum() / same.sum())
    empty = float((lengths == rows.shape[1]).mean())
    padded = lengths.max() >= 2 and len(np.unique(lengths)) > 1 and in_runs >= IN_RUNS and empty <= EMPTY
    return lengths if padded else None
