"""Pictures with one curve or one histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lossdoctor.trace.model import Series, Trace

from .course import Course, course
from .picture import BLUE, FILL, GREEN, MUTED, ORANGE, Missing, log_axis, mark_break, smooth, steps_axis
from .wording import number, real

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_SPAN = 12.0
"""A curve which spans more than this factor is drawn on a log axis."""
DIVERGED = -9.99
"""Scores at or below this stand for a run that diverged or died (the exams write -10)."""


def loss(trace: Trace, axes: Axes) -> str:
    """The training loss, the held-out loss, and the score of the best constant prediction."""
    curve = _series(trace, "loss", "no loss was recorded")
    _curve(axes, curve, BLUE, "training loss")
    held_out = trace.series("eval_loss")
    if held_out is not None and len(held_out.finite):
        axes.plot(held_out.steps, held_out.values, color=GREEN, marker="o", markersize=4, label="held-out loss")
    went = course(trace)
    floor = went.floor if went else None
    if floor is not None:
        axes.axhline(floor, color=ORANGE, linewidth=1.2, linestyle="--", label="best constant prediction")
    _maybe_log(axes, curve.finite)
    steps_axis(axes)
    axes.set_ylabel("loss")
    axes.legend(loc="best")
    return _loss_claim(curve, went)


def skill(trace: Trace, axes: Axes) -> str:
    """Progress, free of the loss's scale."""
    curve = _series(trace, "skill", "no scale-free progress was recorded")
    _curve(axes, curve, BLUE, "skill")
    axes.axhline(0, color=ORANGE, linewidth=1.2, linestyle="--")
    axes.set_ylim(max(-1.5, float(curve.finite.min())) - 0.05, min(1.05, max(0.25, float(curve.finite.max()) + 0.1)))
    steps_axis(axes)
    axes.set_ylabel("skill")
    return f"Skill ends at {number(_end(curve))}: 0 is the best constant prediction, 1 is perfect."


def grad_norm(trace: Trace, axes: Axes) -> str:
    """The norm of the whole gradient."""
    curve = _series(trace, "grad_norm", "no gradient norm was recorded")
    if not (curve.finite > 0).any():
        raise Missing("every gradient norm recorded is zero")
    _curve(axes, curve, BLUE, "gradient norm")
    _maybe_log(axes, curve.finite)
    steps_axis(axes)
    axes.set_ylabel("norm of the gradient")
    top = int(np.nanargmax(np.where(np.isfinite(curve.values), curve.values, -1)))
    return (
        f"The gradient norm goes from {number(float(curve.finite[0]))} to {number(_end(curve))}; "
        f"its largest value is {number(float(curve.values[top]))}, at step {int(curve.steps[top])}."
    )


def lr(trace: Trace, axes: Axes) -> str:
    """The learning rate, where it changes."""
    curve = _series(trace, "lr", "no learning rate was recorded")
    first = float(curve.finite[0])
    if np.allclose(curve.finite, first, rtol=1e-9, atol=0):
        raise Missing(f"the learning rate stays at {number(first)}")
    axes.plot(curve.steps, curve.values, color=BLUE, drawstyle="steps-post")
    _maybe_log(axes, curve.finite)
    steps_axis(axes)
    axes.set_ylabel("learning rate")
    return f"The learning rate goes from {number(first)} to {number(_end(curve))}."


def lr_sweep(trace: Trace, axes: Axes) -> str:
    """How far the same steps come from the same start at other step sizes."""
    sweep = trace.exams.get("lr_sweep", {})
    scores = {float(f): _or_nan(s) for f, s in zip(sweep.get("factors", []), sweep.get("final", []), strict=True)}
    own = _or_nan(sweep.get("untreated"))
    if np.isfinite(own):
        scores[1.0] = own
    came = {f: s for f, s in sorted(scores.items()) if s > DIVERGED}
    if not came:
        raise Missing(sweep.get("cannot_tell") or "no step-size exam was made")
    axes.plot(list(came), list(came.values()), color=BLUE, marker="o", markersize=5)
    log_axis(axes, "x")
    for factor in set(scores) - set(came):
        axes.annotate(
            "diverged", (factor, 0.87), xycoords=("data", "axes fraction"), color=ORANGE, ha="center", va="top"
        )
    axes.set_xlim(min(scores) / 2, max(scores) * 2)
    axes.set_ylim(max(-1.5, min(came.values())) - 0.05, max(0.25, max(came.values())) + 0.25)
    axes.axhline(0, color=ORANGE, linewidth=1.2, linestyle="--")
    axes.axvline(1.0, color=MUTED, linewidth=1, linestyle=":")
    axes.annotate("as written", (1.0, 0.97), xycoords=("data", "axes fraction"), xytext=(4, 0),
                  textcoords="offset points", color=MUTED, va="top")  # fmt: skip
    axes.set_xlabel("learning rate × factor")
    measure = "skill" if sweep.get("scale", "skill") == "skill" else "share of the loss that is gone"
    axes.set_ylabel(f"{measure} at the end")
    best = max(came, key=lambda f: came[f])
    told = f"From the same start, the run gets furthest at {number(best)} times the learning rate"
    if 1.0 not in scores:
        return f"{told} ({measure} {number(came[best])})."
    if 1.0 not in came:
        return f"{told} ({measure} {number(came[best])}); as written it diverges."
    if best == 1.0:
        return f"From the same start, the run gets furthest at its own learning rate ({measure} {number(own)})."
    return f"{told} ({measure} {number(came[best])}, against {number(own)} as written)."


def returns(trace: Trace, axes: Axes) -> str:
    """What a policy gradient weighs log-probabilities with, as it is and turned around."""
    exam = trace.exams.get("returns", {})
    if "curves" not in exam:
        raise Missing(exam.get("cannot_tell") or "no policy gradient was run both ways")
    for curve, steps, colour, label in zip(
        exam["curves"], exam["steps"], (ORANGE, GREEN), ("as written", "turned around"), strict=True
    ):
        axes.plot(np.linspace(0, steps, len(curve)), curve, color=colour, label=label)
    steps_axis(axes)
    axes.set_ylabel("mean weight")
    axes.legend(loc="best")
    return (
        f"From {number(exam['start'])} the mean weight comes to {number(exam['own_end'])} as written, and to "
        f"{number(exam['turned_end'])} with the weights turned around."
    )


def value_range(trace: Trace, axes: Axes) -> str:
    """Where predictions and targets lie, and what the last operation can reach."""
    prediction, target = (_values(trace, f"pairs/{name}") for name in ("prediction", "target"))
    reach = trace.exams.get("range", {})
    low, high = real(reach.get("low")), real(reach.get("high"))
    both = np.concatenate([prediction, target])
    edges: Any = (
        np.histogram_bin_edges(both, bins=40) if np.ptp(both) > 0 else np.linspace(both[0] - 0.5, both[0] + 0.5, 41)
    )
    if low is not None or high is not None:
        left = edges[0] if low is None else low
        axes.axvspan(left, edges[-1] if high is None else high, color=FILL, label="within reach", linewidth=0)
    shares = [np.full(len(v), 1 / len(v)) for v in (target, prediction)]
    axes.hist(target, edges, weights=shares[0], color=ORANGE, alpha=0.75, label="targets")
    axes.hist(prediction, edges, weights=shares[1], histtype="step", color=BLUE, linewidth=1.8, label="predictions")
    axes.set_xlabel("value")
    axes.set_ylabel("share")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2, columnspacing=1.2)
    told = f"Targets lie in {_interval(target)}, predictions in {_interval(prediction)}"
    if low is None and high is None:
        return f"{told}."
    outside = np.zeros(len(target), bool)
    outside |= target < low if low is not None else False
    outside |= target > high if high is not None else False
    band = f"[{'-∞' if low is None else number(low)}, {'∞' if high is None else number(high)}]"
    share = number(round(100 * float(outside.mean()), 1))
    return f"{told}; the last operation reaches {band}, which leaves out {share}% of the targets."


WIDE_ONES = (loss,)


def _curve(axes: Axes, curve: Series, colour: str, label: str) -> None:
    axes.plot(
        curve.steps, np.where(np.isfinite(curve.values), curve.values, np.nan), color=colour, alpha=0.35, linewidth=0.9
    )
    axes.plot(curve.steps, smooth(curve.values), color=colour, label=label)
    mark_break(axes, curve.steps, curve.values)


def _loss_claim(curve: Series, went: Course | None) -> str:
    broken = np.flatnonzero(~np.isfinite(curve.values))
    if len(broken) or went is None:
        return f"The loss stops being a number at step {int(curve.steps[broken[0]])}."
    told, floor, end = f"The loss goes from {number(went.start)} to {number(went.end)}", went.floor, went.end
    if floor is None:
        return f"{told}."
    named = f" ({went.floor_name})" if went.floor_name else ""
    if end < floor - 0.05 * abs(floor):
        return f"{told}, below the {number(floor)} of the best constant prediction{named}."
    if end > floor + 0.1 * abs(floor):
        return f"{told}, worse than the {number(floor)} of the best constant prediction{named}."
    return f"{told}, which is where the best constant prediction stands: {number(floor)}{named}."


def _series(trace: Trace, name: str, why_not: str) -> Series:
    curve = trace.series(name)
    if curve is None or not len(curve):
        raise Missing(why_not)
    if not len(curve.finite):
        raise Missing(f"every value of {name.replace('_', ' ')} is nan or infinite")
    return curve


def _end(curve: Series) -> float:
    """The last values' mean: a single step is mostly noise."""
    return float(np.mean(curve.finite[-max(1, len(curve.finite) // 10) :]))


def _values(trace: Trace, name: str) -> np.ndarray:
    array = trace.arrays.get(name)
    if array is None or not np.size(array):
        raise Missing("no predictions and targets were recorded as pairs")
    flat = np.asarray(array, dtype=float).ravel()
    flat = flat[np.isfinite(flat)]
    if not len(flat):
        raise Missing(f"every {name.split('/')[1]} is nan or infinite")
    return flat


def _interval(values: np.ndarray) -> str:
    return f"[{number(float(values.min()))}, {number(float(values.max()))}]"


def _maybe_log(axes: Axes, values: np.ndarray) -> None:
    if (values > 0).all() and values.max() > LOG_SPAN * values.min():
        log_axis(axes, "y", values)


def _or_nan(value: Any) -> float:
    found = real(value)
    return float("nan") if found is None else found
