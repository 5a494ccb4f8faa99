"""The script's process. It runs the script to its first training act and waits there: every run is a fork of that moment.

Forked by the guard; orders come as JSON lines on one pipe, answers leave on another.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import random
import select
import signal
import stat
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lossdoctor.contracts.plan import Plan
from lossdoctor.trace import Trace
from lossdoctor.trace.store import write

from . import elsewhere
from .execute import NoScript, execute, trimmed
from .guard import FAULT, die_with_parent
from .journal import SITECUSTOMIZE, Journal
from .mute import mute_trackers

_ROOT = Path(__file__).resolve().parent.parent
_OWN = (str(_ROOT) + os.sep,)
# A run that is told to stop gets so long to write what it has recorded.
GRACE = 3.0
# So long may atexit handlers take once the trace is written.
PARTING = 5


class Host:
    """One script process: the waiting one, and after a fork the one that runs a plan."""

    def __init__(self, request: dict[str, Any], orders: int, answers: int, started_with: frozenset[str]) -> None:
        self.request = request
        self.orders = orders
        self.answers = answers
        self.started_with = started_with
        self.folder = Path(request["folder"])
        self.recorder: Any = None
        self.plan: Plan | None = None
        self.run_folder: Path | None = None
        self.waited = False
        self.finishing = False
        self.forking = False
        self.children: dict[int, dict[str, Any]] = {}
        self.dying: dict[int, float] = {}
        self.main_pid = os.getpid()
        self.run_pid = 0

    def say(self, **message: Any) -> None:
        """One JSON line to the doctor."""
        os.write(self.answers, (json.dumps(message) + "\n").encode())

    # -- the waiting process ---------------------------------------------------------------------------------------

    def wait(self) -> None:
        """Called at the first training act. Returns only in a fork that has a plan to run."""
        if os.getpid() != self.main_pid:
            if not self.run_pid:
                elsewhere.mark(self.folder)
            return
        if self.waited:
            return
        self.waited = True
        self.say(event="waiting", device=_device_in_use(), threads=_live_threads())
        buffer = b""
        while True:
            ready, _, _ = select.select([self.orders], [], [], 0.02)
            self._reap()
            if not ready:
                continue
            chunk = os.read(self.orders, 65536)
            if not chunk:
                self._quit()
            buffer += chunk
            while b"\n" in buffer:
                line, buffer = buffer.split(b"\n", 1)
                order = json.loads(line)
                if order["order"] == "kill":
                    self._stop(order["id"])
                elif self._fork(order):
                    return

    def _fork(self, order: dict[str, Any]) -> bool:
        _flush()
        thread = threading.current_thread()
        in_main = thread is threading.main_thread()
        state = random.getstate()
        self.forking = True
        pid = os.fork()
        self.forking = False
        random.setstate(state)  # the module seeds itself anew in a fork
        if pid:
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)
            self.children[pid] = order
            self.say(event="started", id=order["id"], pid=pid)
            return False
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        die_with_parent()
        self.run_pid = os.getpid()
        self.run_folder = Path(order["folder"])
        self.children = {}
        if not order.get("output"):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            os.close(null)
        own_offsets()
        if not in_main:
            # Only the training thread lives on in a fork: its end is the script's end.
            thread._delete = lambda: self._wind_up("script ended", None, 0)  # type: ignore[attr-defined]
        self._begin_safely(order)
        return True

    def _reap(self) -> None:
        now = time.monotonic()
        for pid in list(self.children):
            if now > self.dying.get(pid, now):
                _kill_group(pid)
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done, status = pid, 0
            if done:
                order = self.children.pop(pid)
                self.dying.pop(pid, None)
                _kill_group(pid)
                self.say(event="ended", id=order["id"], status=os.waitstatus_to_exitcode(status))

    def _stop(self, ident: str) -> None:
        """Ask a run to write what it has and end; kill it when it does not."""
        for pid, order in self.children.items():
            if order["id"] == ident:
                self.dying.setdefault(pid, time.monotonic() + GRACE)
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGUSR2)

    def _quit(self) -> None:
        for pid in list(self.children):
            _kill_group(pid)
        os._exit(0)

    # -- the running process ---------------------------------------------------------------------------------------

    def _begin_safely(self, order: dict[str, Any]) -> None:
        try:
            self.begin(order)
        except Exception:  # noqa: BLE001 - our fault, and to be told as ours: the script's handlers must not see it
            self._fault(traceback.format_exc())

    def begin(self, order: dict[str, Any]) -> None:
        """Start to record (or to examine) by the order's plan, from here on."""
        import torch

        from lossdoctor.exams.runner import make_listener

        torch.set_num_threads(1)
        self.journal.move(Path(self.request["journals"][-1]))
        self.plan = Plan(**order["plan"])
        assert self.run_folder is not None
        self.run_folder.mkdir(parents=True, exist_ok=True)
        if self.plan.seed:
            shift_seed(self.plan.seed)
        self.instruments.watch_functions()
        self.recorder = make_listener(self.instruments, self.plan, self.finish, self.run_folder)
        self.instruments.listener = self.recorder
        signal.signal(signal.SIGUSR2, self._told_to_stop)

    def _told_to_stop(self, signum: int, frame: Any) -> None:
        """The doctor's time is up: a recording is worth writing, an exam is not."""
        if os.getpid() == self.run_pid and not self.finishing:
            if self.plan is not None and self.plan.exam is not None:
                os._exit(124)
            self.recorder.end_reason = "time limit"
            self.finish("time limit")

    def _catch_hard_exit(self) -> None:
        """``os._exit`` in the script ends it as ``sys.exit`` does: with the trace written, or the doctor told."""
        original = os._exit

        def _exit(status: int) -> None:
            if not self.finishing and not _called_from_ours():
                error = (
                    {"type": "SystemExit", "message": f"exit code {status} by os._exit", "traceback": "", "site": None}
                    if status
                    else None
                )
                if os.getpid() == self.run_pid:
                    self.finish("script exited", error, leave=False)
                elif os.getpid() == self.main_pid and not self.waited:
                    self.say(event="ended-early", end="script exited", error=error, code=status)
            original(status)

        os._exit = _exit  # type: ignore[assignment]

    def finish(self, reason: str, error: dict[str, Any] | None = None, leave: bool = True) -> None:
        """Write what was recorded and (``leave``) end this process at once: nothing of the script's runs any more."""
        if self.recorder is None or self.run_folder is None or os.getpid() != self.run_pid or self.finishing:
            return
        self.finishing = True
        self.recorder.done = True
        self.instruments.functions.tape = None
        try:
            with torch_functions_off():
                trace = self.recorder.trace()
                if isinstance(trace, Trace):
                    trace.meta.update(end=reason, error=error)
                    write(trace, self.run_folder / "trace.h5")
        except Exception:  # noqa: BLE001 - our fault, and to be told as ours
            self._fault(traceback.format_exc())
        if leave:
            _flush()
            os._exit(0)

    def _fault(self, text: str) -> None:
        """Leave the traceback of a fault of ours for the doctor, and end."""
        if self.run_folder is not None:
            self.run_folder.mkdir(parents=True, exist_ok=True)
            (self.run_folder / "fault.txt").write_text(text, encoding="utf-8")
        self.finishing = True
        os._exit(FAULT)

    def run(self, function: Callable[[], object] | None = None) -> None:
        """The whole life of the process: the script's, or a training loop's given as a ``function``."""
        from lossdoctor.probes.instruments import Instruments

        request = self.request
        self.journal = Journal(Path(request["journals"][0]), request["folder"])
        self._reach_spawned()
        import torch

        torch.set_num_threads(1)
        if hasattr(torch, "compiler") and hasattr(torch.compiler, "set_stance"):
            torch.compiler.set_stance("force_eager")
        self.instruments = Instruments()
        self.instruments.__enter__()
        mute_trackers()
        if request.get("seed") is not None:
            seed_all(int(request["seed"]))
        from lossdoctor.exams.runner import Gate

        self.instruments.listener = Gate(self.wait)
        if request.get("order"):
            self.waited, self.run_pid, self.run_folder = True, os.getpid(), Path(request["order"]["folder"])
            self.instruments.listener = Gate(lambda: self._begin_safely(request["order"]))
        os.register_at_fork(after_in_child=self._forked)
        self._catch_hard_exit()
        self.journal.attach()
        end, error, code = "script ended", None, 0
        try:
            if function is not None:
                function()
            else:
                execute(request["target"], request["module"], request["argv"], self.started_with)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else (0 if stop.code is None else 1)
            end = "script exited"
            if stop.code is not None and not isinstance(stop.code, int):
                _complain(f"{stop.code}\n")
            if code:
                error = {
                    "type": "SystemExit",
                    "message": f"exit code {code}" if isinstance(stop.code, int) else str(stop.code),
                    "traceback": "",
                    "site": None,
                }
        except NoScript as missing:
            error, end, code = (
                {"type": "NoScript", "message": str(missing), "traceback": "", "site": None},
                "no script",
                2,
            )
        except BaseException as failure:  # noqa: BLE001 - whatever the script raises is the script's, and is told
            error, end, code = trimmed(failure, _OWN), "script raised", 1
            if sys.excepthook is not sys.__excepthook__:
                with contextlib.suppress(Exception):
                    sys.excepthook(type(failure), failure, failure.__traceback__)
            else:
                _complain(str(error["traceback"]))
        if function is not None:
            atexit._clear()  # what the calling process has registered is not ours to run
        self._wind_up(end, error, code)

    def _wind_up(self, end: str, error: dict[str, Any] | None, code: int) -> None:
        """What python does when a script is over (threads that still run, then atexit), with the trace written in between."""
        with contextlib.suppress(Exception):
            threading._shutdown()  # type: ignore[attr-defined]
        self.finish(end, error, leave=False)
        if os.getpid() == self.run_pid:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PARTING)
        atexit._run_exitfuncs()
        _flush()
        if os.getpid() == self.main_pid:
            self.say(event="ended-early", end=end, error=error, code=code)
            os._exit(0)
        self.finishing = True
        os._exit(0 if os.getpid() == self.run_pid else code)

    def _reach_spawned(self) -> None:
        """Every Python that the script starts keeps the journal too: a sitecustomize ahead of its path."""
        inject = self.folder / "inject"
        inject.mkdir(exist_ok=True)
        (inject / "sitecustomize.py").write_text(SITECUSTOMIZE.format(root=str(_ROOT.parent)), encoding="utf-8")
        old = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = f"{inject}{os.pathsep}{old}" if old else str(inject)
        self.journal.move(self.journal.store)

    def _forked(self) -> None:
        """In a process that the script forked off by itself: nothing is recorded there."""
        if self.forking:
            return
        from lossdoctor.probes.instruments import Silent

        if self.recorder is not None:
            self.instruments.listener = Silent()
            self.instruments.functions.tape = None


def _device_in_use() -> str:
    """The accelerator that this process has initialised, which a fork could not go on using; empty for none."""
    import torch

    for name in ("cuda", "xpu"):
        device = getattr(torch, name, None)
        if device is not None and device.is_initialized():
            return name.upper()
    return ""


def _live_threads() -> list[str]:
    """Threads that a fork would lack."""
    known = (threading.current_thread(), threading.main_thread())
    return [t.name for t in threading.enumerate() if t not in known and not t.daemon][:3]


def torch_functions_off() -> Any:
    """A context in which our own tensor work is not heard by the function mode."""
    import torch

    return torch._C.DisableTorchFunction()


def own_offsets() -> None:
    """After a fork: give every open regular file a position of its own, or several runs would pull at one."""
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        fd = int(name)
        with contextlib.suppress(OSError):
            if fd < 3 or not stat.S_ISREG(os.fstat(fd).st_mode):
                continue
            at = os.lseek(fd, 0, os.SEEK_CUR)
            inherited = os.get_inheritable(fd)
            flags = fcntl.fcntl(fd, fcntl.F_GETFL) & (os.O_ACCMODE | os.O_APPEND)
            again = os.open(f"/proc/self/fd/{fd}", flags)
            os.lseek(again, at, os.SEEK_SET)
            os.dup2(again, fd, inherited)
            os.close(again)


def seed_all(seed: int) -> None:
    """Give unseeded scripts the same start every time."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def shift_seed(by: int) -> None:
    """Another random state, made from the present one."""
    import numpy as np
    import torch

    seed = int(torch.randint(0, 2**31 - 1, (1,))) + 7919 * by
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _called_from_ours() -> bool:
    """Whether the caller of a replaced function is lossdoctor's own code."""
    return sys._getframe(2).f_code.co_filename.startswith(_OWN)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _complain(text: str) -> None:
    """As python does with an uncaught exception; the script may have closed the stream."""
    with contextlib.suppress(Exception):
        sys.stderr.write(text)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
