"""The built-in checks, one cause per file. Discovered by entry point, like anybody's plugin."""

from __future__ import annotations

import importlib
import pkgutil

from lossdoctor.contracts.check import Check


def all_checks() -> list[type[Check]]:
    """Every Check subclass defined in this folder's modules (modules that start with ``_`` are helpers)."""
    found: list[type[Check]] = []
    for info in pkgutil.iter_modules(__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, Check)
            and value is not Check
            and value.__module__ == module.__name__
        ]
    return found
