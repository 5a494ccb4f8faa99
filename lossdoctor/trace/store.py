"""The trace on disk: one HDF5 file, written atomically, readable with h5py alone. ``docs/trace.md`` documents it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .model import Diagnosis, Trace

SCHEMA = "lossdoctor-trace/1"


class TraceError(Exception):
    """The file is no trace, or of a version that this lossdoctor cannot read. The message says which."""


def plain(value: Any) -> Any:
    """``value`` with numpy scalars/arrays turned into Python ones and non-finite floats into strings (JSON has none)."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return "nan" if value != value else ("inf" if value > 0 else "-inf")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def write(trace: Trace, path: Path, diagnosis: Diagnosis | None = None) -> None:
    """Write ``trace`` (and the diagnosis drawn from it) to ``path``: whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    with h5py.File(temporary, "w") as file:
        file.attrs["schema"] = SCHEMA
        document: dict[str, Any] = {"meta": trace.meta, "records": trace.records, "exams": trace.exams}
        file.create_dataset("document", data=json.dumps(plain(document)), dtype=h5py.string_dtype())
        if diagnosis is not None:
            file.create_dataset("diagnosis", data=json.dumps(plain(diagnosis.to_dict())), dtype=h5py.string_dtype())
        for name, array in trace.arrays.items():
            file.create_dataset(f"arrays/{name}", data=np.asarray(array))
    os.replace(temporary, path)


def read(path: Path) -> tuple[Trace, Diagnosis | None]:
    """Read a trace and, where one was saved with it, its diagnosis.

    Raises:
        TraceError: the file is missing, is not HDF5, or is not a trace of a known version.
    """
    if not path.is_file():
        raise TraceError(f"no such trace: {path}")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise TraceError(f"{path} is not an HDF5 file ({error})") from None
    with file:
        schema = file.attrs.get("schema")
        if schema != SCHEMA:
            raise TraceError(
                f"{path} is not a lossdoctor trace of a known version (schema {schema!r}, wanted {SCHEMA!r})"
            )
        document = json.loads(file["document"][()])
        arrays: dict[str, np.ndarray] = {}

        def keep(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                arrays[name] = item[()]

        if "arrays" in file:
            file["arrays"].visititems(keep)
        diagnosis = Diagnosis.from_dict(json.loads(file["diagnosis"][()])) if "diagnosis" in file else None
    trace = Trace(document["meta"], document["records"], arrays, document["exams"])
    return trace, diagnosis
