"""The guard: a small process between the doctor and the script, which outlives both.

It forks the script's process, and adopts whatever that process leaves behind (Linux: child subreaper). When the doctor asks,
or is gone, it ends every descendant; when the doctor is gone for good, it also puts the user's files back. So a Ctrl-C, a
``kill -9`` of the doctor or a script that daemonises its children leaves neither processes nor files.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

KILL, QUIT, STOP = b"k", b"q", b"s"
# The exit status of a process in which our own code failed; it leaves fault.txt behind.
FAULT = 70
_PDEATHSIG, _SUBREAPER = 1, 36


def die_with_parent() -> None:
    """Ask the kernel (Linux) to kill this process when its parent dies."""
    _prctl(_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def descendants(root: int) -> list[int]:
    """Every living process below ``root``, zombies left out (Linux; elsewhere none are found)."""
    parent: dict[int, int] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path("/proc", name, "stat").read_text(errors="replace").rpartition(")")[2].split()
                if fields[0] not in "ZX":
                    parent[int(name)] = int(fields[1])
    found: list[int] = []
    layer = [root]
    while layer:
        layer = [p for p, above in parent.items() if above in layer]
        found += layer
    return found


def end_all(first: int) -> None:
    """Kill every descendant, again and again until none is left (a dying process may still fork)."""
    for _ in range(200):
        alive = descendants(os.getpid())
        with contextlib.suppress(OSError):
            os.killpg(first, signal.SIGKILL)
        for pid in alive:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not alive:
            return
        time.sleep(0.01)


def main(started_with: frozenset[str]) -> None:
    """Entry of the guard's process: request (JSON) and pipe numbers come in the environment."""
    orders, answers, life = (int(n) for n in os.environ.pop("LOSSDOCTOR_PIPES").split(","))
    stand(json.loads(os.environ.pop("LOSSDOCTOR_REQUEST")), orders, answers, life, started_with)


def stand(
    request: dict[str, Any],
    orders: int,
    answers: int,
    life: int,
    started_with: frozenset[str],
    function: Callable[[], object] | None = None,
) -> None:
    """Fork the script's process (or the ``function``'s) and guard it. Never returns."""
    for pipe in (orders, answers, life):
        os.set_inheritable(pipe, False)
    _prctl(_SUBREAPER, 1)
    pid = os.fork()
    try:
        if pid == 0:
            os.close(life)
            os.setsid()
            die_with_parent()
            from .host import Host

            Host(request, orders, answers, started_with).run(function)
        else:
            os.close(orders)
            null = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(null, standard)
            watch(pid, answers, life, request)
    except BaseException:  # noqa: BLE001 - a fault of ours, told as one; it must not run on as a copy of its caller
        with contextlib.suppress(OSError):
            Path(request["folder"], "fault.txt").write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(FAULT)
    finally:
        os._exit(1)


def watch(pid: int, answers: int, life: int, request: dict[str, Any]) -> None:
    """Tell the doctor when the script's process dies; obey its two words; act alone when it is gone."""

    def say(**message: Any) -> None:
        with contextlib.suppress(OSError):
            os.write(answers, (json.dumps(message) + "\n").encode())

    alive = True
    while True:
        if alive:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                alive = False
                end_all(pid)
                say(event="died", status=os.waitstatus_to_exitcode(status))
        ready, _, _ = select.select([life], [], [], 0.05 if alive else None)
        if not ready:
            continue
        word = os.read(life, 1)
        if word == QUIT:
            os._exit(0)
        if word == STOP:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGUSR2)
            continue
        end_all(pid)
        alive = False
        if word == KILL:
            say(event="still")
            continue
        put_back(request)
        os._exit(0)


def put_back(request: dict[str, Any]) -> None:
    """The doctor is gone: undo the script's changes, newest journal first, and remove the working folder."""
    from .journal import Journal

    for store in reversed(request["journals"]):
        with contextlib.suppress(Exception):
            Journal(Path(store)).undo()
    shutil.rmtree(request["folder"], ignore_errors=True)
