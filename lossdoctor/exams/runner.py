"""Which listener a plan asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lossdoctor.contracts.plan import Plan
from lossdoctor.probes.instruments import Instruments, Silent
from lossdoctor.probes.recorder import Recorder
from lossdoctor.remedies.apply import treated


class Gate(Silent):
    """Waits for the first training act: a batch is asked for, a model with weights runs with gradient, an optimizer acts."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.open = False

    def _pass(self) -> None:
        if not self.open:
            self.open = True
            self.call()

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """A model with weights, called with gradients on, outside of torch's own initialisation."""
        if not self.open and torch.is_grad_enabled() and depth == 0 and any(True for _ in module.parameters()):
            self._pass()
            return self._relay(module, args, kwargs, depth)
        return args, kwargs

    def _relay(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        return args, kwargs

    def backward(self, roots: list[Any], kind: str) -> None:
        """A backward."""
        self._pass()

    def step_begins(self, optimizer: Any) -> None:
        """A step."""
        self._pass()

    def zero_grad(self, optimizer: Any) -> None:
        """Gradients cleared."""
        self._pass()

    def loader_begins(self, loader: Any) -> None:
        """A loader starts."""
        self._pass()


def make_listener(instruments: Instruments, plan: Plan, finish: Callable[[str], None], folder: Path) -> Any:
    """The recorder or examiner for ``plan``, with its remedies applied."""
    if plan.exam is not None:
        from .dependency_run import Examiner
        from .returns_run import ReturnsRecorder
        from .time_run import TimeExaminer

        kinds: dict[Any, Any] = {"time": TimeExaminer, "returns": ReturnsRecorder}
        listener: Any = kinds.get(plan.exam.get("kind"), Examiner)(instruments, plan, finish, folder)
    else:
        listener = Recorder(instruments, plan, finish)
    return treated(listener, instruments, plan)
