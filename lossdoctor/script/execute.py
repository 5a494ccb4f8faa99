"""Running a file or module as ``__main__``, the way ``python file`` and ``python -m module`` do.

The method is coverage.py's (its ``execfile`` module): compile and exec in a real ``__main__`` module object that stays in
``sys.modules``, so that pickling the script's classes works to the very end (with ``runpy`` it does not).
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

# What the recorder goes on to use, whatever lies beside the script.
_OURS = {"lossdoctor", "torch", "numpy", "h5py"}
# Colours for a terminal, which some messages carry (torch.load's do).
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class NoScript(Exception):
    """There is nothing to run; the message says why."""


def locate_file(target: str) -> str:
    """The file that ``python target`` runs.

    Raises:
        NoScript: no such file, or a folder without ``__main__.py``.
    """
    path = os.path.abspath(target)
    if os.path.isdir(path):
        path = os.path.join(path, "__main__.py")
        if not os.path.isfile(path):
            raise NoScript(f"no __main__.py in the folder {target}")
    if not os.path.isfile(path):
        raise NoScript(f"no such script: {target}")
    return path


def locate_module(target: str) -> importlib.machinery.ModuleSpec:
    """The module that ``python -m target`` runs; parent packages are imported on the way, as python does.

    Raises:
        NoScript: no such module, or none with source.
    """
    try:
        spec = importlib.util.find_spec(target)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{target}.__main__")
    except ModuleNotFoundError as error:
        if error.name and (target == error.name or target.startswith(error.name + ".")):
            raise NoScript(f"no module named {error.name}") from None
        raise
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise NoScript(f"no module named {target} that can be run")
    return spec


def execute(target: str, module: bool, argv: list[str], started_with: frozenset[str] | None = None) -> None:
    """Run the script to its end; exceptions and ``SystemExit`` pass through.

    ``started_with`` names the modules that python itself had loaded: what was imported since must not hide a neighbour of
    the script's that has the same name.
    """
    main = ModuleType("__main__")
    if module:
        folder = os.getcwd()
        sys.path[0:0] = [folder]
        _uncover(folder, started_with)
        sys.argv = ["-m", *argv]
        spec = locate_module(target)
        path = str(spec.origin)
        sys.argv = [path, *argv]
        main.__spec__, main.__package__ = spec, spec.parent
        main.__cached__ = spec.cached  # type: ignore[attr-defined]
    else:
        path = locate_file(target)
        folder = os.path.dirname(os.path.abspath(os.path.realpath(path) if os.path.islink(path) else path))
        sys.path[0:0] = [folder]
        _uncover(folder, started_with)
        sys.argv = [target, *argv]
        main.__cached__ = None  # type: ignore[attr-defined]
        main.__package__ = None
        if os.path.isdir(target):
            main.__spec__, main.__package__ = importlib.util.spec_from_file_location("__main__", path), ""
    main.__file__ = path
    main.__builtins__ = sys.modules["builtins"]  # type: ignore[attr-defined]
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    sys.modules["__main__"] = main
    code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def _uncover(folder: str, started_with: frozenset[str] | None) -> None:
    """Forget modules that we, not python, have imported, and that a neighbour of the script's would have been found for."""
    if started_with is None:
        return
    for name in [
        n for n in sys.modules if "." not in n and n not in started_with and not n.startswith(("_", "lossdoctor"))
    ]:
        if not (
            os.path.isfile(os.path.join(folder, name + ".py"))
            or os.path.isfile(os.path.join(folder, name, "__init__.py"))
        ):
            continue
        file = getattr(sys.modules[name], "__file__", None)
        if name in sys.builtin_module_names or (file and os.path.dirname(os.path.abspath(file)).startswith(folder)):
            continue
        for loaded in [n for n in sys.modules if n == name or n.startswith(name + ".")]:
            del sys.modules[loaded]


def trimmed(error: BaseException, own: tuple[str, ...]) -> dict[str, Any]:
    """An exception of the script's as data: type, message, the traceback without our frames, and its innermost user line.

    ``ours`` is true when it came out of our own code: then it says nothing about the script.
    """
    frames = traceback.extract_tb(error.__traceback__)
    kept = [f for f in frames if _kept(f.filename, own)]
    inner = [f for f in kept if _users(f.filename)]
    site = None
    if isinstance(error, SyntaxError) and error.filename:
        site = {"path": error.filename, "line": error.lineno or 1, "function": "", "source": (error.text or "").strip()}
    elif inner:
        last = inner[-1]
        site = {
            "path": os.path.abspath(last.filename),
            "line": last.lineno or 1,
            "function": last.name,
            "source": last.line or "",
        }
    whole = traceback.TracebackException.from_exception(error)
    _peel(whole, own, set())
    text = _COLOURS.sub("", "".join(whole.format()))
    return {
        "type": type(error).__name__,
        "message": _COLOURS.sub("", str(error))[:2000],
        "traceback": text[-8000:],
        "site": site,
        "ours": _is_ours(frames, own),
    }


def _kept(filename: str, own: tuple[str, ...]) -> bool:
    return not filename.startswith(own) and not filename.startswith("<frozen")


def _users(filename: str) -> bool:
    return "site-packages" not in filename and "/lib/python" not in filename


def _peel(whole: traceback.TracebackException, own: tuple[str, ...], seen: set[int]) -> None:
    """Take our frames out of an exception and of those that it came from."""
    if id(whole) in seen:
        return
    seen.add(id(whole))
    whole.stack[:] = [f for f in whole.stack if _kept(f.filename, own)]
    for other in (whole.__cause__, whole.__context__):
        if other is not None:
            _peel(other, own, seen)


def _is_ours(frames: traceback.StackSummary, own: tuple[str, ...]) -> bool:
    """Whether our code was at work (not merely handing a call on) when it happened: below the user's last frame."""
    after: list[Any] = []
    for frame in frames:
        if not frame.filename.startswith(own):
            if _users(frame.filename) and not frame.filename.startswith("<"):
                after = []
            continue
        after.append(frame)
    passing = {"execute.py", "host.py", "journal.py", "imports.py", "functions.py"}
    return any(
        os.path.basename(f.filename) not in passing
        and (os.path.basename(f.filename) != "instruments.py" or f.name == "call")
        for f in after
    )
