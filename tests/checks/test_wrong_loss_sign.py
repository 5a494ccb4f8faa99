"""wrong-loss-sign: the loss is the error upside down; attacks and games raise theirs on purpose."""

from __future__ import annotations

import numpy as np

from lossdoctor.trace import Absent, Present

from .made import ask, learning, run

CAUSE = "wrong-loss-sign"
RISING = 2.0 + np.arange(60) ** 1.5


def test_a_missing_minus():
    verdict = ask(CAUSE, run("picked", "nll", np.arange(1920) % 8, RISING, -RISING))
    assert isinstance(verdict, Present)
    assert verdict.structural


def test_maximize_true():
    trace = run(error=RISING)
    trace.records["optimizers"][0]["options"]["maximize"] = True
    verdict = ask(CAUSE, trace)
    assert isinstance(verdict, Present)
    assert "maximize=True" in verdict.message


def test_maximize_true_of_a_reward_is_healthy():
    trace = run(error=learning(60, 1, 0.1), value=-learning(60, 1, 0.1))
    trace.records["optimizers"][0]["options"]["maximize"] = True
    assert isinstance(ask(CAUSE, trace), Absent)


def test_divergence_is_not_a_wrong_sign():
    assert isinstance(ask(CAUSE, run(error=RISING)), Absent)


def test_learning():
    assert isinstance(ask(CAUSE, run()), Absent)


def test_several_losses():
    trace = run(error=RISING, value=-RISING)
    trace.records["streams"].append({"id": 1, "key": "g", "site": None})
    assert isinstance(ask(CAUSE, trace), Absent)


def test_an_attack_on_an_input():
    trace = run(error=RISING, value=-RISING)
    trace.records["parameters"] = [{"name": "optimizer0.0", "origin": "optimizer", "in_optimizer": True}]
    assert isinstance(ask(CAUSE, trace), Absent)


def test_a_policy_gradient_with_negative_returns():
    rng = np.random.default_rng(2)
    error = 1.38 + 0.004 * np.arange(60) / 60 + 0.01 * rng.standard_normal(60)
    value = -error * (5 + 0.4 * rng.standard_normal(60))
    assert isinstance(ask(CAUSE, run("picked", "nll", rng.integers(0, 4, 1920), error, value)), Absent)


def policy(own, turned, sign=1):
    """A policy gradient: how far its weights come as it is, and turned around."""
    trace = run("weighted-log", "other")
    site = {"path": "train.py", "line": 3, "function": "", "source": ""}
    trace.records["objectives"] = [
        {"sign": sign, "value": 0.0, "number": False, "sites": [site], "step": 0, "terms": 1, "drawn": True}
    ]
    figures = {"start": 0.0, "own": own, "turned": turned, "own_end": -own, "turned_end": turned, "noise": 0.05}
    trace.exams["returns"] = figures | {"sites": [site], "number": False} if sign > 0 else {"cannot_tell": "not needed"}
    return ask(CAUSE, trace)


def test_a_policy_gradient_without_its_minus():
    verdict = policy(own=0.3, turned=3.0)
    assert isinstance(verdict, Present)
    assert verdict.remedies[0].id == "turn-weights"
    assert verdict.site.line == 3


def test_costs_and_what_is_not_clear_are_left_alone():
    assert isinstance(policy(own=3.0, turned=0.3), Absent)
    assert isinstance(policy(own=1.0, turned=1.1), Absent)
    assert isinstance(policy(own=0.0, turned=0.1), Absent)


def test_a_coefficient_that_grows_by_itself_is_no_reward():
    assert isinstance(policy(own=-3.0, turned=3.0), Absent)


def test_a_supervised_loss_with_a_coefficient_is_judged_by_its_error():
    trace = run("picked", "nll", np.arange(1920) % 8, RISING, -RISING)
    trace.records["objectives"] = [{"sign": 1, "value": 0.3, "number": True, "sites": [], "step": 0, "drawn": False}]
    trace.exams["returns"] = {"cannot_tell": "too few steps weighed log-probabilities"}
    assert isinstance(ask(CAUSE, trace), Present)


def test_a_policy_gradient_with_its_minus():
    assert isinstance(policy(0, 0, sign=-1), Absent)
