"""The pytest plugin's inside: scripts as test items, one diagnosis, where its report goes, how far it is."""

from __future__ import annotations

import fnmatch
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lossdoctor.failures import DiagnosisFailed

if TYPE_CHECKING:
    from lossdoctor.api import Diagnosis
    from lossdoctor.config import Config

Scripts = dict[Path, list[dict[str, Any]]]
SCRIPTS = pytest.StashKey[Scripts]()
# Between two words about progress on a terminal.
PAUSE = 0.5


def settings_of(config: pytest.Config) -> Config:
    """The project's settings, with the command line's over them.

    Raises:
        pytest.UsageError: the configuration is wrong.
    """
    from lossdoctor.config import ConfigError, load

    try:
        settings = load(config.rootpath)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
    settings.steps = config.getoption("--lossdoctor-steps") or settings.steps
    settings.timeout = config.getoption("--lossdoctor-timeout") or settings.timeout
    return settings


def configured_scripts(config: pytest.Config) -> Scripts:
    """Path -> the records of ``[tool.lossdoctor] scripts`` for it; kept for :func:`scripts_of`.

    Raises:
        pytest.UsageError: there are none, or one of them does not exist.
    """
    found: Scripts = {}
    for record in settings_of(config).scripts:
        path = (config.rootpath / record["script"]).resolve()
        if not path.is_file():
            raise pytest.UsageError(f"[tool.lossdoctor] scripts: no such script: {record['script']}")
        found.setdefault(path, []).append(record)
    if not found:
        raise pytest.UsageError("--lossdoctor: name the scripts in pyproject.toml: [tool.lossdoctor] scripts = [...]")
    config.stash[SCRIPTS] = found
    return found


def arguments(config: pytest.Config) -> list[Path]:
    """The files and folders that pytest was told to collect."""
    return [Path(config.invocation_params.dir, a.split("::")[0]).resolve() for a in config.args]


def ignored(path: Path, config: pytest.Config) -> bool | None:
    """Folders that pytest does not enter (``norecursedirs``) are entered for the scripts in them, and for nothing else."""
    scripts = scripts_of(config)
    if path in scripts:
        return False
    patterns, roots = config.getini("norecursedirs"), arguments(config)
    for folder in (path, *path.parents):
        if folder in roots:
            return None
        if any(fnmatch.fnmatch(folder.name, pattern) for pattern in patterns):
            if any(folder in script.parents for script in scripts):
                return not any(path in script.parents for script in scripts)
            return None
    return None


def scripts_of(config: pytest.Config) -> Scripts:
    """The scripts to diagnose; none without ``--lossdoctor``."""
    return config.stash.get(SCRIPTS, {})


class ScriptFile(pytest.File):
    """A configured script: one item for each time that it is named."""

    def __init__(self, *, records: list[dict[str, Any]], **more: Any) -> None:
        super().__init__(**more)
        self.records = records

    def collect(self) -> Iterator[pytest.Item]:
        """The items."""
        for i, record in enumerate(self.records):
            words = " ".join(record["args"]) or f"#{i + 1}"
            name = "lossdoctor" if len(self.records) == 1 else f"lossdoctor[{words}]"
            yield ScriptItem.from_parent(self, name=name, record=record)


class ScriptItem(pytest.Item):
    """One diagnosis of a configured script. It carries the marker, which makes the diagnosis."""

    def __init__(self, *, record: dict[str, Any], **more: Any) -> None:
        super().__init__(**more)
        self.add_marker(pytest.mark.lossdoctor(**record))

    def runtest(self) -> None:
        """The marker has done it all."""

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is."""
        return self.path, 0, f"lossdoctor: {self.nodeid.split('::')[0]}{self.name.removeprefix('lossdoctor')}"


def examine(item: pytest.Item, values: dict[str, Any]) -> None:
    """Diagnose the script of a marker; the test fails with the diagnosis and the report's path when it is sick."""
    from lossdoctor import api
    from lossdoctor.config import ConfigError, script_record

    config = item.config
    settings = settings_of(config)
    try:
        record = script_record(values, "the marker lossdoctor")
        settings.allow = [*settings.allow, *record.get("allow", [])]
        diagnosis = api.diagnose(
            record["script"],
            args=record["args"],
            steps=config.getoption("--lossdoctor-steps") or record.get("steps"),
            timeout=config.getoption("--lossdoctor-timeout") or record.get("timeout"),
            trials=record.get("trials", False),
            cwd=config.rootpath if (config.rootpath / record["script"]).exists() else item.path.parent,
            config=settings,
            progress=told(config, record["script"]),
        )
        diagnosis.assert_healthy()
        return
    except (DiagnosisFailed, ConfigError, FileNotFoundError) as error:
        message = str(error)
    pytest.fail(message, pytrace=False)  # outside of the handler: one message, no chain


class Kept:
    """The diagnoses of one test, and where their reports are saved when it fails."""

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        self.diagnoses: list[Diagnosis] = []
        self.paths: dict[int, str] = {}

    def made(self, diagnosis: Diagnosis) -> None:
        """Note it, and put its figures among the test's properties (JUnit XML shows them)."""
        self.diagnoses.append(diagnosis)
        self.item.user_properties += [
            ("lossdoctor.script", diagnosis.script),
            ("lossdoctor.verdict", diagnosis.verdict),
            ("lossdoctor.root_cause", diagnosis.root_cause or ""),
            ("lossdoctor.proof", diagnosis.proof),
            ("lossdoctor.steps", str(diagnosis.steps)),
            ("lossdoctor.seconds", f"{diagnosis.seconds.get('total', 0.0):.1f}"),
        ]

    def unhealthy(self) -> list[Diagnosis]:
        """Those to be shown when the test fails, fixtures of a wider scope included."""
        api = sys.modules.get("lossdoctor.api")
        wider = [v for v in getattr(self.item, "funcargs", {}).values() if api and isinstance(v, api.Diagnosis)]
        found = {id(d): d for d in [*self.diagnoses, *wider]}
        return [d for d in found.values() if not d.healthy]

    def shown(self, diagnosis: Diagnosis) -> bool:
        """Whether its report is saved and told already."""
        return id(diagnosis) in self.paths

    def keep(self, diagnosis: Diagnosis) -> str:
        """Save the report; the page's path, from where pytest was started."""
        if id(diagnosis) in self.paths:
            return self.paths[id(diagnosis)]
        config = self.item.config
        base = Path(config.rootpath, config.getoption("--lossdoctor-dir") or settings_of(config).paths.out)
        folder = base / (_slug(self.item) + (f"-{len(self.paths) + 1}" if self.paths else ""))
        try:
            diagnosis.save(folder)
        except OSError as error:
            return f"not saved: {error}"
        path = os.path.relpath(folder / "report.html", config.invocation_params.dir)
        self.paths[id(diagnosis)] = path
        self.item.user_properties.append(("lossdoctor.report", path))
        return path


def _slug(item: pytest.Item) -> str:
    """A folder's name: the script's own for a script, the test's id for a test."""
    name = item.nodeid
    if isinstance(item, ScriptItem):
        script, _, rest = name.partition("::lossdoctor")
        name = str(Path(script).with_suffix("")) + rest
    return re.sub(r"[^\w.-]+", "-", name).strip("-")


def told(config: pytest.Config, name: str) -> Callable[[str, float], None] | None:
    """A word about progress on a terminal, gone when the diagnosis is made; nothing in a pipe or in a worker."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if hasattr(config, "workerinput") or not getattr(reporter, "isatty", False):
        return None
    capture = config.pluginmanager.getplugin("capturemanager")
    last: list[Any] = [0.0, ""]

    def tell(stage: str, share: float) -> None:
        now = time.monotonic()
        if stage == last[1] and now - last[0] < PAUSE:
            return
        last[:] = [now, stage]
        words = "" if stage == "done" else f" {Path(name).name or 'training loop'}: {stage} {share:.0%}"
        with capture.global_and_fixture_disabled():  # behind what pytest has written on this line, which stays
            reporter._tw.write(f"\x1b7{words}\x1b[K\x1b8", flush=True)

    return tell
