"""wrong-dim-softmax: sums over the classes, single elements, attention weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lossdoctor.probes.functions import Tape
from lossdoctor.probes.instruments import Instruments
from lossdoctor.probes.tapefacts import softmaxes
from lossdoctor.trace import Absent, Present

from .made import SITE, ask, learning, op, run

CAUSE = "wrong-dim-softmax"
STUCK = np.full(60, 2.0)
LABELS = (np.arange(1920) % 10).astype(float)


def nll(behind, unit_sum, error=STUCK, **loss):
    return ask(
        CAUSE,
        run("nll_loss", "nll", LABELS, error, behind=behind, unit_sum=unit_sum, prediction_shape=[32, 10], **loss),
    )


def test_log_softmax_over_the_batch():
    verdict = nll([op("log_softmax", dim=0, shape=[32, 10]), op("linear")], [0.1, 0.3, 0.8])
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.remedies[0].args == {"dim": 1}


def test_log_softmax_over_the_classes():
    assert isinstance(nll([op("log_softmax", dim=1, shape=[32, 10])], [1.0, 1.0, 1.0]), Absent)
    assert isinstance(nll([op("flatten"), op("log_softmax", dim=-1, shape=[4, 8, 10])], [1.0, 1.0, 1.0]), Absent)


def test_wrong_axis_ahead_of_a_reshape():
    verdict = nll([op("flatten"), op("log_softmax", dim=1, shape=[4, 8, 10])], [0.5, 1.2, 2.0])
    assert isinstance(verdict, Present)
    assert verdict.evidence["classes_axis"] == 2


def softmax(**more):
    record = {
        "name": "softmax",
        "dim": 1,
        "given": True,
        "shape": [32, 1],
        "site": SITE,
        "module": "",
        "op": 4,
        "requires_grad": True,
        "step": 0,
    }
    return record | more


def inside(record, error=STUCK):
    trace = run(error=error)
    trace.records["softmaxes"] = [record]
    return ask(CAUSE, trace)


def test_softmax_over_one_element():
    verdict = inside(softmax())
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert isinstance(inside(softmax(shape=[32, 5])), Absent)


def test_attention_normalised_over_the_queries():
    crossed = softmax(shape=[8, 12, 12], dim=1, weighs=SITE, along=2, sum_low=0.4, sum_high=2.1)
    verdict = inside(crossed)
    assert isinstance(verdict, Present)
    assert not verdict.structural
    assert isinstance(inside(crossed, learning(60, 1, 0.1)), Absent)
    assert isinstance(inside(crossed | {"dim": 2, "sum_low": 1.0, "sum_high": 1.0}), Absent)
    assert isinstance(inside(crossed | {"shape": [8, 5, 12]}), Present)


def test_one_query_normalised_over_itself():
    verdict = inside(softmax(shape=[48, 1, 8], weighs=SITE, along=2, sum_low=8.0, sum_high=8.0))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.remedies[0].args["dim"] == 2


def test_choices_picked_from_a_table_that_is_normalised_over_its_rows():
    picked = softmax(shape=[30, 2], dim=0, picked=SITE, picked_along=1, sum_low=0.02, sum_high=0.2)
    verdict = inside(picked, learning(60, 1, 0.1))
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert isinstance(inside(picked | {"dim": 1, "sum_low": 1.0, "sum_high": 1.0}), Absent)


@pytest.mark.parametrize(
    ("dim", "pick", "along"),
    [
        (0, lambda p: p.gather(1, torch.tensor([[0], [1], [1], [0], [1]])), 1),
        (0, lambda p: p.log()[torch.arange(5), torch.tensor([0, 1, 1, 0, 1])], 1),
        (1, lambda p: p.gather(1, torch.tensor([[0], [1], [1], [0], [1]])), 1),
        (0, lambda p: p[torch.arange(2), torch.tensor([1, 0])], None),
        (0, lambda p: p.sum(), None),
    ],
)
def test_what_is_picked_is_read_off_the_tape(dim, pick, along):
    with Instruments() as instruments:
        instruments.functions.tape = tape = Tape()
        scores = torch.randn(5, 2, requires_grad=True)
        with instruments.functions:
            pick(torch.softmax(scores, dim))
    assert softmaxes(tape)[0].get("picked_along") == along
