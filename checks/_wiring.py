"""What the wiring checks share: reading the dependency exam."""

from __future__ import annotations

from typing import Any

from lossdoctor.trace import Absent, CannotTell

# Classes of torch's recurrent layers, and of those that are called step by step.
RECURRENT = {"LSTM", "GRU", "RNN"}
CELLS = {"LSTMCell", "GRUCell", "RNNCell"}


def mixing_absent(exam: dict[str, Any]) -> Absent | CannotTell | None:
    """The verdict when no mixing of samples was seen (or could be); None when samples do reach each other."""
    if exam.get("ignores_input") and not exam.get("meeting"):
        return CannotTell("the prediction did not depend on the input at the examined step")
    if exam.get("cannot_tell_mixing"):
        return CannotTell(exam["cannot_tell_mixing"])
    samples = exam.get("samples")
    if not samples:
        return CannotTell("the batch holds a single sample")
    if not exam.get("mixing"):
        return Absent(
            f"replacing one of {samples['batch']} samples changed {max(samples['reached']):.1%} of the predictions, no more than its own",
            {"reached": samples["reached"]},
        )
    return None


def confused_modules(modules: list[dict[str, Any]], op: dict[str, Any]) -> list[str]:
    """Names of modules with a batch_first option that ran around ``op`` (the recorded innermost module or its parents)."""
    inner = str(op.get("module") or "")
    named = [m for m in modules if "batch_first" in m and m.get("batch_first") is False]
    near = [
        m["name"]
        for m in named
        if inner and (m["name"] == inner or inner.startswith(m["name"] + ".") or m["name"].startswith(inner + "."))
    ]
    if near:
        return sorted(near, key=len)
    return [m["name"] for m in named]
