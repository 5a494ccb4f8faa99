"""Finding plugins by entry point. Built-in checks and reports come in by the same door as anybody's."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .catalogue import ORDER
from .check import Check, CheckError

CHECKS = "lossdoctor.checks"
REPORTS = "lossdoctor.reports"


class RegistryError(Exception):
    """Nothing was found where there must be something: the installation is broken."""


def _all(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda e: e.name)


def checks() -> tuple[list[Check], list[str]]:
    """Every check that loads, in the tree's order, and a line for each plugin that is broken.

    Raises:
        RegistryError: no check at all was discovered.
    """
    found: list[Check] = []
    broken: list[str] = []
    for entry in _all(CHECKS):
        origin = f"{entry.value} (entry point {entry.name!r})"
        try:
            loaded = entry.load()
            classes = loaded() if callable(loaded) and not isinstance(loaded, type) else [loaded]
            for cls in classes:
                if not (isinstance(cls, type) and issubclass(cls, Check)):
                    raise CheckError(f"{origin} is {cls!r}, not a subclass of lossdoctor.contracts.check.Check")
                cls.validate(origin)
                found.append(cls())
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; it is named in the report
            broken.append(f"plugin {origin} is broken: {type(error).__name__}: {error}")
    if not found:
        if broken:
            raise RegistryError(f"no check could be loaded: {'; '.join(broken)}")
        raise RegistryError(
            "no checks are installed: the entry-point group 'lossdoctor.checks' is empty; reinstall lossdoctor"
        )
    return sorted(found, key=lambda c: ORDER.get(c.cause, len(ORDER))), broken


def reports() -> dict[str, Any]:
    """Report name -> entry point (loaded by the caller, so that unused formats cost nothing).

    Raises:
        RegistryError: no format at all was discovered.
    """
    found = {entry.name: entry for entry in _all(REPORTS)}
    if not found:
        raise RegistryError(
            "no report formats are installed: the entry-point group 'lossdoctor.reports' is empty; reinstall lossdoctor"
        )
    return found
