"""How much memory there is, and how much a process and its children hold. None where the system does not tell."""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")


def available() -> int | None:
    """Bytes that a new process can have without swapping."""
    try:
        lines = (PROC / "meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith("MemAvailable:")]
    return int(found[0][1]) * 1024 if found else None


def resident(pid: int) -> int | None:
    """Bytes held by the largest process of ``pid`` and its descendants."""
    sizes = [size for p in _family(pid) if (size := _status(p, "VmRSS:")) is not None]
    return max(sizes, default=None)


def _family(pid: int) -> list[int]:
    found = [pid]
    for process in found:
        try:
            children = (PROC / str(process) / "task" / str(process) / "children").read_text(encoding="ascii")
        except OSError:
            continue
        found += [int(c) for c in children.split()]
    return found


def _status(pid: int, key: str) -> int | None:
    try:
        lines = (PROC / str(pid) / "status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), None)
