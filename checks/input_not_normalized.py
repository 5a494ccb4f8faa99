"""The model's input is far from unit scale: one column in raw units, or all of them.

What it detects
    A column whose root mean square is tens of times larger than one and than the other columns', or inputs that are
    all so large (or so small), ahead of a layer that multiplies with them.

Why training suffers
    The usual initialisations assume inputs around unit scale. A column of 84,213 drives every unit of the first
    layer: tanh and sigmoid saturate, ReLUs die, the gradient of its weights is that many times larger than of the
    others', and no single learning rate suits both. The other columns stay unread.

Sick
    >>> x = torch.stack([age, population], dim=1)

Cured
    >>> x = (x - x_train.mean(0)) / x_train.std(0)

How sure we are
    The scale is measured where the first weights meet the data. It is told only when the run does not learn: many
    models live with raw pixels. Not told when a normalising layer or an embedding comes first, nor for ids.

References
    LeCun, Bottou, Orr, Mueller: Efficient BackProp (1998), section 4.3; Glorot & Bengio (2010).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._data import NORMALISES, data_site, feature, first_layer, learned, main_input, rms, words

# With torch's default initialisation (bound 1/sqrt(fan_in)) one input of root mean square s gives pre-activations of
# about s/sqrt(3 * fan_in) each; at 20 a ten-column input alone reaches the saturated zone of tanh (Glorot & Bengio
# 2010).
LARGE = 20.0
# Below this all pre-activations are lost in the biases.
SMALL = 1e-3
# A column stands out when it is this many times the median column.
APART = 10.0


class InputNotNormalized(Check):
    """See the module's docstring."""

    cause = "input-not-normalized"
    explains = (
        "saturated-activation",
        "dead-relu",
        "exploding-gradient",
        "vanishing-gradient",
        "lr-too-high",
        "lr-too-low",
        "bad-initialization",
        "loss-plateau",
        "under-capacity",
        "no-signal-labels",
        "plateau-unigram",
        "class-imbalance-collapse",
    )

    def ask(
        self, trace: Trace, data: list[dict[str, Any]], modules: list[dict[str, Any]], outcome: Outcome | None = None
    ) -> Verdict:
        """Measure the columns that the first weights multiply."""
        if outcome is None:
            return CannotTell("no loss value was recorded, so it cannot be told whether the input's scale does harm")
        found = self._columns(trace, data)
        if found is None:
            return CannotTell("no floating point input of the model was recorded")
        scales, name, means, stds = found
        first = first_layer(trace)
        if first is not None and first["used_by"] in NORMALISES:
            return Absent(
                f"the first layer that meets the data ({first['name']}, {first['used_by']}) does not depend on their "
                "scale"
            )
        seen = self._seen(first, modules)
        top, low = float(np.max(scales)), float(np.median(scales))
        evidence = {"scales": scales[:64].tolist(), "means": means[:64].tolist(), "stds": stds[:64].tolist()}
        if SMALL < top < LARGE:
            return Absent(
                f"the model's input is of a usual scale: root mean square per column between {words(scales.min())} "
                f"and {words(top)}",
                evidence,
            )
        if seen is not None and SMALL < seen < LARGE and top >= LARGE * APART:
            return Absent(
                f"the first layer that multiplies receives values of at most {words(seen)}: the model scales its "
                "input itself",
                evidence,
            )
        if outcome.learns:
            return Absent(f"the input's largest scale is {words(top)}, and {learned(outcome)} all the same", evidence)
        if top == 0:
            return Absent("the model's input is zero all over: it has no scale", evidence)
        if top <= SMALL:
            return self._present(
                trace,
                f"The model's input is tiny: no column has a root mean square above {words(top)}",
                f"The largest of {len(scales)} columns has a root mean square of {words(top)}; the first layer's "
                "biases are far larger.",
                evidence,
                0.6,
            )
        worst = int(np.argmax(scales))
        others = np.delete(scales, worst)
        if len(scales) > 1 and top > APART * low:
            big = [i for i, s in enumerate(scales) if s > APART * max(low, 1e-12) and s >= LARGE]
            rest = float(np.median(np.delete(scales, big))) if len(big) < len(scales) else low
            column = name(worst)
            message = (
                f"{column.capitalize()} has mean {words(means[worst])} and std {words(stds[worst])}, the "
                f"others a root mean square of about {words(rest)}"
            )
            message += f" ({len(big)} columns stand out: {', '.join(map(str, big[:8]))})." if len(big) > 1 else "."
            return self._present(
                trace,
                f"{column.capitalize()} is in raw units",
                message,
                evidence | {"columns": big[:32], "rest": rest},
                min(0.92, 0.5 + 0.1 * np.log10(top)),
            )
        spread = f"between {words(others.min())} and {words(top)}" if len(others) else words(top)
        return self._present(
            trace,
            "The input is not normalised",
            f"The columns of the model's input have root mean squares of {spread} (mean "
            f"{words(float(np.mean(means)))}); the first layer was made for values around 1.",
            evidence,
            min(0.85, 0.4 + 0.1 * np.log10(top)),
        )

    @staticmethod
    def _columns(trace: Trace, data: list[dict[str, Any]]) -> tuple[np.ndarray, Any, np.ndarray, np.ndarray] | None:
        """Root mean squares, names, means and standard deviations of the columns the model reads."""
        found = main_input(trace)
        if found is not None:
            _, slot = found
            if slot["integer"] or "mean" not in slot:
                return None
            scales = rms(slot)
            good = np.isfinite(scales)
            return (
                (
                    np.where(good, scales, 0),
                    lambda c: feature(slot, c),
                    np.asarray(slot["mean"]),
                    np.asarray(slot["std"]),
                )
                if good.any()
                else None
            )
        measured = [r for r in data if not r["integer"] and r["columns"] >= 1 and len(r["shape"]) > 1]
        if not measured:
            return None
        best = max(measured, key=lambda r: int(np.prod(r["shape"])))
        means, stds = np.asarray(best["mean"], dtype=float), np.asarray(best["std"], dtype=float)
        return (
            np.nan_to_num(np.sqrt(means**2 + stds**2)),
            lambda c: f"column {c} of {best['name'] or 'the input'}",
            means,
            stds,
        )

    @staticmethod
    def _seen(first: dict[str, Any] | None, modules: list[dict[str, Any]]) -> float | None:
        """Largest value that the first weighted module received; None when it is no module."""
        if first is None:
            return None
        owner = first["name"].rpartition(".")[0]
        record = next((m for m in modules if m["name"] == owner), None)
        return float(record["input_absmax"]) if record is not None and "input_absmax" in record else None

    @staticmethod
    def _present(trace: Trace, title: str, message: str, evidence: dict[str, Any], confidence: float) -> Present:
        return Present(
            title=title,
            message=message,
            why="The first layer's initialisation and one learning rate for all weights presume inputs around unit "
            "scale; a column far above drowns the others and saturates what follows.",
            site=data_site(trace),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "standardise-inputs",
                    "subtract the training data's mean and divide by its standard deviation, column by column",
                    snippet="mean, std = x_train.mean(0), x_train.std(0)\nx = (x - mean) / std",
                )
            ],
            confidence=float(confidence),
        )
