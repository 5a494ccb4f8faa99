"""The memory guard ahead of each further run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lossdoctor.contracts.plan import Plan
from lossdoctor.trials import memory, zygote
from lossdoctor.trials.zygote import Target, Zygote

from .running import LOOP, write


def test_this_process_holds_less_than_there_is() -> None:
    held, free = memory.resident(os.getpid()), memory.available()
    assert held is not None
    assert free is not None
    assert 2**20 < held < held + free


def test_runs_wait_for_each_other_where_memory_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = write(tmp_path / "project", LOOP + "while True:\n    step()\n")
    most = []

    def run(free: int) -> int:
        monkeypatch.setattr(zygote.memory, "available", lambda: free)
        with Zygote(Target(str(script), cwd=str(script.parent)), tmp_path / "log") as paused:
            assert paused.wait(60) == "waiting"
            most.clear()
            outcomes = paused.run_all(
                [Plan(steps=60, label=str(i)) for i in range(3)],
                60,
                jobs=3,
                progress=lambda _: most.append(sum(r.outcome is None for r in paused._runs.values())),
            )
        assert [o.end for o in outcomes] == ["step limit"] * 3
        return max(most)

    assert run(2**20) == 1
    assert run(2**40) > 1
