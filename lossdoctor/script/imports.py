"""Acting on a module of somebody else's as soon as it is imported. Standard library only."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable
from typing import Any


def when_imported(name: str, call: Callable[[Any], None]) -> None:
    """Call ``call(module)`` once ``name`` is imported: at once if it is already."""
    if name in sys.modules:
        call(sys.modules[name])
        return

    class Finder:
        """Lets the import happen, then tells."""

        @staticmethod
        def find_spec(fullname: str, path: Any = None, target: Any = None) -> Any:
            if fullname != name:
                return None
            with contextlib.suppress(ValueError):
                sys.meta_path.remove(Finder)  # type: ignore[arg-type]
            spec = importlib.util.find_spec(fullname)
            if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
                original = spec.loader.exec_module

                def exec_module(module: Any) -> None:
                    original(module)
                    call(module)

                with contextlib.suppress(AttributeError):
                    spec.loader.exec_module = exec_module  # type: ignore[method-assign]
            return spec

    sys.meta_path.insert(0, Finder)  # type: ignore[arg-type]
