"""Training that happens in a process which the script starts: it is not followed, but it is noticed and told."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from .imports import when_imported

_MARK = "elsewhere"


def mark(folder: Path) -> None:
    """Training was seen outside the script's main process."""
    with contextlib.suppress(OSError):
        (folder / _MARK).touch()


def seen(folder: Path) -> bool:
    """Whether it was."""
    return (folder / _MARK).exists()


def watch_training(folder: Path) -> None:
    """In a fresh Python of the script's: mark the first optimizer step."""

    def watch(module: Any) -> None:
        handle: list[Any] = []

        def stepped(*_: Any) -> None:
            mark(folder)
            handle.pop().remove()

        handle.append(module.register_optimizer_step_pre_hook(stepped))

    when_imported("torch.optim.optimizer", watch)
