"""Score-function objectives: which way the weights of log-probabilities are driven, whatever the loop's style."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Categorical, Normal

from lossdoctor.probes.functions import Functions, Tape
from lossdoctor.probes.objectives import Objective, objective
from lossdoctor.probes.sites import Sites

RETURNS = [3.0, 1.0, 2.0, 6.0]


def found(loss: Callable[[torch.Tensor], torch.Tensor]) -> Objective | None:
    """What is found behind ``loss(scores)``, taped from the policy's scores on."""
    functions = Functions(Sites())
    functions.tape = Tape()
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.randn(5, 3))
    with functions:
        root = loss(torch.randn(4, 5) @ weight)
    return objective(functions.tape, root)


def chosen(scores: torch.Tensor) -> torch.Tensor:
    policy = Categorical(logits=scores)
    return policy.log_prob(policy.sample())


def advantage(returns: torch.Tensor) -> torch.Tensor:
    return (returns - returns.mean()) / (returns.std() + 1e-6)


def by_steps(scores: torch.Tensor) -> torch.Tensor:
    return torch.stack([-lp * r for lp, r in zip(chosen(scores), RETURNS, strict=True)]).sum()


def clipped(scores: torch.Tensor) -> torch.Tensor:
    now = chosen(scores)
    ratio, gain = (now - now.detach()).exp(), torch.tensor(RETURNS)
    return -torch.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()


def with_critic(scores: torch.Tensor) -> torch.Tensor:
    values, returns = scores.mean(1), torch.tensor(RETURNS)
    gain = advantage((returns - values).detach())
    return (chosen(scores) * gain).mean() + 0.5 * F.mse_loss(values, returns)


@pytest.mark.parametrize(
    ("loss", "sign", "drawn"),
    [
        (lambda s: (chosen(s) * torch.tensor(RETURNS)).mean(), 1, True),
        (lambda s: -(chosen(s) * advantage(torch.tensor(RETURNS))).mean(), -1, True),
        (lambda s: (chosen(s) * -torch.from_numpy(np.array(RETURNS))).sum() / 4, -1, True),
        (lambda s: (F.cross_entropy(s, torch.tensor([0, 1, 2, 0]), reduction="none") * torch.tensor(RETURNS)).mean(), -1, False),
        (lambda s: (F.log_softmax(s, 1).gather(1, torch.zeros(4, 1).long())[:, 0] * torch.tensor(RETURNS)).mean(), 1, False),
        (lambda s: 0.5 * (Bernoulli(logits=s[:, 0]).log_prob(torch.ones(4)) * torch.tensor(RETURNS)).mean(), 1, False),
        (lambda s: -(Normal(s[:, 0], s[:, 1].exp()).log_prob(torch.ones(4)) * torch.tensor(RETURNS)).mean(), -1, False),
        (lambda s: (chosen(s) * torch.tensor(RETURNS)).mean() + 0.01 * (Categorical(logits=s).entropy() * torch.ones(4)).sum(), 1, True),
        (by_steps, -1, True),
        (with_critic, 1, True),
    ],
)  # fmt: skip
def test_which_way_the_weights_are_driven(loss, sign, drawn) -> None:
    result = found(loss)
    assert result is not None
    assert result.sign == sign
    assert result.value == pytest.approx(3.0)
    assert len(result.sites) == 1
    assert result.drawn == drawn


@pytest.mark.parametrize(
    "loss",
    [
        lambda s: F.cross_entropy(s, torch.tensor([0, 1, 2, 0])),
        lambda s: 0.1 * ((s - 1) ** 2).mean(),
        lambda s: 0.3 * F.cross_entropy(s, torch.tensor([0, 1, 2, 0])),
        lambda s: (s.softmax(1) * F.log_softmax(s, 1)).sum(1).mean(),
    ],
)
def test_losses_that_weigh_no_log_probability(loss) -> None:
    assert found(loss) is None


def test_both_branches_of_a_clipped_ratio() -> None:
    result = found(clipped)
    assert result is not None
    assert (result.sign, result.value, result.drawn) == (-1, 3.0, True)
