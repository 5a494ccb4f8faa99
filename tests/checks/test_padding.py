"""padding-in-loss and wrong-ignore-index: what is padding, what is a class, what counts."""

from __future__ import annotations

import numpy as np
import pytest
from lossdoctor_checks._grids import Grid, padding

from lossdoctor.trace import Absent, Present

from .made import ask, grid, learning, run

RNG = np.random.default_rng(8)
LENGTHS = RNG.integers(3, 20, 40)
REAL = np.arange(20)[None] < LENGTHS[:, None]
TAGS = np.where(REAL, RNG.integers(1, 6, (40, 20)), 0).astype(float)
WORDS = np.where(REAL, RNG.integers(10, 200, (40, 20)), 0)


def padded(error_real, error_pad, grad_pad=1.0, target=TAGS, given=WORDS, kind="cross_entropy", **loss):
    trace = run(kind, "nll", (np.arange(1920) % 6).astype(float), learning(60, 1.7, 0.5), target_shape=[800], **loss)
    for step in (0, 1, 50, 58):
        grid(trace, target, np.where(REAL, error_real, error_pad), np.where(REAL, 1.0, grad_pad), given, step)
    return ask("padding-in-loss", trace)


def test_padding_that_crowds_out_the_rest():
    verdict = padded(1.6, 0.05)
    assert isinstance(verdict, Present)
    assert verdict.severity == "error"
    assert verdict.structural
    assert verdict.evidence["value"] == 0


def test_padding_beside_a_learned_task_is_a_remark():
    verdict = padded(0.3, 0.05)
    assert isinstance(verdict, Present)
    assert verdict.severity == "info"


def test_padding_that_is_ignored():
    assert isinstance(padded(1.6, np.nan), Absent)


def test_padding_that_is_masked_after_the_loss():
    assert isinstance(padded(1.6, 3.0, grad_pad=0.0), Absent)


def test_runs_of_real_data_are_no_padding():
    assert isinstance(padded(1.6, 0.05, given=RNG.integers(10, 200, (40, 20))), Absent)


def test_a_value_that_occurs_elsewhere_is_no_padding():
    mixed = TAGS.copy()
    mixed[RNG.random((40, 20)) < 0.2] = 0
    assert isinstance(padded(1.6, 0.05, target=mixed, given=RNG.integers(10, 200, (40, 20))), Absent)


def test_padding_of_the_input_tells_where_a_real_class_is_filler():
    mixed = TAGS.copy()
    mixed[(RNG.random((40, 20)) < 0.2) & (WORDS != 0)] = 0
    found = padded(1.6, 0.05, target=mixed)
    assert isinstance(found, Present)
    assert found.evidence["value"] == 0


@pytest.mark.parametrize(("level", "found"), [(1.0, True), (0.0, False)])
def test_numbers_that_break_off_are_padded(level, found):
    """No input tells where a sequence ends: one that stops in mid-air is padded, one on its way to zero has come there."""
    place = np.arange(20)[None]
    curves = np.where(REAL, level + 0.02 * (LENGTHS[:, None] - place) + 0.001 * RNG.random((40, 20)), 0.0)
    layout = Grid({"integer": False}, curves, np.zeros_like(curves), None, None, None)
    told = padding(layout, labels=False)
    assert (told is not None) == found
    if told is not None:
        assert np.array_equal(told[0], ~REAL)
        assert told[1] == 0.0


def test_no_time_axis():
    assert isinstance(ask("padding-in-loss", run()), Absent)


def ignoring(target, given, index=0, counts=None, **loss):
    counts = counts or {str(int(k)): int((target == k).sum()) for k in np.unique(target)}
    options = {"reduction": "mean", "ignore_index": index}
    trace = run(
        "cross_entropy",
        "nll",
        error=learning(60, 1.7, 0.1),
        options=options,
        label_counts=counts,
        prediction_shape=[800, 6],
        target_shape=[800],
        **loss,
    )
    for step in (0, 50):
        grid(trace, target, np.where(target == index, np.nan, 0.3), None, given, step, index)
    return ask("wrong-ignore-index", trace)


def test_a_class_shares_the_number_of_the_padding():
    tags = np.where(REAL, RNG.integers(0, 4, (40, 20)), 0).astype(float)
    verdict = ignoring(tags, WORDS)
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert "class 0" in verdict.message


def test_true_padding_is_ignored_rightly():
    verdict = ignoring(TAGS, WORDS)
    assert isinstance(verdict, Absent)
    assert "is padding" in verdict.reason


def test_the_default_is_no_class():
    assert isinstance(ignoring(TAGS, WORDS, -100), Absent)


def test_masked_language_model_ignores_most():
    target = np.where(RNG.random((40, 20)) < 0.15, RNG.integers(1, 200, (40, 20)), 0).astype(float)
    assert isinstance(ignoring(target, RNG.integers(10, 200, (40, 20))), Absent)


@pytest.mark.parametrize(("told_by", "kind"), [("word", Present), ("place", Absent)])
def test_most_positions_carry_the_class_that_is_ignored(told_by, kind):
    """Tags leave "none of them" to most words, by the word; a task that asks at some places only leaves out the others."""
    words = RNG.integers(10, 90, (40, 20))
    wanted = words < 25 if told_by == "word" else np.broadcast_to(np.arange(20) % 5 == 2, words.shape)
    target = np.where(wanted, 1 + words % 5, 0).astype(float)
    assert isinstance(ignoring(target, words), kind)


def labelled(labels, rows):
    """Samples of one label each, class 0 of which the loss ignores."""
    trace = run(
        "cross_entropy",
        "nll",
        error=learning(60, 1.4, 0.1),
        options={"ignore_index": 0},
        label_counts={str(k): int((labels == k).sum()) for k in range(4)},
        prediction_shape=[32, 4],
        target_shape=[32],
    )
    trace.arrays["pairs/sample_input"], trace.arrays["pairs/sample_target"] = rows, labels[:, None].astype(float)
    return trace


@pytest.mark.parametrize(("shift", "kind"), [(3.0, Present), (0.0, Absent)])
def test_one_label_per_sample(shift, kind):
    labels = RNG.integers(0, 4, 1200)
    rows = RNG.standard_normal((1200, 6))
    rows[:, 0] += shift * (labels == 0)
    assert isinstance(ask("wrong-ignore-index", labelled(labels, rows)), kind)


@pytest.mark.parametrize(("skew", "kind"), [(3.0, Present), (0.0, Absent)])
def test_a_class_that_only_the_model_tells_apart(skew, kind):
    """No linear rule on the input does; what a half-trained model answers to new samples does, if they are a class of their own."""
    labels = RNG.integers(0, 4, 1280)
    answers = RNG.standard_normal((1280, 4))
    answers[:, 2] += skew * (labels == 0)
    trace = labelled(labels, RNG.standard_normal((1280, 6)))
    trace.arrays |= {"pairs/sample_prediction": answers, "pairs/sample_step": np.repeat(np.arange(40), 32)}
    assert isinstance(ask("wrong-ignore-index", trace), kind)


@pytest.mark.parametrize(("wanted", "kind"), [(400, Present), (0, Absent)])
def test_a_class_that_the_evaluation_wants(wanted, kind):
    labels = np.where(RNG.random(1200) < 0.8, 0, RNG.integers(1, 4, 1200))
    trace = labelled(labels, RNG.standard_normal((1200, 6)))
    trace.meta["evaluated_labels"] = {"0": wanted, "1": 300, "2": 200, "3": 100}
    assert isinstance(ask("wrong-ignore-index", trace), kind)


def test_all_that_is_not_ignored_is_one_class():
    ones = np.zeros((40, 20))
    verdict = ignoring(ones, WORDS, 255, {"0": 640, "255": 160})
    assert isinstance(verdict, Present)
    assert "nothing is left to tell apart" in verdict.message
    assert isinstance(ignoring(ones, WORDS, 255, {"0": 400, "1": 240, "255": 160}), Absent)
    assert isinstance(ignoring(ones, WORDS, 255, {"0": 799, "255": 1}), Absent)
