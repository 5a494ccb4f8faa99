"""The pytest plugin: fixture ``lossdoctor``, marker ``lossdoctor``, and ``--lossdoctor`` for configured scripts.

Imports neither torch nor the engine until a test uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class Doctor:
    """What the ``lossdoctor`` fixture gives: ``diagnose`` and the assertions of :mod:`lossdoctor.api`."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        from lossdoctor import api

        if name == "diagnose" or name.startswith("assert_"):
            return getattr(api, name)
        raise AttributeError(
            f"the lossdoctor fixture has no {name!r}; it has diagnose and the assert_... functions of lossdoctor.api"
        )


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
        default="lossdoctor-report",
        help="folder for the reports of failed diagnoses (default lossdoctor-report)",
    )
    group.addoption(
        "--lossdoctor-steps", type=int, default=None, help="steps of each diagnosis (default: the configuration's)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line(
        "markers",
        "lossdoctor(script, args=[], steps=100, allow=[], trials=False): diagnose a training script ahead of the test; it fails when the training is sick",
    )


def pytest_collection(session: pytest.Session) -> None:
    """Give the session's configured scripts a collector."""
    if session.config.getoption("--lossdoctor"):
        session.config.pluginmanager.register(_Collecting(session.config), "lossdoctor-scripts")


class _Collecting:
    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Append one item a script."""
        from lossdoctor.config import ConfigError, load

        try:
            settings = load(self.config.rootpath)
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from None
        collector = _Scripts.from_parent(session, name="lossdoctor", path=self.config.rootpath)
        for entry in settings.scripts:
            record = {"script": entry} if isinstance(entry, str) else dict(entry)
            items.append(ScriptItem.from_parent(collector, name=record["script"], record=record))


class _Scripts(pytest.Collector):
    def collect(self) -> Iterator[pytest.Item]:
        """Items are made by the session's hook."""
        return iter(())


class ScriptItem(pytest.Item):
    """One configured script."""

    def __init__(self, *, record: dict[str, Any], **more: Any) -> None:
        super().__init__(**more)
        self.record = record

    def runtest(self) -> None:
        """Diagnose it."""
        examine(self, self.config, self.record)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """The diagnosis alone: no traceback of ours."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args, **kwargs)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is."""
        return self.config.rootpath / self.record["script"], 0, f"lossdoctor: {self.name}"


def examine(item: pytest.Item, config: pytest.Config, record: dict[str, Any]) -> None:
    """Diagnose the script of ``record``; fail with the diagnosis and the report's path when it is sick."""
    from lossdoctor import api
    from lossdoctor.config import load

    settings = load(config.rootpath)
    steps = config.getoption("--lossdoctor-steps") or int(record.get("steps", settings.steps))
    script = Path(config.rootpath) / record["script"]
    if not script.exists():
        pytest.fail(f"no such script: {script}", pytrace=False)
    report = api.diagnose(
        script, args=record.get("args", ()), steps=steps, trials=bool(record.get("trials", False)), config=settings
    )
    item.user_properties.append(("lossdoctor.verdict", report.diagnosis.verdict))
    item.user_properties.append(("lossdoctor.root_cause", report.diagnosis.root_cause or ""))
    try:
        report.assert_healthy(allow=[*settings.allow, *record.get("allow", ())])
    except AssertionError as error:
        folder = Path(config.rootpath) / config.getoption("--lossdoctor-dir") / script.stem
        report.save(folder)
        item.user_properties.append(("lossdoctor.report", str(folder / "report.html")))
        raise AssertionError(f"{error}\nreport: {folder / 'report.html'}") from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The marker's diagnosis comes ahead of the test's body."""
    for mark in item.iter_markers("lossdoctor"):
        record = dict(mark.kwargs)
        if mark.args:
            record["script"] = mark.args[0]
        if "script" not in record:
            pytest.fail("@pytest.mark.lossdoctor needs script='train.py'", pytrace=False)
        try:
            examine(item, item.config, record)
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)
