"""Steps that never happen, or that find nothing."""

import numpy as np
from lossdoctor_checks.optimizer_not_stepping import OptimizerNotStepping

from lossdoctor.trace import Absent, CannotTell, Present

from .gradients import SITE, optimizer, run, weight


def no_step(**meta):
    trace = run(
        optimizers=[],
        idle_optimizers=[{"class": "Adam", "site": SITE, "size": 3, "parameters": [0, 1, 2], "lrs": [0.1]}],
    )
    trace.meta |= {"steps": 0, "backwards": 300, "end": "no step"} | meta
    return trace


def test_backwards_without_a_step():
    verdict = OptimizerNotStepping().judge(no_step())
    assert isinstance(verdict, Present)
    assert "Adam" in verdict.message
    assert verdict.remedies[0].id == "step-optimizer"


def test_a_few_backwards_may_be_an_accumulation():
    assert isinstance(OptimizerNotStepping().judge(no_step(backwards=4, end="time limit")), CannotTell)


def test_a_scaler_that_skips_every_step():
    verdict = OptimizerNotStepping().judge(no_step(scaler_skips=300, scaler_site=SITE))
    assert isinstance(verdict, Present)
    assert "GradScaler" in verdict.message


def test_gradients_cleared_before_the_step():
    verdict = OptimizerNotStepping().judge(run(optimizers=[optimizer(cleared_steps=40, empty_steps=40)]))
    assert isinstance(verdict, Present)
    assert verdict.structural


def test_steps_without_any_backward():
    trace = run(optimizers=[optimizer(bare_steps=40)])
    trace.meta["backwards"] = 0
    assert "backward" in OptimizerNotStepping().judge(trace).title


def test_a_rate_of_zero():
    trace = run(optimizers=[optimizer(lrs=[0.0], options={"lr": 0.0})])
    trace.arrays["series/lr"] = np.zeros(40)
    assert isinstance(OptimizerNotStepping().judge(trace), Present)


def test_a_warm_up_from_zero_is_healthy():
    trace = run(optimizers=[optimizer(lrs=[0.0], options={"lr": 0.0, "initial_lr": 0.1})])
    trace.arrays["series/lr"] = np.linspace(0, 0.1, 40)
    assert isinstance(OptimizerNotStepping().judge(trace), Absent)


def test_accumulation_is_healthy():
    trace = run()
    trace.meta["backwards"] = 320
    assert isinstance(OptimizerNotStepping().judge(trace), Absent)


def waiting(zeroed):
    trace = run([weight("enc.weight", in_optimizer=False, optimizer=-1), weight("head.weight", order=1)], learns=False)
    trace.records["idle_optimizers"] = [
        {"class": "Adam", "site": SITE, "size": 1, "parameters": [0], "lrs": [0.1], "zeroed": zeroed}
    ]
    trace.arrays["layers/update_norm"][:, 0] = 0.0
    return trace


def test_one_of_two_optimizers_never_steps():
    verdict = OptimizerNotStepping().judge(waiting(40))
    assert isinstance(verdict, Present)
    assert "enc.weight" in verdict.message


def test_an_optimizer_of_a_later_phase_may_wait():
    assert isinstance(OptimizerNotStepping().judge(waiting(0)), Absent)
