"""hidden-state-misuse: states of strangers, and states read after the padding."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.trace import Absent, Present

from .made import SITE, ask, run

RNG = np.random.default_rng(4)
GRU = {
    "name": "gru",
    "class": "GRU",
    "site": SITE,
    "grad_calls": 60,
    "state_calls": 59,
    "state_nonzero": 59,
    "inputs": [[32, 10, 4]],
    "batch_first": True,
}
SEEN = {"positions": 1, "length": 20, "picks": list(range(20)), "wants": [[0.0] * 20]}


def carried(own, reset, noise=0.02):
    trace = run()
    trace.records["modules"] = [GRU]
    trace.exams["dependency"] = {"mixing": False}
    trace.exams["carried_state"] = {"own": own, "reset": reset, "noise": noise, "scale": "skill"}
    return ask("hidden-state-misuse", trace)


def test_a_run_that_betters_from_zeros_carried_a_strangers_state():
    verdict = carried(0.2, 0.6)
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "0.60 instead of 0.20" in verdict.message


@pytest.mark.parametrize(("own", "reset", "noise"), [(0.2, 0.1, 0.02), (0.2, 0.25, 0.01), (0.2, 0.6, 0.2)])
def test_a_state_that_helps_or_does_no_clear_harm(own, reset, noise):
    assert isinstance(carried(own, reset, noise), Absent)


@pytest.mark.parametrize(("reset", "kind"), [(0.6, Present), (0.15, Absent)])
def test_a_state_kept_by_hand(reset, kind):
    trace = run()
    trace.records["carried"] = [{"op": "add", "site": SITE, "place": 0, "shape": [32, 16], "steps": [1, 2]}]
    trace.exams["carried_state"] = {"own": 0.1, "reset": reset, "noise": 0.02, "scale": "skill"}
    verdict = ask("hidden-state-misuse", trace)
    assert isinstance(verdict, kind)
    assert kind is Absent or "Line 12" in verdict.message


def after_padding(sees, lengths):
    filler = [float((lengths <= t).mean()) for t in range(20)] if lengths.min() < 20 else None
    trace = run()
    trace.records["modules"] = [GRU | {"state_nonzero": 0}]
    trace.exams["dependency"] = {
        "mixing": False,
        "time": SEEN | {"sees": [[int(t in sees) for t in range(20)]], "filler": filler},
    }
    return ask("hidden-state-misuse", trace)


def test_a_state_read_after_the_padding():
    verdict = after_padding(range(10, 20), RNG.integers(3, 9, 200))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "By step 10 of 20, 100% of the samples have ended" in verdict.message


def test_a_state_that_still_knows_the_real_steps():
    assert isinstance(after_padding(range(20), RNG.integers(3, 9, 200)), Absent)
    assert isinstance(after_padding(range(10, 20), np.full(200, 20)), Absent)


@pytest.mark.parametrize(("moved", "ended", "kind"), [(0.05, 0.95, Present), (1.0, 0.95, Absent), (0.05, None, Absent)])
def test_only_the_longest_samples_are_read(moved, ended, kind):
    trace = run()
    trace.records["modules"] = [GRU | {"state_nonzero": 0}]
    trace.exams["dependency"] = {"mixing": False, "ended": ended, "moves": [{"prediction": moved}, {"prediction": 0.0}]}
    assert isinstance(ask("hidden-state-misuse", trace), kind)
