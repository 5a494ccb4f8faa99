"""broadcast-mismatch: (N, 1) with (N,) in any loss; scalars, wanted axes and fitting shapes are healthy."""

from __future__ import annotations

import pytest

from lossdoctor.trace import Absent, Present

from .made import SITE, ask, run

CAUSE = "broadcast-mismatch"


@pytest.mark.parametrize(
    ("prediction", "target"), [([32, 1], [32]), ([32], [32, 1]), ([8, 1, 16, 16], [8, 16, 16]), ([12, 12, 1], [12, 12])]
)
def test_mismatch(prediction, target):
    verdict = ask(CAUSE, run(prediction_shape=prediction, target_shape=target))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.site.line == SITE["line"]


@pytest.mark.parametrize(
    ("prediction", "target"), [([32, 1], [32, 1]), ([32, 1], [1]), ([32, 5], [32, 1]), ([32, 5], [5]), ([1, 1], [1])]
)
def test_no_mismatch(prediction, target):
    assert isinstance(ask(CAUSE, run(prediction_shape=prediction, target_shape=target)), Absent)


def test_classes_do_not_broadcast():
    trace = run("cross_entropy", "nll", prediction_shape=[32, 5], target_shape=[32])
    assert isinstance(ask(CAUSE, trace), Absent)


def by_hand(**more):
    trace = run("difference", prediction_shape=[32, 1], target_shape=[32])
    record = {
        "name": "sub",
        "site": SITE,
        "module": "",
        "shapes": [[32, 1], [32]],
        "joined": [32, 32],
        "carrying": [True, False],
        "meant": False,
    }
    trace.records["broadcasts"] = [record | more]
    return ask(CAUSE, trace)


def test_written_by_hand():
    verdict = by_hand()
    assert isinstance(verdict, Present)
    assert "(32, 1)" in verdict.message


def test_axis_inserted_on_purpose():
    assert isinstance(by_hand(meant=True), Absent)


def test_pairwise_differences_of_predictions():
    assert isinstance(by_hand(carrying=[True, True]), Absent)
