"""No process and no file of the script's outlives the doctor, however either of them ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from .running import LOOP, environment, write

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

# Children of every kind: a fork, a subprocess, a daemon that has left its session, a pool's worker.
LITTER = """
import multiprocessing, os, signal, subprocess, sys, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(300)
subprocess.Popen(["sleep", "300"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(300)
context = multiprocessing.get_context("fork")
context.Process(target=time.sleep, args=(300,), daemon=True).start()
"""
ENDLESS = (
    LITTER
    + LOOP
    + "open('precious.txt', 'w').write('ruined')\nstep()\nopen('new.txt', 'w').close()\nwhile True:\n    step()\n    time.sleep(0.01)\n"
)


def marked(mark: str) -> list[str]:
    """The command lines of all living processes that carry ``mark`` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(entry.name + " " + (entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


def heeding_interrupts() -> None:
    """A shell's background jobs, and all that they start, ignore interrupts; the tests may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Started:
    """The command line at work on a script, in a session of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.mark = f"mark-{uuid.uuid4().hex}"
        self.temporary = folder.parent / "temporary"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "lossdoctor",
                "diagnose",
                "train.py",
                "--no-trials",
                "--budget",
                "1",
                "--format",
                "json",
                *words,
            ],
            cwd=folder,
            env=environment(LOSSDOCTOR_TEST=self.mark, TMPDIR=str(self.temporary)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heeding_interrupts,
        )

    def gone(self, seconds: float = 20.0) -> list[str]:
        """What still lives after waiting for everything to end."""
        deadline = time.monotonic() + seconds
        while (alive := marked(self.mark)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return alive


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project with one file that matters."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "precious.txt").write_text("precious")
    return folder


def until(path: Path, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.05)


def assert_clean(started: Started, folder: Path) -> None:
    assert started.gone() == []
    assert (folder / "precious.txt").read_text() == "precious"
    assert not (folder / "new.txt").exists()
    # The first step of any optimizer makes torch's own cache folder, under plain python as well.
    assert [p for p in started.temporary.iterdir() if not p.name.startswith("torchinductor_")] == []


def test_after_a_diagnosis(place: Path) -> None:
    write(
        place, LITTER + LOOP + "open('precious.txt', 'w').close()\nfor i in range(6):\n    step()\nprint('through')\n"
    )
    started = Started(place)
    _, errors = started.process.communicate(timeout=90)
    assert started.process.returncode in {0, 1}, errors
    assert_clean(started, place)


def test_after_a_keyboard_interrupt(place: Path) -> None:
    write(place, ENDLESS)
    started = Started(place, "--steps", "1000000")
    until(place / "new.txt")
    os.killpg(started.process.pid, signal.SIGINT)
    _, errors = started.process.communicate(timeout=30)
    assert started.process.returncode == 130
    assert errors == "lossdoctor: interrupted; the script's processes are ended and its files put back\n"
    assert_clean(started, place)


def test_an_interrupt_waits_for_the_statistics_to_load() -> None:
    """Whichever thread the signal reaches, and it is not lost: the module is whole, and then the interrupt is raised."""
    code = (
        "import os, signal, sys, threading, time\n"
        "from lossdoctor.contracts.outcome import warm_up\n"
        "interrupt = lambda: (time.sleep(0.05), os.kill(os.getpid(), signal.SIGINT))\n"
        "threading.Thread(target=interrupt, daemon=True).start()\n"
        "try:\n    warm_up()\nexcept KeyboardInterrupt:\n    print('scipy.stats' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=heeding_interrupts,
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_after_the_doctor_was_killed(place: Path, how: signal.Signals) -> None:
    write(place, ENDLESS)
    started = Started(place, "--steps", "1000000")
    until(place / "new.txt")
    os.kill(started.process.pid, how)
    started.process.wait(30)
    assert_clean(started, place)


def test_after_a_script_that_hangs_ahead_of_training(place: Path) -> None:
    write(place, LITTER + "open('precious.txt', 'w').close()\ntime.sleep(300)\n")
    started = Started(place, "--timeout", "4")
    _, errors = started.process.communicate(timeout=60)
    assert started.process.returncode == 3
    assert "No training step within 4 s (raise --timeout)." in errors
    assert_clean(started, place)


def test_after_a_script_that_kills_its_own_group(place: Path) -> None:
    write(place, LITTER + "open('precious.txt', 'w').close()\nos.killpg(0, signal.SIGKILL)\n")
    started = Started(place)
    _, errors = started.process.communicate(timeout=60)
    assert started.process.returncode == 3
    assert "died by SIGKILL" in errors
    assert_clean(started, place)
