"""Parameters with gradients outside every optimizer."""

import numpy as np
from lossdoctor_checks.optimizer_missing_params import OptimizerMissingParams

from lossdoctor.trace import Absent, Present

from .gradients import run, weight

OUTSIDE = {"in_optimizer": False, "optimizer": -1}


def still(trace, *indices):
    trace.arrays["layers/update_norm"][:, list(indices)] = 0.0
    return trace


def test_layers_in_a_plain_list():
    trace = still(
        run([weight("Linear.weight", origin="called", **OUTSIDE), weight("head.weight", order=1)], learns=False), 0
    )
    verdict = OptimizerMissingParams().judge(trace)
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.remedies[0].id == "add-missing-parameters"


def test_a_model_made_after_the_optimizer():
    old = weight("optimizer0.0", origin="optimizer", used=False, reached=0)
    trace = still(run([weight("net.weight", **OUTSIDE), old], learns=False), 0)
    verdict = OptimizerMissingParams().judge(trace)
    assert isinstance(verdict, Present)
    assert "another model" in verdict.title


def test_a_random_backbone_left_out_is_for_a_trial_to_tell_while_the_rest_learns():
    verdict = OptimizerMissingParams().judge(
        still(run([weight("body.weight", **OUTSIDE), weight("head.weight", order=1)]), 0)
    )
    assert isinstance(verdict, Present)
    assert verdict.by_trial
    assert not verdict.structural


def test_a_network_that_only_measures_the_loss_is_no_matter_for_a_trial():
    measure = weight("perceptual.weight", **OUTSIDE, order=2)
    verdict = OptimizerMissingParams().judge(still(run([weight("net.weight", order=1), measure]), 1))
    assert isinstance(verdict, Present)
    assert not verdict.by_trial


def test_a_trained_backbone_left_out_is_healthy_even_where_training_suffers():
    body = weight("body.weight", **OUTSIDE, noise_edge=2.0, init_kurtosis=4.0)
    assert isinstance(
        OptimizerMissingParams().judge(still(run([body, weight("head.weight", order=1)], learns=False), 0)), Absent
    )


def test_random_layers_left_out_are_told_when_training_suffers():
    verdict = OptimizerMissingParams().judge(
        still(run([weight("body.weight", **OUTSIDE), weight("head.weight", order=1)], learns=False), 0)
    )
    assert isinstance(verdict, Present)
    assert not verdict.structural


def test_an_input_with_gradient_is_no_parameter():
    leaf = weight("leaf1", (64, 2), origin="graph", is_parameter=False, **OUTSIDE)
    assert isinstance(OptimizerMissingParams().judge(still(run([weight("net.weight"), leaf], learns=False), 1)), Absent)


def test_parameters_of_an_optimizer_that_waits_are_not_missing():
    trace = still(run([weight("g.weight"), weight("d.weight", order=1, **OUTSIDE)]), 1)
    trace.records["idle_optimizers"] = [{"class": "Adam", "site": None, "size": 1, "parameters": [1], "lrs": [0.1]}]
    assert isinstance(OptimizerMissingParams().judge(trace), Absent)


def test_a_hand_written_update_that_forgets_one():
    trace = still(run([weight("a"), weight("b", order=1)], learns=False, optimizers=[]), 1)
    trace.meta["manual_updates"] = True
    trace.arrays["layers/weight_norm"] = np.column_stack([np.linspace(1, 2, 10), np.ones(10)])
    assert isinstance(OptimizerMissingParams().judge(trace), Present)


def test_a_layer_made_in_forward():
    lost = [weight("Linear.weight", origin="called", **(OUTSIDE | {"reached": 1})) for _ in range(3)]
    verdict = OptimizerMissingParams().judge(still(run([weight("head.weight", order=1), *lost], learns=False), 1, 2, 3))
    assert isinstance(verdict, Present)
    assert "anew" in verdict.title
