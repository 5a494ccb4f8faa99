"""Helpers: run a script by the command line, or only its zygote and one recording (no exams, no checks)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossdoctor.contracts.plan import Plan
from lossdoctor.trials.zygote import Outcome, Target, Zygote

# A model that learns y = w x, one batch a step; the tests' scripts are made of it.
LOOP = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
truth = torch.randn(4, 1)

def step():
    x = torch.randn(16, 4)
    loss = torch.nn.functional.mse_loss(model(x), x @ truth)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
"""


@dataclass
class Told:
    """What one command gave."""

    code: int
    out: str
    err: str
    report: dict[str, Any] = field(default_factory=dict)


def environment(**more: str) -> dict[str, str]:
    """This process's environment, with one thread for arithmetic."""
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"} | more


def write(folder: Path, text: str, name: str = "train.py") -> Path:
    """A script in ``folder``: the text without its indentation."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def command(folder: Path, *words: str, seconds: float = 120) -> Told:
    """``lossdoctor WORDS`` in ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "lossdoctor", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


def diagnose(folder: Path, *words: str, seconds: float = 120) -> Told:
    """``lossdoctor diagnose`` without trials and with the cheap exams only, its JSON parsed."""
    told = command(
        folder, "diagnose", "--no-trials", "--budget", "1", "--format", "json", "--out", "-", *words, seconds=seconds
    )
    if told.out.startswith("{"):
        told.report = json.loads(told.out)
    return told


@dataclass
class Recorded:
    """One recording: how the script came to its first step, the run's outcome, the log, and what could not be put back."""

    state: str
    run: Outcome | None
    log: str
    problems: list[str]
    early: dict[str, Any] | None
    elsewhere: bool


def record(
    script: Path | str,
    *,
    steps: int = 5,
    argv: tuple[str, ...] = (),
    module: bool = False,
    cwd: Path | None = None,
    timeout: float = 60.0,
    log: Path | None = None,
    runs: int = 1,
    run_timeout: float = 60.0,
    fork: bool = True,
) -> Recorded:
    """Run ``script`` to its first training act and make ``runs`` recordings of ``steps`` steps; the last one is returned."""
    folder = cwd or Path(script).parent
    kept = log or Path(folder).parent / f"{time.monotonic_ns()}.log"
    outcome = None
    with Zygote(Target(str(script), module, list(argv), cwd=str(folder)), kept, fork=fork) as zygote:
        state = zygote.wait(timeout)
        if state == "waiting":
            for _ in range(runs):
                run = zygote.order(Plan(steps=steps, label="probe"), run_timeout, output=True)
                outcome = zygote.gather([run])[0]
                zygote.journal.undo()
    text = kept.read_text(encoding="utf-8", errors="replace")
    return Recorded(state, outcome, text, zygote.problems, zygote.early, zygote.elsewhere)


def plain(
    script: Path | str, *words: str, cwd: Path | None = None, module: bool = False
) -> subprocess.CompletedProcess[str]:
    """The script by itself, as its owner runs it."""
    head = [sys.executable, "-m", str(script)] if module else [sys.executable, str(script)]
    return subprocess.run(
        [*head, *words],
        cwd=cwd or Path(script).parent,
        env=environment(PYTHONUNBUFFERED="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
