"""Leave no trace: every patch, hook and mode is gone afterwards, and observing a step changes neither numbers nor random states."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import optimizer as torch_optimizer
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data import dataloader as torch_dataloader

from lossdoctor.contracts.plan import Plan
from lossdoctor.probes.instruments import Instruments
from lossdoctor.probes.patching import Patches
from lossdoctor.probes.recorder import Recorder
from lossdoctor.trace import Trace

OWNERS = [
    torch,
    torch.Tensor,
    torch.autograd,
    torch.nn.functional,
    torch.nn.init,
    torch.nn.Module,
    torch.nn.utils,
    torch.nn.utils.clip_grad,
    torch.optim.Optimizer,
    torch.optim.SGD,
    torch.optim.Adam,
    torch.optim.lr_scheduler.LRScheduler,
    torch.optim.lr_scheduler.ReduceLROnPlateau,
    torch.amp.GradScaler,
    DataLoader,
    torch_dataloader._BaseDataLoaderIter,
    torch_dataloader._SingleProcessDataLoaderIter,
]


def attributes() -> dict[tuple[str, str], int]:
    """Which object every attribute of what we patch is."""
    return {(str(owner), name): id(value) for owner in OWNERS for name, value in vars(owner).items()}


def hooks() -> list[int]:
    """How many global hooks and modes torch holds."""
    modules = torch.nn.modules.module
    return [
        len(torch_optimizer._global_optimizer_pre_hooks),
        len(torch_optimizer._global_optimizer_post_hooks),
        len(modules._global_forward_hooks),
        len(modules._global_forward_pre_hooks),
        len(modules._global_backward_hooks),
        torch._C._len_torch_function_stack(),
    ]


class Task:
    """A small training with dropout, batch norm, clipping, a schedule and a loader."""

    def __init__(self) -> None:
        torch.manual_seed(3)
        random.seed(4)
        np.random.seed(5)
        self.model = torch.nn.Sequential(
            torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 2)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.01)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 2)
        data = TensorDataset(torch.randn(64, 5), torch.randint(0, 2, (64,)))
        self.loader = DataLoader(data, batch_size=8, shuffle=True)

    def train(self, fail_at: int = -1) -> None:
        """One epoch of eight steps."""
        for i, (x, y) in enumerate(self.loader):
            if i == fail_at:
                raise RuntimeError("the user's own")
            loss = torch.nn.functional.cross_entropy(self.model(x), y)
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.schedule.step()

    def state(self) -> list[Any]:
        """Weights, buffers and every random state."""
        numbers = [t.detach().numpy().tobytes() for t in self.model.state_dict().values()]
        return [
            *numbers,
            torch.get_rng_state().numpy().tobytes(),
            random.getstate(),
            np.random.get_state()[1].tobytes(),
            np.random.get_state()[2],
        ]


def observe(task: Task, watched: bool, steps: int, fail_at: int = -1) -> Recorder:
    """Train with instruments, a recorder and (``watched``) the function mode."""
    ended: list[str] = []
    with Instruments() as instruments:
        if watched:
            instruments.watch_functions()
        recorder = Recorder(instruments, Plan(steps=steps), ended.append)
        instruments.listener = recorder
        task.train(fail_at)
    assert (ended == ["step limit"]) == (steps <= 8)
    return recorder


@pytest.fixture(scope="module", autouse=True)
def _torch_is_complete() -> None:
    """The first use of some functions makes torch import more of itself."""
    Task().train()


@pytest.mark.parametrize("watched", [False, True], ids=["functions unwatched", "functions watched"])
@pytest.mark.parametrize("way", ["to the end", "raises", "step limit"])
def test_nothing_of_the_instruments_remains(watched: bool, way: str) -> None:
    before, held = attributes(), hooks()
    task = Task()
    expected = pytest.raises(RuntimeError, match="own") if way == "raises" else contextlib.nullcontext()
    with expected:
        observe(task, watched, 4 if way == "step limit" else 50, 3 if way == "raises" else -1)
    assert attributes() == before
    assert hooks() == held
    for module in task.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    for parameter in task.model.parameters():
        assert not parameter._backward_hooks
    Task().train()


@pytest.mark.parametrize("watched", [False, True], ids=["functions unwatched", "functions watched"])
def test_a_recorded_step_consumes_no_randomness_and_changes_no_number(watched: bool) -> None:
    alone = Task()
    alone.train()
    observed = Task()
    recorder = observe(observed, watched, 50)
    assert observed.state() == alone.state()
    trace = recorder.trace()
    assert isinstance(trace, Trace)
    assert trace.steps == 8
    assert observed.state() == alone.state()


def test_patches_are_undone_in_reverse_and_absent_names_left_alone() -> None:
    class Base:
        def call(self) -> str:
            return "base"

    class Child(Base):
        pass

    with Patches() as patches:
        patches.wrap(Child, "call", lambda original: lambda self: "first " + original(self))
        patches.wrap(Child, "call", lambda original: lambda self: "second " + original(self))
        patches.wrap(Child, "missing", lambda original: original)
        assert Child().call() == "second first base"
    assert Child().call() == "base"
    assert "call" not in vars(Child)
    assert not hasattr(Child, "missing")


def test_the_listeners_work_is_not_heard_by_the_function_mode() -> None:
    task = Task()
    with Instruments() as instruments:
        instruments.watch_functions()
        recorder = Recorder(instruments, Plan(steps=50), lambda reason: None)
        instruments.listener = recorder
        for x, y in task.loader:
            loss = torch.nn.functional.cross_entropy(task.model(x), y)
            names = [op.name for op in instruments.functions.tape.ops] if instruments.functions.tape else []
            loss.backward()
            break
    assert "linear" in names
    assert not {"norm", "_foreach_norm", "isnan", "unique"} & set(names)
