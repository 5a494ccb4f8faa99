"""Reads a unified diff: what SARIF's fixes and the coloured patch are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass

HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


@dataclass(frozen=True)
class Change:
    """Lines ``start`` … ``start + removed - 1`` (1-based, of the old file) become ``added``."""

    path: str
    start: int
    removed: int
    added: str


def changes(patch: str) -> list[Change]:
    """The changes of a unified diff, in order. Text which is no diff gives none."""
    found: list[Change] = []
    path, line, old_left = "", 0, 0
    start, removed, added = 0, 0, ""

    def flush() -> None:
        nonlocal removed, added
        if removed or added:
            found.append(Change(path, start, removed, added))
        removed, added = 0, ""

    inside = False
    for text in patch.splitlines(keepends=True):
        if hunk := HUNK.match(text):
            flush()
            line, old_left, inside = int(hunk[1]), int(hunk[2] or 1), True
            if old_left == 0:  # "-12,0" means: after line 12
                line += 1
        elif inside and text.startswith("+") and not (old_left <= 0 and text.startswith("+++ ")):
            if not removed and not added:
                start = line
            added += text[1:]
        elif inside and text.startswith("-") and old_left > 0:
            if not removed and not added:
                start = line
            removed, line, old_left = removed + 1, line + 1, old_left - 1
        elif inside and text.startswith("\\"):
            added = added.rstrip("\n")
        elif inside and old_left > 0:
            flush()
            line, old_left = line + 1, old_left - 1
        else:
            flush()
            inside = False
            if text.startswith("+++ "):
                path = _path(text[4:])
    flush()
    return found


def line_kind(line: str) -> str:
    """What a line of a diff is: ``file``, ``hunk``, ``add``, ``del`` or ``same``."""
    for prefix, kind in (("+++", "file"), ("---", "file"), ("@@", "hunk"), ("+", "add"), ("-", "del")):
        if line.startswith(prefix):
            return kind
    return "same"


def _path(text: str) -> str:
    name = text.split("\t")[0].strip()
    return name[2:] if name.startswith(("a/", "b/")) else name
