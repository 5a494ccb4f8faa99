"""What trials work on and what they show, handed from one to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Present, Trace, TrialResult

from .budget import Budget
from .scale import Measured, curve_of, figures, measured, words
from .zygote import Outcome, Runs, Watch

# Characters of a trial's name on the progress line.
LABEL = 24


@dataclass
class Ward:
    """The paused script, the trace of the run that all others are compared with, and the means to judge treated runs."""

    zygote: Runs
    trace: Trace
    checks: dict[str, Check]
    budget: Budget
    jobs: int
    steps: int
    tell: Callable[[str, float], None]

    @property
    def seconds(self) -> float:
        """Limit of one run."""
        return self.budget.run_timeout

    def plan(self, remedies: list[dict[str, Any]], label: str) -> Plan:
        """A treated run as long as the untreated one."""
        return Plan(steps=self.steps, seconds=self.seconds, remedies=remedies, label=label)

    def run(self, plans: list[Plan], seconds: float = 0.0) -> list[Outcome]:
        """Make the runs, with progress; the files are put back."""

        def progress(runs: list[tuple[str, float | None]]) -> None:
            going = [(label, seconds) for label, seconds in runs if seconds is not None]
            done = len(runs) - len(going)
            parts = [min(seconds / max(self.budget.probe, 0.1), 0.95) for _, seconds in going]
            named = ", ".join(f"{label[:LABEL]} {seconds:.0f} s" for label, seconds in going)
            self.tell(
                f"trials {done}/{len(plans)}" + (f" · {named}" if named else ""), (done + sum(parts)) / len(plans)
            )

        return self.zygote.run_all(plans, (seconds or self.seconds) + 10, self.jobs, progress)

    def treated(self, trace: Trace, remedies: list[dict[str, Any]]) -> Ward:
        """The same script as a patient that already takes ``remedies``; ``trace`` is its run."""
        return Ward(Treated(self.zygote, remedies), trace, self.checks, self.budget, self.jobs, self.steps, self.tell)


class Treated:
    """A paused script every run of which takes ``remedies`` first: exams and trials of it see the treated patient."""

    def __init__(self, zygote: Runs, remedies: list[dict[str, Any]]) -> None:
        self.inner = zygote
        self.remedies = remedies

    def run_all(self, plans: list[Plan], timeout: float, jobs: int = 2, progress: Watch | None = None) -> list[Outcome]:
        """See :meth:`Zygote.run_all`."""
        taken = [Plan(p.steps, p.seconds, [*self.remedies, *p.remedies], p.exam, p.seed, p.label) for p in plans]
        return self.inner.run_all(taken, timeout, jobs, progress)


@dataclass
class Best:
    """The best remedy of a cause: its score, how a plan carries it, and its run."""

    score: float
    remedy: dict[str, Any]
    trace: Trace | None


@dataclass
class Proven:
    """What the trials showed: candidates re-ordered, results, the treatment plan, proof by cause, curves for the plot."""

    ranked: list[tuple[str, Present]]
    trials: list[TrialResult] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    proofs: dict[str, Any] = field(default_factory=dict)
    curves: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Best] = field(default_factory=dict)

    def add_curve(self, trace: Trace | None, name: str, kind: str, **more: Any) -> None:
        """A run's curve for the plot, where it has one."""
        if trace is not None and (curve := curve_of(trace, name, kind, **more)) is not None:
            self.curves.append(curve)

    def add_stage(self, causes: list[str], trace: Trace | None, base: Measured, told: str) -> Measured:
        """One stage of the treatment plan as a trial of its own."""
        after, name = measured(trace), " + ".join(causes)
        self.add_curve(trace, name, "plan", remedy=name, verdict="plan")
        self.trials.append(
            TrialResult(
                "plan",
                name,
                "confirmed" if after.outcome is not None and after.outcome.learns else "mechanism-only",
                f"{told}: {words(after)} after {trace.steps if trace is not None else 0} steps",
                untreated=figures(base),
                treated=figures(after),
            )
        )
        return after
