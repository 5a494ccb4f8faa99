"""Left-over gradients."""

from lossdoctor_checks.missing_zero_grad import MissingZeroGrad

from lossdoctor.trace import Absent, CannotTell, Present

from .gradients import optimizer, run


def test_old_gradients_in_every_step():
    verdict = MissingZeroGrad().judge(run(optimizers=[optimizer(stale_steps=39)]))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.remedies[0].id == "zero-gradients"


def test_the_one_of_two_optimizers_that_is_not_cleared():
    assert isinstance(MissingZeroGrad().judge(run(optimizers=[optimizer(), optimizer(stale_steps=39)])), Present)


def test_cleared_each_time():
    assert isinstance(MissingZeroGrad().judge(run()), Absent)


def test_one_forgotten_place_is_no_disease():
    assert isinstance(MissingZeroGrad().judge(run(optimizers=[optimizer(stale_steps=1)])), Absent)


def test_a_hand_written_loop():
    trace = run(optimizers=[])
    trace.meta |= {"manual_updates": True, "manual_stale_steps": 38}
    assert isinstance(MissingZeroGrad().judge(trace), Present)


def test_no_step():
    trace = run()
    trace.meta["steps"] = 0
    assert isinstance(MissingZeroGrad().judge(trace), CannotTell)
