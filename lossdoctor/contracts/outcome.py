"""Did the run learn? One scale-free answer that checks, trials and reports share."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from lossdoctor.trace import Trace

# The last fifth of a run speaks for its end, the first twentieth (at least two steps) for its start.
END_SHARE = 0.2
START_SHARE = 0.05
# From so many classes on the recorded rows do not hold all of them.
MANY_CLASSES = 100
# A trend is told only at this level (two-sided Kendall test of loss against step).
TREND_P = 0.01
# Relative update per step (update / weights): 1e-3 is the rule of thumb; a tenth of it is still in use for fine-tuning and
# large models, less is small.
TINY_UPDATE = 1e-4


@dataclass(frozen=True)
class Outcome:
    """How the loss went.

    ``error`` is the per-row error in the loss's own units (nats for nll and bce, squared units for regression); ``floor``
    that of the best constant predictor on the same rows (entropy of the labels, variance of the targets). ``skill`` =
    1 - error / floor: 0 is what ignoring the input gives, 1 is perfect; NaN where rows do not align (then only ``start``
    and ``end`` of the raw loss speak). ``upward``: the optimizers were told to maximise it; ``drop`` and ``trend`` are then
    those of its negative, so that a fall is always what training is after. ``surrogate``: the loss is that of a policy
    gradient, whose gradient means something and whose value does not: as long as it is finite, the run is given the
    benefit of the doubt.
    """

    family: str
    start: float
    end: float
    start_skill: float
    skill: float
    skill_noise: float
    floor: float
    floor_name: str
    trend: float
    trend_p: float
    nonfinite_at: int | None
    steps: int
    streams: int
    accuracy: float
    majority: float
    curve: np.ndarray
    curve_steps: np.ndarray
    upward: bool = False
    surrogate: bool = False

    @property
    def drop(self) -> float:
        """Relative fall of the loss from start to end (negative: it rose); NaN when it became non-finite."""
        scale = max(abs(self.start), abs(self.end), 1e-12)
        return (self.end - self.start if self.upward else self.start - self.end) / scale

    @property
    def diverged(self) -> bool:
        """The loss became non-finite, or ended far above its start."""
        if self.nonfinite_at is not None:
            return True
        return (
            not self.upward
            and not self.surrogate
            and self.end > 1.5 * abs(self.start) + 1e-6
            and self.trend >= 0
            and self.start > 0
        )

    @property
    def learns(self) -> bool:
        """Better than any constant beyond noise; where there is no such floor, a clear downward trend."""
        if self.nonfinite_at is not None:
            return False
        if self.surrogate:
            return True
        if np.isfinite(self.skill):
            return self.skill > max(3 * self.skill_noise, 0.03)
        return self.trend < 0 and self.trend_p < TREND_P and self.drop > 0.05

    @property
    def standing(self) -> bool:
        """Whether it ends where it began, beyond noise: what skill there is, the start had (by chance, or from elsewhere)."""
        if self.nonfinite_at is not None or not np.isfinite([self.skill, self.start_skill]).all():
            return False
        if self.trend < 0 and self.trend_p < TREND_P:
            return False
        return self.skill - self.start_skill < max(3 * self.skill_noise, 0.03)

    @property
    def improving(self) -> bool:
        """Still on the way down at the end: a significant downward trend over the second half."""
        half = self.curve[len(self.curve) // 2 :]
        if len(half) < 8 or not np.isfinite(half).all():
            return False
        tau, p = scipy.stats.kendalltau(np.arange(len(half)), -half if self.upward else half)
        return bool(tau < 0 and p < TREND_P)


def warm_up() -> None:
    """Load the statistics now: it takes about a second, which can pass while something else is waited for.

    An interrupt waits until they are loaded: in the middle of an import it would be taken for a broken module.
    """
    came: list[int] = []
    # A mask would not do: the signal can reach another thread (of a numerical library), and python raises it in this one.
    ours = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number)) if ours else None
    try:
        import scipy.stats  # noqa: F401
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def floor_of(family: str, kind: str, trace: Trace, loss_id: int) -> tuple[float, str]:
    """Error of the best constant predictor on the recorded rows of a loss call, and its name."""
    target = trace.arrays.get(f"losses/{loss_id}/rows/target")
    if target is None or len(target) < 2:
        return float("nan"), ""
    record = next((r for r in trace.list("losses") if r.get("id") == loss_id), {})
    options, wide = record.get("options") or {}, record.get("constant_costs") or {}
    if family == "nll":
        labels, counts = np.unique(target, return_counts=True)
        weights = options.get("class_weights")
        mass = counts * np.asarray(weights)[labels.astype(int)] if weights else counts.astype(float)
        share = mass[mass > 0] / mass.sum()
        # The entropy of a sample is too small by about this much (Miller, 1955); it matters where there are many classes.
        missed = (len(share) - 1) / (2 * len(target)) if len(share) > MANY_CLASSES else 0.0
        return float(
            -(share * np.log(share)).sum() + missed
        ), "weighted entropy of the labels" if weights else "entropy of the labels"
    sample = trace.arrays.get(f"losses/{loss_id}/rows/sample_target")
    columns = target.reshape(-1, 1)
    if sample is not None and sample.ndim == 2 and 1 < sample.shape[1] <= 64:
        counted = trace.arrays.get(f"losses/{loss_id}/rows/sample_counted")
        columns = sample if counted is None or counted.shape != sample.shape else np.where(counted, sample, np.nan)
        columns = columns[:, np.isfinite(columns).any(0)]
    if family == "bce" and "entropy" in wide and float(options.get("positive_weight", 1.0)) == 1.0:
        return float(wide["entropy"]), "entropy of the labels"
    if family == "regression" and "variance" in wide:
        return float(wide["variance"]), "variance of the targets"
    if family == "bce":
        p = np.clip(np.nanmean(columns, 0), 1e-6, 1 - 1e-6)
        positive = float(options.get("positive_weight", 1.0))
        p = positive * p / (positive * p + 1 - p)
        return float(np.mean(-(p * np.log(p) + (1 - p) * np.log(1 - p)))), "entropy of the labels"
    if family == "regression":
        return float(np.nanmean(np.nanvar(columns.astype(float), 0))), "variance of the targets"
    return float("nan"), ""


def measure(trace: Trace) -> Outcome | None:
    """The outcome of a recorded run; None when no loss value was recorded."""
    loss = trace.series("loss")
    if loss is None or len(loss) == 0:
        return None
    values = loss.values
    bad = np.nonzero(~np.isfinite(values))[0]
    record: dict[str, Any] = next((r for r in trace.list("losses") if r.get("main")), {})
    family, kind = record.get("family", "other"), record.get("kind", "")
    floor, floor_name, errors, accuracy, majority = float("nan"), "", None, float("nan"), float("nan")
    if record:
        i = record["id"]
        floor, floor_name = floor_of(family, kind, trace, i)
        errors = trace.arrays.get(f"losses/{i}/error")
        accuracies = trace.arrays.get(f"losses/{i}/accuracy")
        if accuracies is not None and len(accuracies):
            tail = accuracies[-max(1, int(len(accuracies) * END_SHARE)) :]
            accuracy = float(np.nanmean(tail)) if np.isfinite(tail).any() else float("nan")
        target = trace.arrays.get(f"losses/{i}/rows/target")
        if target is not None and family in {"nll", "bce"} and len(target):
            _, counts = np.unique(np.round(target, 3), return_counts=True)
            majority = float(counts.max() / counts.sum())
    first = max(2, int(len(values) * START_SHARE))
    last = max(1, int(len(values) * END_SHARE))
    finite = values[np.isfinite(values)]
    start = (
        float(np.mean(values[:first]))
        if np.isfinite(values[:first]).all()
        else float(finite[0])
        if len(finite)
        else float("nan")
    )
    end = float(np.mean(values[-last:])) if np.isfinite(values[-last:]).all() else float("inf")
    upward = _upward(trace)
    tau, p = (0.0, 1.0)
    if len(finite) > 5 and np.ptp(finite) > 0:
        tau, p = scipy.stats.kendalltau(np.arange(len(finite)), -finite if upward else finite)
    skill, start_skill, noise = float("nan"), float("nan"), float("nan")
    surrogate = any(r.get("drawn") for r in trace.list("objectives"))
    if not surrogate and errors is not None and np.isfinite(floor) and floor > 1e-9 and np.isfinite(errors).any():
        tail = errors[-max(1, int(len(errors) * END_SHARE)) :]
        head = errors[: max(2, int(len(errors) * START_SHARE))]
        if np.isfinite(tail).all():
            skill = 1 - float(np.mean(tail)) / floor
            spread = float(np.std(tail, ddof=1)) / np.sqrt(len(tail)) if len(tail) > 1 else abs(float(tail[0])) * 0.1
            noise = spread / floor
        if np.isfinite(head).all():
            start_skill = 1 - float(np.mean(head)) / floor
    return Outcome(
        family=family,
        start=start,
        end=end,
        start_skill=start_skill,
        skill=skill,
        skill_noise=noise,
        floor=floor,
        floor_name=floor_name,
        trend=float(tau) if np.isfinite(tau) else 0.0,
        trend_p=float(p) if np.isfinite(p) else 1.0,
        nonfinite_at=int(loss.steps[bad[0]]) if len(bad) else None,
        steps=trace.steps,
        streams=len(trace.list("streams")),
        accuracy=accuracy,
        majority=majority,
        curve=values,
        curve_steps=loss.steps,
        upward=upward,
        surrogate=surrogate,
    )


def _upward(trace: Trace) -> bool:
    """Whether every optimizer that stepped was made to maximise, or the script moves its weights up the gradient itself."""
    told = [bool((o.get("options") or {}).get("maximize")) for o in trace.list("optimizers")]
    return all(told) if told else bool(trace.meta.get("climbs"))
