"""bad-data-values: NaN and infinity named by row and column, stand-ins found, masked values left alone."""

from __future__ import annotations

import numpy as np

from lossdoctor.trace import Absent, Present

from .made import ask, learning, run, slot

CAUSE = "bad-data-values"


def batches(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((60, 32, 6))


def test_nan_in_one_row_is_named():
    values = batches()
    values[7, 20, 3] = np.nan
    curve = learning(60, 1.0, 0.5)
    curve[7:] = np.nan
    verdict = ask(CAUSE, slot(run(error=curve), "input", values))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "Row 20 of the batch at step 7" in verdict.message
    assert "feature 3" in verdict.message


def test_infinite_target():
    values = batches()[:, :, :1]
    values[0, 4, 0] = -np.inf
    curve = np.full(60, np.nan)
    verdict = ask(CAUSE, slot(run(error=curve), "target", values))
    assert isinstance(verdict, Present)
    assert "infinity" in verdict.title


def test_masked_nan_targets_are_healthy():
    values = batches()
    values[::2, 3, 0] = np.nan
    verdict = ask(CAUSE, slot(run(error=learning(60, 1.0, 0.1)), "target", values))
    assert isinstance(verdict, Absent)
    assert "handles" in verdict.reason


def test_divergence_long_after_a_nan_is_not_its_fault():
    values = batches()
    values[2, 3, 0] = np.nan
    curve = learning(60, 1.0, 2.0)
    curve[40:] = np.nan
    assert isinstance(ask(CAUSE, slot(run(error=curve), "input", values)), Absent)


def test_stand_in_in_a_column():
    values = batches()
    rows = values.reshape(-1, 6)
    rows[::40, 5] = -9999.0
    trace = slot(run(error=np.full(60, 9e5)), "input", values)
    trace.arrays["pairs/sample_input"] = rows
    verdict = ask(CAUSE, trace)
    assert isinstance(verdict, Present)
    assert verdict.evidence["column"] == 5
    assert verdict.evidence["value"] == -9999.0
    assert not verdict.structural


def test_rare_counts_are_no_stand_ins():
    rng = np.random.default_rng(4)
    values = (rng.random((60, 32, 6)) < 0.02) * rng.integers(1, 9, (60, 32, 6)) + 0.5
    trace = slot(run(error=np.full(60, 1.0)), "input", values)
    trace.arrays["pairs/sample_input"] = values.reshape(-1, 6)
    assert isinstance(ask(CAUSE, trace), Absent)


def test_pixels_that_are_white_in_a_few_pictures_are_no_stand_ins():
    rng = np.random.default_rng(5)
    values = np.where(rng.random((60, 32, 6)) < 0.9, rng.random((60, 32, 6)) * 0.002, rng.random((60, 32, 6)) * 0.95)
    values[:, 0, 3] = 1.0
    trace = slot(run(error=np.full(60, 1.0)), "input", values)
    trace.arrays["pairs/sample_input"] = values.reshape(-1, 6)
    assert isinstance(ask(CAUSE, trace), Absent)


def test_a_learning_run_is_left_alone():
    values = batches()
    values.reshape(-1, 6)[::40, 5] = -9999.0
    trace = slot(run(), "input", values)
    trace.arrays["pairs/sample_input"] = values.reshape(-1, 6)
    assert isinstance(ask(CAUSE, trace), Absent)
