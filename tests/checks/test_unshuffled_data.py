"""unshuffled-data: sorted labels that hurt, told apart from mixed batches and from series in order."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.trace import Absent, CannotTell, Present

from .made import ask, learning, run

CAUSE = "unshuffled-data"
RNG = np.random.default_rng(6)
SORTED = np.repeat(np.arange(6), 320).astype(float)


def test_sorted_labels_with_jumps():
    error = np.tile(np.array([6.0, 3.0, 1.0, 0.3, 0.1, 0.05, 0.02, 0.01, 0.01, 0.01]), 6)
    verdict = ask(CAUSE, run("cross_entropy", "nll", SORTED, error))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "sorted" in verdict.message


def test_mixed_labels():
    verdict = ask(CAUSE, run("cross_entropy", "nll", RNG.permutation(SORTED), np.full(60, 1.8)))
    assert isinstance(verdict, Absent)
    assert "mixed" in verdict.reason


def test_sorted_labels_that_do_no_harm():
    verdict = ask(CAUSE, run("cross_entropy", "nll", SORTED, learning(60, 1.5, 0.1)))
    assert isinstance(verdict, Absent)
    assert "all the same" in verdict.reason


def test_sorted_numbers_in_a_failing_run():
    targets = np.sort(RNG.standard_normal(1920))
    verdict = ask(CAUSE, run(targets=targets, error=np.full(60, 1.1)))
    assert isinstance(verdict, Present)
    assert not verdict.structural
    assert verdict.confidence <= 0.6


def test_a_series_in_order_that_learns():
    assert isinstance(ask(CAUSE, run(targets=np.sin(np.arange(1920) / 300), error=learning(60, 0.4, 0.02))), Absent)


@pytest.mark.parametrize(("at_return", "kind"), [(6.0, Present), (0.3, Absent)])
def test_numbers_in_order_that_come_back(at_return, kind):
    """Two passes over sorted numbers: what was learned of the small ones is forgotten by the time they come again, or not."""
    targets = np.tile(np.sort(RNG.standard_normal(960)), 2)
    error = np.full(60, 0.1)
    error[30] = at_return
    trace = run(targets=targets, error=error)
    trace.arrays["losses/0/rows/error"] = np.repeat(error, 32)
    verdict = ask(CAUSE, trace)
    assert isinstance(verdict, kind)
    assert kind is Absent or verdict.structural


def test_full_batch():
    trace = run("cross_entropy", "nll", SORTED, np.full(60, 1.8))
    trace.arrays["losses/0/rows/step"][:] = 0
    assert isinstance(ask(CAUSE, trace), CannotTell)


def test_batches_of_one():
    trace = run(
        "cross_entropy", "nll", np.repeat(np.arange(3), 100).astype(float), np.tile([4.0, 0.1, 0.1], 100), per_step=1
    )
    assert isinstance(ask(CAUSE, trace), Present)
