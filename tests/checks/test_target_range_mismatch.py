"""target-range-mismatch: what the last operations reach against the targets, and targets of a wrong kind."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.trace import Absent, CannotTell, Present

from .made import ask, op, run

CAUSE = "target-range-mismatch"
RNG = np.random.default_rng(7)
STANDARD = RNG.standard_normal(1920)
UNIT = RNG.random(1920)
LINEAR = op("linear")


def verdict(targets, behind, low=-1.0, high=1.0, **loss):
    trace = run(targets=targets, behind=behind, **loss)
    trace.arrays["losses/0/prediction_min"][:] = low
    trace.arrays["losses/0/prediction_max"][:] = high
    return ask(CAUSE, trace)


def test_a_linear_head_reaches_everything():
    found = verdict(UNIT, [op("squeeze"), LINEAR])
    assert isinstance(found, Absent)
    assert found.reason.startswith("the last operation is linear: its output is unbounded, so targets in [")
    assert found.reason.endswith("are reachable")


@pytest.mark.parametrize(
    ("name", "low", "high"), [("sigmoid", 0.1, 0.9), ("tanh", -0.9, 0.9), ("relu", 0.0, 3.0), ("softplus", 0.1, 2.0)]
)
def test_standardised_targets_behind_an_activation(name, low, high):
    found = verdict(STANDARD, [op("reshape"), op(name), LINEAR], low, high)
    assert isinstance(found, Present)
    assert found.structural
    assert name in found.title


def test_targets_inside_the_range():
    assert isinstance(verdict(UNIT, [op("sigmoid"), LINEAR], 0, 1), Absent)
    assert isinstance(verdict((UNIT > 0.5) * 1.0, [op("sigmoid"), LINEAR], 0, 1), Absent)


def test_noise_over_the_edge_is_tolerated():
    found = verdict(np.clip(UNIT, 0.02, 0.98) + 0.02 * STANDARD, [op("sigmoid"), LINEAR], 0, 1)
    assert isinstance(found, Absent)


def test_scaled_and_shifted_activations():
    scaled = op("mul", operands=["x", 8.0], named={})
    shifted = op("__sub__", operands=["x", 4.0], named={})
    assert isinstance(verdict(STANDARD, [shifted, scaled, op("sigmoid"), LINEAR], -4, 4), Absent)
    assert isinstance(verdict(STANDARD * 3 + 5, [shifted, scaled, op("sigmoid"), LINEAR], -4, 4), Present)


def test_the_hidden_state_of_an_lstm():
    assert isinstance(verdict(STANDARD * 2, [op("__getitem__"), op("lstm")], -0.8, 0.8), Present)
    assert isinstance(verdict(STANDARD * 2, [op("lstm_cell", output=1)], -0.8, 0.8), Absent)


def test_a_residual_sum_is_not_bounded():
    assert isinstance(verdict(STANDARD, [op("add", operands=["x", None], named={}), op("tanh"), LINEAR]), Absent)


def test_predictions_beyond_the_computed_range_prove_it_wrong():
    assert isinstance(verdict(STANDARD, [op("tanh"), LINEAR], -3, 3), Absent)


@pytest.mark.parametrize("kind", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_kinds_of_targets(kind):
    assert isinstance(verdict(np.sign(STANDARD), [LINEAR], kind=kind, family="bce"), Present)
    assert isinstance(verdict((STANDARD > 0) * 255.0, [LINEAR], kind=kind, family="bce"), Present)
    assert isinstance(verdict((STANDARD > 0) * 1.0, [LINEAR], kind=kind, family="bce"), Absent)
    assert isinstance(verdict(UNIT, [LINEAR], kind=kind, family="bce"), Absent)


def test_classes():
    assert isinstance(verdict(np.arange(1920) % 5, [LINEAR], kind="cross_entropy", family="nll"), Absent)


def test_unknown_chain():
    trace = run(targets=STANDARD)
    del trace.records["losses"][0]["behind"]
    assert isinstance(ask(CAUSE, trace), CannotTell)


@pytest.mark.parametrize(("low", "kind"), [(0.0, Present), (-1.0, Absent), (1.0, Absent)])
def test_losses_of_two_signs(low, kind):
    trace = run("cosine_embedding_loss", "other")
    key = trace.records["losses"][0]["key"]
    trace.records["batches"] = [{"name": key, "role": "target", "min": [low], "max": [1.0]}]
    verdict = ask(CAUSE, trace)
    assert isinstance(verdict, kind)
