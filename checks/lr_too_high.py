"""The learning rate is too high: steps jump over what they should descend into.

What it detects
    From the same start and over the same steps a smaller rate learns, while the script's own rate diverges, swings
    about, or stays where a constant prediction would be.

Why training suffers
    A gradient step only helps while the slope holds for its length. On a bowl of curvature c, steps of rate above 2 /
    c grow instead of shrinking; adaptive optimizers move every weight by about the rate, however small its gradient.

Sick
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=3.0)

Cured
    >>> optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

How sure we are
    The same steps were really made at 1/10, 1/100 and 1/1000 of the rate. A run that learns is not called sick
    because another rate would be faster: its own end must be lost in noise, or far below what the smaller rate
    reaches.

References
    Goodfellow, Bengio, Courville, "Deep Learning", 8.3; Smith, "Cyclical learning rates" (2017), the range test.
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._learning import SMALLEST, meaningful, number, optimizer_site, rate, words

# The smaller rate must beat the script's own by so many times the noise ...
NOISE_FACTOR = 3.0
# ... and explain at least this share of what there is to explain (or lower the loss by it) itself.
WORTH = 0.1
# A run that still learns must reach less than this share of the smaller rate's end to be called sick.
FAR_LESS = 0.4
WHY = "Each step is longer than the stretch over which the gradient holds, so the loss is thrown about instead of lowered."


class LrTooHigh(Check):
    """See the module's docstring."""

    cause = "lr-too-high"
    explains = (
        "exploding-gradient",
        "dead-relu",
        "saturated-activation",
        "vanishing-gradient",
        "loss-plateau",
        "class-imbalance-collapse",
        "plateau-unigram",
        "under-capacity",
        "no-signal-labels",
    )

    def ask(
        self,
        outcome: Outcome,
        trace: Trace,
        exam_lr_sweep: dict[str, Any] | None = None,
        exam_stuck: dict[str, Any] | None = None,
    ) -> Verdict:
        """Compare the runs of the step-size exam."""
        lost = outcome.nonfinite_at is not None or outcome.diverged
        sweep = exam_lr_sweep
        if sweep is None:
            if outcome.learns and not lost and not outcome.surrogate:
                return Absent("the run learns at its own rate")
            return CannotTell("no run at another learning rate was made")
        if not meaningful(outcome) and not lost:
            return CannotTell(
                "the loss does not say how well training goes (several losses, or one without a known floor)"
            )
        noise = max(number(sweep["noise"], 0.0), SMALLEST / NOISE_FACTOR)
        smaller = [(f, s) for f, s in zip(sweep["factors"], sweep["final"], strict=True) if f < 1]
        if not smaller:
            return CannotTell("no run at a smaller rate was made")
        factor, best = max(smaller, key=lambda fs: fs[1])
        own = max(number(sweep["untreated"]), number(sweep.get("another_seed"), -10.0))
        if exam_stuck is not None and number(exam_stuck.get("score")) < SMALLEST < own:
            # What another start came to is no comfort where this one stays down, however long it runs.
            runs = zip(sweep["factors"], sweep.get("runs", []), strict=False)
            scatter = next((number(r.get("noise"), 0.0) for f, r in runs if f == factor), 0.0)
            own = number(exam_stuck["score"])
            noise = max(number(exam_stuck.get("noise"), 0.0), scatter, SMALLEST / NOISE_FACTOR)
        figures = {"rate": rate(trace), "untreated": own, "smaller": dict(smaller), "noise": noise, "factor": factor}
        larger = max((s for f, s in zip(sweep["factors"], sweep["final"], strict=True) if f > 1), default=own)
        if best < WORTH or best - own <= NOISE_FACTOR * noise:
            return Absent(f"smaller rates do no better ({words(best, sweep['scale'])} at best)", figures)
        if larger >= best:
            return Absent("a larger rate does even better", figures)
        # Of rates that do alike, the largest is the one to advise.
        factor = figures["factor"] = max(f for f, s in smaller if s >= best - NOISE_FACTOR * noise and s >= 0.8 * best)
        later = number(sweep.get("longer"), own)
        if later > max(FAR_LESS * best, SMALLEST) > own:
            return Absent(
                f"a slow start: given three times the steps the run comes to {later:.2f} at its own rate "
                f"({best:.2f} at x {factor:g})",
                figures | {"longer": later},
            )
        if own > max(FAR_LESS * best, SMALLEST):
            return Absent(f"the run learns at its own rate ({own:.2f}; {best:.2f} at x {factor:g})", figures)
        return self._present(outcome, trace, sweep, own, best, factor, figures)

    def _present(
        self,
        outcome: Outcome,
        trace: Trace,
        sweep: dict[str, Any],
        own: float,
        best: float,
        factor: float,
        figures: dict[str, Any],
    ) -> Present:
        lr, scale = rate(trace), sweep["scale"]
        named = f"lr = {lr:g}" if lr == lr else "the script's own rate"
        cure = f"lr = {lr * factor:g}" if lr == lr else f"{factor:g} times the rate"
        at = f" (not finite from step {outcome.nonfinite_at})" if outcome.nonfinite_at is not None else ""
        return Present(
            title="The learning rate is too high",
            message=(
                f"With {named} the run comes to: {words(own, scale)}{at}. The same {sweep['steps']} steps from the same "
                f"start with {cure}: {words(best, scale)}."
            ),
            why=WHY,
            site=optimizer_site(trace),
            evidence=figures,
            remedies=[
                RemedySpec(
                    "scale-lr",
                    f"lower the learning rate to about {cure.removeprefix('lr = ')}",
                    {"factor": factor},
                    f"lr={lr * factor:g}" if lr == lr else "",
                    safety="safe",
                )
            ],
            confidence=0.9 if own < SMALLEST else 0.7,
            structural=bool(outcome.learns and own > SMALLEST),
        )
