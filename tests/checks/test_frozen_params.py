"""Frozen noise, and freezes that are meant."""

from lossdoctor_checks.frozen_params import FrozenParams

from lossdoctor.trace import Absent, Present

from .gradients import SITE, run, weight

FROZEN = {"requires_grad": False, "requires_grad_end": False, "in_optimizer": False, "reached": 0}


def net(**more):
    return [
        weight("body.0.weight", **(FROZEN | more)),
        weight("body.2.weight", order=1, **(FROZEN | more)),
        weight("head.weight", (4, 32), order=2),
    ]


def test_frozen_noise_is_told_when_training_suffers():
    verdict = FrozenParams().judge(run(net(), learns=False))
    assert isinstance(verdict, Present)
    assert (
        not verdict.structural
    )  # random features with a trained readout, and stages that unfreeze later, may be meant
    assert verdict.confidence > 0.8
    assert verdict.remedies[0].id == "unfreeze"


def test_random_features_on_which_the_head_learns_are_healthy():
    assert isinstance(FrozenParams().judge(run(net())), Absent)


def test_a_trained_backbone_is_healthy():
    assert isinstance(FrozenParams().judge(run(net(noise_edge=1.8, init_kurtosis=3.9), learns=False)), Absent)


def test_loaded_weights_are_healthy():
    assert isinstance(FrozenParams().judge(run(net(loaded=True), learns=False)), Absent)


def test_nothing_frozen():
    assert isinstance(FrozenParams().judge(run()), Absent)


def test_all_frozen_refuses_backward():
    trace = run([weight("a.weight", **FROZEN)], learns=False)
    trace.meta["error"] = {
        "type": "RuntimeError",
        "message": "element 0 of tensors does not require grad and does not have a grad_fn",
        "site": SITE,
    }
    assert isinstance(FrozenParams().judge(trace), Present)


def test_weights_that_are_let_go_later_are_healthy():
    trace = run(net(in_optimizer=True), learns=False)
    assert isinstance(FrozenParams().judge(trace), Present)
    trace.exams["thaw"] = {"thawed": ["body.2.weight"], "steps": 300}
    assert isinstance(FrozenParams().judge(trace), Absent)
