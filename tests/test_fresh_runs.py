"""Where the waiting process cannot be forked, every run starts the script anew, with the same result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lossdoctor.contracts.plan import Plan
from lossdoctor.trials.zygote import CannotFork, Target, Zygote

from .running import LOOP, diagnose, record, write

SET_UP = "import os\nos.mkdir('made')\nopen('log.txt', 'w').write('ruined')\n"
TRAIN = (
    LOOP.replace("torch.manual_seed(0)", "") + SET_UP + "for i in range(8):\n    print(step())\nos.remove('log.txt')\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project with a file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "log.txt").write_text("precious")
    return folder


def assert_untouched(folder: Path) -> None:
    assert (folder / "log.txt").read_text() == "precious"
    assert sorted(p.name for p in folder.iterdir()) == ["log.txt", "train.py"]


def test_fork_and_fresh_run_record_the_same(place: Path) -> None:
    script = write(place, TRAIN)
    forked = record(script, steps=50)
    assert_untouched(place)
    fresh = record(script, steps=50, fork=False, runs=2)
    assert_untouched(place)
    assert fresh.state == "waiting"
    assert fresh.log == forked.log
    for seen in (forked, fresh):
        assert seen.run is not None
        assert seen.run.trace is not None
        assert seen.run.end == "script ended"
    np.testing.assert_array_equal(forked.run.trace.arrays["series/loss"], fresh.run.trace.arrays["series/loss"])  # type: ignore[union-attr]


def test_several_fresh_runs_in_turn_and_none_after_the_deadline(place: Path) -> None:
    script = write(place, TRAIN)
    with Zygote(Target(str(script), cwd=str(place)), place.parent / "log", fork=False) as zygote:
        assert zygote.wait(60) == "waiting"
        assert_untouched(place)
        first, second = zygote.run_all([Plan(steps=3), Plan(steps=50, seed=1)], 60)
        assert_untouched(place)
        assert (first.end, second.end) == ("step limit", "script ended")
        zygote.deadline = 0.0
        (third,) = zygote.run_all([Plan(steps=3)], 60)
        assert third.trace is None
        assert third.end == "the time budget did not allow it"


@pytest.mark.parametrize(
    ("last", "end"),
    [
        ("time.sleep(100)", "time limit"),
        ("signal.signal(signal.SIGUSR2, signal.SIG_IGN)\ntime.sleep(100)", "timeout"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "died by SIGKILL (often: out of memory)"),
        ("os._exit(3)", "script exited"),
    ],
    ids=["hangs", "hangs and hears nothing", "is killed", "exits"],
)
def test_endings_of_a_fresh_run(place: Path, last: str, end: str) -> None:
    script = write(place, LOOP + "import os, signal, time\nfor i in range(5):\n    step()\n" + last + "\n")
    seen = record(script, steps=50, fork=False, run_timeout=2)
    assert seen.run is not None
    assert seen.run.end == end
    if end in {"time limit", "script exited"}:
        assert seen.run.trace is not None
        assert seen.run.trace.steps == 5
    assert_untouched(place)


def test_a_script_on_a_gpu_is_started_anew_and_told_so(place: Path) -> None:
    """Stands in for one: this machine may have none."""
    write(place, LOOP + "torch.cuda.is_initialized = lambda: True\nfor i in range(12):\n    step()\n")
    told = diagnose(place, "train.py")
    assert told.code in {0, 1}, told.err
    assert told.report["steps"] == 12
    assert "CUDA is in use ahead of training: every run started the script anew" in told.report["notes"]


def test_a_training_function_in_a_process_that_uses_cuda_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with (
        pytest.raises(CannotFork, match="diagnose it as a script"),
        Zygote(Target("loop", function=print), tmp_path / "log"),
    ):
        pass
