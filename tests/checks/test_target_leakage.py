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
