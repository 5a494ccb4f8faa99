"""The progress line on a terminal; nothing in a pipe."""

from __future__ import annotations

from typing import Any


class Live:
    """A rich progress bar with one task whose words change: waiting, probe, exams, trials."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Live:
        if self.show:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.start()
            self._task = self._progress.add_task("starting", total=1.0)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def tell(self, stage: str, share: float) -> None:
        """What is going on, and how much of it is done."""
        if self._progress is not None:
            self._progress.update(self._task, description=stage, completed=share)
