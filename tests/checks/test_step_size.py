"""lr-too-high, lr-too-low and scheduler-decay: from sweeps and recorded rates, made by hand."""

import numpy as np
import pytest

from lossdoctor.contracts.outcome import measure
from lossdoctor.trace import Absent, CannotTell, Present

from .made import ask, learning, run


def sweep(factors, final, untreated, another=None, **more):
    return {
        "factors": factors,
        "final": final,
        "best": factors[int(np.argmax(final))],
        "best_final": max(final),
        "untreated": untreated,
        "another_seed": untreated if another is None else another,
        "noise": 0.01,
        "scale": "skill",
        "steps": 60,
        "relative_update": 1e-2,
    } | more


def at_the_floor(**more):
    """A run that hovers around the variance of its targets."""
    return run(error=1.0 + 0.05 * np.random.default_rng(0).standard_normal(60), **more)


def diverging():
    return run(error=1.5 ** np.arange(60.0))


def test_too_high_when_a_smaller_rate_learns():
    trace = diverging()
    trace.exams["lr_sweep"] = sweep([0.001, 0.01, 0.1], [0.3, 0.9, 0.88], -10.0)
    verdict = ask("lr-too-high", trace)
    assert isinstance(verdict, Present)
    assert verdict.remedies[0].args == {"factor": 0.1}
    assert "diverges" in verdict.message


def test_not_too_high_when_another_seed_learns():
    trace = at_the_floor()
    trace.exams["lr_sweep"] = sweep([0.1, 10.0], [0.9, -1.0], 0.0, another=0.85)
    assert isinstance(ask("lr-too-high", trace), Absent)


def test_too_high_when_this_start_stays_down_whatever_another_comes_to():
    trace = at_the_floor()
    runs = [{"score": 0.2, "noise": 0.01}, {"score": -1.0, "noise": 0.0}]
    trace.exams["lr_sweep"] = sweep([0.1, 10.0], [0.2, -1.0], -0.05, another=0.3, runs=runs)
    assert isinstance(ask("lr-too-high", trace), Absent)
    trace.exams["stuck"] = {"score": -0.01, "noise": 0.005, "learns": False, "improving": False, "longer": 180}
    assert isinstance(ask("lr-too-high", trace), Present)


def test_not_too_high_when_a_larger_rate_is_better():
    trace = at_the_floor()
    trace.exams["lr_sweep"] = sweep([0.1, 10.0], [0.4, 0.9], 0.0)
    assert isinstance(ask("lr-too-high", trace), Absent)


def test_not_too_high_when_all_rates_fail():
    trace = diverging()
    trace.exams["lr_sweep"] = sweep([0.001, 0.01, 0.1], [0.02, -10.0, -10.0], -10.0)
    assert isinstance(ask("lr-too-high", trace), Absent)


def test_a_run_that_learns_is_not_sick_of_its_rate():
    trace = run(error=learning(60, 1.0, 0.5))
    trace.exams["lr_sweep"] = sweep([0.1, 10.0], [0.7, 0.2], 0.5)
    assert isinstance(ask("lr-too-high", trace), Absent)
    assert isinstance(ask("lr-too-low", trace), Absent)


def test_no_sweep_no_verdict():
    assert isinstance(ask("lr-too-high", diverging()), CannotTell)
    assert isinstance(ask("lr-too-low", at_the_floor()), CannotTell)
    assert isinstance(ask("lr-too-high", run()), Absent)


def test_too_low_when_only_the_longer_run_shows_it():
    trace = at_the_floor()
    trace.exams["lr_sweep"] = sweep([0.1, 100.0], [0.0, 0.02], 0.0, relative_update=3e-5)
    assert isinstance(ask("lr-too-low", trace), Absent)
    trace.exams["stuck"] = {
        "score": 0.0,
        "longer": 960,
        "learns": False,
        "faster": {"score": 0.8, "learns": True, "factor": 100.0},
    }
    verdict = ask("lr-too-low", trace)
    assert isinstance(verdict, Present)
    assert "after 960 steps" in verdict.message
    assert not verdict.remedies[0].runtime


def test_too_low_when_the_weights_hardly_move():
    trace = at_the_floor()
    trace.exams["lr_sweep"] = sweep([0.1, 100.0, 1000.0], [0.0, 0.3, 0.9], 0.0, relative_update=1e-6)
    verdict = ask("lr-too-low", trace)
    assert isinstance(verdict, Present)
    assert verdict.remedies[0].args == {"factor": 1000.0}


@pytest.mark.parametrize("more", [{"relative_update": 1e-3}, {"relative_update": 1e-6, "untreated": 0.4}])
def test_slow_starters_and_slow_learners_are_healthy(more):
    trace = at_the_floor()
    trace.exams["lr_sweep"] = sweep([0.1, 10.0], [0.0, 0.9], **({"untreated": 0.0} | more))
    assert isinstance(ask("lr-too-low", trace), Absent)


def scheduled(rates, calls=None, name="ExponentialLR", end="step limit", **more):
    trace = at_the_floor(**more)
    trace.arrays["series/lr"] = np.asarray(rates)
    trace.meta["end"] = end
    if calls is not None:
        trace.records["schedulers"] = [{"class": name, "calls": calls, "site": None, "options": {"gamma": 0.5}}]
    return trace


def test_a_schedule_stepped_every_batch_is_told():
    verdict = ask("scheduler-decay", scheduled(1e-3 * 0.5 ** np.arange(60), 60))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "ExponentialLR was stepped 60 times in 60 steps" in verdict.message
    assert verdict.remedies[0].id == "hold-lr"


def test_a_rate_lowered_by_hand_is_told():
    assert isinstance(ask("scheduler-decay", scheduled(np.where(np.arange(60) < 10, 1e-2, 1e-6))), Present)


@pytest.mark.parametrize(
    "rates",
    [
        np.full(60, 1e-3),
        np.linspace(0, 1e-3, 60),  # warm-up
        0.5e-3 * (1 + np.cos(np.arange(60) / 60 * np.pi)),  # cosine over the whole run
        np.concatenate([np.linspace(1e-4, 1e-2, 20), np.linspace(1e-2, 1e-6, 40)]),  # one cycle
        1e-3 * 0.98 ** np.arange(60),
        np.where(np.arange(60) < 30, 1e-3, 1e-4),  # one drop
    ],
)
def test_usual_schedules_are_healthy(rates):
    assert isinstance(ask("scheduler-decay", scheduled(rates, 60, end="script ended")), Absent)


def test_a_restart_is_healthy():
    wave = 0.5e-3 * (1 + np.cos(np.arange(20) / 20 * np.pi))
    assert isinstance(ask("scheduler-decay", scheduled(np.tile(wave, 3), 60)), Absent)


def test_a_run_that_was_done_by_then_is_healthy():
    trace = scheduled(1e-3 * 0.5 ** np.arange(60), 60)
    trace.arrays["losses/0/error"] = learning(60, 1.0, 0.02)
    assert isinstance(ask("scheduler-decay", trace), Absent)


def test_the_loss_of_a_policy_gradient_says_nothing():
    """A stand-in may rise a hundredfold while the policy gets better, and smaller rates keep it small."""
    rising = learning(60, 0.5, 50.0)
    trace = run("weighted-log", "other", error=rising)
    outcome = measure(trace)
    assert outcome is not None
    assert outcome.diverged
    trace.records["objectives"] = [{"sign": -1, "value": 1.0, "drawn": True, "sites": [], "step": 0}]
    outcome = measure(trace)
    assert outcome is not None
    assert outcome.surrogate
    assert not outcome.diverged
    assert outcome.learns
