"""The journal: what the script writes during a probe is noted before it happens and undone afterwards.

Inside the script's processes an audit hook (PEP 578) sees ``open``, ``os.rename``, ``os.remove`` and their kin; writers that
open files natively (torch.save, h5py, safetensors, OpenCV) are wrapped. Before the first change of a path its old content (or
its absence) is stored in the journal's folder; ``undo`` restores from there. The first one to note a path wins, whichever
process it is in: an entry appears whole (a hard link) and only once. What could not be put back is refused to the script.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .imports import when_imported

# Paths under these are no files of the user's.
_IGNORED = ("/dev/", "/proc/", "/sys/")
BACKUP_LIMIT = 2 * 1024**3
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ENVIRONMENT = "LOSSDOCTOR_JOURNAL"

# Run by every Python that the script starts (multiprocessing's spawn, subprocess), ahead of its own sitecustomize.
SITECUSTOMIZE = """
import os, sys
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [p for p in sys.path if os.path.abspath(p) != _here]
try:
    sys.path.append({root!r})
    try:
        from lossdoctor.script.journal import join
    finally:
        sys.path.remove({root!r})
    join()
except Exception:
    pass
import importlib.machinery, importlib.util
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize")
if _spec is not None and _spec.loader is not None:
    sys.modules["sitecustomize"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["sitecustomize"])
"""


class Journal:
    """Notes changes below any folder except ``ignore`` (the doctor's own) and the interpreter's caches."""

    def __init__(self, store: Path, ignore: str = "") -> None:
        self.store = store
        self.ignore = ignore or str(store)
        self._noted: set[str] = set()
        self._here = threading.local()

    # -- noting (inside the script's processes) --------------------------------------------------------------------

    def attach(self) -> None:
        """Start to listen in this process. There is no way to remove an audit hook: this process belongs to the probe."""
        sys.addaudithook(self._audit)
        when_imported("torch.serialization", self._wrap_torch)
        when_imported("torch.jit", lambda jit: self._wrap(jit, "save", 1))
        when_imported(
            "torch.jit._script", lambda jit: self._wrap(getattr(jit, "RecursiveScriptModule", None), "save", 1)
        )
        when_imported("h5py", self._wrap_h5py)
        when_imported("safetensors", self._wrap_safetensors)
        when_imported("cv2", self._wrap_cv2)

    def move(self, store: Path) -> None:
        """From now on note into another store (a fork keeps books of its own)."""
        self.store = store
        self._noted = set()
        os.environ[ENVIRONMENT] = f"{store}{os.pathsep}{self.ignore}"

    def note(self, path: Any, whole: bool = True) -> None:
        """Remember ``path`` as it is now, unless it is already remembered.

        Raises:
            PermissionError: the path is about to be replaced and is too large to be put back. ``whole`` False (opened for
                reading and writing, or to append) lets a large file through: it is cut to its length and told.
        """
        if getattr(self._here, "busy", False) or path is None or isinstance(path, int):
            return
        try:
            full = os.path.abspath(os.fsdecode(path))
        except (TypeError, ValueError):
            return
        if full in self._noted or full.startswith(_IGNORED) or full.startswith(self.ignore) or "__pycache__" in full:
            return
        self._here.busy = True
        try:
            real = os.path.realpath(full)
            if real != full:
                self._record(real, whole)
            self._record(full, whole)
            self._noted.add(full)
        finally:
            self._here.busy = False

    def _record(self, full: str, whole: bool) -> None:
        key = hashlib.sha256(full.encode(errors="surrogateescape")).hexdigest()[:32]
        entry = self.store / f"{key}.json"
        if entry.exists():
            return
        mine = f"{key}.{os.getpid()}.{threading.get_ident()}"
        record: dict[str, Any] = {"path": full, "kind": "absent"}
        try:
            status = os.lstat(full)
        except OSError:
            status = None
        if status is not None:
            record |= {
                "kind": "other",
                "mode": stat.S_IMODE(status.st_mode),
                "size": status.st_size,
                "mtime": status.st_mtime_ns,
            }
            if stat.S_ISLNK(status.st_mode):
                record |= {"kind": "link", "to": os.readlink(full)}
            elif stat.S_ISDIR(status.st_mode):
                record["kind"] = "dir"
            elif stat.S_ISREG(status.st_mode):
                record |= self._back_up(full, status.st_size, whole, f"{mine}.bak")
        temporary = self.store / f"{mine}.tmp"
        temporary.write_text(json.dumps(record), encoding="utf-8")
        with contextlib.suppress(FileExistsError):
            os.link(temporary, entry)
        os.remove(temporary)

    def _back_up(self, full: str, size: int, whole: bool, name: str) -> dict[str, Any]:
        if size <= BACKUP_LIMIT:
            try:
                shutil.copy2(full, self.store / name)
            except PermissionError:
                return {"kind": "other"}  # unreadable for us means unwritable for the script in all but odd cases
            except OSError as error:
                raise _refusal(full, f"it could not be backed up ({error.strerror})") from None
            return {"kind": "file", "backup": name}
        if whole:
            raise _refusal(full, f"{size / 1024**3:.1f} GiB are too much to back up")
        return {"kind": "large"}

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            if isinstance(mode, str):
                if "w" in mode or "x" in mode:
                    self.note(path)
                elif "a" in mode or "+" in mode:
                    self.note(path, whole=False)
            elif isinstance(flags, int) and flags & _WRITES:
                self.note(path, whole=bool(flags & os.O_TRUNC))
        elif event == "os.rename":
            self._moved(_at(args[0], args[2]))
            self._moved(_at(args[1], args[3]))
        elif event in {"os.link", "os.symlink"}:
            self.note(args[0] if event == "os.link" else None, whole=False)
            self.note(_at(args[1], args[-1]))
        elif event == "os.remove":
            self.note(_at(args[0], args[1]))
        elif event in {"os.truncate", "tempfile.mkdtemp"}:
            self.note(args[0])
        elif event in {"os.rmdir", "os.mkdir", "os.chmod", "os.utime"}:
            self.note(_at(args[0], args[-1]), whole=False)
        elif event == "shutil.rmtree":
            self._tree(_at(args[0], args[-1]))
        elif event == "sqlite3.connect":
            self._database(args[0])

    def _moved(self, path: Any) -> None:
        if os.path.isdir(path) and not os.path.islink(path):
            self._tree(path)
        else:
            self.note(path)

    def _tree(self, root: Any) -> None:
        """A whole folder is about to go: note all that is in it."""
        root = os.path.abspath(os.fsdecode(root))
        if root.startswith(self.ignore) or getattr(self._here, "busy", False):
            return
        folders, files, size = [root], [], 0
        for folder, inner, names in os.walk(root):
            folders += [os.path.join(folder, n) for n in inner]
            for name in names:
                files.append(os.path.join(folder, name))
                with contextlib.suppress(OSError):
                    size += os.lstat(files[-1]).st_size
        if size > BACKUP_LIMIT and any(f not in self._noted for f in files):
            raise _refusal(root, f"{size / 1024**3:.1f} GiB are too much to back up")
        for path in folders + files:
            self.note(path)

    def _database(self, name: Any) -> None:
        path = os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else ""
        if path.startswith("file:"):
            path = path[5:].partition("?")[0]
            path = "/" + path.lstrip("/") if path.startswith("///") else path
        if path and path != ":memory:":
            for ending in ("", "-journal", "-wal", "-shm"):
                self.note(path + ending, whole=False)

    # -- writers that open files natively ----------------------------------------------------------------------------

    def _noting(self, original: Callable[..., Any], position: int, whole: bool = True) -> Callable[..., Any]:
        """``original``, noting its path argument first."""

        def write(*args: Any, **kwargs: Any) -> Any:
            path = (
                args[position] if len(args) > position else kwargs.get("filename", kwargs.get("f", kwargs.get("name")))
            )
            if isinstance(path, (str, bytes, os.PathLike)):
                self.note(path, whole)
            return original(*args, **kwargs)

        write.__name__ = getattr(original, "__name__", "write")
        write.__doc__ = original.__doc__
        write.__wrapped__ = original  # type: ignore[attr-defined]
        return write

    def _wrap(self, owner: Any, name: str, position: int) -> None:
        original = getattr(owner, name, None)
        if original is not None and not hasattr(original, "__wrapped__"):
            setattr(owner, name, self._noting(original, position))

    def _wrap_torch(self, serialization: Any) -> None:
        self._wrap(getattr(serialization, "_open_zipfile_writer_file", None), "__init__", 1)

    def _wrap_safetensors(self, safetensors: Any) -> None:
        self._wrap(safetensors, "serialize_file", 1)

    def _wrap_cv2(self, cv2: Any) -> None:
        self._wrap(cv2, "imwrite", 0)

    def _wrap_h5py(self, h5py: Any) -> None:
        original = h5py.File.__init__
        if hasattr(original, "__wrapped__"):
            return

        def __init__(file: Any, name: Any, mode: str = "r", *args: Any, **kwargs: Any) -> None:
            if mode != "r" and isinstance(name, (str, bytes, os.PathLike)):
                self.note(name, whole=mode in {"w", "w-", "x"})
            original(file, name, mode, *args, **kwargs)

        __init__.__wrapped__ = original  # type: ignore[attr-defined]
        h5py.File.__init__ = __init__

    # -- undoing (by the doctor) -----------------------------------------------------------------------------------

    def entries(self) -> Iterator[dict[str, Any]]:
        """The noted paths as they were."""
        for entry in sorted(self.store.glob("*.json")):
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(entry.read_text(encoding="utf-8"))

    def undo(self) -> list[str]:
        """Put every noted path back as it was. Returns a line for each that could not be. May be repeated."""
        problems: list[str] = []
        noted = list(self.entries())
        for entry in sorted((e for e in noted if e["kind"] == "absent"), key=lambda e: -len(e["path"])):
            _attempt(problems, entry, _remove)
        for entry in sorted((e for e in noted if e["kind"] == "dir"), key=lambda e: len(e["path"])):
            _attempt(problems, entry, _restore_folder)
        for entry in noted:
            if entry["kind"] == "file":
                _attempt(problems, entry, self._restore_file)
            elif entry["kind"] == "link":
                _attempt(problems, entry, _restore_link)
            elif entry["kind"] == "large":
                _attempt(problems, entry, _restore_length)
        return problems

    def _restore_file(self, entry: dict[str, Any]) -> None:
        path, backup = entry["path"], self.store / entry["backup"]
        if os.path.islink(path) or os.path.isdir(path):
            _remove(entry)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not _same(path, backup):
            if os.path.exists(path) and not os.access(path, os.W_OK):
                os.chmod(path, entry["mode"] | stat.S_IWUSR)
            shutil.copy2(backup, path)


def join() -> None:
    """Called in every Python that the script starts: note what it writes, too."""
    from .elsewhere import watch_training

    store, ignore = os.environ[ENVIRONMENT].split(os.pathsep)
    Journal(Path(store), ignore).attach()
    watch_training(Path(ignore))


def _at(path: Any, folder: Any) -> Any:
    """``path`` as seen from an open folder (the ``dir_fd`` of an audit event; -1 for none)."""
    if isinstance(folder, int) and folder >= 0 and not isinstance(path, int):
        with contextlib.suppress(OSError):
            return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
    return path


def _refusal(path: str, why: str) -> PermissionError:
    return PermissionError(
        errno.EACCES, f"lossdoctor does not let a probe change a file that it could not put back: {why}", path
    )


def _attempt(problems: list[str], entry: dict[str, Any], act: Callable[[dict[str, Any]], None]) -> None:
    try:
        act(entry)
    except OSError as error:
        problems.append(f"{entry['path']} could not be put back: {error.strerror or error}")


def _remove(entry: dict[str, Any]) -> None:
    path = entry["path"]
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def _restore_folder(entry: dict[str, Any]) -> None:
    path = entry["path"]
    if not os.path.isdir(path) or os.path.islink(path):
        _remove(entry)
        os.makedirs(path)
    if stat.S_IMODE(os.stat(path).st_mode) != entry["mode"]:
        os.chmod(path, entry["mode"])


def _restore_link(entry: dict[str, Any]) -> None:
    path = entry["path"]
    if not os.path.islink(path) or os.readlink(path) != entry["to"]:
        _remove(entry)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(entry["to"], path)


def _restore_length(entry: dict[str, Any]) -> None:
    """A file too large for a copy: what was appended goes; what was changed inside is told."""
    path = entry["path"]
    status = os.stat(path)
    if status.st_mtime_ns == entry["mtime"] and status.st_size == entry["size"]:
        return
    grown = status.st_size > entry["size"]
    if grown:
        os.truncate(path, entry["size"])
        os.utime(path, ns=(status.st_atime_ns, entry["mtime"]))
    else:
        raise OSError("it was changed and is too large to have been backed up")


def _same(path: str, backup: Path) -> bool:
    try:
        now, then = os.stat(path), os.stat(backup)
    except OSError:
        return False
    if (now.st_size, now.st_mtime_ns, stat.S_IMODE(now.st_mode)) != (
        then.st_size,
        then.st_mtime_ns,
        stat.S_IMODE(then.st_mode),
    ):
        return False
    return Path(path).read_bytes() == backup.read_bytes()
