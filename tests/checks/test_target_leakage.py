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


def _table(kind: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Rows of six columns, their label, and the family of the loss."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((1500, 6))
    score = rows[:, 0] + rows[:, 1] + rng.standard_normal(1500)
    label = (score > 0).astype(float)
    if kind == "written for one label":
        rows[:, 4] = np.where(label > 0, rng.uniform(20, 60, 1500), 0.0)
    elif kind == "parted by a limit":
        rows[:, 4] = label * 3 + rng.uniform(0, 2, 1500)
    elif kind == "nearly parted":
        rows[:, 4] = label * 1.8 + rng.uniform(0, 2, 1500)
    elif kind == "a task of its own":  # the label is what one column says, and the others say nothing of it
        label = (rows[:, 4] > 0).astype(float)
    elif kind == "told by all":
        rows = label[:, None] * 3 + rng.uniform(0, 2, (1500, 6))
    elif kind == "target with noise":
        return np.column_stack([rows[:, :5], 0.9 * score + 0.005 * rng.standard_normal(1500)]), score, "regression"
    elif kind == "finely sampled":  # each reading is nearly the next one, and so are all before it
        walk = rng.standard_normal(1506).cumsum() * 0.01 + np.sin(np.arange(1506) / 30) * 10
        return np.stack([walk[i : i + 1500] for i in range(6)], 1)[:, ::-1], walk[6:1506].repeat(1)[:1500], "regression"
    return rows, label, "bce"


@pytest.mark.parametrize(
    ("kind", "leaks"),
    [
        ("written for one label", True),
        ("parted by a limit", True),
        ("target with noise", True),
        ("nearly parted", False),
        ("a task of its own", False),
        ("told by all", False),
        ("plain", False),
        ("finely sampled", False),
    ],
)
def test_a_column_that_tells_all_where_the_others_tell_something(kind: str, leaks: bool) -> None:
    rows, label, family = _table(kind)
    rows, label = rows[: len(label)], label[: len(rows)]
    trace = run("binary_cross_entropy_with_logits" if family == "bce" else "mse_loss", family)
    trace.arrays["pairs/sample_input"], trace.arrays["pairs/sample_target"] = rows, label[:, None]
    verdict = ask("target-leakage", trace)
    assert isinstance(verdict, Present) == leaks
    if isinstance(verdict, Present):
        assert verdict.evidence["column"] == (5 if kind == "target with noise" else 4)


@pytest.mark.parametrize(
    ("own", "filler", "turns", "leaks"),
    [(1.0, 0.2, 8.0, True), (0.12, 0.2, 8.0, False), (1.0, 1.0, 8.0, False), (1.0, 0.2, 1.0, False)],
    ids=["in sight", "hidden but a tenth", "padding left out", "prompt left out"],
)
def test_chosen_positions_that_still_hold_their_symbol(own: float, filler: float, turns: float, leaks: bool) -> None:
    chosen = {"counted": 0.3, "own": own, "filler": filler, "turns": turns}
    trace = run("cross_entropy", "nll", np.random.default_rng(0).integers(0, 9, 1920).astype(float), chosen=chosen)
    assert isinstance(ask("target-leakage", trace), Present) == leaks
