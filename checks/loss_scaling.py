"""The gradient is many times that of a mean: a summed loss or undivided accumulation at a mean's learning rate.

What it detects
    The loss that ``backward`` receives, over all its calls of one step, is k times the mean error of the predictions
    (k = number of rows for ``reduction="sum"``, number of micro batches for accumulation without division), the
    optimizer's step grows with it, and training suffers.

Why training suffers
    With plain SGD the step is learning rate times gradient: k times the gradient is k times the learning rate. The
    rate that suits a mean then overshoots; it also changes its meaning with every change of the batch size.

Sick
    >>> for x, y in micro_batches:
    ...     criterion(model(x), y).backward()
    >>> optimizer.step()

Cured
    >>> for x, y in micro_batches:
    ...     (criterion(model(x), y) / len(micro_batches)).backward()
    >>> optimizer.step()

How sure we are
    The factor is measured. It is a fault only together with a run that diverges or does not learn; optimizers which
    divide by the gradient's size (Adam and its like) and clipped gradients do not care.

References
    PyTorch documentation of ``CrossEntropyLoss`` (``reduction``); Goyal et al., Accurate, Large Minibatch SGD (2017),
    section 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.contracts.regularisation import penalty
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._data import learned, words
from ._learning import sum_over_numbers

# Optimizers whose step is proportional to the gradient.
PROPORTIONAL = {"SGD", "ASGD"}
# The loss is the mean error times a factor when their ratio keeps still from step to step (rounding and small
# penalties aside).
STEADY = 0.02
# A loss this small a part of the mean error was weighted down; steps this small against the weights (a thousandth of
# the usual 1e-3) do not train.
FADED, NO_STEP = 0.01, 1e-5
# A factor from here on is a loss that is no mean (weights and penalties stay below).
FACTOR = 4.0
# Update over weight norm; about 1e-3 is usual (Karpathy, CS231n notes, "ratio of weights:updates"), this is thirty
# times that.
BIG_STEP = 0.03
# Clipping in this share of steps sets the step's size by itself.
CLIPPED = 0.9
# A loss that has come down by this share, and goes on, is served by its step.
FALLS = 0.5


# Without the added terms the same steps must come so much further (skill), and so many times the scatter.
GAIN, NOISE_FACTOR = 0.1, 3.0


class LossScaling(Check):
    """See the module's docstring."""

    cause = "loss-scaling"
    explains = (
        "lr-too-high",
        "saturated-activation",
        "dead-relu",
        "loss-plateau",
        "bad-initialization",
        "class-imbalance-collapse",
    )

    def ask(
        self,
        loss: dict[str, Any],
        trace: Trace,
        optimizers: list[dict[str, Any]],
        clips: list[dict[str, Any]],
        outcome: Outcome,
        exam_regularisation: dict[str, Any] | None = None,
    ) -> Verdict:
        """Terms against each other, then the factor, then whether the step feels it, then whether it hurts."""
        terms = self._terms(loss, trace, exam_regularisation)
        if terms is not None:
            return terms
        backwards = trace.series("backwards")
        calls = float(np.median(backwards.values)) if backwards is not None and len(backwards) else 1.0
        factor, per_call, how = self._factor(loss, trace)
        if not np.isfinite(factor):
            return CannotTell("the loss's value and the mean error of the predictions cannot be compared")
        evidence = {"factor": factor, "per_call": per_call, "backwards_per_step": calls}
        if factor <= FADED:
            return self._faded(loss, trace, optimizers, outcome, factor, how, evidence)
        if factor < FACTOR:
            return Absent(
                f"the loss is a mean over the rows: its value is {words(factor)} times their mean error per step",
                evidence,
            )
        classes = {o["class"] for o in optimizers if o.get("steps", 1)}
        if classes and not classes & PROPORTIONAL:
            return Absent(
                f"the loss is {words(factor)} times a mean ({how}), but {', '.join(sorted(classes))} divides by the "
                "gradient's size",
                evidence,
            )
        for clip in clips:
            norms = np.asarray(clip.get("norms") or [], dtype=float)
            if (
                clip["kind"] == "clip_grad_norm_"
                and len(norms)
                and not clip["before_backward"]
                # … of the gradient of a mean as well, which would else make smaller steps.
                and np.mean(~(norms / factor <= clip["limit"])) > CLIPPED
            ):
                return Absent(
                    f"the loss is {words(factor)} times a mean ({how}), but clipping sets the size of nearly every "
                    "step",
                    evidence,
                )
        if learned(outcome) and not outcome.diverged:
            return Absent(f"the loss is {words(factor)} times a mean ({how}), and {learned(outcome)}", evidence)
        if outcome.improving and outcome.drop > FALLS and not outcome.diverged:
            return Absent(
                f"the loss is {words(factor)} times a mean ({how}), and it falls steadily from "
                f"{words(outcome.start)} to "
                f"{words(outcome.end)}: the steps are not too large",
                evidence,
            )
        ratio = self._step_size(trace)
        evidence["update_ratio"] = ratio
        broken = outcome.diverged or outcome.nonfinite_at is not None
        if not broken and not ratio > BIG_STEP:
            return Absent(
                f"the loss is {words(factor)} times a mean ({how}), but the steps are small all the same (update / "
                f"weight {words(ratio)})",
                evidence,
            )
        rates = [o["lrs"][0] for o in optimizers if o.get("lrs")]
        rate = (
            f"at learning rate {words(rates[0])} each step is that of a mean at {words(rates[0] * factor)}"
            if rates
            else "each step is that many times larger"
        )
        end = (
            f"non-finite at step {outcome.nonfinite_at}"
            if outcome.nonfinite_at is not None
            else f"from {words(outcome.start)} to {words(outcome.end)}"
        )
        divide = factor if calls < 2 else calls * (per_call if per_call >= FACTOR else 1.0)
        return Present(
            title="The loss is a sum where the learning rate is made for a mean"
            if per_call >= FACTOR
            else "Accumulated gradients are not divided",
            message=f"{how[0].upper() + how[1:]}: the gradient of a step is {words(factor)} times that of a mean, "
            f"and {rate}. The loss goes {end}.",
            why="With SGD the step is the learning rate times the gradient; a factor in the loss is a factor in the "
            "learning rate.",
            site=Site.of(loss.get("site")) if per_call >= FACTOR else self._backward_site(trace, loss),
            evidence=evidence,
            remedies=[
                RemedySpec(
                    "mean-loss",
                    "take the mean over the rows (and divide by the number of micro batches)",
                    {"divide": float(divide)},
                    snippet='reduction="mean"' if per_call >= FACTOR else f"(loss / {int(calls)}).backward()",
                )
            ],
            confidence=0.8 if broken else 0.6,
        )

    @staticmethod
    def _terms(loss: dict[str, Any], trace: Trace, free: dict[str, Any] | None) -> Present | None:
        """A mean over a sample's numbers beside a term of another scale, which wins: without it, the run learns."""
        added = penalty(trace)
        if added is None or added.get("width", 1) < 2 or free is None or "penalty" not in free["without"]:
            return None
        gain = float(free["free"]) - float(free["own"])
        if not gain > max(GAIN, NOISE_FACTOR * float(free["noise"])):
            return None
        width = added["width"]
        return Present(
            title="The loss's terms are on different scales",
            message=(
                f"{loss['kind']} is a mean over the {width} numbers of a sample, and {added['value']:.1%} of the first losses are "
                f"terms added to it: the run gives up the input to make those small (skill {float(free['own']):.2f}); without them the "
                f"same steps come to {float(free['free']):.2f}."
            ),
            why=f"Summed over a sample the data term would weigh {width} times as much; as a mean it is outvoted.",
            site=Site.of(loss.get("site")),
            evidence={"width": width, "added_share": added["value"], "own": free["own"], "without": free["free"]},
            remedies=[sum_over_numbers(width)],
            # Another name for it: that the added term wins is what the model suffers from (over-regularized).
            severity="warning",
            confidence=0.45,
        )

    def _faded(
        self,
        loss: dict[str, Any],
        trace: Trace,
        optimizers: list[dict[str, Any]],
        outcome: Outcome,
        factor: float,
        how: str,
        evidence: dict[str, Any],
    ) -> Verdict:
        """The other way round: a weight so small that plain SGD does not move."""
        ratio = self._step_size(trace)
        evidence["update_ratio"] = ratio
        classes = {o["class"] for o in optimizers if o.get("steps", 1)}
        if not classes or not classes <= PROPORTIONAL or learned(outcome) or not ratio < NO_STEP:
            return Absent(f"{how}, and it is none the worse for it", evidence)
        return Present(
            title="The loss is scaled down until nothing moves",
            message=f"{how[0].upper() + how[1:]}: with {', '.join(sorted(classes))} each step changes the weights by "
            f"{words(ratio)} of their size, and the error stays at {words(outcome.floor * (1 - outcome.skill))}.",
            why="With SGD the step is the learning rate times the gradient; a factor in the loss is a factor in the "
            "learning rate.",
            site=Site.of(loss.get("site")),
            evidence=evidence,
            remedies=[RemedySpec("mean-loss", "give the main term of the loss weight 1", {"divide": factor})],
            confidence=0.8,
        )

    @staticmethod
    def _factor(loss: dict[str, Any], trace: Trace) -> tuple[float, float, str]:
        """The step's gradient over that of a mean, the same for one backward call, and where it comes from in words."""
        i = loss["id"]
        errors, rows = trace.arrays.get(f"losses/{i}/error"), trace.arrays.get(f"losses/{i}/n")
        stream = trace.meta.get("main_stream_id")
        values = trace.arrays.get(f"streams/{stream}/values") if stream is not None else None
        if errors is None or rows is None or values is None or not len(values) or not len(errors):
            return float("nan"), float("nan"), ""
        k = float(np.median(np.unique(trace.arrays[f"streams/{stream}/steps"], return_counts=True)[1]))
        n = float(np.nanmedian(rows))
        ratio = np.abs(values) / errors if len(values) == len(errors) else np.array([])
        ratio = ratio[np.isfinite(ratio)][:20]
        if len(ratio) >= 3 and ratio.std() < STEADY * ratio.mean():
            per = float(np.median(ratio))
        else:
            # Penalties, weights or another unit: only what the call itself says is certain.
            per = {"sum": n, "mean": 1.0}.get(
                str(loss["options"].get("reduction")), float("nan") if k < FACTOR else 1.0
            )
        if per >= FACTOR:
            how = (
                f"the loss is summed over {words(n)} rows"
                if per > 0.3 * n
                else f"the loss is {words(per)} times the mean"
            )
            how += f", and {k:.0f} backward calls make one step" if k > 1 else ""
        elif per * k <= FADED:
            how = f"the loss is {words(per)} times the mean error of the predictions"
        else:
            how = f"{k:.0f} backward calls make one step and none of them is divided by {k:.0f}"
        return per * k, per, how

    @staticmethod
    def _step_size(trace: Trace) -> float:
        ratios = trace.arrays.get("layers/update_ratio")
        if ratios is None or not np.isfinite(ratios).any():
            return float("nan")
        early = ratios[:10]
        early = early[np.isfinite(early) & (early > 0)]
        return float(np.median(early)) if len(early) else float("nan")

    @staticmethod
    def _backward_site(trace: Trace, loss: dict[str, Any]) -> Site | None:
        return Site.of(trace.main_stream.get("site") or loss.get("site"))
