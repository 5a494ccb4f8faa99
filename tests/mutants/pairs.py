"""Scores the treatment plans of scripts with two faults: ``python -m tests.mutants.pairs [--only TEXT] [--jobs N] [--json FILE]``.

Each script is one of the healthy bases with two of the faults of ``operators.py``. A plan is right when it names both
causes, in the order of the decision tree's questions, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lossdoctor.contracts.catalogue import ORDER
from tests.scoreboard import Case, diagnose

from .__main__ import source_of
from .operators import BASES, OPERATORS, Operator

PAIRS = [
    ("mlp_regression", "squeeze_missing", "lr_x1000"),
    ("lstm_forecast", "batch_first_dropped", "scheduler_per_batch"),
    ("transformer_lm", "step_missing", "no_causal_mask"),
    ("cnn_images", "softmax_before_ce", "lr_div_10000"),
    ("binary_bce", "sigmoid_before_logits_loss", "raw_units"),
    ("trainer_class", "no_zero_grad", "softmax_before_ce"),
    ("gru_tagger", "batch_first_dropped", "padding_counted"),
    ("rnn_cell", "relu_head", "lr_div_10000"),
    ("autoencoder", "frozen_layer", "lr_div_10000"),
    ("padded_encoder", "mask_inverted", "no_zero_grad"),
]


def twice_sick(only: str) -> Iterator[tuple[str, str, list[str], set[str]]]:
    """(name, source, causes in the tree's order, names that are accepted beside them)."""
    bases = {base.name: base for base in BASES}
    faults: dict[str, Operator] = {operator.name: operator for operator in OPERATORS}
    for base, *names in PAIRS:
        name = f"{base}: {' + '.join(names)}"
        if only not in name:
            continue
        source = source_of(bases[base])
        for fault in names:
            source = faults[fault].edits[base](source)
        causes = sorted((faults[n].cause for n in names), key=ORDER.__getitem__)
        yield name, source, causes, {c for n in names for c in faults[n].also}


def main(argv: list[str] | None = None) -> int:
    """Run and print the table; exit code 1 when any plan is not right."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.pairs", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", default="")
    options = parser.parse_args(argv)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="pairs-") as place, ThreadPoolExecutor(options.jobs) as pool:
        chosen = list(twice_sick(options.only))
        made = []
        for i, (name, source, causes, _) in enumerate(chosen):
            script = Path(place, str(i), "train.py")
            script.parent.mkdir()
            script.write_text(source, encoding="utf-8")
            made.append(Case(name, script, causes[0]))
        answers = pool.map(diagnose, made)
        for (name, _, causes, _), (report, seconds, errors) in zip(chosen, answers, strict=True):
            plan = (report or {}).get("diagnosis", {}).get("plan", [])
            state = "right" if plan == causes else "both" if set(causes) <= set(plan) else "wrong"
            print(f"{state:6} {name:50} wanted {causes} got {plan} {seconds:.1f}s", flush=True)
            if report is None:
                print("       ", errors.strip()[-300:], flush=True)
            rows.append({"case": name, "wanted": causes, "plan": plan, "state": state, "report": report})
            if options.json:
                Path(options.json).write_text(json.dumps(rows), encoding="utf-8")
    right = sum(row["state"] == "right" for row in rows)
    print(f"\nplans: {right}/{len(rows)} right")
    return 0 if right == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
