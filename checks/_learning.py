"""What the checks of the later stages share: how far a run got, where its optimizer is made, what the exams
compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import RemedySpec, Site, Trace

# Losses whose value says how well the model predicts; of others a flat or rising curve means nothing.
KNOWN = {"nll", "bce", "regression"}
# A fall of the loss by more than this share counts as progress where no floor is known.
PROGRESS = 0.05
# What counts as a difference between two runs at least, whatever the measured noise says.
SMALLEST = 0.03


def number(value: Any, default: float = float("nan")) -> float:
    """A recorded figure as float; JSON keeps non-finite ones as text and missing ones as null."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def sum_over_numbers(width: int) -> RemedySpec:
    """For a mean over a sample's ``width`` numbers beside a term of another scale."""
    return RemedySpec(
        "sum-over-numbers",
        "sum the data term over each sample's numbers (mean over samples only), or divide the other terms alike",
        {"width": width},
        snippet='reduction="sum") / x.size(0)',
    )


def main_loss(trace: Trace) -> dict[str, Any]:
    """The record of the loss call that speaks for the script (empty when none does)."""
    return next((r for r in trace.list("losses") if r.get("main")), {})


def meaningful(outcome: Outcome) -> bool:
    """Whether the curve of the loss says how training goes: one loss, of a known kind, and no stand-in."""
    return outcome.streams <= 1 and not outcome.surrogate and (outcome.family in KNOWN or np.isfinite(outcome.skill))


def one_of_several(trace: Trace) -> bool:
    """Whether the main loss call is a part of something larger, other calls of its kind beside it (a GAN's real half)."""
    record = main_loss(trace)
    alike = [r for r in trace.list("losses") if r.get("calls") and r.get("family") == record.get("family")]
    return len(alike) > 1 or len(trace.list("streams")) > 1


def at_floor(outcome: Outcome) -> bool:
    """The run ends no better than the best constant."""
    return bool(np.isfinite(outcome.skill)) and not outcome.learns


def words(score: float, scale: str = "skill") -> str:
    """A score for a message."""
    if score <= -9.99:
        return "diverges"
    if scale == "skill":
        return "no better than a constant" if score < SMALLEST else f"{score:.0%} of what there is to explain"
    return f"the loss falls by {score:.0%}" if score >= 0 else f"the loss rises by {-score:.0%}"


def optimizer_site(trace: Trace) -> Site | None:
    """Where the first optimizer is made, or where it steps."""
    for record in trace.list("optimizers"):
        site = record.get("made_site") or record.get("site")
        if site:
            return Site.of(site)
    return loss_site(trace)


def loss_site(trace: Trace) -> Site | None:
    """The line of the main loss."""
    return Site.of(main_loss(trace).get("site"))


def rate(trace: Trace) -> float:
    """The first recorded learning rate; NaN for updates by hand."""
    series = trace.series("lr")
    return float(series.values[0]) if series is not None and len(series) else float("nan")


def kept(trace: Trace, name: str) -> np.ndarray | None:
    """An array of the main loss call's recorded rows."""
    found = trace.arrays.get(f"pairs/{name}")
    return found if found is not None else trace.arrays.get(f"losses/{main_loss(trace).get('id')}/rows/{name}")
