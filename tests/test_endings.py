"""However a script ends, the command answers with the contract's exit code and one clear line, never with a traceback of ours."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lossdoctor.script.output import HEAD, TAIL

from .running import LOOP, Told, command, diagnose, environment, record, write

TRAIN = LOOP + "for i in range(12):\n    step()\n"


def one_line(told: Told) -> str:
    """The only line on standard error."""
    lines = told.err.splitlines()
    assert len(lines) == 1, told.err
    assert lines[0].startswith("lossdoctor: ")
    return lines[0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["diagnose"], "no script given"),
        (["diagnose", "absent.py"], "no such script: absent.py"),
        (["diagnose", "picture.png"], "picture.png is not a Python script"),
        (["diagnose", "folder"], "folder is a folder without a __main__.py"),
        (["diagnose", "-m", "absent.module"], "no module named absent"),
        (["diagnose", "train.py", "--bogus"], "arguments of the script go after --"),
        (["diagnose", "train.py", "--steps", "none"], "--steps"),
        (["diagnose", "train.py", "--steps", "0"], "--steps"),
        (["diagnose", "train.py", "--format", "xml"], "no such format: xml; available: github, html, json"),
        (["diagnose", "train.py", "--out", "-"], "--out - prints one report"),
        (["diagnose", "train.py", "--fail-on", "always"], "--fail-on must be error, warning or never"),
        (["diagnose", "train.py", "--baseline", "picture.png"], "is no lossdoctor report"),
        (["diagnose", "train.py", "--out", "picture.png/reports"], "cannot make the report folder"),
        (["report", "absent.h5"], "no such trace: absent.h5"),
        (["report", "picture.png"], "is not an HDF5 file"),
        (["explain", "lr-to-high"], "did you mean 'lr-too-high'?"),
        (["fix", "train.py"], "run `lossdoctor diagnose train.py` first"),
        (["cure"], "No such command 'cure'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_usage_error_is_one_line_and_exit_code_2(tmp_path: Path, words: list[str], says: str) -> None:
    write(tmp_path, TRAIN)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x00\x01")
    (tmp_path / "folder").mkdir()
    told = command(tmp_path, *words)
    assert told.code == 2
    assert says in one_line(told)
    assert told.out == ""


def test_help_imports_no_torch_and_bare_command_is_help(tmp_path: Path) -> None:
    code = "import sys; from lossdoctor.cli import run; code = run(sys.argv[1:]); print([m for m in ('torch', 'h5py', 'matplotlib', 'scipy', 'numpy') if m in sys.modules]); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        cwd=tmp_path,
    )
    assert done.returncode == 0
    assert "diagnose" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    assert command(tmp_path).out == command(tmp_path, "--help").out
    assert command(tmp_path, "--version").out.startswith("lossdoctor 0.")


def test_a_report_is_rendered_again_without_torch(tmp_path: Path) -> None:
    write(tmp_path, TRAIN)
    told = command(tmp_path, "diagnose", "train.py", "--no-trials", "--budget", "1", "--out", "here")
    assert told.code in {0, 1}, told.err
    assert {p.name for p in (tmp_path / "here").iterdir()} >= {"report.html", "report.json", "trace.h5", "script.log"}
    block = """
import sys
class NoTorch:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("torch was asked for")
sys.meta_path.insert(0, NoTorch)
from lossdoctor.cli import run
sys.exit(run(sys.argv[1:]))
"""
    done = subprocess.run(
        [sys.executable, "-c", block, "report", "here/trace.h5", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((tmp_path / "here" / "report.json").read_text())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def broken(:\n", "raised SyntaxError before its first training step"),
        (
            "import torch\nraise ValueError('no data here')\n",
            "raised ValueError before its first training step: no data here",
        ),
        ("import torch\nprint('nothing to do')\n", "without a training step"),
        ("name = input('name? ')\n", "raised EOFError before its first training step"),
        ("import sys; sys.exit('give me a config')\n", "ended (exit code 1) without a training step"),
        ("import os; os._exit(5)\n", "ended (exit code 5) without a training step"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\n", "died by SIGSEGV before its first training step"),
        ("import time; time.sleep(100)\n", "No training step within 3 s (raise --timeout)."),
        ("while True: pass\n", "No training step within 3 s (raise --timeout)."),
    ],
    ids=["syntax", "raises", "never trains", "stdin", "exits", "_exits", "crashes", "sleeps", "spins"],
)
def test_no_training_step_is_exit_code_3_and_one_line(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    told = diagnose(tmp_path, "train.py", "--timeout", "3" if "3 s" in says else "60")
    assert told.code == 3, told.err
    assert says in one_line(told)
    assert told.report["verdict"] in {"sick", "inconclusive"}
    assert told.report["error"]["before_training"] is True
    assert told.report["steps"] == 0


def test_the_script_error_of_a_script_that_fails_early_names_its_line(tmp_path: Path) -> None:
    write(tmp_path, "import torch\n\ndef load():\n    return {}['data']\n\nload()\n")
    told = diagnose(tmp_path, "train.py")
    assert told.code == 3
    (finding,) = told.report["findings"]
    assert finding["cause"] == "script-error"
    assert finding["location"]["line"] == 4
    assert finding["location"]["source"] == "return {}['data']"
    assert "lossdoctor" not in finding["evidence"]["traceback"]


def test_a_crash_during_training_is_a_finding(tmp_path: Path) -> None:
    write(
        tmp_path, LOOP + "for i in range(12):\n    if i == 5:\n        raise ZeroDivisionError('at five')\n    step()\n"
    )
    told = diagnose(tmp_path, "train.py")
    assert told.code == 1, told.err
    assert told.report["diagnosis"]["root_cause"] == "script-error"
    assert told.report["steps"] == 5


@pytest.mark.parametrize("call", ["sys.exit(3)", "os._exit(3)", "sys.exit()", "os._exit(0)"])
def test_an_exit_during_training_keeps_the_steps(tmp_path: Path, call: str) -> None:
    script = write(
        tmp_path, LOOP + f"import os, sys\nfor i in range(12):\n    if i == 6:\n        {call}\n    step()\n"
    )
    seen = record(script, steps=50)
    assert seen.run is not None
    assert seen.run.end == "script exited"
    assert seen.run.trace is not None
    assert seen.run.trace.steps == 6
    assert bool(seen.run.error) == ("3" in call)


def test_a_hang_during_training_keeps_the_steps(tmp_path: Path) -> None:
    script = write(tmp_path, LOOP + "import time\nfor i in range(5):\n    step()\ntime.sleep(100)\n")
    seen = record(script, steps=50, run_timeout=3)
    assert seen.run is not None
    assert seen.run.end == "time limit"
    assert seen.run.trace is not None
    assert seen.run.trace.steps == 5


def test_a_hang_that_no_signal_ends_is_killed(tmp_path: Path) -> None:
    script = write(
        tmp_path, LOOP + "import signal, time\nstep()\nsignal.signal(signal.SIGUSR2, signal.SIG_IGN)\ntime.sleep(100)\n"
    )
    seen = record(script, steps=50, run_timeout=3)
    assert seen.run is not None
    assert seen.run.end == "timeout"
    assert seen.run.trace is None


def test_a_process_killed_during_training_is_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        LOOP
        + "import os, signal\nfor i in range(12):\n    step()\n    if i == 3:\n        os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    told = diagnose(tmp_path, "train.py")
    assert told.code == 3
    assert "died by SIGKILL" in one_line(told)


def test_endless_printing_fills_neither_log_nor_memory(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        LOOP
        + "import sys\nprint('first line')\nline = 'x' * 9999 + '\\n'\nfor i in range(3):\n    step()\nfor i in range(3000):\n    sys.stdout.write(line)\nprint('last line')\n",
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = record(script, steps=50)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len(seen.log) < HEAD + TAIL + 200_000
    assert seen.log.startswith("first line\n")
    assert seen.log.endswith("last line\n")
    assert "bytes of output are left out here" in seen.log
    assert grown < 200_000  # KiB


def test_a_script_that_forks_by_itself(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        LOOP
        + """
import os
step()
pid = os.fork()
for i in range(6):
    step()
if pid == 0:
    print("child through", flush=True)
else:
    os.waitpid(pid, 0)
    print("parent through")
""",
    )
    seen = record(script, steps=50)
    assert seen.log.splitlines() == ["child through", "parent through"]
    assert seen.run is not None
    assert seen.run.trace is not None
    assert seen.run.trace.steps == 7


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_training_in_a_child_process_is_told_plainly(tmp_path: Path, method: str) -> None:
    write(
        tmp_path,
        f"""
import multiprocessing

def work():
    import torch
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i in range(4):
        model(torch.randn(3, 2)).sum().backward()
        optimizer.step()

if __name__ == "__main__":
    process = multiprocessing.get_context("{method}").Process(target=work)
    process.start()
    process.join()
""",
    )
    told = diagnose(tmp_path, "train.py")
    assert told.code == 3
    assert "Training was seen in a process that the script starts" in one_line(told)


def test_arguments_and_the_working_folder_reach_the_script(tmp_path: Path) -> None:
    write(tmp_path, "NAME = 'neighbour'", "project/src/near.py")
    write(
        tmp_path,
        "import argparse, os, near\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float)\nparser.add_argument('data')\n"
        "words = parser.parse_args()\nassert (words.lr, words.data) == (0.1, '--x'), words\nassert os.path.exists('here.txt')\n"
        + TRAIN,
        "project/src/train.py",
    )
    (tmp_path / "project" / "here.txt").touch()
    told = diagnose(tmp_path / "project", "src/train.py", "--", "--lr", "0.1", "--", "--x")
    assert told.code in {0, 1}, told.err
    assert told.report["steps"] == 12


def test_an_unseeded_script_gives_the_same_report_twice(tmp_path: Path) -> None:
    text = (
        LOOP.replace("torch.manual_seed(0)", "import random, numpy")
        + "for i in range(12):\n    step()\n    print(random.random(), numpy.random.rand(), hash('x'))\n"
    )
    write(tmp_path, text)
    reports, logs = [], []
    for name in ("first", "second"):
        told = command(
            tmp_path, "diagnose", "train.py", "--no-trials", "--budget", "20", "--format", "json", "--out", name
        )
        assert told.code in {0, 1}, told.err
        reports.append((tmp_path / name / "report.json").read_text())
        logs.append((tmp_path / name / "script.log").read_text())
    assert logs[0] == logs[1]
    assert reports[0] == reports[1]


def test_output_is_kept_apart_or_passed_through_on_standard_error(tmp_path: Path) -> None:
    write(tmp_path, TRAIN + "print('said by the script')\n")
    quiet = diagnose(tmp_path, "train.py")
    assert "said by the script" not in quiet.out + quiet.err
    shown = diagnose(tmp_path, "train.py", "--show-output")
    assert "said by the script" in shown.err
    assert shown.report == quiet.report


def test_a_reader_that_goes_away_changes_no_exit_code(tmp_path: Path) -> None:
    write(tmp_path, "import torch\n")
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"set -o pipefail; {sys.executable} -m lossdoctor diagnose train.py --format json --out - | true; echo ${{PIPESTATUS[0]}}",
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "3\n"
    assert "Traceback" not in done.stderr
