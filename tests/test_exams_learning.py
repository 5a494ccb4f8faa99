"""The exams of step size, memory and signal: on real short runs, and on rows made by hand."""

import numpy as np
import pytest

from lossdoctor.contracts.outcome import measure
from lossdoctor.contracts.plan import Plan
from lossdoctor.exams import floors, lr_sweep, signal, stuck
from lossdoctor.trace import Trace
from lossdoctor.trials.zygote import Target, Zygote

from .running import write

HEAD = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
x = torch.randn(400, 6)
y = torch.sin(2 * x[:, :1]) + x[:, 1:2]
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
"""
BY_LOADER = """
optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
for epoch in range(50):
    for a, b in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
        loss = nn.functional.mse_loss(net(a), b)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
"""
BY_HAND = """
for step in range(800):
    rows = torch.randint(len(x), (16,))
    loss = ((net(x[rows]) - y[rows]) ** 2).mean()
    net.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    with torch.no_grad():
        for p in net.parameters():
            p -= RATE * p.grad
"""


def probed(tmp_path, body, rate, steps=60):
    zygote = Zygote(Target(str(write(tmp_path, HEAD + body.replace("RATE", str(rate))))), tmp_path / "log")
    zygote.__enter__()
    assert zygote.wait(60) == "waiting"
    trace = zygote.run_all([Plan(steps=steps)], 60)[0].trace
    assert trace is not None
    return zygote, trace


@pytest.mark.parametrize("body", [BY_LOADER, BY_HAND])
def test_sweep_finds_a_smaller_rate(tmp_path, body):
    zygote, trace = probed(tmp_path, body, 20.0)
    try:
        swept = lr_sweep.examine(zygote, trace, steps=60, timeout=60)
    finally:
        zygote.close()
    assert swept["best"] < 1
    assert swept["best_final"] > 0.3 > swept["untreated"]


def test_sweep_finds_a_larger_rate(tmp_path):
    zygote, trace = probed(tmp_path, BY_LOADER, 1e-7)
    try:
        swept = lr_sweep.examine(zygote, trace, steps=60, timeout=60)
        trace.exams["lr_sweep"] = swept
        assert "cannot_tell" in stuck.examine(zygote, trace, steps=60, timeout=60)
    finally:
        zygote.close()
    assert swept["best"] >= 1000
    assert swept["relative_update"] < 1e-5


@pytest.mark.parametrize("body", [BY_LOADER, BY_HAND])
def test_one_batch_and_permuted_targets(tmp_path, body):
    zygote, trace = probed(tmp_path, body, 0.1 if body is BY_HAND else 0.01)
    trace.exams["signal"] = {"found": False}
    try:
        longer = stuck.examine(zygote, trace, steps=100, timeout=60)
    finally:
        zygote.close()
    assert longer["learns"]
    assert trace.exams["one_batch"]["free"] > 0.9
    assert trace.exams["one_batch"]["batch"] == 16
    assert trace.exams["permuted_labels"]["advantage"] > 0.3
    outcome = measure(trace)
    assert outcome is not None
    assert outcome.learns


def rows(x, y, family="regression", **arrays):
    trace = Trace(meta={"steps": 10})
    trace.records["losses"] = [{"id": 0, "main": True, "family": family, "kind": "mse_loss"}]
    trace.arrays |= {"pairs/sample_input": x.astype(np.float32), "pairs/sample_target": y.astype(float)} | arrays
    return trace


RNG = np.random.default_rng(5)
X = RNG.standard_normal((1500, 8))
BITS = RNG.integers(0, 2, (2000, 14)).astype(float)
IDS = RNG.integers(0, 30, (1200, 10)).astype(float)
WAVES = np.sin(RNG.uniform(0, 6.3, (1200, 1)) + np.arange(64) * RNG.choice([0.3, 0.5], (1200, 1)))


@pytest.mark.parametrize(
    ("x", "y", "family", "strong"),
    [
        (X, X[:, :1] + 3 * RNG.standard_normal((1500, 1)), "regression", "linear"),
        (X[:, :2], X[:, :1] * X[:, 1:2], "regression", "products of two"),
        (IDS, (IDS == 7).any(1, keepdims=True).astype(float), "nll", "bag of tokens"),
        (WAVES, (np.abs(np.fft.rfft(WAVES)).argmax(1, keepdims=True) > 4).astype(float), "nll", "spectrum"),
    ],
)
def test_signal_is_found(x, y, family, strong):
    found = signal.examine(rows(x, y, family))
    assert found["found"]
    assert found["models"][strong]["z"] > 5


def test_a_parity_is_found():
    found = signal.examine(rows(BITS, BITS[:, [2, 5, 11]].sum(1, keepdims=True) % 2, "bce"))
    assert found["found"]
    assert found["switches"]["columns"] == [2, 5, 11]


@pytest.mark.parametrize("x", [X, BITS, IDS])
def test_noise_is_not_signal(x):
    p = [signal.examine(rows(x, np.random.default_rng(s).standard_normal((len(x), 1))))["p"] for s in range(3)]
    assert min(p) > 0.01


def test_repeated_rows_do_not_leak():
    few = X[:150]
    noise = RNG.standard_normal((150, 1))
    assert not signal.examine(rows(np.tile(few, (8, 1)), np.tile(noise, (8, 1))))["found"]


def test_rare_rows_are_judged_beside_as_many_others():
    y = (RNG.random((1500, 1)) < 0.03).astype(float)
    told = signal.examine(rows(X + 2 * y, y, "bce"))
    assert told["balanced"]["found"]


def test_labels_one_row_late():
    order = RNG.integers(0, 3, 1200)
    x = np.eye(3)[order] + 0.3 * RNG.standard_normal((1200, 3))
    late = np.roll(order, -1)
    trace = rows(x, late[:, None], "nll", **{"data/0": x, "data/1": late[:, None].astype(float)})
    trace.records["data"] = [
        {"name": "x", "rows": 1200, "origin": "loader 0", "integer": False},
        {"name": "y", "rows": 1200, "origin": "loader 0", "integer": True},
    ]
    shift = signal.examine(trace)["lags"]
    assert shift["shifted"]
    assert shift["lag"] == -1


def test_few_rows_cannot_tell():
    assert "cannot_tell" in signal.examine(rows(X[:40], X[:40, :1]))


def test_a_table_of_tokens():
    following = RNG.permutation(20)
    tokens = RNG.integers(0, 20, 4000)
    targets = np.where(RNG.random(4000) < 0.7, following[tokens], RNG.integers(0, 20, 4000))
    told = floors.table(tokens, targets)
    assert told["gain"] > 0.5
    assert told["z"] > 10
    shuffled = floors.table(tokens, RNG.permutation(targets))
    assert shuffled["gain"] < 0.02
