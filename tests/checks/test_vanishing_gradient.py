"""Gradients that fade, in depth and in time."""

import numpy as np
from lossdoctor_checks.vanishing_gradient import VanishingGradient

from lossdoctor.trace import Absent, Present

from .gradients import SITE, run, weight


def deep(learns=False, updates=None):
    chain = [weight(f"net.{i}.weight", order=i) for i in range(8)]
    return run(
        chain,
        learns=learns,
        grads=np.geomspace(1e-6, 1.0, 8),
        updates=np.geomspace(1e-9, 1e-3, 8) if updates is None else updates,
    )


def recurrent(signal_early):
    trace = run([weight("rnn.weight_hh_l0", used_by="rnn_tanh")], learns=False)
    rng = np.random.default_rng(1)
    inputs, target = rng.standard_normal((400, 40)), rng.integers(0, 3, 400).astype(float)
    inputs[:, 2 if signal_early else 38] += 2 * target
    trace.arrays |= {"pairs/sample_input": inputs, "pairs/sample_target": target[:, None]}
    trace.exams["time"] = {
        "groups": [{"kind": "time", "name": "rnn", "site": SITE, "norms": list(np.geomspace(1e-12, 1.0, 40))}]
    }
    return trace


def test_a_deep_stack_whose_first_layers_stand_still():
    verdict = VanishingGradient().judge(deep())
    assert isinstance(verdict, Present)
    assert verdict.evidence["where"] == "depth"
    assert "net.0.weight" in verdict.message


def test_an_optimizer_that_rescales_makes_it_a_suspicion():
    assert isinstance(VanishingGradient().judge(deep(learns=True, updates=np.full(8, 1e-3))), Absent)
    verdict = VanishingGradient().judge(deep(updates=np.full(8, 1e-3)))
    assert isinstance(verdict, Present)
    assert 0.5 <= verdict.confidence < 0.8


def test_fading_without_harm_is_healthy():
    assert isinstance(VanishingGradient().judge(deep(learns=True)), Absent)


def test_even_gradients_are_healthy():
    assert isinstance(VanishingGradient().judge(run(learns=False)), Absent)


def test_a_signal_out_of_reach_over_time():
    verdict = VanishingGradient().judge(recurrent(signal_early=True))
    assert isinstance(verdict, Present)
    assert verdict.confidence > 0.8
    assert verdict.evidence["signal_out_of_reach"] > verdict.evidence["signal_in_reach"]


def test_a_late_signal_makes_fading_a_weak_suspicion():
    verdict = VanishingGradient().judge(recurrent(signal_early=False))
    assert isinstance(verdict, Present)
    assert verdict.confidence < 0.5


def test_what_fades_between_activations_shows_where_the_weights_gradients_cancel():
    """Siamese branches whose outputs are all alike: equal weights' gradients, tiny all over."""
    for ratio, learns, found in [(1e-8, False, True), (1e-8, True, False), (1e-2, False, False)]:
        trace = run([weight(f"net.{i}.weight", order=i) for i in range(8)], learns=learns)
        norms = list(np.geomspace(ratio, 1.0, 8))
        trace.exams["time"] = {"groups": [{"kind": "depth", "name": "activations", "site": SITE, "norms": norms}]}
        assert isinstance(VanishingGradient().judge(trace), Present) == found
