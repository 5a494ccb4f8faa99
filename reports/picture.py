"""Drawing without a look of its own: SVG whose colours and fonts come from the page it lies in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Stand-ins which `_themed` turns into the page's custom properties; what they look like here does not matter.
INK, MUTED, GRID, BLUE, GREEN, ORANGE, FILL, PAPER = (f"#0{i}0{i}0{i}" for i in range(1, 9))
THEME = {
    INK: "var(--plot-ink)",
    MUTED: "var(--plot-muted)",
    GRID: "var(--plot-grid)",
    BLUE: "var(--plot-blue)",
    GREEN: "var(--plot-green)",
    ORANGE: "var(--plot-orange)",
    FILL: "var(--plot-fill)",
    PAPER: "var(--plot-paper)",
}
HEAT = (0.19, 0.48, 0.86)
"""The full colour of a matrix cell: read on white and on near-black alike; nothing is transparent."""

LINE_COLOURS = (BLUE, ORANGE, GREEN, INK, MUTED, BLUE)
LINE_STYLES = ("-", "-", "-", "--", "--", ":")
WIDE, HALF = (9.0, 3.5), (4.6, 3.1)
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Missing(Exception):
    """A picture cannot be drawn; the message says why."""


@dataclass(frozen=True)
class Picture:
    """A drawn figure, or the reason for its absence (``svg`` is then empty and ``caption`` holds the reason)."""

    key: str
    title: str
    caption: str
    svg: str = ""
    wide: bool = False


@contextmanager
def canvas(size: tuple[float, float]) -> Iterator[tuple[Figure, Axes]]:
    """A figure in the house style, drawn without pyplot: no window, no global state left behind."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(["default", STYLE]):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        yield figure, axes


def to_svg(figure: Figure, key: str, alt: str) -> str:
    """The figure as an ``<svg>`` element that can lie inside a page beside others."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": key, "svg.fonttype": "none"}):
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return _themed(buffer.getvalue(), key, alt)


def _themed(svg: str, key: str, alt: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    box = re.search(r'viewBox="[^"]*"', svg)
    label = alt.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    svg = re.sub(
        r"^<svg[^>]*>",
        f'<svg {box[0] if box else ""} role="img" aria-label="{label}" xmlns:xlink="http://www.w3.org/1999/xlink">',
        svg,
    )
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{key}-", svg)
    svg = re.sub(r"font: ([^;\"]*?)([\d.]+px) [^;\"]+", r"font: \1\2 var(--sans)", svg)
    svg = re.sub(r"font-family: [^;\"]+", "font-family: var(--sans)", svg)
    for stand_in, variable in THEME.items():
        svg = svg.replace(stand_in, variable)
    return re.sub(r"\n\s*", "\n", svg).strip()


def heat_map() -> Any:
    """From see-through to the full colour, so that a matrix fits a light and a dark page."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("heat", [(*HEAT, 0.0), (*HEAT, 1.0)])


def log_label(value: float, _position: int = 0) -> str:
    """A decade of a log axis as 10⁻³."""
    if value <= 0:
        return ""
    power = np.log10(value)
    if abs(power - round(power)) > 1e-6:
        return ""
    return str(round(value)) if 0 <= power <= 2 else "10" + str(round(power)).translate(SUPERSCRIPTS)


def log_axis(axes: Axes, which: str, values: np.ndarray | None = None) -> None:
    """Make an axis logarithmic with plain-text labels, also where ``values`` span less than two decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(log_label))
    good = values[np.isfinite(values) & (values > 0)] if values is not None else np.array([])
    if len(good) and good.max() < 100 * good.min():
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def steps_axis(axes: Axes, label: str = "optimizer step") -> None:
    """Whole steps along x."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))


def smooth(values: np.ndarray, parts: int = 25) -> np.ndarray:
    """A centred running median over about 1/``parts`` of the curve; what is not finite stays a gap."""
    values = np.where(np.isfinite(values), values, np.nan)
    half = len(values) // (2 * parts)
    if half < 1:
        return values
    windows = (values[max(0, i - half) : i + half + 1] for i in range(len(values)))
    return np.array([np.nanmedian(w) if np.isfinite(v) else np.nan for v, w in zip(values, windows, strict=True)])


def mark_break(axes: Axes, steps: np.ndarray, values: np.ndarray) -> None:
    """A line where a curve first stops being a number; the x axis keeps the steps after it."""
    broken = np.flatnonzero(~np.isfinite(values))
    if not len(broken):
        return
    first, last, step = float(steps[0]), float(steps[-1]), float(steps[broken[0]])
    late = step > first + 0.6 * (last - first)
    axes.axvline(step, color=ORANGE, linewidth=1, linestyle=":")
    axes.set_xlim(first - 0.03 * (last - first or 1), last + 0.03 * (last - first or 1))
    axes.annotate(
        f"not a number from step {step:.0f}", (step, 0.97), xycoords=("data", "axes fraction"), color=ORANGE,
        xytext=(-4 if late else 4, 0), textcoords="offset points", va="top", ha="right" if late else "left",
    )  # fmt: skip


STYLE: dict[str, Any] = {
    "font.size": 9.0,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "axes.formatter.use_mathtext": False,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.6,
    "image.composite_image": False,
}
