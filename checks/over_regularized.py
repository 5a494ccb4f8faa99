"""Weight decay, dropout or a penalty outweighs the data: the model is held at zero, or sees next to nothing.

What it detects
    Weight decay whose pull on the weights exceeds the gradient of the data from the first steps on; dropout that
    leaves only a few per cent of the units; a penalty that makes up most of the loss. The run does not learn (or far
    less), and does without it.

Why training suffers
    The optimizer minimises data plus penalty. When the penalty dominates, the best it can do is to shrink the weights
    to nothing.

Sick
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=10)

Cured
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-4)

How sure we are
    The pull is measured against the gradient, step by step; the proof is the trial without it.

References
    Loshchilov & Hutter, "Decoupled weight decay regularization" (2019); Srivastava et al., "Dropout" (2014): 0.5 for
    hidden units, less for inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.contracts.regularisation import REMEDY, measured
from lossdoctor.trace import Absent, Present, RemedySpec, Site, Trace, Verdict

from ._learning import loss_site, number, optimizer_site, sum_over_numbers

# A run that explains this much is not held back.
WELL = 0.5
# Without the regulariser the run must come at least so much further, and its own end be under this share of that.
GAIN = 0.1
NOISE_FACTOR = 3.0
HELD_BACK = 0.6
TITLES = {
    "weight_decay": "Weight decay outweighs the data",
    "dropout": "Dropout leaves too little of the model",
    "penalty": "A penalty outweighs the loss",
}
ADVICE = {
    "weight_decay": ("lower weight_decay (1e-4 is a usual value; 0 to try)", "weight_decay=1e-4"),
    "dropout": ("lower the dropout (0.1 to 0.5; 0 to try)", "nn.Dropout(0.2)"),
    "penalty": ("give the penalty a far smaller factor", ""),
}


class OverRegularized(Check):
    """See the module's docstring."""

    cause = "over-regularized"
    explains = (
        "loss-scaling",
        "loss-plateau",
        "under-capacity",
        "vanishing-gradient",
        "plateau-unigram",
        "class-imbalance-collapse",
        "no-signal-labels",
    )

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_regularisation: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
    ) -> Verdict:
        """Measure decay, dropout and penalty; compare with the run without."""
        found = measured(trace)
        strong = sorted((f for f in found if f["strength"] >= 1), key=lambda f: -f["strength"])
        figures = {f["kind"]: f["value"] for f in found}
        if not strong:
            told = ", ".join(_told(f) for f in found) or "none is used"
            return Absent(f"regularisation is weak against the data: {told}", figures)
        if np.isfinite(outcome.skill) and outcome.skill > WELL:
            return Absent(f"the run explains {outcome.skill:.0%} all the same", figures)
        if exam_stuck is not None and exam_stuck.get("learns"):
            return Absent("a slow start: in a longer run the loss falls, regularised as it is", figures)
        free = exam_regularisation
        proven = False
        if free is not None:
            gain = number(free["free"]) - number(free["own"])
            figures["without"] = number(free["free"])
            if gain < max(GAIN, NOISE_FACTOR * number(free["noise"], 0.0)):
                return Absent(f"without {', '.join(free['without'])} the run comes no further", figures)
            proven = number(free["own"]) < HELD_BACK * number(free["free"])
            if outcome.learns and not proven:
                return Absent("the run learns all the same", figures)
        elif outcome.learns:
            return Absent("the run learns all the same", figures)
        return self._present(trace, strong, figures, proven)

    @staticmethod
    def _present(trace: Trace, strong: list[dict[str, Any]], figures: dict[str, Any], proven: bool) -> Present:
        worst = strong[0]
        message = f"{_message(trace, worst)}."
        if len(strong) > 1:
            message += f" Also {'; '.join(_told(f) for f in strong[1:])}."
        if "without" in figures:
            message += f" The same steps without it come to {figures['without']:.2f} on the scale where the best constant is 0."
        remedies = [
            RemedySpec(REMEDY[f["kind"]], ADVICE[f["kind"]][0], {}, ADVICE[f["kind"]][1], safety="safe") for f in strong
        ]
        if (width := worst.get("width", 1)) > 1:
            message += f" The data term is a mean over the {width} numbers of a sample."
            remedies.append(sum_over_numbers(width))
        return Present(
            title=TITLES[worst["kind"]],
            message=message,
            why="What is minimised is the regulariser more than the error; the model is kept from fitting anything.",
            site=_site(trace, worst),
            evidence=figures,
            remedies=remedies,
            confidence=float(min(0.9, (0.7 if proven else 0.6) + 0.1 * np.log10(max(worst["strength"], 1.0)))),
            structural=proven,
        )


def _told(figure: dict[str, Any]) -> str:
    value = figure["value"]
    if figure["kind"] == "dropout":
        return f"dropout leaves {1 - value:.0%} of the units"
    if figure["kind"] == "penalty":
        return f"terms added to the loss make up {value:.0%} of it"
    if figure["decoupled"]:
        return f"weight decay takes {value:.2%} of each weight a step"
    return f"weight decay pulls {value:.2g} times as hard as the data"


def _message(trace: Trace, figure: dict[str, Any]) -> str:
    if figure["kind"] == "dropout":
        name = trace.list("modules")[figure["module"]]["name"]
        layers = f" ({figure['layers']} such layers)" if figure["layers"] > 1 else ""
        return f"With p = {figure['value']:g} ({name}), {_told(figure)} in each training step{layers}"
    if figure["kind"] == "penalty":
        when = "In the first steps" if "width" in figure else "At the end of the run"
        return f"{when} {_told(figure)} ({figure['added']:.3g} of {figure['total']:.3g})"
    name = trace.list("optimizers")[figure["optimizer"]]["class"]
    return f"With weight_decay = {figure['amount']:g} ({name}), {_told(figure)} in the first steps"


def _site(trace: Trace, figure: dict[str, Any]) -> Site | None:
    if figure["kind"] == "dropout":
        return Site.of(trace.list("modules")[figure["module"]].get("site")) or optimizer_site(trace)
    if figure["kind"] == "penalty":
        return loss_site(trace)
    optimizer = trace.list("optimizers")[figure["optimizer"]]
    return Site.of(optimizer.get("made_site") or optimizer.get("site")) or optimizer_site(trace)
