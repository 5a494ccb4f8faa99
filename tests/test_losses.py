"""Loss calls: what a mask behind an unreduced loss leaves, which index names the class, what the same inputs have in common."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lossdoctor.exams.signal import examine, identity
from lossdoctor.probes.evaluation import Evaluation
from lossdoctor.probes.functions import Functions, Op
from lossdoctor.probes.losses import LossCall, _chosen, counted, watch_weights
from lossdoctor.probes.sites import Sites
from lossdoctor.trace import Trace


def unreduced(weigh) -> tuple[LossCall, torch.Tensor]:
    """A cross entropy per row whose script reduces it by ``weigh``; backward has run."""
    torch.manual_seed(0)
    scores, labels = torch.randn(12, 5, requires_grad=True), torch.arange(12) % 5
    each = F.cross_entropy(scores, labels, reduction="none")
    call = LossCall("cross_entropy", "nll", None, scores, labels, each, True)
    listening = watch_weights(call)
    weigh(each).backward()
    listening.remove()
    return call, each.detach()


def test_rows_that_a_mask_hides_do_not_count() -> None:
    mask = torch.arange(12) < 7
    call, each = unreduced(lambda e: (e * mask).sum() / mask.sum())
    kept = counted(call, each)
    assert kept is not None
    assert kept.tolist() == mask.tolist()


def test_rows_dropped_for_their_own_small_loss_count() -> None:
    call, each = unreduced(lambda e: e.topk(4).values.mean())
    assert counted(call, each) is None


def test_a_plain_mean_counts_all() -> None:
    call, each = unreduced(lambda e: e.mean())
    assert counted(call, each) is None
    assert watch_weights(LossCall("mse_loss", "regression", None, each, each, each.mean(), True)) is None


def test_the_index_that_counts_rows_is_not_the_class() -> None:
    scores, labels, rows = torch.randn(4, 6), torch.tensor([3, 1, 0, 2, 2, 1]), torch.arange(6)

    def picked(*index: torch.Tensor) -> tuple[torch.Tensor, bool]:
        op = Op(0, "__getitem__", [scores, *index], [scores], (scores, tuple(index)), {}, None, "")
        return _chosen(op, list(index))

    assert picked(labels, rows) == (labels, False)
    assert picked(rows, labels)[0] is labels


@pytest.mark.parametrize("threshold", [True, False])
def test_decisions_that_are_counted_by_kind(threshold: bool) -> None:
    told: list[str] = []
    functions = Functions(Sites())
    evaluation = Evaluation(functions, lambda kind, *_: told.append(kind))
    labels = torch.arange(20) % 2
    with functions, torch.no_grad():
        scores = torch.randn(20, 1)
        evaluation.output(scores)
        flagged = scores.squeeze(1) > 0 if threshold else torch.randn(20) > 0
        int((flagged & (labels == 1)).sum())
    assert told == (["counts"] if threshold else [])


def test_what_the_same_inputs_have_in_common() -> None:
    rng = np.random.default_rng(0)
    row = np.tile(np.arange(500), 3)
    own = rng.standard_normal((500, 1))[row]
    assert identity(row, own)["explained"] > 0.99
    strange = identity(row, rng.standard_normal((1500, 1)))
    assert abs(strange["explained"]) < 3 * strange["error"]
    assert identity(np.arange(500), own[:500]) == {"repeats": 0}


def test_two_targets_of_one_input_in_one_step_say_nothing_about_the_input() -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.standard_normal((600, 6)), 2, axis=0)
    trace = Trace(meta={"steps": 30}, arrays={"pairs/sample_input": x, "pairs/sample_target": rng.random((1200, 1))})
    trace.records["losses"] = [{"id": 0, "main": True, "family": "regression"}]
    trace.arrays["pairs/sample_step"] = np.tile(np.repeat(np.arange(15), 40), 2)
    assert examine(trace)["identity"] == {"repeats": 0}
    trace.arrays["pairs/sample_step"] = np.tile([0, 1], 600)
    assert examine(trace)["identity"]["repeats"] == 600
