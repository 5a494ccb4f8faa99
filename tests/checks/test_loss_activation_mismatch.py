"""loss-activation-mismatch: squashed twice, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.trace import Absent, Present

from .made import ask, learning, op, run

CAUSE = "loss-activation-mismatch"
LABELS = (np.arange(1920) % 10).astype(float)
STUCK = np.full(60, 2.3)
LINEAR = op("linear")


def verdict(kind, behind, low=0.0, high=1.0, targets=LABELS, family="nll", error=STUCK, **loss):
    loss = {"prediction_shape": [32, 10], "target_shape": [32], "target_dtype": "torch.int64"} | loss
    trace = run(kind, family, targets, error, behind=behind, **loss)
    trace.arrays["losses/0/prediction_min"][:] = low
    trace.arrays["losses/0/prediction_max"][:] = high
    return ask(CAUSE, trace)


def test_softmax_ahead_of_cross_entropy():
    found = verdict("cross_entropy", [op("softmax"), LINEAR])
    assert isinstance(found, Present)
    assert found.structural
    assert found.evidence["lowest_possible_loss"] == pytest.approx(np.log(1 + 9 / np.e))


def test_raw_scores_and_log_softmax_are_healthy():
    assert isinstance(verdict("cross_entropy", [LINEAR], -4, 4), Absent)
    assert isinstance(verdict("cross_entropy", [op("log_softmax"), LINEAR], -4, 0), Absent)


def test_soft_cap_is_healthy():
    capped = [op("mul", operands=["x", 10.0], named={}), op("tanh"), LINEAR]
    assert isinstance(verdict("cross_entropy", capped, -5, 5), Absent)


def test_relu_ahead_of_cross_entropy_only_when_it_hurts():
    found = verdict("cross_entropy", [op("relu"), LINEAR], 0, 4)
    assert isinstance(found, Present)
    assert not found.structural
    assert isinstance(verdict("cross_entropy", [op("relu"), LINEAR], 0, 4, error=learning(60, 2.3, 0.1)), Absent)


@pytest.mark.parametrize("name", ["sigmoid", "softmax"])
def test_squashed_ahead_of_bce_with_logits(name):
    targets = (np.arange(1920) % 2).astype(float)
    found = verdict("binary_cross_entropy_with_logits", [op(name), LINEAR], 0.1, 0.9, targets, "bce", np.full(60, 0.7))
    assert isinstance(found, Present)
    assert found.structural


def test_logits_are_healthy():
    targets = (np.arange(1920) % 2).astype(float)
    assert isinstance(verdict("binary_cross_entropy_with_logits", [LINEAR], -3, 3, targets, "bce"), Absent)


def test_nll_of_raw_scores_and_of_probabilities():
    assert isinstance(verdict("nll_loss", [LINEAR], -3, 5, unit_sum=[3.0, 14.0, 60.0]), Present)
    assert isinstance(verdict("nll_loss", [op("softmax"), LINEAR], 0, 1, unit_sum=[11.0, 11.1, 11.4]), Present)


def test_nll_of_log_probabilities():
    assert isinstance(verdict("nll_loss", [op("log_softmax"), LINEAR], -9, 0, unit_sum=[1.0, 1.0, 1.0]), Absent)
    assert isinstance(
        verdict("nll_loss", [op("log"), op("add"), op("softmax")], -9, 0, unit_sum=[1.0, 1.0, 1.01]), Absent
    )
    assert isinstance(
        verdict("nll_loss", [op("masked_fill"), op("log_softmax")], -1e9, 0, unit_sum=[0.3, 0.4, 1.0]), Absent
    )


def test_a_single_class():
    found = verdict("cross_entropy", [LINEAR], -1, 1, prediction_shape=[32, 1])
    assert isinstance(found, Present)


def test_the_batch_taken_for_classes():
    found = verdict(
        "cross_entropy",
        [op("squeeze"), LINEAR],
        -1,
        1,
        prediction_shape=[32],
        target_shape=[32],
        target_dtype="torch.float32",
    )
    assert isinstance(found, Present)


def test_regression_makes_no_demand():
    assert isinstance(ask(CAUSE, run()), Absent)
