"""The dependency exam, from outside: which samples and which time steps reach which prediction.

One untouched run of a step and several runs with one sample (or one time step) of the data replaced, all forks of the same
moment: whatever differs depends on what was replaced. This follows data through any code, user reshapes included, needs no
gradients, and works for integers. (Replacing one sample and watching the others is the idea of
Lightning bolts' BatchGradientVerification and of torchtest2's batch independence; the operation at which samples first meet
is found by comparing every intermediate result.)
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from lossdoctor.contracts.plan import Plan
from lossdoctor.trials.zygote import Outcome, Runs

SAMPLES_TRIED = 3
TIMES_TRIED = 14
SHORTEST_LOOP = 5
# A base run, one for a leaf, and two with replaced samples.
FEWEST_RUNS = 4
# Sums in another order differ by a few units in the last place of single precision.
ROUNDING = 4 * 2.0**-23
# A replaced sample may reach this many times its own share of the predictions before we speak of mixing.
MIXING = 1.5
# Mean neighbour distance / mean random-pair distance along an axis: below = an ordered (time) axis, above = exchangeable.
ORDERED = 0.85
EXCHANGEABLE = 0.93
# Of a filler's occurrences so many lie in the runs at the rows' ends; an ordinary symbol is found all over the table.
IN_RUNS = 0.8
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
RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
ATTENTION = {
    "multi_head_attention_forward",
    "scaled_dot_product_attention",
    "transformer_encoder_layer_fwd",
    "_native_multi_head_attention",
}


class Dump:
    """What one exam run wrote down."""

    def __init__(self, folder: Path) -> None:
        self.info: dict[str, Any] = json.loads((folder / "exam.json").read_text())
        with np.load(folder / "exam.npz") as file:
            self.arrays = {k: file[k] for k in file.files}


def _dump(outcome: Outcome) -> Dump | None:
    if outcome.folder is None or not (outcome.folder / "exam.npz").exists():
        return None
    return Dump(outcome.folder)


def differs(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    """Which elements differ, beyond float noise; None where the shapes do."""
    if a is None or b is None or a.shape != b.shape:
        return None
    with np.errstate(invalid="ignore"):
        scale = np.nanstd(a) if a.size else 0.0
        rounding = ROUNDING * float(np.nanmax(np.abs(a))) if a.size and np.isfinite(a).any() else 0.0
        return (
            np.abs(a - b) > 1e-5 * max(float(scale), 1e-12) + (rounding if np.isfinite(rounding) else 0.0) + 1e-12
        ) | (np.isnan(a) != np.isnan(b))


def order_ratio(x: np.ndarray, axis: int) -> float:
    """Neighbour distance over random-pair distance along ``axis`` (1 = exchangeable, near 0 = smooth); NaN for short axes."""
    n = x.shape[axis]
    if n < 4:
        return float("nan")
    moved = np.moveaxis(x, axis, 0).reshape(n, -1)
    near = np.abs(np.diff(moved, axis=0)).mean()
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, n, 400), rng.integers(0, n, 400)
    keep = first != second
    far = np.abs(moved[first[keep]] - moved[second[keep]]).mean()
    return float(near / far) if far > 0 else float("nan")


def examine(
    zygote: Runs,
    step: int = 0,
    timeout: float = 60.0,
    jobs: int = 2,
    remedies: list[dict[str, Any]] | None = None,
    limit: float = float("inf"),
) -> dict[str, Any]:
    """Make the exam at ``step`` within about ``limit`` seconds.

    Returns its result as plain data, or ``{"cannot_tell": reason}``. Where time is short, fewer samples and time steps are
    replaced.
    """

    def plan(inject: dict[str, Any] | None, ops: bool) -> Plan:
        return Plan(
            steps=step + 3,
            remedies=remedies or [],
            exam={"kind": "dependency", "step": step, "inject": inject, "ops": ops},
            label="dependency",
        )

    base_run = zygote.run_all([plan(None, True)], timeout, 1)[0]
    base = _dump(base_run)
    if base is None:
        return {"cannot_tell": f"the examined step did not come to a loss ({base_run.end})"}
    if not base.info["losses"] or "prediction0" not in base.arrays:
        return {"cannot_tell": "no comparison of a prediction with a target was recognised in the examined step"}
    affordable = int(min(limit / max(base_run.seconds, 0.01) * jobs, 1000))
    if affordable < FEWEST_RUNS:
        return {"cannot_tell": f"the time budget did not allow it: one step takes {base_run.seconds:.0f} s"}
    source = _source(base)
    if source is None:
        return {"cannot_tell": "where the data enters was not recognised (no DataLoader, no module call with tensors)"}
    # Which leaf moves the prediction, which moves the target?
    trials = [{**s, "axis": None} for s in source["candidates"]]
    outcomes = zygote.run_all([plan(t, False) for t in trials], timeout, jobs)
    moves = []
    for candidate, outcome in zip(source["candidates"], outcomes, strict=True):
        dump = _dump(outcome)
        if dump is None:
            moves.append((candidate, 0.0, 0.0))
            continue
        moved = differs(base.arrays["prediction0"], dump.arrays.get("prediction0"))
        target = differs(base.arrays.get("target0"), dump.arrays.get("target0"))
        moves.append(
            (
                candidate,
                float(moved.mean()) if moved is not None else 0.0,
                float(target.mean()) if target is not None else 0.0,
            )
        )
    moving = [m for m in moves if m[1] > 0]
    if not moving:
        if all(_dump(o) is None for o in outcomes):
            return {"cannot_tell": "the script did not come to its loss with changed data"}
        blind = {
            "ignores_input": True,
            "leaves": [m[0] for m in moves],
            "moves": _moves(base, moves),
            "step": step,
        }
        return blind | _met_unseen(zygote, plan, base, source["candidates"], timeout, jobs)
    rows = base.info["losses"][0]["prediction"][:1]

    def fits(candidate: dict[str, Any]) -> tuple[bool, bool]:
        """Of inputs that reach as much: numbers ahead of indices, and those with a row for each prediction."""
        found = _array(base, candidate)
        leaf = {"loader": "leaves", "call": "given"}.get(candidate["at"])
        number = bool(leaf and base.info[leaf][candidate["leaf"]]["float"])
        return found is not None and list(found.shape[:1]) == rows, number

    chosen = max(moving, key=lambda m: (m[1], *fits(m[0]), -m[0].get("leaf", 0)))[0]
    result: dict[str, Any] = {
        "ignores_input": False,
        "source": chosen,
        "losses": base.info["losses"],
        "step": step,
        "cuts": base.info.get("cuts", []),
        "moves": _moves(base, moves),
    }
    data = _array(base, chosen)
    if data is None or data.ndim == 0:
        return result | {"cannot_tell_mixing": "the data is too large to examine"}
    axis, certain, why = _sample_axis(base, chosen, data)
    result.update(
        sample_axis=axis,
        axis_certain=certain,
        axis_reason=why,
        input_shape=list(data.shape),
        prediction_shape=base.info["losses"][0]["prediction"],
        target_shape=base.info["losses"][0]["target"],
    )
    batch = data.shape[axis]
    if batch >= 2:
        _mixing(zygote, plan, base, chosen, axis, batch, timeout, jobs, result)
    left = affordable - len(outcomes) - SAMPLES_TRIED - 1
    _times(zygote, plan, base, chosen, data, axis, timeout, jobs, result, max(3, min(left, TIMES_TRIED)))
    return result


def _met_unseen(
    zygote: Runs, plan: Any, base: Dump, candidates: list[dict[str, Any]], timeout: float, jobs: int
) -> dict[str, Any]:
    """Where no input reaches the prediction: do samples meet on the way, so that what is read at the end is none of them?

    A layer that reads samples as time steps mixes them at every position apart; a position that holds the same for all
    samples (a query, a class token) then never sees its own.
    """
    unseen: dict[str, Any] = {"cannot_tell_mixing": "the prediction does not depend on the input at this step"}
    for source in candidates:
        data = _array(base, source)
        if data is None or data.ndim == 0:
            continue
        axis, certain, why = _sample_axis(base, source, data)
        batch = data.shape[axis]
        if batch < 2 or data.ndim < 2:
            continue
        inject = {**source, "axis": axis, "index": batch // 2, "sample_axis": axis}
        dump = _dump(zygote.run_all([plan(inject, True)], timeout, jobs)[0])
        meeting = _meeting(base, dump, batch) if dump is not None else None
        if meeting is None or meeting["kind"] not in {"recurrent", "attention"}:
            continue
        return {
            "source": source,
            "sample_axis": axis,
            "axis_certain": certain,
            "axis_reason": why,
            "samples": {
                "batch": batch,
                "replaced": [batch // 2],
                "reached": [meeting["share"]],
                "own_share": 1.0 / batch,
                "matrix": [],
            },
            "mixing": True,
            "meeting": meeting,
        }
    return unseen


def _moves(base: Dump, moves: list[tuple[dict[str, Any], float, float]]) -> list[dict[str, Any]]:
    """For each tensor that was exchanged as a whole: the shares of the prediction and of the target that changed with it."""
    found = []
    for candidate, prediction, target in moves:
        data = _array(base, candidate)
        shape = list(data.shape) if data is not None else []
        found.append({**candidate, "shape": shape, "prediction": prediction, "target": target})
    return found


def _source(base: Dump) -> dict[str, Any] | None:
    info = base.info
    usable = [
        (i, leaf)
        for i, leaf in enumerate(info["leaves"])
        if not leaf["bool"] and leaf["shape"] and f"leaf{i}" in base.arrays
    ]
    if usable:
        return {"candidates": [{"at": "loader", "leaf": i} for i, _ in usable][:4]}
    given = [(i, g) for i, g in enumerate(info["given"]) if not g["bool"] and g["shape"] and f"given{i}" in base.arrays]
    called = [{"at": "call", "leaf": i} for i, _ in given][:4]
    if info["common"] and info["common"]["shape"]:
        # An index picks rows of inputs and targets apart: what it picked says more, as long as it reaches as far.
        return {"candidates": [*(called if _index(base) else []), {"at": "op", "op": info["common"]["op"]}]}
    return {"candidates": called} if called else None


def _index(base: Dump) -> int:
    """Length of the index by which both the inputs and the targets were picked; 0 where there is none."""
    common = base.info["common"]
    return int(common["shape"][0]) if common and len(common["shape"]) == 1 and not common["float"] else 0


def _array(base: Dump, source: dict[str, Any]) -> np.ndarray | None:
    if source["at"] == "loader":
        return base.arrays.get(f"leaf{source['leaf']}")
    if source["at"] == "call":
        return base.arrays.get(f"given{source['leaf']}")
    return base.arrays.get(f"op{source['op']}")


def _sample_axis(base: Dump, source: dict[str, Any], data: np.ndarray) -> tuple[int, bool, str]:
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
    if source["at"] == "call" and _index(base) == data.shape[0] > 1 and _index(base) not in data.shape[1:]:
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
        if k.startswith(("given", "leaf", "target")) and v.shape == data.shape and v is not data
    ]
    for other in others:
        rates = []
        for axis in (0, 1):
            a, b = np.moveaxis(data, axis, 1)[:, 1:], np.moveaxis(other, axis, 1)[:, :-1]
            rates.append(float((a == b).mean() - (np.roll(a, 1, 0) == b).mean()))
        if max(rates) > 0.3 and abs(rates[0] - rates[1]) > 0.2:
            axis = int(np.argmax(rates))
            return axis, f"the target repeats the data one step on along axis {axis}"
    runs = [_padding_runs(np.moveaxis(data, axis, 1)) is not None for axis in (0, 1)]
    if runs[0] != runs[1]:
        axis = 0 if runs[0] else 1
        return axis, f"sequences end in runs of padding along axis {axis}"
    return None


def _padding_runs(rows: np.ndarray) -> np.ndarray | None:
    """Lengths of the runs of filler at the rows' ends; None unless they end in runs of one common value, of lengths that differ from row to row, which hardly occurs elsewhere.

    The last is what tells filler from a frequent symbol that happens to end rows: that one occurs everywhere.
    """
    values, counts = np.unique(rows[:, -1], return_counts=True)
    if counts.max() < max(2, 0.3 * len(rows)):
        return None
    same = rows[:, ::-1] == values[counts.argmax()]
    lengths = np.cumprod(same, axis=1).sum(1)
    in_runs = float(lengths.sum() / same.sum())
    padded = lengths.max() >= 2 and len(np.unique(lengths)) > 1 and in_runs >= IN_RUNS
    return lengths if padded else None


def _mixing(
    zygote: Runs,
    plan: Any,
    base: Dump,
    source: dict[str, Any],
    axis: int,
    batch: int,
    timeout: float,
    jobs: int,
    result: dict[str, Any],
) -> None:
    picks = sorted({0, batch // 2, batch - 1})[:SAMPLES_TRIED]
    injects = [{**source, "axis": axis, "index": i, "sample_axis": axis} for i in picks]
    dumps = [_dump(o) for o in zygote.run_all([plan(i, True) for i in injects], timeout, jobs)]
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
        result["meeting"] = _meeting(base, dump, batch)


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


def _meeting(base: Dump, dump: Dump, batch: int) -> dict[str, Any] | None:
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
    if op["name"] in RECURRENT:
        return "recurrent"
    if op["name"] in ATTENTION:
        return "attention"
    if repeated >= 4 and op["name"] != "grad":  # weights that were adapted to all samples know them all
        return "loop"
    return "operation"


def _positions(shape: list[int], batch: int, axis_hint: int) -> tuple[int, int] | None:
    """(time axis, its length) of an array shaped like predictions/targets with samples along ``axis_hint``."""
    if len(shape) >= 2 and shape[axis_hint] == batch:
        other = 1 - axis_hint if len(shape) >= 2 else None
        if other is not None and shape[other] > 1:
            return other, shape[other]
    return None


def _times(
    zygote: Runs,
    plan: Any,
    base: Dump,
    source: dict[str, Any],
    data: np.ndarray,
    axis: int,
    timeout: float,
    jobs: int,
    result: dict[str, Any],
    most: int,
) -> None:
    """Which of ``most`` time steps of the data reaches which position of the prediction, and of the target."""
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
    shaper = _shaper(prediction, target, batch, axis, base.info["losses"][0]["family"], length)
    if shaper is None:
        cells = any(op["name"].endswith("_cell") for op in base.info["ops"])
        recurrent = (
            cells
            or _looped(base, length)
            or any({"LSTM", "GRU", "RNN", "RNNBase"} & {m["class"], *m.get("bases", [])} for m in base.info["modules"])
        )
        if not recurrent or (data.ndim == 2 and (base.info["leaves"] + base.info["given"])[0].get("float", True)):
            return
        shaper = (lambda m: np.array([m.mean()]), lambda m: np.array([m.mean()]), 1)
    shape_prediction, shape_target, positions = shaper
    picks = list(range(length)) if length <= most else sorted({round(i) for i in np.linspace(0, length - 1, most)})
    injects = [{**source, "axis": time_axis, "index": i, "sample_axis": axis} for i in picks]
    dumps = [_dump(o) for o in zygote.run_all([plan(i, False) for i in injects], timeout, jobs)]
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
        "filler": _filler(data, axis, picks),
        "length": length,
        "positions": positions,
        "sees": (sees > 0).astype(int).tolist(),
        "wants": wants.tolist(),
        "sees_share": sees.tolist(),
    }
    unreached = [inject for j, inject in enumerate(injects) if not (sees[:, j] > 0).any()]
    if positions == 1 and unreached and _looped(base, length):
        result["time"]["processed"] = _processed(base, _dump(zygote.run_all([plan(unreached[0], True)], timeout, 1)[0]))
    if positions > 1:
        result["match"] = _matches(data, target, axis, positions, batch, base.info["losses"][0])


def _filler(data: np.ndarray, axis: int, picks: list[int]) -> list[float] | None:
    """Share of the samples that have ended by each picked step, where rows of symbols end in padding; None where they do not."""
    rows = np.moveaxis(data, axis, 0)
    lengths = _padding_runs(rows) if rows.ndim == 2 else None
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


def _matches(
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
        goal = target[..., 0] if target.ndim == 3 and target.shape[-1] == 1 else target
    if goal.ndim == 1:
        goal = goal.reshape((batch, positions) if axis == 0 else (positions, batch))
    if goal.ndim != series.ndim:
        return None
    series, goal = (series, goal) if axis == 0 else (np.swapaxes(series, 0, 1), np.swapaxes(goal, 0, 1))
    if series.shape[0] != goal.shape[0]:
        return None
    length, best = series.shape[1], None
    valid = goal != loss.get("ignore_index", -100)
    if loss["family"] == "nll":
        valid &= goal >= 0
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
