"""The exit codes of the public contract, each from the command itself, and what sets them: command line over configuration over default."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from .running import LOOP, Told, command, diagnose, environment, write

HEALTHY = LOOP + "for i in range(30):\n    step()\n"
SICK = HEALTHY.replace("x @ truth)", "(x @ truth).squeeze(1))  # HERE")
WORDS = ("train.py", "--steps", "20")


def codes(folder: Path, *more: str) -> Told:
    return diagnose(folder, *WORDS, *more)


def test_help_is_quick(tmp_path: Path) -> None:
    """By processor time, the best of three: machines are busy. What it must not import: ``test_endings.py``."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert command(tmp_path, "--help").code == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 1.0


def test_0_healthy(tmp_path: Path) -> None:
    write(tmp_path, HEALTHY)
    told = codes(tmp_path, "--fail-on", "warning")
    assert (told.code, told.report["verdict"]) == (0, "healthy"), told.err


def test_1_sick_and_the_settings_that_make_it_0(tmp_path: Path) -> None:
    """One sick script: by default, with ``--fail-on``, by configuration, with the command line over it, by comment, by baseline."""
    script = write(tmp_path, SICK)
    config = tmp_path / "pyproject.toml"
    told = codes(tmp_path)
    assert (told.code, told.report["diagnosis"]["root_cause"]) == (1, "broadcast-mismatch")
    assert codes(tmp_path, "--fail-on", "never").code == 0
    config.write_text('[tool.lossdoctor]\nfail_on = "never"\nsteps = 15\n')
    by_config = diagnose(tmp_path, "train.py")
    assert (by_config.code, by_config.report["steps"]) == (0, 15)
    assert codes(tmp_path, "--fail-on", "error").code == 1
    config.write_text('[tool.lossdoctor.severity]\nbroadcast-mismatch = "warning"\n')
    assert [codes(tmp_path).code, codes(tmp_path, "--fail-on", "warning").code] == [0, 1]
    config.unlink()
    known = tmp_path / "known.json"
    known.write_text(json.dumps(told.report))
    script.write_text("\n\n" + script.read_text())
    again = codes(tmp_path, "--baseline", "known.json")
    assert (again.code, again.report["verdict"]) == (0, "healthy")
    assert [f["suppressed"] for f in again.report["findings"] if f["severity"] != "info"] == ["known from the baseline"]
    script.write_text(script.read_text().replace("# HERE", "# lossdoctor: ignore[broadcast-mismatch] on purpose"))
    ignored = codes(tmp_path)
    assert (ignored.code, ignored.report["verdict"]) == (0, "healthy")
    assert ignored.report["findings"][0]["suppressed"] == "on purpose"


def test_2_usage_error(tmp_path: Path) -> None:
    assert command(tmp_path, "diagnose", "absent.py").code == 2
    assert command(tmp_path, "diagnose", "--no-such-option").code == 2


@pytest.mark.parametrize("text", ["import torch\nraise ValueError('no data')\n", "import time; time.sleep(60)\n"])
def test_3_no_diagnosis(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert codes(tmp_path, "--timeout", "2", "--fail-on", "never").code == 3


def test_4_a_fault_of_ours(tmp_path: Path) -> None:
    write(tmp_path, HEALTHY)
    code = (
        "import sys\n"
        "from lossdoctor.reasoning import tree\n"
        "def fault(*more): raise KeyError('ours')\n"
        "tree.conclude = fault\n"
        "from lossdoctor.cli import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "diagnose", "--no-trials", "--budget", "1", *WORDS],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert done.stderr.startswith("lossdoctor: a fault of lossdoctor itself: KeyError: 'ours'.")
    assert "Traceback" not in done.stderr


def test_a_threshold_and_a_check_set_by_configuration_change_the_verdict(tmp_path: Path) -> None:
    write(tmp_path, SICK)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.lossdoctor]\nchecks = {broadcast-mismatch = false}\npaths = {out = 'made/here'}\n"
        "[tool.lossdoctor.thresholds.missing-zero-grad]\nshare = -1.0\n"
    )
    told = command(tmp_path, "diagnose", "--no-trials", "--budget", "1", *WORDS, "-f", "json")
    report = json.loads((tmp_path / "made" / "here" / "report.json").read_text())
    assert told.code in {0, 1}, told.err
    assert "broadcast-mismatch" not in [f["cause"] for f in report["findings"]]
    assert report["steps"] == 20
