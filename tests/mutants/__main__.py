"""Scores the diagnoses of mutants: ``python -m tests.mutants [--only TEXT] [--most N] [--steps N] [--jobs N] [--no-trials]``.

A mutant is one of ten healthy scripts (``bases/``) with one fault put in (``operators.py``), made at run time in a
temporary folder. The ten scripts themselves are scored too: nothing may be found in them.

``python -m tests.mutants --validate`` runs the bases (with three seeds each) and the mutants plainly, without the
doctor, compares the held-out figure that they print last, and writes ``validated.toml``. A mutant counts as sick when
it loses a tenth or more of what its base learns beyond chance, or ends in NaN; a mutant with a fault that ends the
script must not run. Mutants that are not sick are not scored: no answer to them would be wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import io
import json
import math
import multiprocessing
import os
import re
import runpy
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.scoreboard import Case, diagnose, tomllib, verdict

from .operators import BASES, OPERATORS, Base, Operator

HERE = Path(__file__).resolve().parent
VALIDATED = HERE / "validated.toml"
SICK = 0.9
SEEDS = (None, 1001, 1002)
CHANCE = {base.name: base.chance for base in BASES}


def source_of(base: Base) -> str:
    """The healthy script."""
    return (HERE / "bases" / f"{base.name}.py").read_text(encoding="utf-8")


def named(only: str, name: str) -> bool:
    """Whether a name holds one of the texts that ``only`` lists, with commas between."""
    return any(text in name for text in only.split(","))


def mutants(only: str = "", most: int = len(BASES)) -> Iterator[tuple[str, Base, Operator, str]]:
    """(name, base, operator, source) of every mutant whose name is meant by ``only``, the first ``most`` of each operator."""
    known = {base.name: base for base in BASES}
    for operator in OPERATORS:
        chosen = [base for base in operator.edits if named(only, f"{operator.name}.{base}")]
        for base in chosen[:most]:
            yield f"{operator.name}.{base}", known[base], operator, operator.edits[base](source_of(known[base]))


def fingerprint(source: str) -> str:
    """Short hash of a script."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


# ---- validation: is the mutant sick at all?


def figure_of(source: str) -> float | None:
    """The figure that the script prints last; None when it fails. Runs in a process of its own, see ``validate``."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        script = Path(folder, "train.py")
        script.write_text(source, encoding="utf-8")
        sys.argv = [str(script)]
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
                runpy.run_path(str(script), run_name="__main__")
        except (Exception, SystemExit):  # noqa: BLE001
            return None
    found = re.search(r"^held-out .* (\S+)\s*\Z", said.getvalue(), re.M)
    return float(found.group(1)) if found else None


def is_sick(operator: Operator, figure: float | None, lowest: float, chance: float) -> bool:
    """Whether so much of the base's skill is lost that nobody would call the run healthy."""
    if figure is None:  # a mutant that should train and crashes is a fault of its operator
        return operator.cause == "script-error"
    if not math.isfinite(figure):
        return True
    return (figure - chance) / (lowest - chance) < SICK


def validate(only: str, jobs: int, most: int) -> None:
    """Run plainly whatever has no current entry in the side file, and enter it there."""
    known = evidence()
    bases, entries = known["bases"], known["mutants"]
    chosen = [one for one in mutants(only, most) if entries.get(one[0], {}).get("source") != fingerprint(one[3])]
    os.environ["OMP_NUM_THREADS"] = "1"
    importlib.import_module("torch")  # once, for all the children
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        for base in BASES:
            source = source_of(base)
            if bases.get(base.name, {}).get("source") == fingerprint(source):
                continue
            seeded = [
                source if s is None else re.sub(r"manual_seed\(\d+\)", f"manual_seed({s})", source) for s in SEEDS
            ]
            figures = pool.map(figure_of, seeded, 1)
            if None in figures:
                raise SystemExit(f"base {base.name} does not run to its end")
            bases[base.name] = {"source": fingerprint(source), "figure": figures[0], "lowest": min(figures)}
            print(f"base     {base.name:46} {figures}", flush=True)
            record(bases, entries)
        figures = pool.imap(figure_of, [source for _, _, _, source in chosen])
        for (name, base, operator, source), figure in zip(chosen, figures, strict=True):
            entries[name] = {
                "source": fingerprint(source),
                "base": bases[base.name]["figure"],
                "mutant": "fails" if figure is None else figure,
                "sick": is_sick(operator, figure, bases[base.name]["lowest"], base.chance),
            }
            state = "sick" if entries[name]["sick"] else "dropped"
            print(f"{state:8} {name:46} base {bases[base.name]['figure']:8.4f} mutant {figure}", flush=True)
            record(bases, entries)


def record(bases: dict[str, Any], entries: dict[str, Any]) -> None:
    """Write the side file, without entries of mutants that exist no more."""
    lines = [
        "# Made by `python -m tests.mutants --validate`, which runs what has no entry here or has changed since (delete this",
        "# file to run everything). The held-out figure of each base (its own seed, and the lowest of three seeds) and of each",
        "# mutant. Mutants that are not sick are not scored.",
        "",
        "[bases]",
        *(f"{base.name} = {_toml(bases[base.name])}" for base in BASES if base.name in bases),
    ]
    for operator in OPERATORS:
        lines += ["", f"[mutants.{operator.name}]"]
        names = {base: f"{operator.name}.{base}" for base in operator.edits}
        lines += [f"{base} = {_toml(entries[name])}" for base, name in names.items() if name in entries]
    VALIDATED.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, str) else str(value)


def evidence() -> dict[str, Any]:
    """What validation found: the bases, and the mutants by their whole names."""
    found = tomllib.loads(VALIDATED.read_text(encoding="utf-8")) if VALIDATED.exists() else {}
    named = {f"{operator}.{base}": e for operator, of in found.get("mutants", {}).items() for base, e in of.items()}
    kinds, bases = {o.name: o for o in OPERATORS}, found.get("bases", {})
    for name, entry in named.items():
        operator, base = name.split(".")
        figure = None if entry["mutant"] == "fails" else entry["mutant"]
        if operator in kinds:
            entry["sick"] = is_sick(kinds[operator], figure, bases[base]["lowest"], CHANCE[base])
    return {"bases": bases, "mutants": named}


# ---- the score


def cases(only: str, place: Path, most: int) -> list[tuple[str, Case]]:
    """(operator, case) of the bases and of the mutants known to be sick, at most ``most`` an operator, written below ``place``."""
    known = evidence()["mutants"]
    found = []

    def write(operator: str, base: Base, source: str, cause: str | None, also: tuple[str, ...]) -> None:
        script = place / operator / f"{base.name}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(source, encoding="utf-8")
        found.append((operator, Case(f"{operator}.{base.name}", script, cause, list(also))))

    for base in BASES:
        if named(only, f"healthy.{base.name}"):
            write("healthy", base, source_of(base), None, ())
    for name, base, operator, source in mutants(only, most):
        entry = known.get(name)
        if entry is None or entry["source"] != fingerprint(source):
            print(f"left out {name}: not validated as it stands, run --validate", file=sys.stderr)
        elif entry["sick"]:
            write(operator.name, base, source, operator.cause, operator.also)
    return found


def main(argv: list[str] | None = None) -> int:
    """Run and print the table; exit code 1 when anything is not right."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="text in OPERATOR.BASE, or several with commas between")
    parser.add_argument("--steps", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--no-trials", action="store_true")
    parser.add_argument("--json", default="", help="write every row with its report here, after each diagnosis")
    parser.add_argument("--most", type=int, default=len(BASES), help="at most so many mutants of each operator")
    parser.add_argument("--keep", default="", help="folder for the scripts and reports of wrong answers")
    parser.add_argument("--validate", action="store_true", help="run bases and mutants plainly, write validated.toml")
    options = parser.parse_args(argv)
    if options.validate:
        validate(options.only, options.jobs, options.most)
        return 0
    extra = ["--steps", options.steps] if options.steps else []
    extra += ["--no-trials"] if options.no_trials else []
    began = time.monotonic()
    states: dict[str, Counter[str]] = defaultdict(Counter)
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as place, ThreadPoolExecutor(options.jobs) as pool:
        chosen = cases(options.only, Path(place), options.most)
        answers = pool.map(lambda one: diagnose(one[1], *extra), chosen)
        for (operator, case), (report, seconds, errors) in zip(chosen, answers, strict=True):
            state, said = verdict(case, report)
            diagnosis = (report or {}).get("diagnosis", {})
            states[operator][state] += 1
            confusion[str(case.cause)][str(diagnosis.get("root_cause"))] += 1
            print(
                f"{state:6} {case.name:42} wanted {case.cause!s:26} got {said:44} "
                f"{diagnosis.get('proof', ''):14} {seconds:6.1f}s",
                flush=True,
            )
            if report is None:
                print("       ", errors.strip()[-300:], flush=True)
            rows.append(
                {
                    "case": case.name,
                    "cause": case.cause,
                    "state": state,
                    "said": said,
                    "seconds": seconds,
                    "report": report,
                }
            )
            if options.json:
                Path(options.json).write_text(json.dumps(rows), encoding="utf-8")
            if options.keep and state not in {"right", "also"}:
                kept = Path(options.keep) / operator
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(case.script, kept)
                (kept / f"{case.script.stem}.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    print_totals(states, confusion, rows, time.monotonic() - began)
    return 0 if all(row["state"] == "right" for row in rows) else 1


def print_totals(
    states: dict[str, Counter[str]],
    confusion: dict[str, Counter[str]],
    rows: list[dict[str, Any]],
    seconds: float,
) -> None:
    """Totals per operator, over all mutants, and what was taken for what."""
    print("\nper operator:")
    for operator, got in states.items():
        print(f"  {operator:28} {got['right']}/{sum(got.values())} {dict(got) if set(got) != {'right'} else ''}")
    print("\ntaken for another:")
    for cause, said in sorted(confusion.items()):
        if set(said) != {cause}:
            print(f"  {cause:28} -> {', '.join(f'{k} x{v}' for k, v in said.most_common())}")
    sick = [row["state"] for row in rows if row["cause"] is not None]
    calm = [row["state"] for row in rows if row["cause"] is None]
    right, accepted = sick.count("right"), sick.count("right") + sick.count("also")
    print(
        f"\nmutants: {right}/{len(sick)} right ({right / max(len(sick), 1):.1%}), {accepted} accepted "
        f"({accepted / max(len(sick), 1):.1%}), {dict(Counter(sick))}; bases: {calm.count('right')}/{len(calm)} healthy; "
        f"{seconds / max(len(rows), 1):.1f} s a diagnosis"
    )


if __name__ == "__main__":
    sys.exit(main())
