"""constant-input: equal samples, few distinct rows, one batch for ever; full batches are healthy."""

from __future__ import annotations

import numpy as np

from lossdoctor.trace import Absent, Present

from .made import SITE, ask, run, slot

CAUSE = "constant-input"
RNG = np.random.default_rng(3)
LOADER = {"dataset_size": 4000, "batch_size": 32, "grad_batches": 1, "site": SITE, "sequential": False}


def test_zeros():
    trace = slot(run(error=np.full(60, 1.0)), "input", np.zeros((60, 32, 5)))
    trace.arrays["pairs/sample_input"] = np.zeros((1920, 5))
    trace.arrays["pairs/sample_target"] = RNG.standard_normal((1920, 1))
    verdict = ask(CAUSE, trace)
    assert isinstance(verdict, Present)
    assert "0 everywhere" in verdict.message


def test_varying_input_is_healthy():
    trace = slot(run(), "input", RNG.standard_normal((60, 32, 5)))
    assert isinstance(ask(CAUSE, trace), Absent)


def test_constant_input_with_a_constant_target_is_one_sample():
    trace = slot(run(error=np.full(60, 1.0)), "input", np.ones((60, 32, 5)))
    trace.arrays["pairs/sample_input"] = np.ones((1920, 5))
    trace.arrays["pairs/sample_target"] = np.ones((1920, 1))
    assert isinstance(ask(CAUSE, trace), Absent)


def test_the_same_batch_from_a_large_loader():
    batch = np.repeat(RNG.standard_normal((1, 32, 5)), 60, axis=0)
    trace = slot(run(), "input", batch)
    trace.records["loaders"] = [LOADER]
    verdict = ask(CAUSE, trace)
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "4,000" in verdict.message


def test_full_batch_training_is_healthy():
    batch = np.repeat(RNG.standard_normal((1, 32, 5)), 60, axis=0)
    trace = slot(run(), "input", batch)
    trace.records["loaders"] = [LOADER | {"dataset_size": 32, "grad_batches": 60}]
    assert isinstance(ask(CAUSE, trace), Absent)
    trace.records["loaders"] = []
    assert isinstance(ask(CAUSE, trace), Absent)


def test_a_stuck_sensor():
    rows = RNG.standard_normal((5, 6))[np.arange(1920) % 5]
    trace = slot(run(error=np.full(60, 1.0)), "input", rows.reshape(60, 32, 6))
    trace.arrays["pairs/sample_input"] = rows
    trace.arrays["pairs/sample_target"] = RNG.standard_normal((1920, 1))
    verdict = ask(CAUSE, trace)
    assert isinstance(verdict, Present)
    assert verdict.evidence["distinct_rows"] == 5


def test_few_rows_that_explain_the_target_are_healthy():
    which = np.arange(1920) % 5
    rows = RNG.standard_normal((5, 6))[which]
    trace = slot(run(), "input", rows.reshape(60, 32, 6))
    trace.arrays["pairs/sample_input"] = rows
    trace.arrays["pairs/sample_target"] = which[:, None] + 0.1 * RNG.standard_normal((1920, 1))
    assert isinstance(ask(CAUSE, trace), Absent)


def test_one_token_beside_offsets_that_vary():
    trace = slot(run(error=np.full(60, 1.0)), "input", np.ones((60, 200, 1)))
    slot(trace, "input", RNG.integers(0, 200, (60, 32, 1)))
    slot(trace, "target", RNG.standard_normal((60, 32, 1)))
    assert isinstance(ask(CAUSE, trace), Absent)
    trace.exams["dependency"] = {"ignores_input": True}
    assert isinstance(ask(CAUSE, trace), Present)
