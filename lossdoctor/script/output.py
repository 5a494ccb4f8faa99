"""The script's output on its way into the log: kept from both ends, so that endless printing fills neither disk nor memory."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import deque
from pathlib import Path

HEAD = 8 * 1024**2
TAIL = 2 * 1024**2
_CHUNK = 65536


class Output:
    """Copies a pipe into ``log`` in a thread: the first ``HEAD`` bytes as they come, the last ``TAIL`` at the end.

    With ``echo`` everything goes to the doctor's standard error as well.
    """

    def __init__(self, pipe: int, log: Path, echo: bool = False) -> None:
        self.pipe = pipe
        self.echo = echo
        self.written = 0
        self.dropped = 0
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        log.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(log, "wb")  # noqa: SIM115 - closed by the thread
        self._thread = threading.Thread(target=self._copy, name="lossdoctor-output", daemon=True)
        self._thread.start()

    def _copy(self) -> None:
        with self._file as file, contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self.pipe, _CHUNK):
                if self.echo:
                    with contextlib.suppress(OSError, ValueError):
                        sys.stderr.buffer.write(chunk)
                        sys.stderr.buffer.flush()
                self._take(file, chunk)
            if self.dropped:
                file.write(f"\n[lossdoctor: {self.dropped} bytes of output are left out here]\n".encode())
            for kept in self._tail:
                file.write(kept)
        with contextlib.suppress(OSError):
            os.close(self.pipe)

    def _take(self, file: object, chunk: bytes) -> None:
        room = HEAD - self.written
        if room > 0:
            self._file.write(chunk[:room])
            self._file.flush()
            self.written += min(room, len(chunk))
            chunk = chunk[room:]
        if not chunk:
            return
        self._tail.append(chunk)
        self._tail_size += len(chunk)
        while self._tail_size - len(self._tail[0]) >= TAIL:
            gone = self._tail.popleft()
            self._tail_size -= len(gone)
            self.dropped += len(gone)

    def close(self, seconds: float = 5.0) -> None:
        """Wait for the rest (every writer is dead by now)."""
        self._thread.join(seconds)
