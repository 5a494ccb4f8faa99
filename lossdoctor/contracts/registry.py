"""Finding plugins by entry point. Built-in checks and reports come in by the same door as anybody's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .catalogue import ORDER, STAGES
from .check import Check, CheckError
from .exam import Exam, ExamError
from .remedy import Remedy, RemedyError
from .report import ReportError, validate

CHECKS = "lossdoctor.checks"
EXAMS = "lossdoctor.exams"
REMEDIES = "lossdoctor.remedies"
REPORTS = "lossdoctor.reports"
OURS = "lossdoctor"


class RegistryError(Exception):
    """Nothing was found where there must be something: the installation is broken."""


def _all(group: str) -> list[EntryPoint]:
    """The entry points of a group: the built-in ones first."""
    return sorted(entry_points(group=group), key=lambda e: (not _built_in(e), e.name))


def _built_in(entry: EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == OURS


def _origin(entry: EntryPoint) -> str:
    package = f" of {entry.dist.name}" if entry.dist is not None else ""
    return f"{entry.value} (entry point {entry.name!r}{package})"


def _broken(entry: EntryPoint, error: Exception) -> str:
    return f"plugin {_origin(entry)} is broken: {type(error).__name__}: {error}"


def _load(group: str, take: Callable[[Any, str], None]) -> list[str]:
    """Load a group's plugins, each a class or a function that returns classes; a line for each that is broken."""
    broken: list[str] = []
    for entry in _all(group):
        try:
            loaded = entry.load()
            for cls in loaded() if callable(loaded) and not isinstance(loaded, type) else [loaded]:
                take(cls, _origin(entry))
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; it is named in the report
            broken.append(_broken(entry, error))
    return broken


def checks() -> tuple[list[Check], list[str]]:
    """Every check that loads, in the tree's order, and a line for each plugin that is broken.

    Raises:
        RegistryError: no check at all was discovered.
    """
    found: dict[str, Check] = {}

    def take(cls: Any, origin: str) -> None:
        if not (isinstance(cls, type) and issubclass(cls, Check)):
            raise CheckError(f"{origin} is {cls!r}, not a subclass of lossdoctor.contracts.check.Check")
        cls.validate(origin)
        if cls.cause in found:
            raise CheckError(
                f"check {cls.__name__} from {origin}: {type(found[cls.cause]).__name__} judges {cls.cause!r} already"
            )
        found[cls.cause] = cls()

    broken = _load(CHECKS, take)
    if not found:
        if broken:
            raise RegistryError(f"no check could be loaded: {'; '.join(broken)}")
        raise RegistryError(
            "no checks are installed: the entry-point group 'lossdoctor.checks' is empty; reinstall lossdoctor"
        )
    return sorted(found.values(), key=lambda c: ORDER.get(c.cause, len(ORDER))), broken


def stage_index(stage: str) -> int:
    """The place of a stage in the tree."""
    return next((i for i, s in enumerate(STAGES) if s.name == stage), len(STAGES))


def exams(taken: set[str]) -> tuple[list[Exam], list[str]]:
    """Every plugin's exam that loads, and a line for each that is broken. ``taken`` are the built-in exams' names."""
    found: dict[str, Exam] = {}

    def take(cls: Any, origin: str) -> None:
        if not (isinstance(cls, type) and issubclass(cls, Exam)):
            raise ExamError(f"{origin} is {cls!r}, not a subclass of lossdoctor.contracts.exam.Exam")
        cls.validate(origin)
        if cls.name in taken or cls.name in found:
            raise ExamError(f"exam {cls.__name__} from {origin}: there is an exam {cls.name!r} already")
        found[cls.name] = cls()

    broken = _load(EXAMS, take)
    return list(found.values()), broken


def remedies() -> tuple[dict[str, type[Remedy]], list[str]]:
    """Every plugin's remedy that loads, by id, and a line for each that is broken."""
    found: dict[str, type[Remedy]] = {}

    def take(cls: Any, origin: str) -> None:
        if not (isinstance(cls, type) and issubclass(cls, Remedy)):
            raise RemedyError(f"{origin} is {cls!r}, not a subclass of lossdoctor.contracts.remedy.Remedy")
        cls.validate(origin)
        if cls.id in found:
            raise RemedyError(f"remedy {cls.__name__} from {origin}: there is a remedy {cls.id!r} already")
        found[cls.id] = cls

    broken = _load(REMEDIES, take)
    return found, broken


def reports() -> dict[str, Any]:
    """Report name -> entry point (loaded when used, see :func:`report`, so that unused formats cost nothing).

    Raises:
        RegistryError: no format at all was discovered.
    """
    found: dict[str, EntryPoint] = {}
    for entry in _all(REPORTS):
        found.setdefault(entry.name, entry)
    if not found:
        raise RegistryError(
            "no report formats are installed: the entry-point group 'lossdoctor.reports' is empty; reinstall lossdoctor"
        )
    return found


def report(entry: EntryPoint) -> Any:
    """A format, made and validated.

    Raises:
        ReportError: it cannot be loaded or is mis-declared; the message names the plugin.
    """
    try:
        cls = entry.load()
        validate(cls, entry.name)
        return cls()
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; it is named
        raise ReportError(_broken(entry, error)) from None


def rendered(entry: EntryPoint, renderer: Any, diagnosis: Any, trace: Any) -> str:
    """The format's text.

    Raises:
        ReportError: a plugin's format failed; the message names it.
    """
    if _built_in(entry):
        return str(renderer.render(diagnosis, trace))
    try:
        text = renderer.render(diagnosis, trace)
        if not isinstance(text, str):
            raise TypeError(f"render{inspect.signature(renderer.render)} returned {type(text).__name__}, not str")
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; it is named
        raise ReportError(_broken(entry, error)) from None
    return text


def broken_reports() -> list[str]:
    """A line for each plugin's format that is broken. The built-in ones are not loaded."""
    broken = []
    for entry in [e for e in _all(REPORTS) if not _built_in(e)]:
        try:
            report(entry)
        except ReportError as error:
            broken.append(str(error))
    return broken
