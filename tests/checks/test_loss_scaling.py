"""loss-scaling: sums and undivided accumulation, told only where the step feels it and the run suffers."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.trace import Absent, Present

from .made import SITE, ask, learning, run

CAUSE = "loss-scaling"
RISING = 1.0 + np.arange(60) ** 2.0


def trace(error=RISING, factor=1.0, backwards=1, optimizer="SGD", **more):
    found = run(error=np.repeat(error, backwards), value=np.repeat(error * factor, backwards), **more)
    found.meta["steps"] = len(error)
    at = np.repeat(np.arange(len(error)), backwards)
    found.arrays |= {
        "streams/0/steps": at,
        "losses/0/step": at,
        "series/backwards": np.full(len(error), float(backwards)),
    }
    found.arrays |= {
        "series/loss": error * factor,
        "steps/loss": np.arange(len(error)),
        "layers/update_ratio": np.full((10, 4), 0.4),
    }
    found.records["optimizers"][0]["class"] = optimizer
    return found


def test_a_sum_that_diverges():
    verdict = ask(CAUSE, trace(factor=32.0))
    assert isinstance(verdict, Present)
    assert verdict.remedies[0].args["divide"] == 32.0


def test_undivided_accumulation():
    verdict = ask(CAUSE, trace(backwards=16))
    assert isinstance(verdict, Present)
    assert "16 backward calls" in verdict.message
    assert verdict.site.line == SITE["line"]


def test_divided_accumulation():
    assert isinstance(ask(CAUSE, trace(factor=1 / 16, backwards=16)), Absent)


def test_adam_does_not_care():
    assert isinstance(ask(CAUSE, trace(factor=32.0, optimizer="Adam")), Absent)


def test_a_sum_with_a_small_rate_that_learns():
    assert isinstance(ask(CAUSE, trace(learning(60, 1.0, 0.1), 32.0)), Absent)


@pytest.mark.parametrize(("limit", "harmless"), [(1.0, True), (20.0, False)])
def test_clipping_sets_the_step_where_a_mean_would_meet_it_too(limit, harmless):
    found = trace(factor=32.0)
    found.records["clips"] = [
        {"kind": "clip_grad_norm_", "limit": limit, "calls": 60, "before_backward": 0, "norms": [50.0] * 60}
    ]
    assert isinstance(ask(CAUSE, found), Absent if harmless else Present)


def test_a_mean_that_diverges():
    assert isinstance(ask(CAUSE, trace()), Absent)


def test_a_sum_that_comes_down_from_far_above_the_floor():
    assert isinstance(ask(CAUSE, trace(learning(60, 40000.0, 200.0), 32.0)), Absent)
