"""The treatment plan: the first fault is cured, the treated run diagnosed, and so on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .running import command, write

# The prediction is (n, 1), the target (n,); and the rate is a ten thousandth of what is wanted.
TWO_FAULTS = """
import torch
torch.manual_seed(0)
x = torch.randn(512, 6)
y = x @ torch.randn(6) + 0.5 * x[:, 0] * x[:, 1]
model = torch.nn.Sequential(torch.nn.Linear(6, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
while True:
    pick = torch.randint(0, 512, (32,))
    loss = torch.nn.functional.mse_loss(model(x[pick]), y[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def diagnosed(folder: Path, text: str, *words: str) -> dict[str, Any]:
    write(folder, text)
    told = command(folder, "diagnose", "train.py", "--format", "json", "--out", "-", *words, seconds=300)
    return dict(json.loads(told.out))


def test_the_second_fault_is_found_on_the_treated_run(tmp_path: Path) -> None:
    report = diagnosed(tmp_path / "project", TWO_FAULTS)
    diagnosis = report["diagnosis"]
    assert diagnosis["root_cause"] == "broadcast-mismatch"
    assert diagnosis["plan"] == ["broadcast-mismatch", "lr-too-low"]
    second = next(f for f in report["findings"] if f["cause"] == "lr-too-low")
    assert "Seen once broadcast-mismatch is treated" in second["message"]
    together = next(t for t in report["trials"] if t["remedy"] == "plan")
    assert together["treated"]["skill"] > 0.5 > together["untreated"]["skill"]


def test_one_fault_is_a_plan_of_one(tmp_path: Path) -> None:
    report = diagnosed(tmp_path / "project", TWO_FAULTS.replace("lr=1e-6", "lr=1e-2"))
    assert report["diagnosis"]["plan"] == ["broadcast-mismatch"]
    assert report["diagnosis"]["proof"] == "confirmed"


# The parity of four columns: a network stays at the entropy for some hundred steps before it finds the rule.
LATE = """
import torch
from torch import nn
torch.manual_seed(0)
x = torch.randint(0, 2, (512, 12)).float() * 2 - 1
y = (x[:, 0] * x[:, 1] * x[:, 2] * x[:, 3] > 0).float()
net = nn.Sequential(nn.Linear(12, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
for i in range(4000):
    rows = torch.randint(0, 512, (64,))
    loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows])[:, 0], y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def test_a_suspicion_is_not_told_of_a_script_that_learns_when_it_runs_on(tmp_path: Path) -> None:
    report = diagnosed(tmp_path / "project", LATE.replace("RATE", "0.3"), "--steps", "40")
    assert report["verdict"] == "healthy", report["summary"]
