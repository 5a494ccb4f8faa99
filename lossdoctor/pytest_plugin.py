"""The pytest plugin: fixture ``lossdoctor``, marker ``lossdoctor``, and ``--lossdoctor`` for configured scripts.

Imports neither torch nor the engine until a test uses it.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from lossdoctor.failures import DiagnosisFailed, keeper
from lossdoctor.pytest_items import (
    Kept,
    ScriptFile,
    arguments,
    configured_scripts,
    examine,
    ignored,
    scripts_of,
    settings_of,
    told,
)

KEPT = pytest.StashKey[Kept]()
MARKER = (
    "lossdoctor(script, args=[], steps=100, timeout=300, allow=[], trials=False): diagnose a training script ahead of the "
    "test; it fails when the training is sick"
)


class Doctor:
    """What the ``lossdoctor`` fixture gives: ``diagnose`` with the project's configuration, and the ``assert_…`` functions."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._config, self._item = request.config, request.node

    def diagnose(self, script: str | Path | None = None, **more: Any) -> Any:
        """:func:`lossdoctor.diagnose`. A script that is not in the working folder is looked for beside the test and in the root."""
        from lossdoctor.api import diagnose

        more.setdefault("config", settings_of(self._config))
        more.setdefault("progress", told(self._config, str(script or "")))
        if script is not None and "cwd" not in more and not Path(script).exists():
            folders = [self._item.path.parent, self._config.rootpath]
            more["cwd"] = next((f for f in folders if (f / script).exists()), None)
        return diagnose(script, **more)

    def __getattr__(self, name: str) -> Any:
        import lossdoctor

        if name.startswith("assert_") and name in lossdoctor.__all__:
            return getattr(lossdoctor, name)
        known = ", ".join(n for n in lossdoctor.__all__ if n.startswith("assert_"))
        raise AttributeError(f"the lossdoctor fixture has no {name!r}; it has diagnose, {known}")


@pytest.fixture
def lossdoctor(request: pytest.FixtureRequest) -> Doctor:
    """Diagnose training scripts and models inside a test."""
    return Doctor(request)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("lossdoctor", "training diagnostics")
    group.addoption(
        "--lossdoctor",
        action="store_true",
        help="diagnose the scripts named in [tool.lossdoctor] scripts, one test each",
    )
    group.addoption(
        "--lossdoctor-dir",
        default=None,
        help="folder for the reports of failed diagnoses (default: the configuration's, lossdoctor-report)",
    )
    group.addoption(
        "--lossdoctor-steps", type=int, default=None, help="steps of each diagnosis (default: the configuration's)"
    )
    group.addoption(
        "--lossdoctor-timeout", type=float, default=None, help="seconds for each probe (default: the configuration's)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker; with ``--lossdoctor``, scripts that the arguments do not lead to become arguments, unless some are named."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("--lossdoctor"):
        scripts = configured_scripts(config)
        named = set(arguments(config))
        if not named & set(scripts):
            config.args += [str(path) for path in scripts if not named & set(path.parents)]


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The configured scripts are never ignored."""
    return ignored(collection_path.resolve(), config) if scripts_of(config) else None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """A configured script, wherever the collection comes across it."""
    records = scripts_of(parent.config).get(file_path.resolve())
    return ScriptFile.from_parent(parent, path=file_path, records=records) if records else None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """A configured script is diagnosed, never imported: where pytest takes it for a module of tests, there is nothing in it."""
    known = module_path.resolve() in scripts_of(parent.config)
    return ScriptFile.from_parent(parent, path=module_path, records=[]) if known else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """While a test runs, it keeps the reports of its diagnoses."""
    item.stash[KEPT] = kept = Kept(item)
    before = keeper.set(kept)
    try:
        return (yield)
    finally:
        keeper.reset(before)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The marker's diagnosis comes ahead of the test's body."""
    for mark in item.iter_markers("lossdoctor"):
        record = dict(mark.kwargs)
        if mark.args:
            record["script"] = mark.args[0]
        examine(item, record)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A test that fails after a diagnosis shows it, whatever it asserted; the report is saved and linked."""
    report = yield
    if not report.failed or call.excinfo is None or KEPT not in item.stash:
        return report
    kept = item.stash[KEPT]
    for diagnosis in kept.unhealthy() if not isinstance(call.excinfo.value, DiagnosisFailed) else []:
        if not kept.shown(diagnosis):
            text = f"{diagnosis.brief()}\nreport with the plots: {kept.keep(diagnosis)}"
            report.sections.append((f"lossdoctor: {diagnosis.script}", text))
    report.user_properties = list(item.user_properties)
    return report
