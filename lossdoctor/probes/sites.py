"""Where in the user's code an event happened: the first frame outside torch, lossdoctor and installed packages."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

_LIBRARY = tuple(
    {
        str(Path(p).resolve())
        for key, p in sysconfig.get_paths().items()
        if key in {"stdlib", "platstdlib", "purelib", "platlib"}
    }
)
_OWN = str(Path(__file__).resolve().parent.parent) + os.sep


class Sites:
    """Finds user frames; remembers per file whether it is the user's."""

    def __init__(self) -> None:
        self._users: dict[str, bool] = {}
        self._paths: dict[str, str] = {}

    def is_users(self, filename: str) -> bool:
        """True for a file that is neither installed, nor of the standard library, nor lossdoctor's own, nor generated."""
        known = self._users.get(filename)
        if known is None:
            path = str(Path(filename).resolve()) if not filename.startswith("<") else filename
            known = not path.startswith("<") and not path.startswith(_OWN) and not path.startswith(_LIBRARY)
            if "site-packages" in path or "dist-packages" in path:
                known = False
            self._users[filename] = known
        return known

    def here(self, skip: int = 1) -> dict[str, Any] | None:
        """The innermost user frame as a site record (path, line, function, source), or None when there is none."""
        frame = sys._getframe(skip)
        while frame is not None:
            filename = frame.f_code.co_filename
            if self.is_users(filename):
                source = linecache.getline(filename, frame.f_lineno).strip()
                return {
                    "path": self._path(filename),
                    "line": frame.f_lineno,
                    "function": frame.f_code.co_name,
                    "source": source,
                }
            frame = frame.f_back  # type: ignore[assignment]
        return None

    def _path(self, filename: str) -> str:
        """A file's resolved path; asked of the system once."""
        if filename not in self._paths:
            self._paths[filename] = str(Path(filename).resolve())
        return self._paths[filename]

    def variable(self, value: Any, skip: int = 1) -> str | None:
        """What the script calls ``value``: a variable, an attribute of one or an item of a list, seen from the innermost user frame."""
        frame = sys._getframe(skip)
        while frame is not None:
            if self.is_users(frame.f_code.co_filename):
                for scope in (frame.f_locals, frame.f_globals):
                    found = _name_in(scope, value)
                    if found is not None:
                        return found
            frame = frame.f_back  # type: ignore[assignment]
        return None

    def key(self, skip: int = 1) -> tuple[str, int] | None:
        """Like :meth:`here`, but only (file, line): cheap enough for every call."""
        frame = sys._getframe(skip)
        while frame is not None:
            if self.is_users(frame.f_code.co_filename):
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return None


def _name_in(scope: dict[str, Any], value: Any) -> str | None:
    held = None
    for name, entry in list(scope.items()):
        if name.startswith("__"):
            continue
        if entry is value:
            return name
        if held is not None or isinstance(entry, type):
            continue
        if isinstance(entry, (list, tuple)) and len(entry) <= 200:
            held = next((f"{name}[{i}]" for i, item in enumerate(entry) if item is value), None)
        elif isinstance(entry, dict) and len(entry) <= 200:
            held = next((f"{name}[{key!r}]" for key, item in entry.items() if item is value), None)
        elif (
            isinstance(getattr(entry, "__dict__", None), dict)
            and not hasattr(entry, "__path__")
            and not hasattr(entry, "__spec__")
        ):
            held = next((f"{name}.{key}" for key, item in vars(entry).items() if item is value), None)
    return held
