"""Loops unlike the usual one are recorded, and told right: torch.func, sparse tensors, weights moved by hand, optimizers made anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .running import diagnose, record, write

VMAP = """
import torch
from torch.func import functional_call, grad, vmap
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)

def task_loss(params, x, y):
    return torch.nn.functional.mse_loss(functional_call(net, params, (x,)), y)

def adapted(x, y):
    params = dict(net.named_parameters())
    grads = grad(task_loss)(params, x, y)
    return task_loss({n: p - 0.1 * grads[n] for n, p in params.items()}, x, y)

for i in range(30):
    x = torch.randn(4, 10, 2)
    loss = vmap(adapted)(x, x.sum(-1, keepdim=True)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
SPARSE = """
import torch
torch.manual_seed(0)
edges = (torch.rand(40, 40) < 0.1).float() + torch.eye(40)
adjacency = edges.to_sparse_csr()
x, labels = torch.randn(40, 8), torch.randint(0, 3, (40,))

class Graph(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(8, 3)
    def forward(self, adjacency, x):
        return adjacency @ self.first(x)

model = Graph()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for i in range(30):
    loss = torch.nn.functional.cross_entropy(model(adjacency, x), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
BY_HAND = """
import torch
torch.manual_seed(0)
x = torch.randn(200, 5)
y = x @ torch.randn(5)
w = torch.zeros(5, requires_grad=True)
for i in range(60):
    loss = ((x @ w - y) ** 2).mean()
    (g,) = torch.autograd.grad(loss, [w])
    with torch.no_grad():
        w -= 0.1 * g
"""
TRANSFORMS = """
import torch
from torch.func import grad_and_value
torch.manual_seed(0)
x = torch.randn(200, 5)
y = (x @ torch.randn(5, 1)).tanh()
weights = {"a": torch.randn(5, 16) * 0.4, "b": torch.randn(16, 1) * 0.3}
slope = grad_and_value(lambda w, x, y: ((torch.tanh(x @ w["a"]) @ w["b"] - y) ** 2).mean())
for i in range(60):
    grads, value = slope(weights, x, y)
    weights = {k: weights[k] SIGN 0.2 * grads[k] for k in weights}
"""
ENSEMBLE = """
import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
torch.manual_seed(0)
nets = [torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)) for _ in range(3)]
weights, buffers = stack_module_state(nets)
weights = {k: v.detach() for k, v in weights.items()}
shape = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).to("meta")
loss_of = lambda w, x, y: torch.nn.functional.mse_loss(functional_call(shape, w, (x,)), y)
slope = vmap(grad_and_value(loss_of), in_dims=(0, 0, 0))
truth = torch.randn(4, 1)
for i in range(80):
    x = torch.randn(3, 32, 4)
    grads, values = slope(weights, x, torch.tanh(x @ truth))
    assert values.shape == (3,) and all(g.shape == weights[k].shape for k, g in grads.items())
    for k, g in grads.items():
        weights[k] SIGN= 0.2 * g
"""
ANEW = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
truth = torch.randn(4, 1)
for epoch in range(10):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for i in range(8):
        x = torch.randn(16, 4)
        loss = torch.nn.functional.mse_loss(model(x), x @ truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
TWICE = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for i in range(10):
    total = 0.0
    for part in range(3):
        x = torch.full((4, 1), float(part)) + torch.rand(4, 1)
        total = total + torch.nn.functional.mse_loss(model(x), 10 * x)
    optimizer.zero_grad()
    total.backward()
    optimizer.step()
"""
# The real half of a game always wants ones: no sign of labels that are all the same.
GAME = """
import torch
torch.manual_seed(0)
D = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.LeakyReLU(), torch.nn.Linear(16, 1))
G = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
d_opt, g_opt = torch.optim.Adam(D.parameters(), 1e-3), torch.optim.Adam(G.parameters(), 1e-3)
bce = torch.nn.BCEWithLogitsLoss()
ones, zeros = torch.ones(32, 1), torch.zeros(32, 1)
for i in range(120):
    real, noise = torch.randn(32, 2) * 0.3 + 1, torch.randn(32, 4)
    d_opt.zero_grad()
    bce(D(real), ones).backward()
    bce(D(G(noise).detach()), zeros).backward()
    d_opt.step()
    g_opt.zero_grad()
    bce(D(G(noise)), ones).backward()
    g_opt.step()
"""


def steps_of(tmp_path: Path, text: str, steps: int) -> dict[str, object]:
    seen = record(write(tmp_path / "project", text), steps=steps)
    assert seen.run is not None
    assert not seen.run.fault
    assert seen.run.trace is not None
    return {"trace": seen.run.trace, "steps": seen.run.trace.steps, "end": seen.run.end}


def test_losses_inside_torch_func(tmp_path: Path) -> None:
    assert steps_of(tmp_path, VMAP, 20)["steps"] == 20


def test_sparse_inputs(tmp_path: Path) -> None:
    assert steps_of(tmp_path, SPARSE, 20)["steps"] == 20


def test_plain_tensors_moved_along_autograd_grad(tmp_path: Path) -> None:
    told = diagnose(write(tmp_path / "project", BY_HAND).parent, "train.py", "--steps", "40")
    assert told.report["verdict"] == "healthy", told.report["summary"]
    assert told.report["steps"] == 40


@pytest.mark.parametrize(("sign", "verdict"), [("-", "healthy"), ("+", "sick")])
def test_training_by_function_transforms(tmp_path: Path, sign: str, verdict: str) -> None:
    script = write(tmp_path / "project", TRANSFORMS.replace("SIGN", sign))
    told = diagnose(script.parent, "train.py", "--steps", "40")
    assert told.report["verdict"] == verdict, told.report["summary"]
    assert told.report["steps"] == 40


@pytest.mark.parametrize(("sign", "verdict"), [("-", "healthy"), ("+", "sick")])
def test_an_ensemble_trained_by_vmap(tmp_path: Path, sign: str, verdict: str) -> None:
    script = write(tmp_path / "project", ENSEMBLE.replace("SIGN", sign))
    told = diagnose(script.parent, "train.py", "--steps", "60")
    assert told.report["verdict"] == verdict, told.report["summary"]
    assert told.report["steps"] == 60


def test_an_optimizer_made_anew_each_epoch_counts_on(tmp_path: Path) -> None:
    assert steps_of(tmp_path, ANEW, 30) | {"trace": None} == {"trace": None, "steps": 30, "end": "step limit"}


def test_several_calls_a_step_keep_their_own_inputs(tmp_path: Path) -> None:
    trace = steps_of(tmp_path, TWICE, 5)["trace"]
    x, y = trace.arrays["pairs/sample_input"], trace.arrays["pairs/sample_target"]  # type: ignore[attr-defined]
    np.testing.assert_allclose(10 * x, y, rtol=1e-5)
    assert set(np.floor(x).ravel().astype(int)) == {0, 1, 2}


def test_a_game_of_two_networks_is_healthy(tmp_path: Path) -> None:
    told = diagnose(write(tmp_path / "project", GAME).parent, "train.py", "--steps", "100")
    assert told.report["verdict"] == "healthy", told.report["summary"]
    assert [f for f in told.report["findings"] if f["severity"] != "info"] == []


def test_one_step_is_no_evidence_of_health(tmp_path: Path) -> None:
    told = diagnose(write(tmp_path / "project", ANEW).parent, "train.py", "--steps", "1")
    assert told.report["verdict"] == "inconclusive"
    assert told.code == 3


CLEARING = """
import torch
torch.manual_seed(0)
one, two = torch.nn.Linear(4, 8), torch.nn.Linear(8, 1)
first = torch.optim.SGD(one.parameters(), lr=1e-3)
second = torch.optim.SGD(two.parameters(), lr=1e-3)
for i in range(20):
    x = torch.randn(16, 4)
    AHEAD
    loss = two(torch.tanh(one(x))).square().mean()
    BACKWARD
    first.step()
    second.step()
"""
FADED = "[p.grad.mul_(0.8) for p in [*one.parameters(), *two.parameters()] if p.grad is not None]"
ASSIGNED = (
    "ps = [*one.parameters(), *two.parameters()]\n"
    "    for p, g in zip(ps, torch.autograd.grad(loss, ps)):\n        p.grad = g"
)
BETWEEN = "(-one(x)).mean().backward(); loss.backward()"


@pytest.mark.parametrize(
    ("ahead", "backward", "stale"),
    [
        ("first.zero_grad(); second.zero_grad()", "loss.backward()", [False, False]),
        ("first.zero_grad()", "loss.backward()", [False, True]),
        ("second.zero_grad()", BETWEEN, [True, False]),
        (FADED, "loss.backward()", [False, False]),
        ("pass", ASSIGNED, [False, False]),
    ],
    ids=["cleared", "the second forgotten", "another loss in between", "faded", "assigned"],
)
def test_old_gradients_of_each_optimizer(tmp_path: Path, ahead: str, backward: str, stale: list[bool]) -> None:
    script = write(tmp_path, CLEARING.replace("AHEAD", ahead).replace("BACKWARD", backward))
    run = record(script, steps=20).run
    assert run is not None
    assert run.trace is not None
    assert [o["stale_steps"] >= 0.9 * (o["steps"] - 1) for o in run.trace.list("optimizers")] == stale
    assert all(o["stale_steps"] == 0 for o, told in zip(run.trace.list("optimizers"), stale, strict=True) if not told)


PARTS = """
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for i in range(60):
    a = torch.randn(32, 6)
    z = net(torch.cat([a, a + 0.1 * torch.randn(32, 6), torch.randn(32, 6)]))
    z = SPLIT
    loss = torch.nn.functional.triplet_margin_loss(z[:, 0], z[:, 1], z[:, 2])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("split", "found"),
    [
        ("z.view(32, 3, -1)", True),
        ("z.view(3, 32, -1).transpose(0, 1)", False),
        ("torch.stack(z.chunk(3), 1)", False),
    ],
)
def test_parts_that_a_split_tears_apart(tmp_path: Path, split: str, found: bool) -> None:
    run = record(write(tmp_path, PARTS.replace("SPLIT", split)), steps=5).run
    trace = run.trace if run else None
    assert trace is not None
    assert bool(trace.records["torn"]) == found


PHYSICS = """
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for i in range(60):
    x = torch.rand(64, 1, requires_grad=True)
    u = net(x)
    slope = torch.autograd.grad(u, x, torch.ones_like(u), create_graph=KEPT, retain_graph=True)[0]
    loss = ((slope - torch.cos(3 * x)) ** 2).mean() + 10 * (net(torch.zeros(1, 1)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(("kept", "cuts"), [("False", ["derivative"]), ("True", [])])
def test_a_derivative_without_a_graph_of_its_own(tmp_path: Path, kept: str, cuts: list[str]) -> None:
    """The term has a gradient by the inputs all the same, which the derivative is taken by."""
    run = record(write(tmp_path, PHYSICS.replace("KEPT", kept)), steps=5).run
    trace = run.trace if run else None
    assert trace is not None
    assert sorted({t["cut"] for t in trace.records["lost_terms"]}) == cuts


JOINED = PHYSICS.replace("((slope - torch.cos(3 * x)) ** 2).mean()", "RESIDUAL")


@pytest.mark.parametrize(
    ("residual", "kept", "cuts"),
    [
        ("((slope + u - torch.cos(3 * x)) ** 2).mean()", "False", ["derivative"]),
        ("torch.nn.functional.mse_loss(0.5 * slope + u, torch.cos(3 * x))", "False", ["derivative"]),
        ("((slope + u - torch.cos(3 * x)) ** 2).mean()", "True", []),
        ("((net(x - 0.1 * slope) - torch.cos(3 * x)) ** 2).mean()", "False", []),
    ],
    ids=["squared", "compared", "kept", "a step of the input"],
)
def test_a_derivative_that_is_part_of_a_residual(tmp_path: Path, residual: str, kept: str, cuts: list[str]) -> None:
    run = record(write(tmp_path, JOINED.replace("KEPT", kept).replace("RESIDUAL", residual)), steps=5).run
    trace = run.trace if run else None
    assert trace is not None
    assert sorted({t["cut"] for t in trace.records["lost_terms"]}) == cuts


def test_a_derivative_without_a_graph_is_told_though_the_loss_falls_and_kept_in_the_trial(tmp_path: Path) -> None:
    script = JOINED.replace("RESIDUAL", "((slope + u - torch.cos(3 * x)) ** 2).mean()").replace("KEPT", "False")
    told = diagnose(
        write(tmp_path / "project", script).parent, "train.py", "--steps", "50", "--trials", "--budget", "20"
    )
    assert told.report["diagnosis"]["root_cause"] == "detached-graph"
    assert told.report["diagnosis"]["proof"] in {"confirmed", "mechanism-only"}


COLLAPSES = """
import torch
torch.manual_seed(0)
x = torch.rand(2000, 3) @ torch.rand(3, 32)
encode = torch.nn.Sequential(torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 8))
decode = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.ReLU(), torch.nn.Linear(32, 32))
optimizer = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=5e-3)
for i in range(400):
    rows = x[torch.randint(2000, (64,))]
    mean, spread = encode(rows).chunk(2, 1)
    made = decode(mean + torch.randn_like(mean) * (0.5 * spread).exp())
    error = ((made - rows) ** 2).REDUCED
    punished = -0.5 * (1 + spread - mean.pow(2) - spread.exp()).sum(1)
    loss = (error + punished).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(("reduced", "data"), [("mean(1)", 0.1), ("sum(1)", 3.0)])
def test_what_the_data_make_up_of_a_loss_written_by_hand(tmp_path: Path, reduced: str, data: float) -> None:
    run = record(write(tmp_path, COLLAPSES.replace("REDUCED", reduced)), steps=3).run
    assert run is not None
    assert run.trace is not None
    (terms,) = [s["terms"] for s in run.trace.list("streams")]
    assert terms["data"] > data
    assert terms["whole"] == pytest.approx(run.trace.series("loss").values[0], rel=1e-4)
    assert 0 < terms["whole"] - terms["data"] < 1


NUMBERS = """
import torch
torch.manual_seed(0)

class Bank(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.width = torch.nn.Parameter(torch.rand(4))
    def forward(self, x):
        return torch.stack([(x * w).sin().mean(1) for w in WIDTHS], 1)

bank, head = Bank(), torch.nn.Linear(4, 1)
optimizer = torch.optim.Adam([*bank.parameters(), *head.parameters()], lr=1e-2)
for i in range(60):
    x = torch.randn(32, 6)
    loss = ((head(bank(x)).squeeze(1) - x[:, 0]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(("widths", "cut"), [("self.width.tolist()", "tolist"), ("self.width", None)])
def test_weights_that_leave_as_numbers(tmp_path: Path, widths: str, cut: str | None) -> None:
    run = record(write(tmp_path, NUMBERS.replace("WIDTHS", widths)), steps=5).run
    trace = run.trace if run else None
    assert trace is not None
    width = next(p for p in trace.list("parameters") if p["shape"] == [4])
    assert (width.get("cut") or {}).get("name") == cut
