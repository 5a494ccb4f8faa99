"""The composite action and the documented pipelines: their commands exist, and the action's steps do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from lossdoctor.cli import app
from lossdoctor.contracts import registry

from .running import LOOP, environment, write

ROOT = Path(__file__).resolve().parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {s["name"]: s for s in ACTION["runs"]["steps"]}
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "action.yml",
    *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))),
]
COMMANDS: Any = typer.main.get_command(app)


def told_commands(text: str) -> list[list[str]]:
    """Every ``lossdoctor COMMAND …`` of a page, up to where it ends or the script's own arguments begin."""
    found = []
    for line in re.findall(r"(?<![\w./-])lossdoctor ((?:[a-z]+)(?: [^`\n#]*)?)", text):
        words = shlex.split(line.split(" && ")[0].replace("[", "").replace("]", ""), posix=True)
        if words and words[0] in COMMANDS.commands:
            found.append(words[: words.index("--")] if "--" in words else words)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_written_down_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\'", "'").replace("'s ", " ").replace("n't", "nt")
    for name, *words in told_commands(text):
        options = {o for p in COMMANDS.commands[name].params for o in p.opts + p.secondary_opts}
        for i, word in enumerate(words):
            if word.startswith("-") and word != "-" and re.fullmatch(r"-{1,2}[a-z-]+", word):
                assert word in options, f"{page}: lossdoctor {name} {word}"
            if word in {"--format", "-f"} and i + 1 < len(words):
                assert words[i + 1] in registry.reports() or not words[i + 1].isalpha(), f"{page}: {words[i + 1]}"


def test_the_pages_hold_commands_at_all() -> None:
    assert sum(len(told_commands((ROOT / p).read_text(encoding="utf-8"))) for p in PAGES if p != "action.yml") > 8


def test_the_action_is_whole() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in STEPS.values():
        assert ("run" in step) != ("uses" in step)
        assert step.get("shell") == ("bash" if "run" in step else None)
        if "run" in step:
            assert "${{" not in step["run"], "inputs come by the environment, never as code"
            assert subprocess.run(["bash", "-n"], input=step["run"], text=True, check=False).returncode == 0
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert used == set(ACTION["inputs"])
    options = {o for p in COMMANDS.commands["diagnose"].params for o in p.opts + p.secondary_opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", STEPS["Diagnose"]["run"])) <= options
    formats = re.search(r"for format in ([a-z ]+);", STEPS["Diagnose"]["run"])
    assert formats
    assert sorted(formats[1].split()) == sorted(registry.reports())


def step(name: str, folder: Path, inputs: dict[str, str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a step as the runner would, with ``lossdoctor`` and ``pip`` replaced by this tree's."""
    values = {k: str(v.get("default", "")) for k, v in ACTION["inputs"].items()} | inputs
    env = {k: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: values[m[1]], v) for k, v in STEPS[name]["env"].items()}
    shim = folder / "bin" / "lossdoctor"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lossdoctor "$@"\n')
    shim.chmod(0o755)
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
        cwd=folder,
        env=environment(PATH=f"{shim.parent}{os.pathsep}{os.environ['PATH']}", **env, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_diagnose_step_writes_every_format_marks_the_lines_and_passes_the_code_on(tmp_path: Path) -> None:
    sick = LOOP.replace("x @ truth)", "(x @ truth).squeeze(1))")
    write(tmp_path, sick + "import sys\nassert sys.argv[1:] == ['--epochs', '2']\nfor i in range(30):\n    step()\n")
    (tmp_path / "pyproject.toml").write_text("[tool.lossdoctor]\nbudget = 1\n")
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    done = step(
        "Diagnose",
        tmp_path,
        {
            "script": "train.py",
            "args": "--epochs 2",
            "steps": "20",
            "trials": "false",
            "timeout": "100",
            "fail-on": "error",
        },
        GITHUB_WORKSPACE=str(tmp_path),
        **{k: str(v) for k, v in files.items()},
    )
    assert done.returncode == 0, done.stderr
    assert files["GITHUB_OUTPUT"].read_text() == "exit-code=1\nreport=./lossdoctor-report\n"
    made = {p.name for p in (tmp_path / "lossdoctor-report").iterdir()}
    assert {"report.html", "report.json", "report.md", "report.sarif", "junit.xml", "trace.h5"} <= made
    assert re.search(r"^::error file=train.py,line=10,title=Prediction and target", done.stdout, re.M)
    assert files["GITHUB_STEP_SUMMARY"].read_text().startswith("# ❌ Prediction and target broadcast")
    suite = ET.parse(tmp_path / "lossdoctor-report" / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert len(suite.findall("testcase")) == len(registry.checks()[0])
    assert [result(code) for code in "01234"] == [0, 1, 2, 3, 4]


def result(code: str) -> int:
    """The last step's exit code, given the diagnosis's."""
    return subprocess.run(["bash", "-c", STEPS["Result"]["run"]], env=environment(CODE=code), check=False).returncode


def blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.S)


def test_the_documented_pipelines_are_whole() -> None:
    github, tests, gitlab = (yaml.safe_load(b) for b in blocks())
    (use,) = [s for s in github["jobs"]["diagnose"]["steps"] if "lossdoctor@" in s.get("uses", "")]
    assert set(use["with"]) <= set(ACTION["inputs"])
    assert {k for k, v in ACTION["inputs"].items() if v.get("required")} <= set(use["with"])
    runs = " ".join(s.get("run", "") for s in tests["jobs"]["pytest"]["steps"])
    assert "--lossdoctor -n 2 --lossdoctor-dir" in runs
    job = gitlab["diagnose-training"]
    assert job["artifacts"]["reports"]["junit"] == "lossdoctor-report/junit.xml"
    assert "lossdoctor diagnose train.py" in job["script"][0]
