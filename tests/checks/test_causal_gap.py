"""causal-gap: targets stored ahead of the data that tells them."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.exams.told import told
from lossdoctor.trace import Present

from .made import SITE, ask, learning, run

STEPS, WIDTH = 24, 6


def _stored(offset: int, numbers: bool) -> tuple[np.ndarray, np.ndarray]:
    """Symbols (or readings) of 200 samples, and tags that follow from the symbol ``offset`` steps later and the one before it."""
    rng = np.random.default_rng(0)
    symbols = rng.integers(0, WIDTH, (200, STEPS + 8))
    rule = np.where(symbols % 2 == 0, np.roll(symbols, 1, 1), symbols) % 4
    data, goal = symbols[:, 4 : 4 + STEPS], rule[:, 4 + offset : 4 + offset + STEPS]
    return (data + 0.01 * rng.standard_normal(data.shape), goal.astype(float)) if numbers else (data, goal)


@pytest.mark.parametrize("offset", [-2, 0, 3])
@pytest.mark.parametrize("numbers", [False, True])
def test_the_step_that_tells_the_targets(offset: int, numbers: bool) -> None:
    data, goal = _stored(offset, numbers)
    found = told(data, goal, np.ones(goal.shape, dtype=bool), classes=not numbers)
    assert found is not None
    assert found["offsets"][int(np.argmax(found["gains"]))] == offset


def test_noise_is_told_by_no_step() -> None:
    rng = np.random.default_rng(0)
    data, goal = rng.integers(0, 6, (200, STEPS)), rng.integers(0, 4, (200, STEPS))
    found = told(data, goal, np.ones(goal.shape, dtype=bool), classes=True)
    assert found is not None
    assert max(found["gains"]) < 0.1


def test_too_few_pairs_tell_nothing() -> None:
    data, goal = np.arange(40).reshape(2, 20), np.zeros((2, 20))
    assert told(data, goal, np.ones(goal.shape, dtype=bool), classes=True) is None


@pytest.mark.parametrize(
    ("offset", "causal", "learns", "found"),
    [(3, True, False, True), (3, False, False, False), (3, True, True, False), (0, True, False, False)],
    ids=["out of reach", "within reach", "learns all the same", "its own step"],
)
def test_targets_that_belong_to_later_steps(offset: int, causal: bool, learns: bool, found: bool) -> None:
    data, goal = _stored(offset, numbers=False)
    error = learning(60, 1.386, 0.1) if learns else 1.386 + 0.01 * np.random.default_rng(0).standard_normal(60)
    trace = run("cross_entropy", "nll", np.tile([0, 1, 2, 3], 480), error, prediction_shape=[32, 4])
    sees = np.tri(STEPS, dtype=int) if causal else np.ones((STEPS, STEPS), dtype=int)
    trace.exams["dependency"] = {
        "sample_axis": 0,
        "losses": [{"site": SITE, "family": "nll"}],
        "told": told(data, goal, np.ones(goal.shape, dtype=bool), classes=True),
        "time": {
            "picks": list(range(STEPS)),
            "length": STEPS,
            "positions": STEPS,
            "sees": sees.tolist(),
            "wants": np.zeros((STEPS, STEPS)).tolist(),
        },
    }
    verdict = ask("causal-gap", trace)
    assert isinstance(verdict, Present) == found
    if isinstance(verdict, Present):
        assert verdict.evidence["offset"] == offset
        assert verdict.remedies[0].args == {"offset": offset, "positions": STEPS, "axis": 1}
