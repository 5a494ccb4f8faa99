"""Gradients fade on their way back, so that the early layers or time steps do not learn.

What it detects
    Gradients that shrink by orders of magnitude from the last layer to the first (sigmoid or tanh in depth), or from the last time step to
    the first in a recurrence, at sane weights and unsaturated units.

Why training suffers
    The layers (or time steps) that see the input hardly change; what they should extract is never extracted.

Sick
    >>> net = nn.Sequential(*[nn.Sequential(nn.Linear(40, 40), nn.Sigmoid()) for _ in range(8)], nn.Linear(40, 3))

Cured
    >>> net = nn.Sequential(*[nn.Sequential(nn.Linear(40, 40), nn.ReLU()) for _ in range(8)], nn.Linear(40, 3))

How sure we are
    In depth: the gradient per weight is compared layer by layer, and the first layers are seen not to move. In time: the gradient per step
    is compared with the steps at which the recorded inputs carry information on the target. Fading that does no harm (the run learns, the
    optimizer rescales, the signal is late) is no finding; wrong initial scale, saturation and dead units have names of their own.

References
    S. Hochreiter (1991); Y. Bengio, P. Simard, P. Frasconi (1994); R. Pascanu, T. Mikolov, Y. Bengio (2013).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._layers import Layer, fails, layers
from ._time import signal_by_step, time_groups

# Gradient per weight of the first layer against the largest: below this the first layer gets less than a thousandth of the training.
FADED = 1e-3
# Over time: below this, nothing of the early steps arrives (a forget gate of one half halves each step: 2^-13).
FADED_IN_TIME = 1e-4
# A relative step this small moves a weight by a tenth of a per cent in a thousand steps.
STILL = 1e-6
DEEP = 4
TINY_GRADIENT = 1e-30
# Confidence where the recorded inputs tell the target at the steps that no gradient reaches, and not at the others.
DECISIVE = 0.85


class VanishingGradient(Check):
    """See the module's docstring."""

    cause = "vanishing-gradient"
    explains = (
        "loss-plateau",
        "under-capacity",
        "plateau-unigram",
        "class-imbalance-collapse",
        "no-signal-labels",
        "lr-too-low",
    )

    def ask(
        self,
        trace: Trace,
        outcome: Outcome | None = None,
        exam_time: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
    ) -> Verdict:
        """Compare gradients over depth, then over time."""
        weights = self._of_one_phase(trace, [w for w in layers(trace) if np.isfinite(w.grad0)])
        if not weights and not exam_time:
            return CannotTell("no layer's gradients were recorded")
        deep = self._deep(weights)
        groups = [g for g in time_groups(exam_time) if np.isfinite(g["ratio"])]
        faded = [g for g in groups if g["ratio"] < FADED_IN_TIME]
        chain = self._along_activations(exam_time) if deep is None else None
        if chain is not None and fails(outcome) and not (outcome is not None and outcome.improving):
            return chain
        if deep is None and not faded:
            told = f"over {len(weights)} layers gradients keep their size" if weights else "gradients keep their size"
            if groups:
                told += f"; over {len(groups[0]['norms'])} time steps they change {groups[0]['ratio']:.3g}-fold"
            return Absent(told)
        if not fails(outcome):
            return Absent("gradients fade on their way back, and the run learns all the same")
        if deep is not None:
            first, last, ratio = deep
            moves = np.isfinite(first.update) and first.update > STILL * 100 and first.update > last.update * 0.05
            if moves and outcome is not None and outcome.learns:
                return Absent(
                    f"the gradient of {first.name} is {ratio:.2g} of that of {last.name}, but the optimizer rescales it: "
                    "both move alike, and the run learns"
                )
            return self._in_depth(first, last, ratio, len(weights), rescaled=bool(moves))
        faster = (exam_stuck or {}).get("faster") or {}
        found = self._in_time(trace, faded[0])
        if faster.get("learns") and found.confidence < DECISIVE:
            return Absent(
                f"gradients fade over time, but at {faster['factor']:g} times the rate {(exam_stuck or {})['longer']} steps learn"
            )
        return found

    @staticmethod
    def _of_one_phase(trace: Trace, weights: list[Layer]) -> list[Layer]:
        """Weights that got their first gradient in the same step: those of a later phase of training are another chain."""
        norms = trace.arrays.get("layers/grad_norm")
        if norms is None or not weights:
            return weights
        begins = [int(np.isfinite(norms[:, w.index]).argmax()) for w in weights]
        return [w for w, at in zip(weights, begins, strict=True) if at == min(begins)]

    def _deep(self, weights: list[Layer]) -> tuple[Layer, Layer, float] | None:
        chain = [w for w in weights if not w.recurrent]
        if len(chain) < DEEP:
            return None
        sizes = np.array([w.grad0 / np.sqrt(w.record["numel"]) for w in chain])
        if not (sizes > 0).any():
            return None
        peak = int(np.argmax(sizes))
        ratio = float(sizes[0] / sizes[peak])
        logs = np.log10(np.maximum(sizes[: peak + 1], TINY_GRADIENT))
        if peak + 1 < DEEP or ratio >= FADED or sizes[0] == 0:
            return None
        trend = scipy.stats.spearmanr(np.arange(peak + 1), logs).statistic
        return (chain[0], chain[peak], ratio) if trend > 0.8 else None

    def _along_activations(self, exam: dict[str, Any] | None) -> Present | None:
        """What comes back from activation to activation, where weights do not show it: equal rows' gradients cancel in them."""
        for group in (exam or {}).get("groups", []):
            norms = np.asarray([float(n) for n in group["norms"]], dtype=float)
            if group.get("kind") != "depth" or len(norms) < DEEP or not np.isfinite(norms).all() or not norms.max() > 0:
                continue
            ratio = float(norms[0] / norms.max())
            trend = scipy.stats.spearmanr(np.arange(len(norms)), norms).statistic if np.ptp(norms) > 0 else 0.0
            if not 0 < ratio < FADED_IN_TIME or trend < 0.8:
                continue
            return Present(
                title="Gradients vanish on their way to the first layers",
                message=(
                    f"From the last to the first of {len(norms)} activations the gradient shrinks to {ratio:.2g} of its size "
                    f"({norms.max():.2g} to {norms[0]:.2g}), and the loss does not go down."
                ),
                why="The first layers keep their random weights; what they lose of the input no later layer can restore.",
                site=Site.of(group.get("site")),
                evidence={"ratio": ratio, "layers": len(norms), "where": "activations"},
                remedies=self._remedies(),
                confidence=0.7,
            )
        return None

    def _in_depth(self, first: Layer, last: Layer, ratio: float, count: int, rescaled: bool) -> Present:
        return Present(
            title="Gradients vanish on their way to the first layers",
            message=(
                f"The gradient per weight shrinks from {last.name} to {first.name} to {ratio:.2g} of its size over {count} layers; "
                f"a step moves {first.name} by {first.update:.1e} of its norm, {last.name} by {last.update:.1e}."
            ),
            why="The first layers keep their random weights; what they lose of the input no later layer can restore.",
            site=first.site,
            evidence={
                "ratio": ratio,
                "layers": count,
                "first_update": first.update,
                "last_update": last.update,
                "where": "depth",
            },
            remedies=self._remedies(),
            confidence=0.55 if rescaled else 0.85,
        )

    def _in_time(self, trace: Trace, group: dict[str, Any]) -> Present:
        norms = group["norms"]
        signal = signal_by_step(trace, len(norms))
        reached = norms >= FADED_IN_TIME * norms.max()
        lost = float(signal[~reached].max()) if signal is not None and (~reached).any() else 0.0
        kept = float(signal[reached].max()) if signal is not None and reached.any() else 0.0
        decisive = lost > kept and lost > 0
        told = (
            f"; the recorded inputs tell up to {lost:.0%} of the target's variance at the steps that no gradient reaches, {kept:.0%} at the others"
            if decisive
            else ""
        )
        return Present(
            title="Gradients vanish over time",
            message=(
                f"Over {len(norms)} time steps of {group.get('name') or 'the recurrence'} the gradient fades to {group['ratio']:.2g} of its "
                f"size: {int((~reached).sum())} early steps get next to nothing{told}."
            ),
            why="What lies further back than the gradient reaches cannot be learned.",
            site=Site.of(group.get("site")),
            evidence={
                "ratio": group["ratio"],
                "steps": len(norms),
                "steps_without_gradient": int((~reached).sum()),
                "signal_out_of_reach": lost,
                "signal_in_reach": kept,
                "where": "time",
            },
            remedies=self._remedies(),
            confidence=DECISIVE if decisive else 0.45,
        )

    def _remedies(self) -> list[RemedySpec]:
        return [
            RemedySpec(
                "shorten-path",
                "use activations with slope one (ReLU), normalisation, residual connections; in time gated cells, attention or pooling over steps",
                runtime=False,
                why_not="the architecture must change",
            )
        ]
