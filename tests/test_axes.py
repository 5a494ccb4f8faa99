"""Which axis of a table of tokens is time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from lossdoctor.exams.axes import sample_axis
from lossdoctor.exams.dumps import Dump


def dump(folder: Path, **arrays: np.ndarray) -> Dump:
    info = {"loader": None, "losses": [{"target": [336]}], "ops": [], "common": None, "leaves": [], "given": []}
    (folder / "exam.json").write_text(json.dumps(info))
    np.savez(folder / "exam.npz", **arrays)  # type: ignore[arg-type]
    return Dump(folder)


def test_a_table_is_not_compared_with_itself(tmp_path: Path) -> None:
    """Rows sorted by length look alike, one after the other: that is no series."""
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 60, (48, 10))
    for group in np.split(rows, 12):
        group[:, :7] = group[0, :7]
    axis, _, why = sample_axis(dump(tmp_path, leaf0=rows, given0=rows.copy()), {"at": "loader", "leaf": 0}, rows)
    assert axis == 0, why


def test_a_target_one_step_on_tells_the_time_axis(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    series = rng.integers(1, 9, (13, 48))
    axis, certain, _ = sample_axis(
        dump(tmp_path, leaf0=series[:-1], target0=series[1:]), {"at": "loader", "leaf": 0}, series[:-1]
    )
    assert (axis, certain) == (1, True)
