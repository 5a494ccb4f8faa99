"""The dependency exam's pictures: who reaches whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lossdoctor.trace.model import Trace

from .picture import MUTED, ORANGE, Missing, heat_map
from .wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def samples(trace: Trace, axes: Axes) -> str:
    """Does a prediction depend on its own sample only?"""
    matrix = _matrix(trace, "samples")
    if matrix is None:
        raise _missing(trace)
    replaced = _found(trace, "samples").get("replaced")
    if replaced and len(replaced) == len(matrix):
        return _replaced(axes, matrix, [int(i) for i in replaced])
    _draw(axes, matrix, "input sample", "prediction for sample")
    if matrix.shape[0] != matrix.shape[1]:
        return "Which input samples reach each prediction."
    foreign = 1 - float(np.trace(matrix)) / float(matrix.sum())
    if foreign < 0.005:
        return "Every prediction depends on its own sample alone: only the diagonal is filled."
    share = number(round(100 * foreign, 1))
    return f"{share}% of what reaches a prediction comes from other samples; a sound model fills only the diagonal."


def time(trace: Trace, axes: Axes) -> str:
    """Which time steps does each position see, and which must it predict?"""
    sees, wants = _matrix(trace, "time"), _matrix(trace, "target_time")
    if sees is None and wants is None:
        raise _missing(trace)
    if sees is not None and wants is not None and sees.shape != wants.shape:
        wants = None
    shape = (sees if sees is not None else wants).shape  # type: ignore[union-attr]
    picks = _found(trace, "time").get("picks")
    steps = np.asarray(picks if picks and len(picks) == shape[1] else range(shape[1]))
    _draw(axes, np.zeros(shape) if sees is None else sees, "time step of the data", "output position", steps)
    if wants is not None:
        _outline(axes, wants)
    if sees is None:
        return "Outlined: the time step that each position must predict. What it sees was not measured."
    return _gap_claim(sees, wants, steps) if wants is not None else _reach_claim(sees)


def _replaced(axes: Axes, matrix: np.ndarray, replaced: list[int]) -> str:
    """Each row: one sample was replaced, and these samples' predictions changed."""
    _draw(axes, matrix, "prediction for sample", "replaced sample")
    axes.set_yticks(range(len(replaced)), [str(i) for i in replaced])
    others = [
        int(np.delete(row > 0, own).sum()) if own < len(row) else 0 for row, own in zip(matrix, replaced, strict=True)
    ]
    for row, own in enumerate(replaced):
        _frame(axes, row, own)
    if not any(others):
        return "Replacing one sample changes its own prediction (outlined) and no other."
    told = f"Replacing one sample changes the predictions of up to {max(others)} others"
    return f"{told}; a sound model changes only its own (outlined)."


def _gap_claim(sees: np.ndarray, wants: np.ndarray, steps: np.ndarray) -> str:
    told = "Filled: what a position sees. Outlined: what it must predict."
    seen, wanted = sees > 1e-6 * sees.max(), _wanted(wants)
    leaks = int((seen & wanted).any(1).sum())
    if leaks:
        return f"{told} {leaks} of {len(sees)} positions see the very step that they must predict."
    gaps = [steps[w].min() - steps[s].max() - 1 for s, w in zip(seen, wanted, strict=True) if s.any() and w.any()]
    if not gaps or max(gaps) <= 0:
        return f"{told} No step lies unseen between the two."
    return f"{told} Up to {int(max(gaps))} steps between the two are out of reach."


def _reach_claim(sees: np.ndarray) -> str:
    reached = sees > 1e-6 * sees.max()
    if sees.shape[0] == 1:
        return f"The prediction sees {int(reached.sum())} of {sees.shape[1]} time steps."
    if sees.shape[0] != sees.shape[1]:
        mean = number(round(float(reached.sum(1).mean()), 1))
        return f"On average a position sees {mean} of {sees.shape[1]} time steps."
    if not np.tril(reached, -1).any() and not np.triu(reached, 1).any():
        return "Each position sees its own time step only: nothing is carried along time."
    if not np.triu(reached, 1).any():
        return "No position sees a time step later than its own."
    later = number(round(100 * float(np.triu(sees, 1).sum() / sees.sum()), 1))
    return f"{later}% of what reaches a position comes from time steps later than its own."


def _wanted(wants: np.ndarray) -> np.ndarray:
    return wants > 0.5 * np.maximum(wants.max(1, keepdims=True), 1e-12)


def _outline(axes: Axes, wants: np.ndarray) -> None:
    for row, column in np.argwhere(_wanted(wants)):
        _frame(axes, row, column)


def _frame(axes: Axes, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=1.6, clip_on=False)
    )


def _found(trace: Trace, part: str) -> dict[str, Any]:
    found = trace.exams.get("dependency", {}).get(part)
    return found if isinstance(found, dict) else {}


def _missing(trace: Trace) -> Missing:
    why = trace.exams.get("dependency", {}).get("cannot_tell")
    return Missing(str(why or "the dependency exam did not measure this"))


def _matrix(trace: Trace, name: str) -> np.ndarray | None:
    array = trace.arrays.get(f"exam/dependency/{name}")
    if array is None or np.ndim(array) != 2 or not np.size(array):
        return None
    matrix = np.abs(np.where(np.isfinite(array), array, 0.0)).astype(float)
    if not matrix.max() > 0:
        raise Missing("the dependency exam found no influence at all")
    return matrix


def _draw(axes: Axes, matrix: np.ndarray, across: str, down: str, steps: np.ndarray | None = None) -> None:
    from matplotlib.ticker import MaxNLocator

    ratio = matrix.shape[1] / matrix.shape[0]
    aspect: Any = "equal" if 1 / 3 <= ratio <= 3 else "auto"
    shown = matrix / (matrix.max() or 1.0)
    axes.imshow(shown, cmap=heat_map(), interpolation="none", aspect=aspect, vmin=0, vmax=1)
    axes.grid(False)
    axes.spines[:].set_visible(True)
    axes.tick_params(length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    if steps is not None and list(steps) != list(range(len(steps))):
        every = max(1, -(-len(steps) // 8))
        axes.set_xticks(range(0, len(steps), every), [str(s) for s in steps[::every]])
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    axes.annotate("stronger colour: more influence", (1, 1), xycoords="axes fraction", xytext=(0, 5),
                  textcoords="offset points", ha="right", color=MUTED, fontsize=8)  # fmt: skip
