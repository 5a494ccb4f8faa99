"""The environment as it was when the command started: what the script's process is given."""

from __future__ import annotations

import os

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_ORIGINAL = {name: os.environ.get(name) for name in THREADS}


def of_script() -> dict[str, str]:
    """A copy of this process's environment without our own changes."""
    environment = dict(os.environ)
    for name, value in _ORIGINAL.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    return environment
