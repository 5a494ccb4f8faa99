"""target-leakage: a column that is the target, and rows too few to show it."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.trace import Present

from .made import ask, run


@pytest.mark.parametrize(("unlike", "leaks"), [(300, True), (3, False)])
def test_a_column_equal_to_the_target_in_rows_that_differ(unlike: int, leaks: bool) -> None:
    rng = np.random.default_rng(0)
    rows = np.tile(rng.standard_normal((unlike, 4)), (900 // unlike, 1))
    trace = run()
    trace.arrays["pairs/sample_input"], trace.arrays["pairs/sample_target"] = rows, 2 * rows[:, [1]]
    verdict = ask("target-leakage", trace)
    assert isinstance(verdict, Present) == leaks


@pytest.mark.parametrize(
    ("evaluated", "again", "leaks"), [(0.29, False, True), (0.9, False, False), (0.29, True, False)]
)
def test_rows_that_are_right_at_first_sight_while_evaluated_ones_are_not(
    evaluated: float, again: bool, leaks: bool
) -> None:
    """Rows that were met before may be known by heart: that is no leak."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((1920, 4))
    if again:
        rows = np.tile(rows[:96], (20, 1))
    trace = run("cross_entropy", "nll", rng.integers(0, 4, 1920).astype(float))
    trace.arrays |= {
        "losses/0/accuracy": np.linspace(0.3, 1.0, 60) ** 0.3,
        "pairs/sample_input": rows,
        "pairs/sample_target": rng.integers(0, 4, (1920, 1)).astype(float),
        "pairs/sample_step": np.repeat(np.arange(60), 32),
        "evals/0/errors": np.array([[600, np.nan, 0.25, 0.4], [600, np.nan, evaluated, 0.4]]),
    }
    trace.records["evals"] = [{"key": "accuracy@x", "kind": "accuracy", "site": None}]
    trace.meta["evaluated_labels"] = {"0": 320, "1": 300, "2": 300, "3": 280}
    assert isinstance(ask("target-leakage", trace), Present) == leaks
