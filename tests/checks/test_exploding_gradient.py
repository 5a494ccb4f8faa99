"""Norms that shoot up: by the gradient, by the rate, or not at all."""

import numpy as np
from lossdoctor_checks.exploding_gradient import ExplodingGradient

from lossdoctor.trace import Absent, Present

from .gradients import SITE, STEPS, run, weight

CLIFF = np.r_[1.0, 30.0, 400.0, np.full(STEPS - 3, 5.0)]


def cell(**more):
    return [weight("rnn.U", used_by="matmul", uses=20), weight("out.weight", (4, 32), order=1, **more)]


def test_a_recurrence_whose_gradient_outgrows_its_weights():
    verdict = ExplodingGradient().judge(
        run(cell(), learns=False, norms=CLIFF, grads=np.array([30.0, 5.0]), updates=np.array([0.6, 0.1]))
    )
    assert isinstance(verdict, Present)
    assert verdict.severity == "error"
    assert verdict.remedies[0].id == "clip-gradients"
    assert verdict.evidence["at_step"] == 2


def test_growth_over_time_steps():
    trace = run(cell(), learns=False, norms=CLIFF)
    trace.exams["time"] = {
        "groups": [{"kind": "time", "name": "tanh", "site": SITE, "norms": list(np.geomspace(1e4, 1.0, 30))}]
    }
    verdict = ExplodingGradient().judge(trace)
    assert isinstance(verdict, Present)
    assert verdict.confidence > 0.8


def test_an_ordinary_gradient_under_a_large_rate_is_a_remark():
    verdict = ExplodingGradient().judge(run(cell(), learns=False, norms=CLIFF, updates=np.array([0.8, 0.8])))
    assert isinstance(verdict, Present)
    assert verdict.severity == "info"


def test_no_recurrence_is_a_remark():
    verdict = ExplodingGradient().judge(run(learns=False, norms=CLIFF))
    assert isinstance(verdict, Present)
    assert verdict.severity == "info"


def test_clipped_runs_are_healthy():
    clip = {
        "kind": "clip_grad_norm_",
        "limit": 1.0,
        "calls": STEPS,
        "before_backward": 0,
        "norms": [],
        "steps": [],
        "site": SITE,
    }
    assert isinstance(ExplodingGradient().judge(run(cell(), learns=False, norms=CLIFF, clips=[clip])), Absent)


def test_clipping_ahead_of_backward_clips_nothing():
    clip = {
        "kind": "clip_grad_norm_",
        "limit": 1.0,
        "calls": STEPS,
        "before_backward": STEPS,
        "norms": [],
        "steps": [],
        "site": SITE,
    }
    assert isinstance(
        ExplodingGradient().judge(
            run(
                cell(),
                learns=False,
                norms=CLIFF,
                clips=[clip],
                grads=np.array([30.0, 5.0]),
                updates=np.array([0.6, 0.1]),
            )
        ),
        Present,
    )


def test_a_run_that_learns_is_healthy():
    assert isinstance(ExplodingGradient().judge(run(cell(), norms=CLIFF)), Absent)


def test_steady_norms_are_healthy():
    assert isinstance(ExplodingGradient().judge(run(cell(), learns=False)), Absent)


def test_steps_behind_the_padding_are_no_growth():
    norms = np.full(STEPS, 1.0)
    trace = run(cell(), learns=False, norms=norms)
    trace.exams["time"] = {
        "groups": [{"kind": "time", "name": "tanh", "site": SITE, "norms": [*np.geomspace(3.0, 1.0, 10), *[0.0] * 6]}]
    }
    assert isinstance(ExplodingGradient().judge(trace), Absent)
