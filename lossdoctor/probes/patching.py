"""Replacing attributes of torch's classes and modules for a while, and putting every one of them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ABSENT = object()


class Patches:
    """A stack of attribute replacements; leaving the context (or :meth:`undo`) restores them in reverse order."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Patches:
        return self

    def __exit__(self, *exc: object) -> None:
        self.undo()

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace ``owner.name`` by ``make(original)``. An ``owner`` without that attribute is left alone."""
        original = getattr(owner, name, None)
        if original is None:
            return
        own = vars(owner).get(name, _ABSENT)
        replacement = make(original)
        replacement.__wrapped__ = original
        setattr(owner, name, replacement)

        def restore() -> None:
            if own is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, own)

        self._undo.append(restore)

    def later(self, undo: Callable[[], None]) -> None:
        """Run ``undo`` when the patches are undone (for hooks that return a handle)."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Put everything back, last change first."""
        while self._undo:
            self._undo.pop()()
