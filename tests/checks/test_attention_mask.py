"""attention-mask-inverted where the attention is the script's own: what the exchanged steps reach."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.trace import Absent, Present

from .made import SITE, ask, run

ENDED = np.linspace(0.0, 0.95, 12)
ENDED[:3] = 0.0


@pytest.mark.parametrize(
    ("seen", "modules", "kind"),
    [
        (ENDED + 0.03, [], Present),
        (1 - ENDED, [], Absent),  # a mask as it should be
        (np.ones(12), [], Absent),  # no mask at all
        (ENDED + 0.03, [{"name": "rnn", "class": "GRU", "site": SITE}], Absent),  # a state that forgets
    ],
)
def test_what_is_real_reaches_nothing(seen, modules, kind):
    trace = run()
    trace.records["modules"] = modules
    trace.exams["dependency"] = {
        "losses": [{"site": SITE}],
        "time": {"positions": 1, "length": 24, "filler": ENDED.tolist(), "sees_share": [seen.tolist()]},
    }
    assert isinstance(ask("attention-mask-inverted", trace), kind)
