"""The signal exam: does a simple model predict the recorded targets from the recorded inputs, on rows that it was not
made from?

Models (closed form, deterministic): ridge regression; kernel ridge on nearby rows, on spectra, on tokens; products of
two-valued columns. The level is a permutation null over all of them (Phipson & Smyth, 2010). Where the script's data
can be read in their own order, targets are also tried some rows earlier and later."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from lossdoctor.contracts.grouping import between
from lossdoctor.contracts.outcome import Outcome, measure
from lossdoctor.trace import Trace

from . import simple_models

# Rows fitted: fewer where the run learns and only the comparison of simple models is asked for.
ROWS = 900
ROWS_LEARNS = 400
MIN_ROWS = 60
# Where a model is this far above the null of a few permutations, more of them add nothing.
FIRST_PERMUTATIONS = 19
PLAIN_Z = 12.0
# From this share of one class on the rest counts as rare; with fewer rows of it nothing can be said.
IMBALANCED = 0.75
FEWEST_RARE = 15
BALANCED_ROWS = 300
# Sequences of labels: so many places are tried, unless the run explains this much; an input column equal to a label in this share
# of rows is that label.
PLACES = 3
CLEARLY = 0.3
COPIED = 0.9
LAGS = (-3, -2, -1, 1, 2, 3)
LAG_ROWS = 1500
# A shifted pairing counts when it is this much more than chance (standard deviations of its null) and this good.
LAG_Z = 8.0
LAG_R2 = 0.1


def main_family(trace: Trace) -> str:
    """Family of the main loss."""
    return str(next((r.get("family", "other") for r in trace.list("losses") if r.get("main")), "other"))


def rows(trace: Trace) -> tuple[np.ndarray, np.ndarray, dict[str, Any]] | str:
    """Inputs and targets of unlike recorded samples, and counts; or why there are none."""
    x, y = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
    if x is None or y is None or len(x) != len(y):
        return "no inputs were recorded beside the targets"
    fine = np.isfinite(x).all(1) & np.isfinite(y).all(1)
    x, y = x[fine], y[fine]
    if len(x) == 0:
        return "no recorded row is finite"
    flat = np.ascontiguousarray(x)
    keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    same = np.isclose(y, y[first][inverse]).all(1)
    counts = {
        "rows": len(x),
        "unlike": len(first),
        "repeated_alike": float(same.mean()),
        "identity": identity(*_once_a_step(trace, fine, inverse.reshape(-1), y)),
    }
    order = np.sort(first)
    return x[order], y[order], counts


def _once_a_step(trace: Trace, fine: np.ndarray, row: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Without inputs that stand in one step more than once: a loss that is asked for two targets of one input (mixup)."""
    step = trace.arrays.get("pairs/sample_step")
    if step is None or len(step) != len(fine):
        return row, y
    pairs, counts = np.unique(np.stack([row, step[fine].astype(row.dtype)]), axis=1, return_counts=True)
    alone = ~np.isin(row, pairs[0][counts > 1])
    return row[alone], y[alone]


def identity(row: np.ndarray, target: np.ndarray) -> dict[str, Any]:
    """What the targets of one and the same input have in common: the best that any function of the input could explain.

    ``explained``: share of the targets' variance that lies between inputs (adjusted R squared, one-way layout), from
    ``repeats`` rows beyond each input's first; ``error``: about its standard error.
    """
    if not len(row):
        return {"repeats": 0}
    sizes = np.bincount(row)
    mine = sizes[row] > 1
    explained = between(row[mine], target[mine]) if mine.any() else None
    if explained is None:
        return {"repeats": 0}
    inputs = len(np.unique(row[mine]))
    repeats = int(mine.sum()) - inputs
    return {"repeats": repeats, "inputs": inputs, "explained": explained, "error": float(np.sqrt(2 / repeats))}


def examine(trace: Trace) -> dict[str, Any]:
    """See the module's docstring. ``found`` at the 1 % level; ``detectable`` is the explained share that chance reaches in 1 of 20."""
    found = rows(trace)
    if isinstance(found, str):
        return {"cannot_tell": found}
    raw, target, counts = found
    family = main_family(trace)
    if len(raw) < MIN_ROWS:
        return {"cannot_tell": f"only {len(raw)} unlike rows were recorded"}
    classes = family == "nll"
    if classes and target.shape[1] > 1:
        return sequences(raw, target, counts, measure(trace))
    if not (target.std(0) > 0).any():
        return {"constant_target": True, "value": float(target[0, 0]), "found": False, "p": 1.0, **counts}
    outcome = measure(trace)
    result = fitted(raw, target, classes, ROWS_LEARNS if outcome is not None and outcome.learns else ROWS)
    result.update(counts)
    if not result["found"]:
        result["lags"] = lags(trace)
        result["turned"] = turned(trace, classes)
    rare = balanced(raw, target, classes or family == "bce")
    return result | ({"balanced": rare} if rare else {})


def sequences(raw: np.ndarray, target: np.ndarray, counts: dict[str, Any], outcome: Outcome | None) -> dict[str, Any]:
    """Sequences of labels: the places with most entropy, each from the input without what is that label or a later one."""
    if outcome is not None and outcome.learns and outcome.skill > CLEARLY:
        return {"cannot_tell": "not needed: the run learns its sequences of labels"}
    places = [t for t in range(min(target.shape[1], 64)) if np.mean(target[:, t] >= 0) > 0.5]
    widest = sorted(places, key=lambda t: -len(np.unique(target[:, t])))[:PLACES]
    found: list[dict[str, Any]] = []
    for place in widest:
        counted = target[:, place] >= 0
        later = target[counted][:, [t for t in places if t >= place]]
        mine = raw[counted]
        told = [bool(np.max(np.mean(mine[:, [j]] == later, 0)) > COPIED) for j in range(mine.shape[1])]
        mine = mine[:, ~np.array(told)]
        labels = target[counted][:, [place]]
        if mine.shape[1] == 0 or len(mine) < MIN_ROWS or np.ptp(labels) == 0:
            continue
        found.append(fitted(mine, labels, True, ROWS_LEARNS) | {"place": place})
    if not found:
        return {"cannot_tell": "no place of the sequences could be predicted without its own label among the inputs"}
    best = min(found, key=lambda f: f["p"])
    p = float(min(1.0, best["p"] * len(found)))
    return best | counts | {"p": p, "found": bool(best["found"] and p <= 0.03), "sequences": True}


def balanced(raw: np.ndarray, target: np.ndarray, classes: bool) -> dict[str, Any] | None:
    """Where one class outnumbers the others by far: can the others be told from it, on as many rows of either?"""
    if not classes or target.shape[1] != 1:
        return None
    names, place = np.unique(target[:, 0], return_inverse=True)
    shares = np.bincount(place) / len(place)
    common = int(np.argmax(shares))
    rare = np.nonzero(place != common)[0][:BALANCED_ROWS]
    if len(names) < 2 or shares[common] < IMBALANCED or len(rare) < FEWEST_RARE:
        return None
    usual = np.nonzero(place == common)[0]
    usual = usual[np.linspace(0, len(usual) - 1, min(len(usual), 2 * len(rare))).astype(int)]
    pick = np.random.default_rng(3).permutation(np.concatenate([rare, usual]))
    y = simple_models.target_columns((place[pick] != common).astype(float)[:, None], True)
    made = simple_models.kernels(raw[pick].astype(np.float64))
    models = [simple_models.evaluate(n, k, y, np.random.default_rng(4)) for n, k in made.items()]
    if not models:
        return None
    best = max(models, key=lambda m: m.z)
    nulls = np.max([(m.null - m.null.mean()) / max(m.null.std(), 1e-9) for m in models], 0)
    p = float((1 + np.sum(nulls >= best.z)) / (len(nulls) + 1))
    return {
        "found": p <= 0.01,
        "p": p,
        "r2": best.r2,
        "best": best.name,
        "rare": len(rare),
        "share": float(1 - shares[common]),
    }


def fitted(raw: np.ndarray, target: np.ndarray, classes: bool, most: int = ROWS) -> dict[str, Any]:
    """All models on one set of rows."""
    rng = np.random.default_rng(0)
    pick = np.sort(rng.permutation(len(raw))[:most])
    # Halves alternate; a random order keeps neighbours in time from meeting across them in a regular way.
    pick = pick[rng.permutation(len(pick))]
    y = simple_models.target_columns(target[pick], classes)
    made = simple_models.kernels(raw[pick].astype(np.float64))
    if not made or y.shape[1] == 0:
        return {"found": False, "p": 1.0, "models": {}, "constant_input": not made, "fitted": len(pick)}
    models = [
        simple_models.evaluate(name, kernel, y, np.random.default_rng(1), FIRST_PERMUTATIONS)
        for name, kernel in made.items()
    ]
    best = max(models, key=lambda m: m.z)
    plain = best.z > PLAIN_Z and best.r2 > 0
    if not plain:
        models = [simple_models.evaluate(name, kernel, y, np.random.default_rng(1)) for name, kernel in made.items()]
        best = max(models, key=lambda m: m.z)
    nulls = np.max([(m.null - m.null.mean()) / max(m.null.std(), 1e-9) for m in models], 0)
    p = (
        float(len(models) * scipy.stats.norm.sf(best.z))
        if plain
        else float((1 + np.sum(nulls >= best.z)) / (len(nulls) + 1))
    )
    linear = next((m for m in models if m.name == "linear"), None)
    bent = max((m for m in models if m.name != "linear"), key=lambda m: m.r2, default=None)
    result: dict[str, Any] = {
        "found": p <= 0.01,
        "p": p,
        "best": best.name,
        "r2": best.r2,
        "z": best.z,
        "detectable": float(min(m.null_high for m in models if m.name in {best.name, "linear"})),
        "models": {m.name: {"r2": m.r2, "p": m.p, "z": m.z} for m in models},
        "fitted": len(pick),
        "features": int(raw.shape[1]),
    }
    if linear is not None:
        result["linear"] = linear.r2
    if bent is not None:
        result["nonlinear"], result["nonlinear_model"] = bent.r2, bent.name
    if linear is not None and bent is not None:
        gain = linear.errors - bent.errors
        spread = gain.std(ddof=1) / np.sqrt(len(gain))
        result["gain"] = bent.r2 - linear.r2
        result["gain_p"] = float(scipy.stats.norm.sf(gain.mean() / spread)) if spread > 0 else 1.0
    if classes:
        labels = target[pick][:, 0]
        strongest = max(models, key=lambda m: m.r2)
        result["accuracy"] = simple_models.accuracy(made[strongest.name], labels)
        result["accuracy_linear"] = simple_models.accuracy(made["linear"], labels)
        result["majority"] = float(np.max(np.unique(labels, return_counts=True)[1]) / len(labels))
    product = simple_models.switches(raw[:4000], simple_models.target_columns(target[:4000], classes))
    if product is not None:
        result["switches"] = product
        if product["p"] <= 0.001 and not result["found"]:
            result.update(found=True, p=product["p"], best="product of columns", r2=product["strength"] ** 2)
    return result


def turned(trace: Trace, classes: bool) -> dict[str, Any] | None:
    """Where each batch has as many rows as columns: do its columns, read as rows, tell the targets that its rows do not?"""
    x, y, step = (trace.arrays.get(f"pairs/sample_{name}") for name in ("input", "target", "step"))
    if x is None or y is None or step is None or not (len(x) == len(y) == len(step)):
        return None
    parts, wanted = [], []
    for s in np.unique(step):
        mine = x[step == s]
        n = len(mine)
        if n < 4 or mine.shape[1] % n or not np.isfinite(mine).all():
            continue
        parts.append(np.swapaxes(mine.reshape(n, n, -1), 0, 1).reshape(n, -1))
        wanted.append(y[step == s])
    if not parts or len({p.shape[1] for p in parts}) > 1 or sum(map(len, parts)) < MIN_ROWS:
        return None
    found = fitted(np.concatenate(parts), np.concatenate(wanted), classes, ROWS_LEARNS)
    return {
        "found": bool(found["found"] and found.get("z", 0.0) > LAG_Z),
        "r2": found.get("r2"),
        "best": found.get("best"),
    }


def lags(trace: Trace) -> dict[str, Any] | None:
    """Where inputs and labels lie in the script's memory in their own order: does pairing each input with a neighbour's label work?"""
    tensors = [(i, r) for i, r in enumerate(trace.list("data")) if f"data/{i}" in trace.arrays and r["rows"] >= 100]
    family = main_family(trace)
    for i, wide in tensors:
        for j, narrow in tensors:
            if i == j or wide["rows"] != narrow["rows"] or wide["origin"] != narrow["origin"]:
                continue
            x, y = trace.arrays[f"data/{i}"], trace.arrays[f"data/{j}"]
            if (
                y.shape[1] != 1
                or x.shape[1] < 2
                or not np.isfinite(x).all()
                or not np.isfinite(y).all()
                or y.std() == 0
            ):
                continue
            return _lagged(x, y, bool(narrow["integer"]) or family == "nll", str(wide["name"]), str(narrow["name"]))
    return None


def _lagged(x: np.ndarray, y: np.ndarray, classes: bool, x_name: str, y_name: str) -> dict[str, Any]:
    n = min(len(x), len(y), LAG_ROWS)
    figures = {}
    for lag in (0, *LAGS):
        first, last = max(0, -lag), min(n, n - lag)
        a, b = x[first:last], y[first + lag : last + lag]
        pick = np.arange(len(a))[:: max(1, len(a) // 350)]
        columns = simple_models.target_columns(b[pick], classes)
        made = simple_models.kernels(a[pick].astype(np.float64))
        chosen = {k: made[k] for k in ("linear", "nearby rows") if k in made}
        if not chosen or columns.shape[1] == 0:
            return {}
        models = [
            simple_models.evaluate(name, kernel, columns, np.random.default_rng(2), 19)
            for name, kernel in chosen.items()
        ]
        best = max(models, key=lambda m: m.z)
        figures[lag] = {"r2": best.r2, "z": best.z}
    here = figures[0]
    lag = max(LAGS, key=lambda k: figures[k]["r2"])
    there = figures[lag]
    shifted = there["z"] > LAG_Z and there["r2"] > LAG_R2 and here["z"] < LAG_Z / 2 and here["r2"] < there["r2"] / 4
    return {
        "lag": lag if shifted else 0,
        "r2": {str(k): v["r2"] for k, v in figures.items()},
        "shifted": bool(shifted),
        "input": x_name,
        "target": y_name,
        "rows": n,
    }
