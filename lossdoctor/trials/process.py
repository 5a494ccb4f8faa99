"""One process of the script's with its guard: the pipes to both, and its output on the way into the log. No torch."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lossdoctor.environment import of_script
from lossdoctor.script import guard
from lossdoctor.script.mute import muted_environment
from lossdoctor.script.output import Output

BOOT = (
    "import sys; start = frozenset(sys.modules); sys.path.pop(0) if sys.path and sys.path[0] == '' else None; "
    "from lossdoctor.script.guard import main; main(start)"
)


class Forked:
    """A fork of this process, with the few methods of ``subprocess.Popen`` that are needed here."""

    def __init__(self, run: Callable[[], None], out: int) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            for standard, source in ((0, null), (1, out), (2, out)):
                os.dup2(source, standard)
            try:
                run()
            finally:
                os._exit(1)

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, seconds: float) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it did not come in time.
        """
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("fork", seconds)
            time.sleep(0.01)
        return self.returncode or 0


class ScriptProcess:
    """Starts at once. ``function`` runs a training loop of this process in a fork instead of a script."""

    def __init__(
        self, request: dict[str, Any], log: Path, echo: bool, cwd: str, function: Callable[[], object] | None = None
    ) -> None:
        self._buffer = b""
        self._over = False
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        life, self._life = os.pipe()
        output, printed = os.pipe()
        theirs = (orders, answers, life)
        self.process: Any
        if function is not None:
            self.process = Forked(lambda: self._in_fork(request, theirs, function), printed)
        else:
            environment = of_script() | muted_environment()
            environment.setdefault("PYTHONHASHSEED", "0")
            environment.setdefault("PYTHONUNBUFFERED", "1")
            environment["LOSSDOCTOR_REQUEST"] = json.dumps(request)
            environment["LOSSDOCTOR_PIPES"] = ",".join(map(str, theirs))
            self.process = subprocess.Popen(
                [sys.executable, "-c", BOOT],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                env=environment,
                cwd=cwd or None,
                pass_fds=theirs,
                start_new_session=True,
            )
        for pipe in (*theirs, printed):
            os.close(pipe)
        self._output = Output(output, log, echo)

    def _in_fork(self, request: dict[str, Any], theirs: tuple[int, int, int], function: Callable[[], object]) -> None:
        for pipe in (self._orders, self._answers, self._life):
            os.close(pipe)
        os.environ.update(muted_environment())
        guard.stand(request, *theirs, frozenset(sys.modules), function)

    def order(self, **message: Any) -> None:
        """Tell the script's process. One that is gone is told by its answers' end."""
        with contextlib.suppress(OSError):
            os.write(self._orders, (json.dumps(message) + "\n").encode())

    def tell_guard(self, word: bytes) -> None:
        """One of the guard's words."""
        with contextlib.suppress(OSError):
            os.write(self._life, word)

    def listen(self, seconds: float) -> list[dict[str, Any]]:
        """What came within ``seconds`` at most; ``gone`` when nothing will come any more."""
        ready, _, _ = select.select([self._answers], [], [], max(seconds, 0))
        if not ready:
            return []
        chunk = os.read(self._answers, 65536)
        if not chunk:
            return [{"event": "gone"}]
        self._buffer += chunk
        *lines, self._buffer = self._buffer.split(b"\n")
        return [json.loads(line) for line in lines if line]

    def still(self) -> None:
        """End it and all its descendants, and keep the rest of its output. The guard stays: it still answers for the files."""
        self.tell_guard(guard.KILL)
        deadline = time.monotonic() + 20.0
        while self.process.poll() is None and time.monotonic() < deadline:
            if any(m["event"] in {"still", "gone"} for m in self.listen(0.1)):
                break
        self._output.close()

    def dismiss(self) -> None:
        """Let the guard go; the files are put back. Safe to call twice."""
        if self._over:
            return
        self._over = True
        self.tell_guard(guard.QUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5.0)
        for pipe in (self._orders, self._answers, self._life):
            with contextlib.suppress(OSError):
                os.close(pipe)
