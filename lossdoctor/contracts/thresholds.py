"""A check's numbers: the upper-case constants that its own module assigns, and how to use others for a while."""

from __future__ import annotations

import ast
import difflib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


class ThresholdError(Exception):
    """A threshold that was asked for does not exist, or its value is of the wrong kind; the message suggests the nearest one."""


@dataclass(frozen=True)
class Threshold:
    """One named number of a check, as the configuration calls it, with the comment above it in the source."""

    name: str
    value: int | float
    comment: str = ""


def thresholds(check: type) -> list[Threshold]:
    """Every number that the check's module assigns to an upper-case name at its top level, in the order of the source."""
    module = sys.modules[check.__module__]
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):  # a module without a source file: its names still are there
        return [Threshold(n.lower(), v) for n, v in vars(module).items() if n.isupper() and _number(v)]
    lines = source.splitlines()
    found = []
    for statement in ast.parse(source).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for name in [t.id for t in targets if isinstance(t, ast.Name)]:
            value = getattr(module, name, None)
            if name.isupper() and not name.startswith("_") and _number(value):
                found.append(Threshold(name.lower(), value, _comment(lines, statement.lineno - 1)))  # type: ignore[arg-type]
    return found


@contextmanager
def applied(checks: list[Any], wanted: dict[str, dict[str, int | float]]) -> Iterator[None]:
    """Use other thresholds (cause -> name -> value) inside the block; afterwards all are as before.

    Raises:
        ThresholdError: a cause or a name is unknown, or a value is no number of the constant's kind.
    """
    before: list[tuple[Any, str, Any]] = []
    try:
        for cause, values in wanted.items():
            classes = [type(c) for c in checks if c.cause == cause]
            if not classes:
                raise ThresholdError(f"thresholds of {cause!r}: no such cause")
            for name, value in values.items():
                module = _owner(classes, cause, name, value)
                before.append((module, name.upper(), getattr(module, name.upper())))
                setattr(module, name.upper(), value)
        yield
    finally:
        for module, name, value in reversed(before):
            setattr(module, name, value)


def _owner(classes: list[type], cause: str, name: str, value: Any) -> Any:
    known = {t.name: (c, t.value) for c in classes for t in thresholds(c)}
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known) or 'none'}"
        raise ThresholdError(f"{cause} has no threshold {name!r}; {hint}")
    check, default = known[name.lower()]
    if not _number(value) or (isinstance(default, int) and not isinstance(value, int)):
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ThresholdError(f"the threshold {name!r} of {cause} must be {kind}, not {value!r}")
    return sys.modules[check.__module__]


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _comment(lines: list[str], index: int) -> str:
    found: list[str] = []
    while index > 0 and lines[index - 1].startswith("#"):
        index -= 1
        found.insert(0, lines[index].lstrip("# ").strip())
    return " ".join(found)
