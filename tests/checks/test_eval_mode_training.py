"""Eval mode in training, and the eval modes that are meant."""

from lossdoctor_checks.eval_mode_training import EvalModeTraining

from lossdoctor.trace import Absent, Present

from .gradients import STEPS, module, run, weight

EVAL = {"train_calls": 0, "eval_calls_in_grad": STEPS, "last_eval_step": STEPS - 1, "first_eval_step": 0}
NORM = {"has_state": True, "parameters": [1], "stats_default": True}


def net(root, norm):
    return run(
        [weight("net.0.weight"), weight("net.1.weight", (32,), order=1)],
        learns=False,
        modules=[module("Net", "Net", root=True, **root), module("net.1", "BatchNorm1d", **(NORM | norm))],
    )


def test_batch_norm_with_statistics_that_nothing_ever_filled():
    verdict = EvalModeTraining().judge(net(EVAL, EVAL))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.remedies[0].id == "train-mode"


def test_never_switched_back():
    late = {
        "train_calls": 10,
        "last_train_step": 9,
        "eval_calls_in_grad": 30,
        "last_eval_step": STEPS - 1,
        "stats_default": False,
    }
    verdict = EvalModeTraining().judge(net(late, late))
    assert isinstance(verdict, Present)
    assert verdict.evidence["since_step"] == 10


def test_frozen_normalisation_in_a_model_that_trains_is_healthy():
    assert isinstance(EvalModeTraining().judge(net({}, EVAL | {"stats_default": False})), Absent)


def test_eval_beside_training_is_healthy():
    both = {"eval_calls_in_grad": STEPS, "last_eval_step": STEPS - 1}
    assert isinstance(EvalModeTraining().judge(net(both, both)), Absent)


def test_a_model_without_modes_is_healthy():
    assert isinstance(EvalModeTraining().judge(run(modules=[module("Net", root=True, **EVAL)])), Absent)


def test_dropout_alone_is_a_remark():
    drop = module("net.2", "Dropout", bases=["Dropout", "_DropoutNd", "Module"], p=0.5, **EVAL)
    verdict = EvalModeTraining().judge(run(modules=[module("Net", root=True, parameters=[0], **EVAL), drop]))
    assert isinstance(verdict, Present)
    assert verdict.severity == "info"


LATE = {"train_calls": 6, "last_train_step": 5, "eval_calls_in_grad": 34, "last_eval_step": STEPS - 1}


def dropping(trains_on):
    drop = module("net.2", "Dropout", bases=["Dropout", "_DropoutNd", "Module"], p=0.5, **LATE)
    trace = run(
        [weight("net.0.weight"), weight("net.1.weight", (4, 32), order=1)],
        modules=[module("Net", root=True, parameters=[0, 1], **LATE), drop],
    )
    if not trains_on:
        trace.arrays["layers/update_norm"][6:, 0] = 0.0
    return trace


def test_dropout_that_a_validation_switched_off_for_good():
    verdict = EvalModeTraining().judge(dropping(True))
    assert isinstance(verdict, Present)
    assert verdict.severity == "error"
    assert verdict.structural


def test_a_second_phase_that_trains_a_small_part_in_eval_mode_is_a_remark():
    verdict = EvalModeTraining().judge(dropping(False))
    assert isinstance(verdict, Present)
    assert verdict.severity == "info"


def test_a_part_in_eval_mode_before_its_statistics_were_made():
    verdict = EvalModeTraining().judge(net({}, EVAL))
    assert isinstance(verdict, Present)
    assert verdict.by_trial
    assert verdict.remedies[0].args == {"every": True}
