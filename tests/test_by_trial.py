"""What only a trial tells of a run that learns: weights left out of the optimizer, a line that detaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_treatment import diagnosed

# Parity of three signs: a random layer of sixty-four units carries a part of it.
HALF = """
import torch
from torch import nn
torch.manual_seed(0)
body = nn.Sequential(nn.Linear(3, 64), nn.Tanh())
head = nn.Linear(64, 1)
optimizer = torch.optim.Adam(HELD, lr=1e-2)
while True:
    x = torch.randn(64, 3)
    y = torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:]
    loss = nn.functional.mse_loss(head(body(x)CUT), y)
    optimizer.zero_grad()
    loss.backward()
    CLEAR
    optimizer.step()
"""


def script(held: str, cut: str = "", clear: str = "pass") -> str:
    return HALF.replace("HELD", held).replace("CUT", cut).replace("CLEAR", clear)


def test_an_optimizer_of_the_head_alone_is_told_when_the_whole_learns_more(tmp_path: Path) -> None:
    report = diagnosed(tmp_path, script("head.parameters()"))
    assert report["diagnosis"]["root_cause"] == "optimizer-missing-params"
    assert report["diagnosis"]["proof"] == "confirmed"


def test_a_body_that_joins_later_is_healthy(tmp_path: Path) -> None:
    join = "head.step = getattr(head, 'step', 0) + 1\n    if head.step == 150: optimizer.add_param_group({'params': body.parameters()})"
    assert diagnosed(tmp_path, script("head.parameters()", clear=join))["verdict"] == "healthy"


def test_it_is_not_told_without_a_trial(tmp_path: Path) -> None:
    assert diagnosed(tmp_path, script("head.parameters()"), "--no-trials")["verdict"] == "healthy"


def test_a_detached_body_is_proven_by_leaving_out_the_detach(tmp_path: Path) -> None:
    report = diagnosed(tmp_path, script("[*body.parameters(), *head.parameters()]", ".detach()"))
    assert report["diagnosis"]["root_cause"] == "detached-graph"
    assert report["diagnosis"]["proof"] == "confirmed"


@pytest.mark.parametrize(
    "clear", ["body.zero_grad(), head.zero_grad()", "for p in [*body.parameters(), *head.parameters()]: p.grad = None"]
)
def test_gradients_cleared_before_the_step(tmp_path: Path, clear: str) -> None:
    report = diagnosed(tmp_path, script("[*body.parameters(), *head.parameters()]", clear=clear))
    assert report["diagnosis"]["root_cause"] == "optimizer-not-stepping"
