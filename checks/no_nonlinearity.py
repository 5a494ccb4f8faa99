"""Linear layers upon linear layers: the whole network is one linear map, and the data need more.

What it detects
    Two or more layers with weights and, among the operations between the data and the last of them, none that is
    nonlinear; the run ends where the best linear model ends; and a simple nonlinear model does clearly better on rows
    put aside.

Why training suffers
    The product of matrices is a matrix: however deep and wide, such a network draws straight lines only.

Sick
    >>> nn.Sequential(nn.Linear(2, 64), nn.Linear(64, 64), nn.Linear(64, 2))

Cured
    >>> nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

How sure we are
    Read from the operations that really ran. Linear models on purpose (one layer, principal components, low-rank
    factors) and linear data are no finding.

References
    Goodfellow, Bengio, Courville, "Deep Learning", 6.1 (XOR).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._learning import loss_site, main_loss

# The nonlinear model must explain this much more than the linear one, at this level (paired over held-out rows).
GAIN = 0.05
LEVEL = 1e-3
# The run may exceed the simple linear model by this much (skill, or accuracy) and still count as linear.
SLACK = 0.1


class NoNonlinearity(Check):
    """See the module's docstring."""

    cause = "no-nonlinearity"
    explains = ("under-capacity", "loss-plateau", "class-imbalance-collapse")

    def ask(self, outcome: Outcome, trace: Trace, exam_signal: dict[str, Any] | None = None) -> Verdict:
        """Read the operations between data and prediction, and compare simple models."""
        path = main_loss(trace).get("path")
        if not path or not path["layers"]:
            return CannotTell("the operations between the data and the prediction were not recorded")
        if not path["affine"]:
            bends = ", ".join(dict.fromkeys(path["nonlinear"][:4])) or "an embedding"
            return Absent(f"nonlinear operations stand between the layers ({bends})")
        if path["depth"] < 2:
            return Absent("one layer with weights: a linear model by intent")
        signal = exam_signal
        if signal is None or "gain_p" not in signal:
            return CannotTell("the layers are linear throughout; whether the data need more could not be examined")
        figures = {
            k: signal.get(k)
            for k in ("linear", "nonlinear", "nonlinear_model", "gain", "gain_p", "accuracy", "accuracy_linear")
        }
        figures["depth"] = path["depth"]
        if signal["gain"] < GAIN or signal["gain_p"] > LEVEL:
            return Absent(
                "the layers are linear throughout, and so are the data, as far as simple models tell", figures
            )
        if np.isfinite(outcome.accuracy) and "accuracy_linear" in signal:
            beyond = outcome.accuracy > max(signal["accuracy_linear"], signal["majority"]) + SLACK
        else:
            beyond = np.isfinite(outcome.skill) and outcome.skill > max(signal["linear"], 0.0) + SLACK
        if beyond:
            return Absent("the run does better than a linear model", figures)
        return self._present(trace, path, signal, figures)

    @staticmethod
    def _present(trace: Trace, path: dict[str, Any], signal: dict[str, Any], figures: dict[str, Any]) -> Present:
        sites = [layer["site"] for layer in path["layers"] if layer.get("site")]
        if "accuracy_linear" in signal and signal["accuracy"] > signal["accuracy_linear"]:
            compared = f"a linear model gets {signal['accuracy_linear']:.0%} of the rows put aside right, a simple nonlinear one {signal['accuracy']:.0%}"
        else:
            compared = f"a linear model explains {max(signal['linear'], 0):.0%} on rows put aside, a simple nonlinear one {signal['nonlinear']:.0%}"
        return Present(
            title="No nonlinearity between the layers",
            message=f"{path['depth']} layers follow each other and nothing between them is nonlinear, so together they are one linear map; {compared} ({signal['nonlinear_model']}).",
            why="A product of matrices is a matrix: depth adds nothing, and the network can only draw straight lines.",
            site=Site.of(sites[0]) if sites else loss_site(trace),
            evidence=figures,
            remedies=[
                RemedySpec(
                    "add-activations",
                    "put a nonlinearity (ReLU, GELU, tanh) after each hidden layer",
                    {},
                    "nn.ReLU()",
                    runtime=False,
                    why_not="a new operation has no place in the running model",
                )
            ],
            confidence=0.95,
            structural=True,
        )
