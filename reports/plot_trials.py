"""The proof's picture: the untreated runs as a band, each remedy as a curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lossdoctor.trace.model import Trace

from .course import course
from .picture import BLUE, FILL, GREEN, MUTED, ORANGE, Missing, smooth, steps_axis
from .wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

End = tuple[float, str, str, float]
"""Height, name, colour and last step of a curve."""
NAME = 30
SKILL = ("skill", "the best constant prediction", "perfect")
FALL = ("fall of the loss", "where it started", "all the way to zero")
LOWEST = -1.5
"""A run which does worse than this leaves the picture at the bottom."""


def trials(trace: Trace, axes: Axes) -> str:
    """Progress over the steps, on a scale on which ``sum`` and ``mean`` compare."""
    curves = [c for c in map(_read, trace.list("curves")) if c]
    untreated = [c for c in curves if c["kind"] == "untreated"]
    treated = [c for c in curves if c["kind"] != "untreated"]
    if not treated:
        raise Missing("no trial was run, so there are no curves to compare")
    ends: list[End] = []
    if untreated:
        ends.append((_band(axes, untreated), "untreated", MUTED, max(float(c["steps"][-1]) for c in untreated)))
    for curve, (colour, style, width) in zip(treated, _looks(treated), strict=True):
        line = smooth(curve["values"])
        axes.plot(curve["steps"], line, color=colour, linestyle=style, linewidth=width)
        ends.append((_last(line), curve["name"], colour, float(curve["steps"][-1])))
    axes.axhline(0, color=ORANGE, linewidth=1.2, linestyle="--")
    low, high = _limits(curves)
    axes.set_ylim(low, high)
    last = max(float(c["steps"][-1]) for c in curves)
    axes.set_xlim(min(float(c["steps"][0]) for c in curves), last)
    went = course(trace)
    measure, zero, one = SKILL if went and went.on_floor else FALL
    ends.append((0.0, zero, ORANGE, last))
    _labels(axes, ends, last, low, high)
    steps_axis(axes)
    axes.set_ylabel(f"{measure} (1 = {one})")
    return f"{_claim(untreated, treated, measure)}; 0 is {zero}, 1 is {one}."


def _read(record: dict[str, Any]) -> dict[str, Any] | None:
    steps = np.asarray(record.get("steps", []), dtype=float)
    values = np.array([_float(v) for v in record.get("values", [])], dtype=float)
    if not len(steps) or len(steps) != len(values) or not np.isfinite(values).any():
        return None
    name = str(record.get("name") or record.get("remedy") or record.get("kind"))
    return {**record, "name": name, "steps": steps, "values": values, "kind": record.get("kind", "treated")}


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _band(axes: Axes, curves: list[dict[str, Any]]) -> float:
    grid = np.unique(np.concatenate([c["steps"] for c in curves]))
    stack = np.array([np.interp(grid, c["steps"], np.nan_to_num(smooth(c["values"]), nan=LOWEST)) for c in curves])
    axes.fill_between(grid, stack.min(0), stack.max(0), color=FILL, linewidth=0)
    middle = np.median(stack, axis=0)
    axes.plot(grid, middle, color=MUTED, linewidth=1.6)
    return float(middle[-1])


def _looks(curves: list[dict[str, Any]]) -> list[tuple[str, Any, float]]:
    """Colour, line style and width: the plan stands out, a refuted remedy recedes, no two look alike."""
    styles: list[Any] = ["-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1))]
    looks, count = [], {"plan": 0, "treated": 0}
    for curve in curves:
        kind = "plan" if curve["kind"] == "plan" else "treated"
        colour = GREEN if kind == "plan" else (MUTED if curve.get("verdict") == "refuted" else BLUE)
        looks.append((colour, styles[count[kind] % 5], 2.6 if kind == "plan" else 1.8))
        count[kind] += 1
    return looks


def _limits(curves: list[dict[str, Any]]) -> tuple[float, float]:
    values = np.concatenate([smooth(c["values"]) for c in curves])
    values = values[np.isfinite(values)]
    low = max(LOWEST, min(-0.08, float(values.min())))
    high = min(1.03, max(0.25, float(values.max()) * 1.12))
    return low - 0.04 * (high - low), high


def _labels(axes: Axes, ends: list[End], last: float, low: float, high: float) -> None:
    """Names at the curves' ends, pushed apart until none covers another; a shorter run's name stands at its own end."""
    ends = [(y, name, colour, x if x < 0.8 * last else last) for y, name, colour, x in ends]
    for at in sorted({end[3] for end in ends}):
        _column(axes, sorted(end for end in ends if end[3] == at), at, low, high)


def _column(axes: Axes, ends: list[End], at: float, low: float, high: float) -> None:
    gap = 0.075 * (high - low)
    heights = [min(max(end[0], low), high) for end in ends]
    for _ in range(60):
        for i in range(len(heights) - 1):
            short = gap - (heights[i + 1] - heights[i])
            if short > 0:
                heights[i], heights[i + 1] = heights[i] - short / 2, heights[i + 1] + short / 2
    for y, (_, name, colour, _) in zip(heights, ends, strict=True):
        text = name if len(name) <= NAME else name[: NAME - 1] + "…"
        axes.annotate(
            text, (at, y), xytext=(6, 0), textcoords="offset points", color=colour, va="center", annotation_clip=False
        )


def _last(values: np.ndarray) -> float:
    seen = values[np.isfinite(values)]
    return float(seen[-1]) if len(seen) else LOWEST


def _claim(untreated: list[dict[str, Any]], treated: list[dict[str, Any]], measure: str) -> str:
    best = max(treated, key=lambda c: _last(smooth(c["values"])))
    end = number(round(_last(smooth(best["values"])), 3))
    told = f"From the same start, “{best['name']}” ends at a {measure} of {end}"
    if untreated:
        ends = [round(_last(smooth(c["values"])), 3) for c in untreated]
        spread = f"{number(min(ends))} to {number(max(ends))}" if len(ends) > 1 else number(ends[0])
        told += f", untreated at {spread}"
    return told
