"""The time exam: gradient norm per time step through recurrent modules and hand-written cells, and per activation in depth.

Method: Pascanu, Mikolov & Bengio (2013), "On the difficulty of training recurrent neural networks": the norm of the loss's
gradient with respect to the state (or the input) of each step shows whether it grows or fades on its way back.
"""

from __future__ import annotations

import json
from typing import Any

from lossdoctor.contracts.plan import Plan
from lossdoctor.trials.zygote import Zygote


def examine(zygote: Zygote, step: int = 0, timeout: float = 30.0) -> dict[str, Any]:
    """``{"groups": [{"kind": "time"|"depth", "name", "site", "norms": […]}]}`` or ``{"cannot_tell": reason}``."""
    run = zygote.run_all([Plan(steps=step + 2, exam={"kind": "time", "step": step}, label="time")], timeout, 1)[0]
    file = run.folder / "exam.json" if run.folder is not None else None
    if file is None or not file.exists():
        return {"cannot_tell": f"the examined step did not come to a backward ({run.end})"}
    found = json.loads(file.read_text())
    if not found["groups"]:
        return {"cannot_tell": "no recurrence and no chain of three activations ran"}
    return found
