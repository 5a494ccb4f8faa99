"""Pictures with one row or one line per parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lossdoctor.trace.model import Trace

from .picture import LINE_COLOURS, LINE_STYLES, MUTED, Missing, heat_map, log_axis, log_label, steps_axis
from .wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES = 5
"""Up to so many parameters get a line each; more become a heat map."""
ROWS = 20
"""More rows than this lose their names but for some."""
NAME = 24
STRIKING = 30.0
"""A change over the run by this factor is worth a sentence."""


def grad_norm(trace: Trace, axes: Axes) -> str:
    """The gradient norm of each parameter over the steps."""
    names, typical = _draw(
        trace, axes, "layers/grad_norm", "gradient norm", "no gradient norms by parameter were recorded"
    )
    low, high = int(np.argmin(typical)), int(np.argmax(typical))
    told = f"From {names[high]} ({number(float(typical[high]))}) to {names[low]} ({number(float(typical[low]))})"
    if typical[low] <= 0:
        return f"{told}: no gradient arrives there."
    return f"{told} the gradient shrinks by a factor of {_factor(typical[high] / typical[low])}.{_drift(trace)}"


def _drift(trace: Trace) -> str:
    matrix = np.asarray(trace.arrays["layers/grad_norm"], dtype=float)
    tenth = max(1, len(matrix) // 10)
    early, late = (rows[np.isfinite(rows) & (rows > 0)] for rows in (matrix[:tenth], matrix[-tenth:]))
    if len(matrix) < 2 or not len(early) or not len(late):
        return ""
    change = float(np.median(late) / np.median(early))
    if 1 / STRIKING < change < STRIKING:
        return ""
    way, factor = ("grows", change) if change > 1 else ("falls", 1 / change)
    return f" From the first steps to the last it {way} by a factor of {_factor(factor)}."


def update_ratio(trace: Trace, axes: Axes) -> str:
    """How far one step moves each parameter, measured by its own size."""
    names, typical = _draw(trace, axes, "layers/update_ratio", "update / weight", "no update ratios were recorded")
    low, high = int(np.argmin(typical)), int(np.argmax(typical))
    return (
        f"A step moves a parameter by between {_percent(typical[low])} ({names[low]}) and {_percent(typical[high])} "
        f"({names[high]}) of its own size; about 0.1% is usual."
    )


def _draw(trace: Trace, axes: Axes, key: str, label: str, why_not: str) -> tuple[list[str], np.ndarray]:
    matrix = trace.arrays.get(key)
    if matrix is None or np.ndim(matrix) != 2 or not np.size(matrix):
        raise Missing(why_not)
    values = np.where(np.isfinite(matrix), matrix, np.nan).astype(float)
    if not (values > 0).any():
        raise Missing(f"every {label} recorded is zero or not a number")
    steps = trace.arrays.get("layers/steps")
    if steps is None or len(steps) != len(values):
        steps = np.arange(len(values))
    records = trace.list("parameters")
    names = [str(records[i]["name"]) if i < len(records) else f"parameter {i}" for i in range(values.shape[1])]
    (_lines if values.shape[1] <= LINES else _heat)(axes, np.asarray(steps, dtype=float), values, names, label)
    typical = np.array([float(np.nanmedian(v)) if np.isfinite(v).any() else 0.0 for v in values.T])
    return names, typical


def _lines(axes: Axes, steps: np.ndarray, values: np.ndarray, names: list[str], label: str) -> None:
    for i, name in enumerate(names):
        column = np.where(values[:, i] > 0, values[:, i], np.nan)
        axes.plot(steps, column, color=LINE_COLOURS[i % 6], linestyle=LINE_STYLES[i % 6], label=_short(name))
    log_axis(axes, "y", values)
    steps_axis(axes)
    axes.set_ylabel(label)
    axes.legend(loc="best")


def _heat(axes: Axes, steps: np.ndarray, values: np.ndarray, names: list[str], label: str) -> None:
    from matplotlib.ticker import FuncFormatter

    logs = np.log10(np.where(values > 0, values, np.nan)).T
    low, high = np.floor(np.nanmin(logs)), np.ceil(np.nanmax(logs))
    low, high = (low - 1, high + 1) if low == high else (low, high)
    half = (steps[-1] - steps[0]) / max(1, len(steps) - 1) / 2 or 0.5
    image = axes.imshow(
        logs, cmap=heat_map(), aspect="auto", interpolation="none", vmin=low - 0.15 * (high - low), vmax=high,
        extent=(steps[0] - half, steps[-1] + half, len(names) - 0.5, -0.5),
    )  # fmt: skip
    axes.grid(False)
    every = max(1, -(-len(names) // ROWS))
    shown = range(0, len(names), every)
    axes.set_yticks(list(shown), [_short(names[i]) for i in shown], fontsize=8.5 if len(shown) <= 12 else 7)
    axes.tick_params(length=0)
    steps_axis(axes)
    assert axes.figure is not None
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, aspect=28)  # type: ignore[union-attr]
    bar.set_ticks(list(np.arange(low, high + 1, max(1, np.ceil((high - low) / 5)))))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda power, _: log_label(10.0**power)))
    bar.ax.set_ylim(low, high)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(length=0)
    bar.set_label(label, color=MUTED)


def _short(name: str) -> str:
    return name if len(name) <= NAME else "…" + name[-(NAME - 1) :]


def _percent(share: float) -> str:
    return f"{100 * share:.2g}%"


def _factor(value: float) -> str:
    return number(float(f"{value:.2g}"))
