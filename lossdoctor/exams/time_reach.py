"""Which time steps of the data reach which position of the prediction, and which position's target they are."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .axes import padding_runs, sample_axis
from .dumps import Bench, Dump, array_of, differs
from .told import told

TIMES_TRIED = 14
SHORTEST_LOOP = 5
# The target stands in what a model is given when so many values agree at one offset, beyond what other samples' would.
STANDS, BEYOND = 0.8, 0.3


Timed = tuple[dict[str, Any], np.ndarray, int]  # where it enters, the data, its sample axis


def answers_of(base: Dump, candidates: list[dict[str, Any]], chosen: Timed) -> Timed:
    """Of the tensors that reach the prediction the one whose time is compared with the targets': ``chosen``, unless only another one holds them."""
    target = base.arrays.get("target0")
    if target is None:
        return chosen

    def stands(timed: Timed) -> bool:
        _, data, axis = timed
        if data.ndim < 2:
            return False
        batch = data.shape[axis]
        if target.ndim >= 2:
            aligned = target.shape[axis] == batch
            positions = target.shape[1 - axis]
        else:
            aligned = target.size % batch == 0
            positions = target.size // batch
        found = (
            matches(data, target, axis, positions, batch, base.info["losses"][0]) if aligned and positions > 1 else None
        )
        return found is not None and found["rate"] > STANDS and found["rate"] - found["chance"] > BEYOND

    if stands(chosen):
        return chosen
    others = ((c, data) for c in candidates if c != chosen[0] and (data := array_of(base, c)) is not None and data.ndim)
    return next((t for c, data in others if stands(t := (c, data, sample_axis(base, c, data)[0]))), chosen)


def times(bench: Bench, source: dict[str, Any], data: np.ndarray, axis: int, result: dict[str, Any], most: int) -> None:
    """Which of ``most`` time steps of the data reaches which position of the prediction, and of the target."""
    base = bench.base
    if data.ndim < 2 or data.ndim > 3:
        return
    time_axis = 1 - axis
    target = base.arrays.get("target0")
    prediction = base.arrays["prediction0"]
    if target is not None and axis == 0 and _convolved(base, data):
        # (samples, channels, time): read as (samples, time, channels) from here on.
        time_axis, data = 2, np.swapaxes(data, 1, 2)
        prediction, target = _last_to_time(prediction, data), _last_to_time(target, data)
    length = data.shape[1] if time_axis == 2 else data.shape[time_axis]
    if target is None or length < 2:
        return
    batch = data.shape[axis]
    picks = list(range(length)) if length <= most else sorted({round(i) for i in np.linspace(0, length - 1, most)})
    filler = _filler(data, axis, picks)
    shaper = _shaper(prediction, target, batch, axis, base.info["losses"][0]["family"], length)
    if shaper is None:
        cells = any(op["name"].endswith("_cell") for op in base.info["ops"])
        recurrent = (
            cells
            or _looped(base, length)
            or any({"LSTM", "GRU", "RNN", "RNNBase"} & {m["class"], *m.get("bases", [])} for m in base.info["modules"])
        )
        numbers = data.ndim == 2 and (base.info["leaves"] + base.info["given"])[0].get("float", True)
        if numbers if recurrent else filler is None:
            return
        shaper = (lambda m: np.array([m.mean()]), lambda m: np.array([m.mean()]), 1)
    shape_prediction, shape_target, positions = shaper
    injects = [{**source, "axis": time_axis, "index": i, "sample_axis": axis} for i in picks]
    dumps = bench.run(injects, ops=False)
    sees = np.full((positions, len(picks)), np.nan)
    wants = np.full((positions, len(picks)), np.nan)
    for j, dump in enumerate(dumps):
        if dump is None:
            continue
        again = (dump.arrays.get("prediction0"), dump.arrays.get("target0"))
        if time_axis == 2:
            again = (_last_to_time(again[0], data), _last_to_time(again[1], data))
        moved = differs(prediction, again[0])
        if moved is not None:
            sees[:, j] = shape_prediction(moved)
        moved = differs(target, again[1])
        if moved is not None:
            wants[:, j] = shape_target(moved)
    result["time"] = {
        "picks": picks,
        "filler": filler,
        "length": length,
        "positions": positions,
        "sees": (sees > 0).astype(int).tolist(),
        "wants": wants.tolist(),
        "sees_share": sees.tolist(),
    }
    unreached = [inject for j, inject in enumerate(injects) if not (sees[:, j] > 0).any()]
    if positions == 1 and unreached and _looped(base, length):
        result["time"]["processed"] = _processed(base, bench.run([unreached[0]], ops=True)[0])
    if positions > 1:
        result["match"] = matches(data, target, axis, positions, batch, base.info["losses"][0])
        result["told"] = _told(data, target, axis, positions, batch, base.info["losses"][0])


def ended_by_last(data: np.ndarray | None, batch: int) -> float | None:
    """Share of the samples (along the first of the two leading axes that has ``batch`` entries) that end in padding before the last step."""
    if data is None or data.ndim < 2 or batch not in data.shape[:2]:
        return None
    axis = list(data.shape).index(batch)
    last = data.shape[1 - axis] - 1
    filler = _filler(data, axis, [last]) if last >= SHORTEST_LOOP else None
    return filler[0] if filler else None


def _filler(data: np.ndarray, axis: int, picks: list[int]) -> list[float] | None:
    """Share of the samples that have ended by each picked step, where rows of symbols, or of readings, end in padding; None where they do not."""
    rows = np.moveaxis(data, axis, 0)
    if rows.ndim == 3:  # a step counts as one symbol: readings hardly repeat, filler does
        rows = np.unique(rows.reshape(-1, rows.shape[2]), axis=0, return_inverse=True)[1].reshape(rows.shape[:2])
    lengths = padding_runs(rows) if rows.ndim == 2 else None
    if lengths is None:
        return None
    ended = rows.shape[1] - lengths
    return [float((ended <= pick).mean()) for pick in picks]


def _convolved(base: Dump, data: np.ndarray) -> bool:
    """Whether the data goes into a one-dimensional convolution as it is, with time along its last axis."""
    fed = [op for op in base.info["ops"] if op["name"] == "conv1d" and op.get("given") == list(data.shape)]
    return data.ndim == 3 and bool(fed) and data.shape[1] != data.shape[2]


def _last_to_time(array: np.ndarray | None, data: np.ndarray) -> Any:
    """Predictions and targets whose last axis is the convolution's time: (samples, time, channels)."""
    if array is None or array.ndim != 3 or array.shape[0] != data.shape[0]:
        return array
    shorter, longer = array.shape[1], array.shape[2]
    return np.swapaxes(array, 1, 2) if abs(longer - data.shape[1]) < abs(shorter - data.shape[1]) else array


def _looped(base: Dump, length: int) -> bool:
    """Whether some line with gradient runs once for each of ``length`` time steps, or oftener: a recurrence written by hand."""
    lines = Counter(
        (op["name"], op["site"]["path"], op["site"]["line"]) for op in base.info["ops"] if op["grad"] and op["site"]
    )
    return length >= SHORTEST_LOOP and max(lines.values(), default=0) >= length


def _processed(base: Dump, dump: Dump | None) -> dict[str, Any] | None:
    """The line at which a replaced time step changes a result with gradient, though the prediction stays; None for nowhere."""
    for op in base.info["ops"] if dump is not None else []:
        name = f"op{op['index']}"
        if dump is not None and op["grad"] and op["site"]:
            changed = differs(base.arrays.get(name), dump.arrays.get(name))
            if changed is not None and changed.any():
                return dict(op["site"])
    return None


def _shaper(prediction: np.ndarray, target: np.ndarray, batch: int, axis: int, family: str, length: int) -> Any:
    """Functions that reduce a changed-mask of the prediction / target to one number per output position, and their count."""
    if target.ndim >= 2 and min(target.shape[:2]) >= 1 and target.shape[axis] == batch and target.shape[1 - axis] > 1:
        positions, time_axis = target.shape[1 - axis], 1 - axis
        if prediction.shape[:2] == target.shape[:2]:
            moved_axis = time_axis
        elif prediction.ndim == 3 and prediction.shape[2] == positions and axis == 0 and prediction.shape[0] == batch:
            moved_axis = 2
        else:
            return None
        return (
            lambda m: np.moveaxis(m, moved_axis, 0).reshape(positions, -1).mean(1),
            lambda m: np.moveaxis(m, time_axis, 0).reshape(positions, -1).mean(1),
            positions,
        )
    if (
        target.ndim == 1
        and target.shape[0] % batch == 0
        and target.shape[0] // batch > 1
        and prediction.shape[0] == target.shape[0]
    ):
        positions = target.shape[0] // batch
        if positions > 4 * length:
            return None
        major = axis == 0  # rows flattened sample by sample, or time by time
        order = (batch, positions) if major else (positions, batch)

        def reduce(mask: np.ndarray) -> np.ndarray:
            rows = mask.reshape(mask.shape[0], -1).mean(1).reshape(order)
            return rows.mean(0 if major else 1)

        return reduce, reduce, positions
    return None


def matches(
    data: np.ndarray, target: np.ndarray, axis: int, positions: int, batch: int, loss: dict[str, Any]
) -> dict[str, Any] | None:
    """Where the target's values stand in the data: the offset k with target[t] == data[t + k], its match rate and chance."""
    series = data if data.ndim == 2 else data[..., 0] if data.shape[-1] == 1 else None
    if series is None:
        if target.ndim == 3 and data.ndim == 3 and target.shape[-1] == data.shape[-1]:
            series, goal = data, target
        else:
            return None
    else:
        goal = _by_position(target, axis, positions, batch)
    if goal.ndim != series.ndim:
        return None
    series, goal = (series, goal) if axis == 0 else (np.swapaxes(series, 0, 1), np.swapaxes(goal, 0, 1))
    if series.shape[0] != goal.shape[0]:
        return None
    length, best = series.shape[1], None
    valid = _counting(goal, loss)
    for k in range(-min(length, positions) + 2, length - 1):
        low, high = max(0, -k), min(positions, length - k)
        if high - low < 2:
            continue
        a, b, ok = series[:, low + k : high + k], goal[:, low:high], valid[:, low:high]
        if ok.sum() < 8:
            continue
        rate = float(np.isclose(a, b)[ok].mean())
        rolled = float(np.isclose(np.roll(a, 1, 0), b)[ok].mean())
        if best is None or rate > best["rate"]:
            best = {"offset": k, "rate": rate, "chance": rolled, "low": low, "high": high}
    return best


def _by_position(target: np.ndarray, axis: int, positions: int, batch: int) -> np.ndarray:
    """Targets of one number each, with a time axis of their own."""
    goal = target[..., 0] if target.ndim == 3 and target.shape[-1] == 1 else target
    return goal.reshape((batch, positions) if axis == 0 else (positions, batch)) if goal.ndim == 1 else goal


def _counting(goal: np.ndarray, loss: dict[str, Any]) -> np.ndarray:
    """Which targets the loss does not ignore."""
    valid = goal != loss.get("ignore_index", -100)
    return valid & (goal >= 0) if loss["family"] == "nll" else valid


def _told(
    data: np.ndarray, target: np.ndarray, axis: int, positions: int, batch: int, loss: dict[str, Any]
) -> dict[str, Any] | None:
    """The lag scan over the examined step's data and targets."""
    goal = _by_position(target, axis, positions, batch)
    if goal.ndim != 2:
        return None
    series, goal = (data, goal) if axis == 0 else (np.swapaxes(data, 0, 1), np.swapaxes(goal, 0, 1))
    if series.shape[0] != goal.shape[0] or not np.isfinite(series).all() or not np.isfinite(goal).all():
        return None
    return told(series, goal, _counting(goal, loss), loss["family"] == "nll")
