"""The wheel holds the whole tree and nothing else; the plugins in it are found; none found is an error."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from lossdoctor.contracts import registry
from lossdoctor.contracts.catalogue import STAGE_OF
from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, Trace, Verdict

from .running import environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"lossdoctor": "lossdoctor", "checks": "lossdoctor_checks", "reports": "lossdoctor_reports"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def sources() -> Iterator[Path]:
    """Every file of the packages, relative to the root."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                yield path.relative_to(ROOT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy of the tree."""
    folder = tmp_path_factory.mktemp("build")
    for path in [*sources(), Path("pyproject.toml"), Path("README.md"), Path("LICENSE")]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (folder / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_what_the_tree_holds(wheel: Path) -> None:
    packed = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert packed == {str(Path(FOLDERS[p.parts[0]], *p.parts[1:])) for p in sources()}


def test_packages_lists_every_folder_with_an_init() -> None:
    listed = set(PYPROJECT["tool"]["setuptools"]["packages"])
    there = {".".join((FOLDERS[p.parts[0]], *p.parent.parts[1:])) for p in sources() if p.name == "__init__.py"}
    assert listed == there
    holding = {p.parent for p in sources() if p.suffix == ".py"}
    assert holding == {p.parent for p in sources() if p.name == "__init__.py"}


def test_the_wheel_works_by_itself(wheel: Path, tmp_path: Path) -> None:
    """Unpacked somewhere else, ahead of this tree: checks and reports come in by their entry points."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import lossdoctor, lossdoctor_checks\n"
        "from lossdoctor.contracts import registry\n"
        "checks, broken = registry.checks()\n"
        "print(len({c.cause for c in checks}), broken, sorted(registry.reports()))\n"
        "print(lossdoctor.__file__, lossdoctor_checks.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(PYTHONPATH=str(tmp_path / "site")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.endswith("[] ['github', 'html', 'json', 'junit', 'markdown', 'sarif', 'terminal']")
    assert int(first.split()[0]) == len({c.cause for c in registry.checks()[0]})
    assert all(name.startswith(str(tmp_path)) for name in second.split())


def test_a_users_checks_module_does_not_hide_ours(tmp_path: Path) -> None:
    for name in ("checks.py", "reports.py", "lossdoctor_helper.py"):
        (tmp_path / name).write_text("raise RuntimeError('the user\\'s own')\n")
    done = subprocess.run(
        [sys.executable, "-m", "lossdoctor", "checks"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "script-error" in done.stdout


def only(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    """Let these be all checks there are."""
    real = registry.entry_points
    monkeypatch.setattr(
        registry, "entry_points", lambda group: list(entries) if group == registry.CHECKS else real(group=group)
    )


class Good(Check):
    """A check of somebody's."""

    cause = "somebodys-own"

    def ask(self, losses: list[Any], exam_floors: Any = None) -> Verdict:
        """Never present."""
        return Absent("looked for")


class Misspelt(Check):
    """Asks for evidence that does not exist."""

    cause = "misspelt"

    def ask(self, gradients_of_yesterday: Any) -> Verdict:
        """Cannot be asked."""
        return Absent("")


class Nameless(Check):
    """Declares no cause."""

    def ask(self, trace: Trace) -> Verdict:
        """Cannot be told."""
        return Absent("")


class Dumb(Check):
    """Asks nothing."""

    cause = "dumb"


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{value}", registry.CHECKS)


def test_no_check_discovered_is_an_error_and_never_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    with pytest.raises(registry.RegistryError, match="no checks are installed"):
        registry.checks()
    only(monkeypatch, entry("broken", "Absentee"))
    with pytest.raises(registry.RegistryError, match=r"no check could be loaded: plugin .*broken.*AttributeError"):
        registry.checks()


def test_no_report_discovered_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    with pytest.raises(registry.RegistryError, match="no report formats are installed"):
        registry.reports()


def test_no_check_discovered_ends_the_command_with_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from lossdoctor.cli import run

    only(monkeypatch)
    (tmp_path / "train.py").write_text("print('never run')\n")
    monkeypatch.chdir(tmp_path)
    assert run(["diagnose", "train.py", "--format", "json", "--out", "-"]) == 4
    assert "no checks are installed" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["train.py"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            "Misspelt",
            "check Misspelt from .*Misspelt.* asks for 'gradients_of_yesterday', which is no evidence .known: .*losses.*exam_<name>",
        ),
        ("Nameless", "check Nameless from .* declares no cause"),
        ("Dumb", r"check Dumb from .* defines no ask\(\.\.\.\)"),
        ("only", "is .*function.*not a subclass|is broken"),
    ],
)
def test_a_broken_plugin_is_named_and_the_others_work(monkeypatch: pytest.MonkeyPatch, value: str, says: str) -> None:
    only(monkeypatch, entry("a", value), entry("b", "Good"))
    checks, broken = registry.checks()
    assert [c.cause for c in checks] == ["somebodys-own"]
    (line,) = broken
    assert line.startswith("plugin ")
    assert "entry point 'a'" in line
    assert re.search(says, line), line


def test_the_built_in_checks_cover_the_catalogue() -> None:
    checks, broken = registry.checks()
    assert broken == []
    causes = [c.cause for c in checks]
    assert len(causes) == len(set(causes))
    assert set(causes) == set(STAGE_OF)
