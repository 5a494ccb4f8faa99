"""saturated-activation and dead-relu: from the start, later, as a consequence, and not at all."""

import numpy as np
import pytest
from lossdoctor_checks.dead_relu import DeadRelu
from lossdoctor_checks.saturated_activation import SaturatedActivation

from lossdoctor.trace import Absent, Present

from .gradients import activation, run

CASES = [(DeadRelu, "relu", "dead_units"), (SaturatedActivation, "tanh", "saturated")]


def recorded(name, figure, start, end, learns=False, step=1e-3):
    calls = []
    for s, share in ((0, start), (1, start), (20, end), (38, end)):
        calls += [activation(s, 1, name, **{figure: share}), activation(s, 3, name)]
    return run(learns=learns, activations=calls, updates=np.full(3, step))


@pytest.mark.parametrize(("check", "name", "figure"), CASES)
def test_from_the_start(check, name, figure):
    verdict = check().judge(recorded(name, figure, 0.97, 0.97))
    assert isinstance(verdict, Present)
    assert verdict.confidence > 0.8
    assert verdict.site.line == 11


@pytest.mark.parametrize(("check", "name", "figure"), CASES)
def test_later_without_large_steps(check, name, figure):
    verdict = check().judge(recorded(name, figure, 0.05, 0.97))
    assert isinstance(verdict, Present)
    assert verdict.confidence >= 0.5


@pytest.mark.parametrize(("check", "name", "figure"), CASES)
def test_after_oversized_steps_it_is_a_consequence(check, name, figure):
    verdict = check().judge(recorded(name, figure, 0.05, 0.97, step=0.9))
    assert isinstance(verdict, Present)
    assert verdict.confidence < 0.5


@pytest.mark.parametrize(("check", "name", "figure"), CASES)
def test_a_run_that_learns_is_healthy(check, name, figure):
    assert isinstance(check().judge(recorded(name, figure, 0.97, 0.97, learns=True)), Absent)


@pytest.mark.parametrize(("check", "name", "figure"), CASES)
def test_living_units_are_healthy(check, name, figure):
    assert isinstance(check().judge(recorded(name, figure, 0.3, 0.4)), Absent)


def test_a_probability_right_ahead_of_the_loss_may_saturate():
    calls = [activation(s, 5, "sigmoid", saturated=0.99) for s in (0, 1, 20)]
    behind = [{"name": "sigmoid", "site": calls[0]["site"]}]
    losses = [
        {
            "id": 0,
            "main": True,
            "kind": "binary_cross_entropy",
            "family": "bce",
            "key": "k",
            "site": None,
            "calls": 40,
            "options": {},
            "behind": behind,
        }
    ]
    assert isinstance(SaturatedActivation().judge(run(learns=False, activations=calls, losses=losses)), Absent)


def test_a_tiny_batch_tells_nothing_of_dead_units():
    calls = [activation(s, 1, "relu", dead_units=0.95, rows=2) for s in (0, 1, 20)]
    assert not isinstance(DeadRelu().judge(run(learns=False, activations=calls)), Present)


def test_an_activation_that_no_weight_follows_is_an_output():
    calls = [activation(s, 20, "sigmoid", saturated=0.99, followed=False) for s in (0, 1, 20)]
    assert isinstance(SaturatedActivation().judge(run(learns=False, activations=calls)), Absent)
