"""The doctor's side of the script process: start it, wait for its first training act, order runs, collect traces. No torch."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lossdoctor.contracts.plan import Plan
from lossdoctor.script import elsewhere, guard
from lossdoctor.script.journal import Journal
from lossdoctor.trace import Trace
from lossdoctor.trace.store import read

from . import memory
from .process import ScriptProcess

# Memory left to everybody else, in bytes.
SPARE = 512 * 2**20
# A run that is told to stop at its time limit still has to write its trace.
WRITING = 5.0


# Told of runs that were begun: their labels, and for how many seconds they have been going (None = ended).
Watch = Callable[[list[tuple[str, float | None]]], None]


class Runs(Protocol):
    """Whatever makes runs of a paused script: the zygote, or one all of whose runs are treated."""

    def run_all(self, plans: list[Plan], timeout: float, jobs: int = 2, progress: Watch | None = None) -> list[Outcome]:
        """See :meth:`Zygote.run_all`."""
        ...


def gist(traceback: str) -> str:
    """What a traceback says in one line: the first line after its last frame (messages may run over many lines)."""
    lines = traceback.strip().splitlines()
    last = max((i for i, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    said = next((line for line in lines[last + 1 :] if line and not line.startswith(" ")), "unknown")
    return said[:300]


class Fault(Exception):
    """lossdoctor's own code failed inside the script's process; the message is the error's line, ``detail`` the traceback."""

    def __init__(self, detail: str) -> None:
        super().__init__(gist(detail))
        self.detail = detail


class CannotFork(RuntimeError):
    """A training loop given as a function lives in a process that cannot be forked."""


@dataclass
class Outcome:
    """What became of one run: its trace (None when it died), how it ended, and the seconds it took."""

    label: str
    trace: Trace | None = None
    end: str = ""
    error: dict[str, Any] | None = None
    status: int | None = None
    seconds: float = 0.0
    folder: Path | None = None
    fault: str = ""


@dataclass
class Run:
    """A run that was ordered."""

    id: str
    plan: Plan
    folder: Path
    timeout: float
    started: float = 0.0
    expired: bool = False
    outcome: Outcome | None = None
    process: ScriptProcess | None = None  # of a run that started the script anew


@dataclass
class Target:
    """What to run: a script file or a module, its arguments, and where."""

    target: str
    module: bool = False
    argv: list[str] = field(default_factory=list)
    cwd: str = ""
    function: Callable[[], object] | None = None  # a training loop in this process, instead of a script


def manner(status: int | None) -> str:
    """How a process ended: ``with exit code 1``, ``by SIGKILL``."""
    if status is None:
        return "without a word"
    if status >= 0:
        return f"with exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"by {name}" + (" (often: out of memory)" if name == "SIGKILL" else "")


class Zygote:
    """The paused script. Use as a context manager: leaving it kills every process and undoes the files' changes.

    Where a fork of the paused process would not work (CUDA is initialised in it), or is not wanted (``fork`` False), every
    run starts the script anew (``fresh``).
    """

    def __init__(
        self, target: Target, log: Path, seed: int | None = 0, show_output: bool = False, fork: bool = True
    ) -> None:
        self.target = target
        self.folder = Path(tempfile.mkdtemp(prefix="lossdoctor-")).resolve()
        # What the script changes up to its first training act stays until the end; what runs change is undone after them.
        self.setup_journal = Journal(self.folder / "journal" / "setup")
        self.journal = Journal(self.folder / "journal" / "runs")
        for journal in (self.setup_journal, self.journal):
            journal.store.mkdir(parents=True)
        self.log = log
        self.seed = seed
        self.show_output = show_output
        self.fork = fork
        self.fresh = False
        self.deadline = float("inf")  # no fresh run is started after it
        self.obstacles: list[str] = []
        self.early: dict[str, Any] | None = None
        self.status: int | None = None
        self.elsewhere = False
        self.problems: list[str] = []
        self.faults: list[str] = []  # tracebacks of ours from inside runs
        self.ready_after = 0.0
        self._runs: dict[str, Run] = {}
        self._count = 0
        self._dead = False

    def __enter__(self) -> Zygote:
        if self.target.function is not None and _has_initialised_cuda():
            shutil.rmtree(self.folder, ignore_errors=True)
            raise CannotFork(
                "CUDA is initialised in this process, so that the training loop cannot be forked: "
                "diagnose it as a script (lossdoctor diagnose train.py)"
            )
        self.started = time.monotonic()
        self.script = self._start({}, self.log)
        return self

    def _start(self, more: dict[str, Any], log: Path) -> ScriptProcess:
        request = {
            "target": self.target.target,
            "module": self.target.module,
            "argv": self.target.argv,
            "folder": str(self.folder),
            "journals": [str(self.setup_journal.store), str(self.journal.store)],
            "seed": self.seed,
        }
        return ScriptProcess(request | more, log, self.show_output, self.target.cwd, self.target.function)

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the script and put its files back. Safe to call twice.

        Should this process die on the way, the guards do the rest.
        """
        if self._dead:
            return
        self._dead = True
        processes = [self.script, *(r.process for r in self._runs.values() if r.process is not None)]
        for process in processes:
            process.still()
        self.elsewhere = elsewhere.seen(self.folder)
        self.problems = self._undo()
        shutil.rmtree(self.folder, ignore_errors=True)
        for process in processes:
            process.dismiss()

    def _undo(self) -> list[str]:
        return self.journal.undo() + self.setup_journal.undo()

    # -- the start ---------------------------------------------------------------------------------------------------

    def wait(self, timeout: float, progress: Callable[[float], None] | None = None) -> str:
        """Wait for the first training act: "waiting", "ended" (the script is over, see ``early``), "died" or "timeout"."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for message in self.script.listen(0.1):
                if message["event"] == "waiting":
                    self.ready_after = time.monotonic() - self.started
                    self._ready(message)
                    return "waiting"
                if message["event"] == "ended-early":
                    self.early = message
                    self.elsewhere = elsewhere.seen(self.folder)
                    error = message.get("error") or {}
                    if error.get("ours"):
                        raise Fault(error["traceback"])
                    return "ended"
                if message["event"] in {"died", "gone"}:
                    self.status = message.get("status")
                    self.elsewhere = elsewhere.seen(self.folder)
                    if (self.folder / "fault.txt").exists():
                        raise Fault((self.folder / "fault.txt").read_text(encoding="utf-8"))
                    return "died"
            if progress is not None:
                progress(time.monotonic() - self.started)
        self.elsewhere = elsewhere.seen(self.folder)
        return "timeout"

    def _ready(self, message: dict[str, Any]) -> None:
        if message["threads"]:
            self.obstacles.append(
                f"threads of the script's do not live on in its runs: {', '.join(message['threads'])}"
            )
        if self.target.function is None and (message["device"] or not self.fork):
            if message["device"]:
                self.obstacles.append(
                    f"{message['device']} is in use ahead of training: every run started the script anew"
                )
            self.fresh = True
            self.script.still()
            self._undo()
            self.journal = self.setup_journal  # each run changes all there is, and all of it is undone after it

    # -- runs --------------------------------------------------------------------------------------------------------

    def order(self, plan: Plan, timeout: float, output: bool = False) -> Run:
        """Fork (or start) a run. Its outcome comes with :meth:`gather`."""
        self._count += 1
        ident = f"run{self._count}"
        run = Run(ident, plan, self.folder / ident, timeout, time.monotonic())
        self._runs[ident] = run
        order = {"id": ident, "plan": plan.to_dict(), "folder": str(run.folder), "output": output}
        if self.fresh:
            run.timeout += 2 * self.ready_after + WRITING
            run.process = self._start({"order": order}, self.log if output else Path(os.devnull))
        else:
            self.script.order(order="run", **order)
        return run

    def gather(self, runs: list[Run], progress: Callable[[], None] | None = None) -> list[Outcome]:
        """Wait until every one of ``runs`` has ended or been killed for its timeout."""
        while any(r.outcome is None for r in runs):
            self._listen()
            self._expire(runs)
            if progress is not None:
                progress()
        return [r.outcome for r in runs if r.outcome is not None]

    def _listen(self) -> None:
        if not self.fresh:
            for message in self.script.listen(0.05):
                self._heard(message)
            return
        for run in [r for r in self._runs.values() if r.outcome is None and r.process is not None]:
            assert run.process is not None
            for message in run.process.listen(0.05):
                if message["event"] in {"died", "still", "gone"} and run.outcome is None:
                    run.process.still()
                    self._undo()
                    run.process.dismiss()
                    self._ended(run, message.get("status"))

    def _expire(self, runs: list[Run]) -> None:
        """Ask runs that are over their time to write what they have. Fresh ones that do not are killed (forks: by the waiting process)."""
        now = time.monotonic()
        for run in runs:
            if run.outcome is not None or now - run.started < run.timeout:
                continue
            if run.process is None:
                self.script.order(order="kill", id=run.id)
                run.timeout = float("inf")
            else:
                run.process.tell_guard(guard.KILL if run.expired else guard.STOP)
                run.timeout += WRITING
            run.expired = True

    def _heard(self, message: dict[str, Any]) -> None:
        if message["event"] in {"died", "gone"}:
            self.status = message.get("status", self.status)
            for run in self._runs.values():
                if run.outcome is None:
                    run.outcome = Outcome(run.plan.label, end="the script's process died", folder=run.folder)
        elif message["event"] == "ended":
            self._ended(self._runs[message["id"]], message["status"])

    def _ended(self, run: Run, status: int | None) -> None:
        outcome = Outcome(run.plan.label, status=status, seconds=time.monotonic() - run.started, folder=run.folder)
        file = run.folder / "trace.h5"
        if file.exists():
            outcome.trace, _ = read(file)
            outcome.end = str(outcome.trace.meta.get("end", ""))
            outcome.error = outcome.trace.meta.get("error")
        elif (fault := run.folder / "fault.txt").exists() or (fault := self.folder / "fault.txt").exists():
            outcome.fault = fault.read_text(encoding="utf-8")
        elif run.expired:
            outcome.end = "timeout"
        elif (run.folder / "exam.npz").exists():
            outcome.end = "examined"
        else:
            outcome.end = f"died {manner(status)}"
        if outcome.error and outcome.error.get("ours"):
            outcome.fault = str(outcome.error.get("traceback", ""))
        run.outcome = outcome
        if outcome.fault:
            outcome.end = f"a fault of lossdoctor: {gist(outcome.fault)}"
            self.faults.append(outcome.fault)
            if run.plan.label == "probe":
                raise Fault(outcome.fault)

    def run_all(self, plans: list[Plan], timeout: float, jobs: int = 2, progress: Watch | None = None) -> list[Outcome]:
        """Run several plans, at most ``jobs`` at once (fresh ones in turn); outcomes in the plans' order.

        Files are put back afterwards.
        """
        pending = list(plans)
        runs: list[Run] = []
        jobs = 1 if self.fresh else jobs
        while pending or any(r.outcome is None for r in runs):
            while pending and (busy := sum(r.outcome is None for r in runs)) < jobs and (not busy or self._room()):
                runs.append(self._next(pending.pop(0), timeout))
            self._listen()
            self._expire(runs)
            if progress is not None:
                now = time.monotonic()
                progress([(r.plan.label, None if r.outcome is not None else now - r.started) for r in runs])
        if all(r.outcome is not None for r in self._runs.values()):
            self.journal.undo()
        return [r.outcome for r in runs if r.outcome is not None]

    def _room(self) -> bool:
        """Whether memory allows one more run beside those that go on: in the worst case it copies all that the script holds."""
        held = memory.resident(self.script.process.pid)
        free = memory.available()
        return held is None or free is None or free > held + SPARE

    def _next(self, plan: Plan, timeout: float) -> Run:
        if self.fresh and time.monotonic() > self.deadline:
            run = Run("", plan, self.folder / "none", timeout)
            run.outcome = Outcome(plan.label, end="the time budget did not allow it")
            return run
        return self.order(plan, timeout)


def _has_initialised_cuda() -> bool:
    torch = sys.modules.get("torch")
    return bool(torch is not None and torch.cuda.is_initialized())
