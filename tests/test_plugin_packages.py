"""A plugin package, installed and run: its check, exam, remedy and format; and one whose every part is broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from .running import environment

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "plugin"

BROKEN = {
    "pyproject.toml": """
        [build-system]
        requires = ["setuptools>=68"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "broken-plugin"
        version = "1.0"
        [project.entry-points."lossdoctor.checks"]
        raising = "broken_plugin:Raising"
        misspelt = "broken_plugin:Misspelt"
        absent = "broken_plugin:Absent"
        twice = "broken_plugin:Twice"
        [project.entry-points."lossdoctor.exams"]
        raising = "broken_plugin:RaisingExam"
        misspelt = "broken_plugin:MisspeltExam"
        [project.entry-points."lossdoctor.remedies"]
        odd = "broken_plugin:OddRemedy"
        [project.entry-points."lossdoctor.reports"]
        raising = "broken_plugin:RaisingReport"
        odd = "broken_plugin:OddReport"
        [tool.setuptools]
        py-modules = ["broken_plugin"]
        """,
    "broken_plugin.py": """
        from lossdoctor.contracts.check import Check
        from lossdoctor.contracts.exam import Exam
        from lossdoctor.contracts.remedy import Remedy

        class Raising(Check):
            cause = "raises"
            def ask(self, losses):
                return 1 / 0

        class Misspelt(Check):
            cause = "misspelt"
            def ask(self, los):
                return None

        class Twice(Check):
            cause = "lr-too-high"
            def ask(self, losses):
                return None

        class RaisingExam(Exam):
            name = "raises"
            def examine(self, trace):
                raise RuntimeError("no measure")

        class MisspeltExam(Exam):
            name = "misspelt"
            def examine(self, trace, run):
                return {}

        class OddRemedy(Remedy):
            id = "odd"
            says = "odd"
            def step_begins(self, optimizer, gradient):
                pass

        class RaisingReport:
            name = "raising"
            filename = "raising.txt"
            def render(self, diagnosis, trace=None):
                raise RuntimeError("no ink")

        class OddReport:
            name = "odd"
            filename = "odd.txt"
            def render(self, diagnosis, curves, colour):
                return ""
        """,
}
SAYS = (
    "check raises failed: ZeroDivisionError",
    "plugin broken_plugin is broken",
    "plugin broken_plugin:Misspelt (entry point 'misspelt' of broken-plugin) is broken: CheckError: check Misspelt",
    "ask(self, los) asks for 'los', which is no evidence",
    "did you mean 'loss'?",
    "plugin broken_plugin:Absent (entry point 'absent' of broken-plugin) is broken: AttributeError",
    "LrTooHigh judges 'lr-too-high' already",
    "exam raises of broken_plugin is broken: RuntimeError: no measure",
    "examine(self, trace, run) asks for 'run', which is no evidence",
    "remedy OddRemedy from broken_plugin:OddRemedy",
    "step_begins(self, optimizer, gradient) takes 'gradient'; the event is step_begins(self, optimizer)",
    "plugin broken_plugin:RaisingReport (entry point 'raising' of broken-plugin) is broken: RuntimeError: no ink",
    "render(self, diagnosis, curves, colour) cannot be called as render(self, diagnosis, trace=None)",
)


def installed(source: Path, site: Path) -> dict[str, str]:
    """Install a package into ``site``, without a network; the environment in which it is found."""
    copy = site.with_name(site.name + "-source")
    shutil.copytree(source, copy)
    words = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site), str(copy)]
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    path = os.pathsep.join(p for p in (str(site), os.environ.get("PYTHONPATH", "")) if p)
    return environment(PYTHONPATH=path)


def run(folder: Path, given: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lossdoctor", *words],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_example_adds_a_check_an_exam_a_remedy_and_a_format(tmp_path: Path) -> None:
    given = installed(SAMPLE, tmp_path / "site")
    shutil.copy(SAMPLE / "patient.py", tmp_path)
    words = [
        "diagnose",
        "patient.py",
        "--steps",
        "60",
        "--budget",
        "60",
        "-f",
        "json",
        "-f",
        "csv",
        "-f",
        "html",
        "-f",
        "sarif",
    ]
    done = run(tmp_path, given, *words)
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "lossdoctor-report" / "report.json").read_text(encoding="utf-8"))
    finding = next(f for f in report["findings"] if f["cause"] == "momentum-too-high")
    assert report["notes"] == []
    assert report["diagnosis"]["root_cause"] == "momentum-too-high"
    assert finding["location"]["line"] == 9
    assert finding["evidence"]["momentum"] == 0.99
    (trial,) = [t for t in report["trials"] if t["remedy"] == "lower-momentum"]
    assert trial["verdict"] == "confirmed", trial["reason"]
    node = next(n for n in report["tree"] if n["stage"] == "step size")
    assert node["answer"] == "sick"
    assert {"cause": "momentum-too-high", "answer": "sick", "reason": finding["message"]} in node["causes"]
    rows = (tmp_path / "lossdoctor-report" / "report.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "cause,severity,proof,file,line,title"
    assert rows[1].startswith("momentum-too-high,error,confirmed,")
    told = run(tmp_path, given, "explain", "momentum-too-high").stdout
    assert "What it detects" in told
    assert "high = 0.97  # From this momentum on." in told


def test_a_broken_plugin_is_named_and_the_rest_of_the_diagnosis_stands(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, text in BROKEN.items():
        (source / name).write_text(textwrap.dedent(text), encoding="utf-8")
    given = installed(source, tmp_path / "site")
    shutil.copy(SAMPLE.parent / "broadcast-mismatch" / "sick.py", tmp_path / "train.py")
    words = ["diagnose", "train.py", "--steps", "25", "--budget", "1", "--no-trials", "-f", "raising", "-f", "json"]
    done = run(tmp_path, given, *words)
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "lossdoctor-report" / "report.json").read_text(encoding="utf-8"))
    assert report["diagnosis"]["root_cause"] == "broadcast-mismatch"
    notes = "\n".join(report["notes"])
    for words_told in SAYS:
        assert words_told in notes, words_told
    assert "RaisingReport" in done.stderr
    assert not (tmp_path / "lossdoctor-report" / "raising.txt").exists()
    assert {"cause": "raises", "reason": "the check itself failed: ZeroDivisionError: division by zero"} in report[
        "diagnosis"
    ]["cannot_tell"]
    alone = run(tmp_path, given, "report", "lossdoctor-report/trace.h5", "-f", "odd")
    assert (alone.returncode, alone.stdout) == (4, "")
    assert "plugin broken_plugin:OddReport" in alone.stderr


@pytest.mark.parametrize("part", ["check", "exam", "remedy", "report"])
def test_the_example_shows_every_part(part: str) -> None:
    assert (SAMPLE / "acme_lossdoctor" / f"{part}.py").read_text(encoding="utf-8").startswith('"""')
    assert f"acme_lossdoctor.{part}:" in (SAMPLE / "pyproject.toml").read_text(encoding="utf-8")
