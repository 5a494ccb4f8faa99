"""The loss is minimised where it should be maximised, or the other way round: the run works hard at getting worse.

What it detects
    The tensor that ``backward`` is called on falls exactly as the error of the predictions rises (a missing or
    surplus minus), or an optimizer made with ``maximize=True`` for a loss that is to become small. A policy gradient that
    makes small what it weighs log-probabilities with, where turned around there is far more to learn.

Why training suffers
    Every step moves the weights the wrong way. Nothing is broken: the printed loss falls, often without end, because an
    upside-down loss has no lower bound.

Sick
    >>> loss = log_prob.mean()

Cured
    >>> loss = -log_prob.mean()

How sure we are
    The error of the recorded predictions is computed apart from the loss and the two are compared step by step: a
    correlation of -1 leaves no doubt. Adversarial training, attacks on an input and games with several losses
    maximise on purpose and are left alone. Numbers do not say whether they are rewards or costs, so a policy gradient
    is run both ways: of all ways to act few are good, and acting at random is nearer to the worst than to the best.

References
    PyTorch documentation of ``torch.optim.Optimizer`` (``maximize``) and ``torch.distributions``; Williams (1992), "Simple
    statistical gradient-following algorithms for connectionist reinforcement learning".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._data import loss_site, words

# Loss against error, step by step: below this the one is the other upside down, whatever the size of the change …
MIRROR = -0.999
# … and below this when the error has also come clearly above its start and above that of a constant (a penalty term
# blurs the mirror; the log-probabilities of a policy gradient with negative returns come near it, but their error
# stays at the entropy).
BLURRED, CLEARLY = -0.98, 1.2
# A trend is told at this level.
TREND_P = 0.001
# Without an exact mirror, the error must have grown by this factor while the loss fell.
WORSE = 3.0
STEPS = 8
# A policy gradient without its minus: turned around, the weights come this many times as far from where they start, by so
# many standard errors (measured on five such scripts: 1.15 to 7 times; on two of them with costs: 0.15 to 0.75).
REACH, SIGMAS = 1.0, 4.0


# Two ways up: title, what is done, what to do instead.
MAXIMISES = ("The optimizer maximises the loss", "The optimizer was made with maximize=True", "leave out maximize=True")
CLIMBS = (
    "The weights are moved up the gradient",
    "Each update goes along the gradient, not against it",
    "take the gradient away from the weights: w -= lr * grad",
)


class WrongLossSign(Check):
    """See the module's docstring."""

    cause = "wrong-loss-sign"
    explains = (
        "exploding-gradient",
        "lr-too-high",
        "loss-plateau",
        "no-signal-labels",
        "saturated-activation",
        "dead-relu",
        "overfitting",
        "class-imbalance-collapse",
        "loss-scaling",
        "target-not-normalized",
        "bad-initialization",
    )

    def ask(
        self,
        trace: Trace,
        optimizers: list[dict[str, Any]],
        parameters: list[dict[str, Any]],
        loss: dict[str, Any] | None = None,
        outcome: Outcome | None = None,
        exam_returns: dict[str, Any] | None = None,
    ) -> Verdict:
        """Loss and error, side by side; where a policy gradient has no error, what its weights come to both ways."""
        if trace.list("objectives"):
            weighed = self._weights(exam_returns or {}, trace)
            if isinstance(weighed, Present) or loss is None or outcome is None or outcome.surrogate:
                return weighed
        if loss is None or outcome is None:
            return CannotTell("no loss call with a prediction and a target was recognised")
        if loss["family"] not in {"nll", "bce", "regression"}:
            return CannotTell(f"{loss['kind']} has no error apart from its own value")
        pair = self._aligned(loss, trace)
        if pair is None:
            return CannotTell("loss and error were not recorded side by side for enough steps")
        value, error = pair
        rises = float(scipy.stats.kendalltau(np.arange(len(error)), error).statistic) if np.ptp(error) > 0 else 0.0
        head, tail = max(2, len(error) // 10), max(2, len(error) // 5)
        begun, ended = float(error[:head].mean()), float(error[-tail:].mean())
        both = float(np.corrcoef(value, error)[0, 1]) if np.ptp(value) > 0 and np.ptp(error) > 0 else 0.0
        evidence = {
            "correlation": both,
            "error_start": begun,
            "error_end": ended,
            "loss_start": float(value[:head].mean()),
            "loss_end": float(value[-tail:].mean()),
        }
        said = (
            f"the error of the predictions goes from {words(begun)} to {words(ended)} while the loss goes from "
            f"{words(value[:head].mean())} to {words(value[-tail:].mean())}"
        )
        if ended <= begun or rises <= 0:
            return Absent(f"loss and error go the same way: {said}", evidence)
        if len(trace.list("streams")) > 1:
            return Absent("several losses are trained against each other; one of them may rise", evidence)
        if not self._trains_a_model(parameters):
            return Absent(
                "the optimizer changes an input, not a model: raising the loss is what such a search does", evidence
            )
        climbs = bool(trace.meta.get("climbs"))
        upward = climbs or any(o.get("options", {}).get("maximize") for o in optimizers)
        if upward and both > -BLURRED:
            title, how, cure = CLIMBS if climbs else MAXIMISES
            return self._present(
                title,
                f"{how}, and {said} (correlation {both:+.3f}).",
                trace,
                Site.of(next((o.get("site") for o in optimizers if o.get("site")), None)),
                evidence,
                cure,
                0.97,
                True,
            )
        floor = outcome.floor if np.isfinite(outcome.floor) else 0.0
        mirrored = both < MIRROR or (both < BLURRED and ended > CLEARLY * max(begun, floor))
        if not upward and mirrored and value[-tail:].mean() < value[:head].mean():
            return self._present(
                "The loss has the wrong sign",
                f"Step by step the loss is the error upside down (correlation {both:+.3f}): {said}.",
                trace,
                None,
                evidence,
                "put a minus in front of the loss (or take away the one too many)",
                0.97,
                True,
            )
        falls = scipy.stats.kendalltau(np.arange(len(value)), value)
        if (
            not upward
            and falls.statistic < 0
            and falls.pvalue < TREND_P
            and ended > WORSE * max(begun, floor)
            and both < 0
        ):
            return self._present(
                "The loss falls while the model gets worse",
                f"The loss and the error drift apart (correlation {both:+.2f}): {said}.",
                trace,
                None,
                evidence,
                "look at the sign of each term of the loss",
                0.7,
                False,
            )
        return Absent(
            f"the error rises, but the loss rises with it: the step is wrong, not the sign ({said})", evidence
        )

    def _weights(self, exam: dict[str, Any], trace: Trace) -> Verdict:
        records = trace.list("objectives")
        if "own" not in exam:
            if all(r["sign"] < 0 for r in records):
                return Absent("the loss raises what log-probabilities are weighed with, as rewards are")
            made = trace.exams.get("returns", {})
            return CannotTell(
                made.get("cannot_tell", "no run was made with the weights of log-probabilities turned around")
            )
        own, turned, noise = exam["own"], exam["turned"], exam["noise"]
        evidence = {k: exam[k] for k in ("start", "own_end", "turned_end", "noise")}
        said = (
            f"the mean weight comes from {words(exam['start'])} to {words(exam['own_end'])} as it is, and to "
            f"{words(exam['turned_end'])} with the weights turned around"
        )
        if own + turned <= SIGMAS * noise:
            return Absent(f"what weighs log-probabilities does not follow from what the model does: {said}", evidence)
        if turned - max(own, 0.0) <= SIGMAS * noise or turned <= REACH * own:
            return Absent(f"the loss makes what it weighs log-probabilities with small, as costs are: {said}", evidence)
        return self._present(
            "The policy gradient has the wrong sign",
            f"The loss weighs log-probabilities so that what they are weighed with becomes small; the other way there is far more to learn: {said}.",
            trace,
            Site.of(exam["sites"][0]),
            evidence,
            "put a minus in front: loss = -(log_prob * weight).mean(). (If the weights are costs, all is well.)",
            0.9,
            True,
            RemedySpec(
                "turn-weights",
                "put a minus in front of the product",
                {"sites": exam["sites"], "number": exam["number"]},
                snippet="loss = -(log_prob * weight).mean()",
            ),
        )

    @staticmethod
    def _trains_a_model(parameters: list[dict[str, Any]]) -> bool:
        """A module's parameter, or several made by hand, are updated; a single tensor may be an input under attack."""
        moved = [p for p in parameters if p.get("in_optimizer")]
        if not moved:
            return len(parameters) > 1
        return any(p["origin"] == "module" for p in moved) or len(moved) > 1

    @staticmethod
    def _aligned(loss: dict[str, Any], trace: Trace) -> tuple[np.ndarray, np.ndarray] | None:
        stream = trace.meta.get("main_stream_id")
        i = loss["id"]
        steps, errors = trace.arrays.get(f"losses/{i}/step"), trace.arrays.get(f"losses/{i}/error")
        if stream is None or steps is None or errors is None:
            return None
        when, values = trace.arrays.get(f"streams/{stream}/steps"), trace.arrays.get(f"streams/{stream}/values")
        if when is None or values is None:
            return None
        if len(when) == len(steps) and np.array_equal(when, steps):
            good = np.isfinite(values) & np.isfinite(errors)
            value, error = values[good], errors[good]
        else:
            common = [s for s in np.unique(steps) if s in set(when.tolist())]
            value = np.array([values[when == s].mean() for s in common])
            error = np.array([errors[steps == s].mean() for s in common])
            good = np.isfinite(value) & np.isfinite(error)
            value, error = value[good], error[good]
        return (value, error) if len(value) >= STEPS else None

    @staticmethod
    def _present(
        title: str,
        message: str,
        trace: Trace,
        site: Site | None,
        evidence: dict[str, Any],
        advice: str,
        confidence: float,
        structural: bool,
        remedy: RemedySpec | None = None,
    ) -> Present:
        return Present(
            title=title,
            message=message,
            why="The optimizer makes small what should become large: each step undoes a little of what the model "
            "knows.",
            site=site or loss_site(trace) or Site.of(trace.main_stream.get("site")),
            evidence=evidence,
            remedies=[remedy or RemedySpec("negate-loss", advice, snippet="loss = -loss")],
            confidence=confidence,
            structural=structural,
        )
