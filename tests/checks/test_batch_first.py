"""batch-first-mismatch told by the stored data: rows in order, and none along what is read as time."""

from __future__ import annotations

import pytest

from lossdoctor.trace import Absent, Present

from .made import SITE, ask, run

GRU = {"name": "rnn", "class": "GRU", "site": SITE, "grad_calls": 60, "inputs": [[16, 160, 28]], "batch_first": True}


@pytest.mark.parametrize(
    ("order", "shape", "kind"),
    [
        ([0.1, 0.99], [120, 160], Present),
        ([0.1, 0.4], [120, 160], Absent),  # windows of one series, one behind the other
        ([0.98, 1.0], [120, 160], Absent),
        ([0.1, 0.99], [120, 40], Absent),  # not what the layer reads
    ],
)
def test_rows_of_stored_data_that_follow_one_another(order, shape, kind):
    trace = run()
    trace.records["modules"] = [GRU]
    trace.records["data"] = [{"name": "y", "shape": shape, "order": order}]
    trace.exams["dependency"] = {"mixing": False, "samples": {"batch": 16, "reached": [0.06], "replaced": [0]}}
    assert isinstance(ask("batch-first-mismatch", trace), kind)
