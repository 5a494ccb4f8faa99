"""The checks of the signal and outcome stages, from exam results made by hand."""

import numpy as np
import pytest

from lossdoctor.trace import Absent, CannotTell, Present

from .made import SITE, ask, learning, run, slot

NOTHING = {
    "found": False,
    "p": 0.4,
    "best": "linear",
    "r2": 0.0,
    "z": 0.3,
    "detectable": 0.01,
    "unlike": 1000,
    "rows": 2000,
    "fitted": 900,
}
FOUND = NOTHING | {"found": True, "p": 0.01, "r2": 0.6, "z": 40.0}
STUCK = {"learns": False, "improving": False, "longer": 180, "score": 0.0, "tail": None}
SAME = {"advantage": 0.01, "noise": 0.01, "true": 0.0, "permuted": -0.01, "steps": 180}
MEMORISED = {"free": 0.99, "score": 0.9, "memorised": True}
LABELS = np.tile([0, 1, 2, 3], 480)


def flat(level=0.0, **more):
    """A run that stays at the floor (skill ``level``)."""
    rng = np.random.default_rng(0)
    return run(error=(1.0 - level) * (1.0 + 0.02 * rng.standard_normal(60)), **more)


def classes(end=1.386, **more):
    """Four classes of equal size, a run that ends at ``end`` nats (1.386 = their entropy)."""
    rng = np.random.default_rng(0)
    error = end + 0.01 * rng.standard_normal(60)
    return run("cross_entropy", "nll", LABELS, error, prediction_shape=[32, 4], target_shape=[32], **more)


def examined(trace, **exams):
    trace.exams |= exams
    return trace


# -- no-signal-labels -------------------------------------------------------------------------------------------------


def nothing_to_learn(**more):
    exams = {"signal": NOTHING, "permuted_labels": SAME, "one_batch": MEMORISED, "stuck": STUCK} | more
    return examined(flat(), **exams)


def test_nothing_to_learn():
    verdict = ask("no-signal-labels", nothing_to_learn())
    assert isinstance(verdict, Present)
    assert "rests at the best constant" in verdict.message


@pytest.mark.parametrize(
    "more",
    [
        {"signal": FOUND},
        {"signal": NOTHING | {"balanced": {"found": True, "best": "linear", "p": 0.01}}},
        {"permuted_labels": SAME | {"advantage": 0.2}},
    ],
)
def test_signal_somewhere_rules_it_out(more):
    assert isinstance(ask("no-signal-labels", nothing_to_learn(**more)), Absent)


@pytest.mark.parametrize(
    "more",
    [
        {"one_batch": {"free": 0.1, "score": 0.1, "memorised": False}},
        {"signal": NOTHING | {"unlike": 80}},
        {"signal": NOTHING | {"detectable": 0.3}},
        {"permuted_labels": {"cannot_tell": "no"}},
    ],
)
def test_too_little_to_say_so(more):
    assert isinstance(ask("no-signal-labels", nothing_to_learn(**more)), CannotTell)


def test_labels_of_the_previous_row():
    lags = {"shifted": True, "lag": -1, "r2": {"0": 0.0, "-1": 0.8}, "rows": 900, "target": "labels"}
    verdict = ask("no-signal-labels", nothing_to_learn(signal=NOTHING | {"lags": lags}))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "the previous sample's" in verdict.message


def test_one_label_only():
    trace = run("cross_entropy", "nll", np.zeros(1920), learning(60, 0.7, 0.0))
    assert isinstance(ask("class-imbalance-collapse", trace), Present)
    constant = run(targets=np.full(1920, 3.0), error=learning(60, 0.7, 0.0))
    assert isinstance(ask("no-signal-labels", constant), Present)


def test_noise_learned_by_heart():
    alike = {"advantage": 0.02, "noise": 0.01, "true": 0.8, "permuted": 0.78, "steps": 60}
    verdict = ask(
        "no-signal-labels", examined(run(error=learning(60, 1.2, 0.2)), signal=NOTHING, permuted_labels=alike)
    )
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "by heart" in verdict.message
    better = alike | {"advantage": 0.5, "permuted": 0.3}
    trace = examined(run(error=learning(60, 1.2, 0.2)), signal=NOTHING, permuted_labels=better)
    assert isinstance(ask("no-signal-labels", trace), Absent)
    assert isinstance(ask("no-signal-labels", examined(run(), signal=NOTHING)), CannotTell)


def test_a_run_that_learns_is_healthy():
    assert isinstance(ask("no-signal-labels", run()), Absent)


# -- class-imbalance-collapse -----------------------------------------------------------------------------------------


def fraud(found=0.0, share=0.02, skill=0.0):
    rng = np.random.default_rng(0)
    targets = (rng.random(1920) < share).astype(float)
    p = targets.mean()
    floor = -(p * np.log(p) + (1 - p) * np.log(1 - p))
    trace = run("binary_cross_entropy_with_logits", "bce", targets, np.full(60, floor * (1 - skill)))
    wanted = (np.arange(1000) % round(1 / share) == 0).astype(int)
    trace.arrays |= {"pairs/tail_target": wanted, "pairs/tail_decided": wanted * (np.arange(1000) < 1000 * found)}
    tail = {"classes": [0, 1], "rows": [980, 20], "found": [1.0, 0.0], "decided": [1.0, 0.0]}
    told = {"found": True, "p": 0.01, "r2": 0.4, "best": "linear", "rare": 40, "share": share}
    return examined(trace, stuck=STUCK | {"tail": tail}, signal=NOTHING | {"balanced": told})


def test_all_rows_called_the_majority():
    verdict = ask("class-imbalance-collapse", fraud())
    assert isinstance(verdict, Present)
    assert verdict.remedies[0].id == "class-weights"


def test_imbalanced_but_learning():
    assert isinstance(ask("class-imbalance-collapse", fraud(found=0.5)), Absent)
    assert isinstance(ask("class-imbalance-collapse", fraud(skill=0.3)), Absent)


def test_not_there_yet():
    trace = fraud()
    trace.exams["stuck"]["tail"]["found"] = [0.99, 0.6]
    assert isinstance(ask("class-imbalance-collapse", trace), Absent)


def test_rare_rows_that_nobody_can_tell():
    trace = fraud()
    trace.exams["signal"]["balanced"]["found"] = False
    assert isinstance(ask("class-imbalance-collapse", trace), CannotTell)


def test_balanced_classes():
    trace = classes()
    trace.arrays |= {"pairs/tail_target": LABELS[:400], "pairs/tail_decided": np.zeros(400)}
    assert isinstance(ask("class-imbalance-collapse", trace), Absent)


# -- plateau-unigram --------------------------------------------------------------------------------------------------

TABLE = {"unigram": 1.386, "bigram": 0.9, "gain": 0.486, "z": 30.0, "rows": 5000, "copied": 0.05}


def text(end=1.386, tokens=TABLE, **more):
    floors = {"best_constant": 1.386, "name": "entropy of the labels", "tokens": tokens}
    return examined(classes(end), floors=floors, **({"stuck": STUCK} | more))


def test_stays_at_the_frequencies():
    assert isinstance(ask("plateau-unigram", text()), Present)


def test_ignores_what_it_reads():
    verdict = ask("plateau-unigram", text(tokens=None, dependency={"ignores_input": True}))
    assert isinstance(verdict, Present)
    assert verdict.structural


@pytest.mark.parametrize("stuck", [{"learns": True, "score": 0.3}])
def test_passes_through_the_plateau(stuck):
    assert isinstance(ask("plateau-unigram", text(stuck=STUCK | stuck)), Absent)


def test_below_the_entropy_or_no_help_from_context():
    assert isinstance(ask("plateau-unigram", text(end=1.0)), Absent)
    assert isinstance(ask("plateau-unigram", text(tokens=TABLE | {"gain": 0.001, "z": 0.5})), CannotTell)


# -- no-nonlinearity, under-capacity ----------------------------------------------------------------------------------

BENT = FOUND | {"linear": 0.1, "nonlinear": 0.9, "nonlinear_model": "nearby rows", "gain": 0.8, "gain_p": 1e-9}


def layers(affine=True, features=(64, 64, 1)):
    made = [
        {"name": "linear", "features": f, "units": f, "shape": [32, f], "site": SITE, "module": f"net.{i}"}
        for i, f in enumerate(features)
    ]
    bends = [] if affine else ["relu"]
    return {"depth": len(features), "affine": affine, "layers": made, "nonlinear": bends, "nonlinear_after": []}


def test_a_stack_of_linear_layers():
    verdict = ask("no-nonlinearity", examined(flat(0.1, path=layers()), signal=BENT))
    assert isinstance(verdict, Present)
    assert verdict.structural


@pytest.mark.parametrize(
    ("path", "signal", "level"),
    [
        (layers(affine=False), BENT, 0.1),
        (layers(features=(1,)), BENT, 0.1),
        (layers(), BENT | {"gain": 0.01}, 0.1),
        (layers(), BENT, 0.7),
    ],
)
def test_linear_on_purpose_or_not_linear(path, signal, level):
    assert isinstance(ask("no-nonlinearity", examined(flat(level, path=path), signal=signal)), Absent)


FAILS = {"free": 0.2, "score": 0.1, "memorised": False}


def test_one_hidden_unit():
    trace = examined(flat(0.1, path=layers(False, (1, 10))), one_batch=FAILS, signal=BENT | {"r2": 0.9}, stuck=STUCK)
    verdict = ask("under-capacity", trace)
    assert isinstance(verdict, Present)
    assert "1 unit " in verdict.message


@pytest.mark.parametrize(
    ("features", "one_batch", "r2"), [((64, 10), FAILS, 0.9), ((1, 10), MEMORISED, 0.9), ((1, 10), FAILS, 0.15)]
)
def test_wide_enough(features, one_batch, r2):
    trace = examined(flat(0.1, path=layers(False, features)), one_batch=one_batch, signal=BENT | {"r2": r2})
    assert isinstance(ask("under-capacity", trace), Absent)


# -- over-regularized -------------------------------------------------------------------------------------------------


def decaying(decay, grad=1.0, weight=2.0, kind="SGD"):
    trace = flat()
    trace.records["optimizers"] = [
        {"class": kind, "options": {"weight_decay": decay}, "lrs": [0.1], "steps": 60, "site": SITE}
    ]
    trace.records["parameters"] = [{"name": "w", "shape": [4, 4], "numel": 16, "optimizer": 0, "in_optimizer": True}]
    trace.arrays |= {"layers/grad_norm": np.full((12, 1), grad), "layers/weight_norm": np.full((12, 1), weight)}
    return trace


def test_decay_outweighs_the_data():
    verdict = ask("over-regularized", decaying(1.0))
    assert isinstance(verdict, Present)
    assert verdict.remedies[0].id == "no-weight-decay"


def test_usual_decay_is_healthy():
    assert isinstance(ask("over-regularized", decaying(1e-4)), Absent)
    assert isinstance(ask("over-regularized", decaying(0.05, kind="AdamW")), Absent)
    assert isinstance(ask("over-regularized", decaying(5.0, kind="AdamW")), Present)


@pytest.mark.parametrize(("level", "free", "expected"), [(0.2, 0.9, Present), (0.2, 0.25, Absent), (0.0, 0.01, Absent)])
def test_the_run_without_decides(level, free, expected):
    trace = decaying(1.0)
    trace.arrays["losses/0/error"] = trace.arrays["losses/0/error"] * (1 - level)
    told = {"own": level, "free": free, "noise": 0.01, "without": ["weight_decay"]}
    verdict = ask("over-regularized", examined(trace, regularisation=told))
    assert isinstance(verdict, expected)
    assert expected is Absent or verdict.structural


@pytest.mark.parametrize(("p", "expected"), [(0.98, Present), (0.5, Absent)])
def test_dropout(p, expected):
    trace = flat()
    trace.records["modules"] = [{"class": "Dropout", "name": "drop", "p": p, "train_calls": 60, "site": SITE}]
    assert isinstance(ask("over-regularized", trace), expected)


@pytest.mark.parametrize(("penalty", "expected"), [(20.0, Present), (0.05, Absent)])
def test_a_penalty_added_by_hand(penalty, expected):
    trace = flat(stream="s")
    trace.arrays["losses/0/output"] = trace.arrays["losses/0/error"]
    trace.arrays["streams/0/values"] = trace.arrays["losses/0/error"] + penalty
    verdict = ask("over-regularized", trace)
    assert isinstance(verdict, expected)


# -- loss-plateau, overfitting ----------------------------------------------------------------------------------------


def test_a_loss_that_does_not_go_down():
    verdict = ask("loss-plateau", examined(flat(), stuck=STUCK))
    assert isinstance(verdict, Present)
    assert verdict.confidence < 0.5


def test_a_parity_is_named():
    parity = {"columns": [1, 4, 9], "strength": 1.0, "p": 1e-9, "tried": 4095}
    verdict = ask("loss-plateau", examined(flat(), stuck=STUCK, signal=FOUND | {"switches": parity}))
    assert "columns [1, 4, 9]" in verdict.message


@pytest.mark.parametrize("stuck", [{"learns": True}, {"improving": True}])
def test_slow_starters(stuck):
    assert isinstance(ask("loss-plateau", examined(flat(), stuck=STUCK | stuck)), Absent)


def test_learning_runs_and_meaningless_losses():
    assert isinstance(ask("loss-plateau", run()), Absent)
    trace = flat()
    trace.records["streams"] *= 2
    assert isinstance(ask("loss-plateau", trace), CannotTell)


def evaluated(values, rows=500, spread=0.5, kind="mse_loss"):
    trace = run(error=learning(60, 1.0, 0.005))
    trace.records["evals"] = [{"key": "e", "kind": kind, "site": SITE}]
    steps = np.linspace(60, 6, len(values)).astype(int)[::-1]
    errors = np.stack(
        [np.full(len(values), rows), values, np.full(len(values), np.nan), np.full(len(values), spread)], 1
    )
    trace.arrays |= {"evals/0/steps": steps, "evals/0/errors": errors, "evals/0/values": np.asarray(values)}
    return trace


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.9, 0.6, 0.5, 0.6, 0.8, 1.0, 1.1], Present),
        ([0.9, 0.6, 0.5, 0.4, 0.3, 0.25], Absent),
        ([0.9, 0.6, 0.5, 0.51, 0.52, 0.53], Absent),
        ([1.4], Present),  # no better than a constant while the training rows are known by heart
        ([0.2], Absent),
    ],
)
def test_the_scripts_own_evaluation(values, expected):
    assert isinstance(ask("overfitting", evaluated(values)), expected)


def test_a_rise_within_the_scatter_is_none():
    assert isinstance(ask("overfitting", evaluated([0.6, 0.5, 0.6, 0.8], rows=20, spread=2.0)), Absent)


def test_without_evaluation():
    assert isinstance(ask("overfitting", run()), CannotTell)


def test_a_flat_loss_that_scatters_too_much_to_tell():
    scattered = list(1.0 + 0.3 * np.random.default_rng(0).standard_normal(60))
    assert isinstance(ask("loss-plateau", examined(flat(), stuck=STUCK | {"curve": scattered})), CannotTell)
    even = list(1.0 + 0.02 * np.random.default_rng(0).standard_normal(60))
    assert isinstance(ask("loss-plateau", examined(flat(), stuck=STUCK | {"curve": even})), Present)


def test_the_same_inputs_with_other_targets_each_time():
    pairs = {"repeats": 1600, "inputs": 800, "explained": 0.01, "error": 0.035}
    trace = nothing_to_learn(signal=FOUND | {"identity": pairs})
    trace.arrays["pairs/sample_input"] = np.zeros((10, 4))
    slot(trace, "input", np.random.default_rng(0).standard_normal((60, 32, 4)))
    verdict = ask("no-signal-labels", trace)
    assert isinstance(verdict, Present)
    assert "800 inputs came more than once" in verdict.message
    trace.exams["signal"]["identity"] = pairs | {"explained": 0.6}
    assert isinstance(ask("no-signal-labels", trace), Absent)
    trace.exams["signal"]["identity"] = pairs | {"repeats": 20}
    assert isinstance(ask("no-signal-labels", trace), Absent)
