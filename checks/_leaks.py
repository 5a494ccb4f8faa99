"""Columns of the input that give the answer away: the target itself, and what is written when the target is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.trace import Present, RemedySpec, Site, Trace

from ._data import slots

# A column that equals the target in this share of rows is the target.
COPY_SHARE = 0.999
COPY_CORRELATION = 0.99999
# So many unlike rows must show it.
UNLIKE = 20
# A column that tells the label by itself: distinct rows of each label, columns in all, and what the others together tell (a linear
# fit's share of the variance): where they tell nothing, that one column may be the task, and where they tell all, none is needed.
BOTH, COLUMNS, SOMETHING, ALL = 50, 200, 0.05, 0.9
# A column that is the target but for its noise: what it leaves unexplained, and how many times that the others leave.
LEFT, TIMES = 1e-3, 50.0


def _one_alphabet(x: np.ndarray, y: np.ndarray) -> bool:
    """Rows of symbols out of which the target is one: to find it there is the task (recall, copying), and no leak."""
    if x.shape[1] < 3 or not np.array_equal(x, np.round(x)):
        return False
    kinds = set(np.unique(y))
    return (
        len(kinds) > 2 and float(np.mean([kinds >= set(np.unique(c)) or kinds <= set(np.unique(c)) for c in x.T])) > 0.5
    )


def copied_column(trace: Trace, loss: dict[str, Any] | None) -> Present | None:
    """An input column of recorded rows that equals the target (or is an exact linear image of it)."""
    inputs, targets = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
    if (
        inputs is None
        or targets is None
        or len(inputs) < 64
        or targets.shape[1] != 1
        or inputs.shape[1] < 2
        or loss is None
    ):
        return None
    if len(np.unique(np.column_stack([inputs, targets]), axis=0)) < UNLIKE:
        return None  # a few rows seen again and again may agree by chance
    y = targets[:, 0].astype(float)
    if len(np.unique(y)) < 2 or loss.get("family") not in {"regression", "bce", "nll"}:
        return None
    x = inputs.astype(float)
    r = _correlations(x, y)
    best = int(np.argmax(np.abs(r)))
    if abs(r[best]) < COPY_CORRELATION:
        return None
    if (
        loss.get("family") == "nll"
        and len(np.unique(y)) < 3
        and not np.isclose(x[:, best], y).mean() > COPY_SHARE
        and len(np.unique(x[:, best])) > 2
    ):
        return None
    if _one_alphabet(x, y):
        return None
    others = np.delete(np.abs(r), best)
    return Present(
        title="An input column is the target",
        message=f"Input column {best} equals the target up to scale in {len(y)} recorded rows (correlation {r[best]:.6f}; next column {others.max() if len(others) else 0:.3f}).",
        why="The model only has to copy that column; where the answer is not known beforehand, the column is not there.",
        site=Site.of(loss.get("site")),
        evidence={"column": best, "correlation": float(r[best]), "rows": len(y)},
        remedies=[_drop(best)],
        confidence=0.9,
        structural=True,
    )


def telling_column(trace: Trace, loss: dict[str, Any] | None) -> Present | None:
    """The one column that tells the label of every row, though the others tell something of it and nowhere near all.

    It holds one value in all rows of a label and never in rows of the other (written for one of them only), or a limit
    parts the labels without a single mistake.
    """
    x, targets = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_target")
    if loss is None or x is None or targets is None or targets.shape[1] != 1 or not 3 <= x.shape[1] <= COLUMNS:
        return None
    if any(len(record["shape"]) != 2 for _, record in slots(trace, "input")):
        return None
    rows = np.unique(np.column_stack([x, targets]).astype(float), axis=0)
    if loss.get("family") == "regression":
        return _nearly_target(rows, loss)
    y = rows[:, -1]
    labels = np.unique(y)
    if loss.get("family") not in {"bce", "nll"} or len(labels) != 2 or min((y == v).sum() for v in labels) < BOTH:
        return None
    first = y == labels[0]
    found = [(c, how) for c in range(x.shape[1]) if (how := _tells(rows[:, c], first)) is not None]
    if len(found) != 1:
        return None
    column, how = found[0]
    rest = _explained(np.delete(rows[:, :-1], column, axis=1), y)
    if not SOMETHING < rest < ALL:
        return None
    return Present(
        title="An input column tells the label of every row",
        message=(
            f"Input column {column} holds {how.format(*(f'label {v:g}' for v in labels))}, without exception in {len(y)} distinct recorded "
            f"rows; the other {x.shape[1] - 1} columns together explain {rest:.0%} of the label."
        ),
        why="Such a column is written when the answer is known; for a new row it is still empty, and says the same of all of them.",
        site=Site.of(loss.get("site")),
        evidence={"column": column, "rows": len(y), "rest": rest},
        remedies=[_drop(column)],
        confidence=0.85,
        structural=True,
    )


def _nearly_target(rows: np.ndarray, loss: dict[str, Any]) -> Present | None:
    """The column that is the target, scaled and with a little noise, beside others that tell some of it."""
    x, y = rows[:, :-1], rows[:, -1]
    if len(rows) < 2 * BOTH or np.ptp(y) == 0 or not np.isfinite(rows).all():
        return None
    r = _correlations(x, y)
    best = int(np.argmax(np.abs(r)))
    left = 1 - float(r[best]) ** 2
    rest = _explained(np.delete(x, best, axis=1), y) if left < LEFT else float("nan")
    if not rest > SOMETHING or (1 - rest) < TIMES * left:
        return None
    return Present(
        title="An input column is the target with a little noise",
        message=(
            f"Input column {best} follows the target with correlation {r[best]:.5f} in {len(y)} distinct recorded rows and leaves {left:.2%} of its "
            f"variance; all other columns together leave {1 - rest:.0%}, {(1 - rest) / max(left, 1e-12):,.0f} times as much."
        ),
        why="A value that was measured with the target, or from it, is not there when the target is to be predicted.",
        site=Site.of(loss.get("site")),
        evidence={"column": best, "correlation": float(r[best]), "rows": len(y), "rest": rest},
        remedies=[_drop(best)],
        confidence=0.85,
        structural=True,
    )


def _tells(values: np.ndarray, first: np.ndarray) -> str | None:
    """How a column parts the rows ``first`` from the others, in words with {0} for their label and {1} for the others'; None if it does not."""
    if len(np.unique(values)) < 3:
        return None
    for mine, name, other in ((first, "{0}", "{1}"), (~first, "{1}", "{0}")):
        inside = values[mine]
        if np.ptp(inside) == 0 and not (values[~mine] == inside[0]).any():
            return f"{inside[0]:.4g} in all rows with {name} and in none with {other}"
        if inside.max() < values[~mine].min():
            return f"at most {inside.max():.4g} in rows with {name} and at least {values[~mine].min():.4g} in those with {other}"
    return None


def _correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of each column of ``x`` (n, d) with ``y`` (n,); 0 where one of them does not vary."""
    with np.errstate(all="ignore"):
        centred, rest = x - x.mean(0), y - y.mean()
        return np.nan_to_num((centred * rest[:, None]).sum(0) / np.sqrt((centred**2).sum(0) * (rest**2).sum()))


def _explained(x: np.ndarray, y: np.ndarray) -> float:
    """Share of the label's variance that a linear fit explains on every other row, fitted on the rest."""
    x = np.column_stack([(x - x.mean(0)) / np.maximum(x.std(0), 1e-12), np.ones(len(x))])
    order = np.random.default_rng(0).permutation(len(y))
    fit, held = order[::2], order[1::2]
    weights = np.linalg.lstsq(x[fit], y[fit], rcond=None)[0]
    spread = float(np.square(y[held] - y[fit].mean()).mean())
    return 1 - float(np.square(y[held] - x[held] @ weights).mean()) / spread if spread > 0 else 0.0


def _drop(column: int) -> RemedySpec:
    return RemedySpec(
        "drop-column",
        f"remove input column {column}",
        {"column": column},
        runtime=False,
        why_not="the model's input size would change",
    )
