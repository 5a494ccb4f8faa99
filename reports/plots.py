"""Every picture of the HTML report. A picture whose data the trace lacks is left out with one line saying why."""

from __future__ import annotations

from collections.abc import Callable

from lossdoctor.trace.model import Trace

from . import plot_curves, plot_layers, plot_matrices, plot_trials
from .picture import HALF, WIDE, Missing, Picture, canvas, to_svg

Drawing = Callable[..., str]

GALLERY: tuple[tuple[str, str, Drawing], ...] = (
    ("loss", "Loss and its floor", plot_curves.loss),
    ("skill", "Progress", plot_curves.skill),
    ("dependency-samples", "Which samples reach a prediction", plot_matrices.samples),
    ("dependency-time", "What each position sees", plot_matrices.time),
    ("range", "Predictions and targets", plot_curves.value_range),
    ("grad-norm", "Gradient norm", plot_curves.grad_norm),
    ("layers-grad-norm", "Gradient norm by parameter", plot_layers.grad_norm),
    ("layers-update-ratio", "Step size by parameter", plot_layers.update_ratio),
    ("lr-sweep", "Step-size sweep", plot_curves.lr_sweep),
    ("lr", "Learning rate", plot_curves.lr),
    ("returns", "What the policy is weighed with", plot_curves.returns),
)
"""Key, title and drawing function of each picture. A drawing takes (trace, axes) and returns the caption: its claim."""


def gallery(trace: Trace | None) -> list[Picture]:
    """The pictures in order; those which could not be drawn have no ``svg``."""
    if trace is None:
        return []
    return [_draw(key, title, drawing, trace, drawing in plot_curves.WIDE_ONES) for key, title, drawing in GALLERY]


def trial_picture(trace: Trace | None) -> Picture:
    """Treated against untreated: the proof."""
    title = "With and without the remedy"
    if trace is None:
        return Picture("trials", title, "this report was made without the trace, which holds the curves")
    return _draw("trials", title, plot_trials.trials, trace, wide=True)


def _draw(key: str, title: str, drawing: Drawing, trace: Trace, wide: bool) -> Picture:
    with canvas(WIDE if wide else HALF) as (figure, axes):
        try:
            caption = drawing(trace, axes)
            return Picture(key, title, caption, to_svg(figure, key, f"{title}. {caption}"), wide)
        except Missing as missing:
            return Picture(key, title, str(missing), wide=wide)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            return Picture(key, title, f"its data could not be drawn ({type(error).__name__}: {error})", wide=wide)
