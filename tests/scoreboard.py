"""Scores the diagnoses of many scripts: ``python -m tests.scoreboard samples|clinic|healthy [--only TEXT] [--steps N] [--jobs N]``.

For the clinic, cases are split once by a hash of their names into ``dev`` and ``held-out`` (``--split``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Case:
    """One script and what must be said of it (None = healthy)."""

    name: str
    script: Path
    cause: str | None
    also: list[str] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    names: str = ""


def split_of(name: str) -> str:
    """dev or held-out, by a fixed hash of the name; cases marked ``seen`` in their file are dev."""
    return "dev" if hashlib.sha256(name.encode()).digest()[0] % 2 == 0 else "held-out"


def samples() -> list[Case]:
    """Every sample, sick and cured."""
    found = []
    for folder in sorted((ROOT / "samples").iterdir()):
        if (folder / "sick.py").exists():
            cause = folder.name.split("--")[0]
            found.append(Case(f"{folder.name}/sick", folder / "sick.py", cause))
            found.append(Case(f"{folder.name}/cured", folder / "cured.py", None))
    return found


def clinic(split: str = "all") -> list[Case]:
    """Every clinic case of a split."""
    found = []
    for folder in sorted((ROOT / "tests" / "clinic" / "cases").iterdir()):
        file = folder / "case.toml"
        if not file.exists():
            continue
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        if split in {"all", "dev" if data.get("seen") else split_of(folder.name)}:
            found.append(
                Case(
                    folder.name,
                    folder / "train.py",
                    data["cause"],
                    list(data.get("also", [])),
                    list(data.get("args", [])),
                    str(data.get("names", "")),
                )
            )
    return found


def healthy() -> list[Case]:
    """Every healthy script."""
    index = tomllib.loads((ROOT / "tests" / "healthy" / "index.toml").read_text(encoding="utf-8"))
    return [
        Case(s["path"], ROOT / "tests" / "healthy" / s["path"], None, args=list(s.get("args", [])))
        for s in index["script"]
    ]


def diagnose(case: Case, *options: str, timeout: float = 400) -> tuple[dict[str, Any] | None, float, str]:
    """(the JSON report or None, seconds, standard error) of one script."""
    begun = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "lossdoctor",
        "diagnose",
        str(case.script),
        "--format",
        "json",
        "--out",
        "-",
        *options,
    ]
    if case.args:
        command += ["--", *case.args]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout, cwd=case.script.parent, check=False
        )
    except subprocess.TimeoutExpired:
        return None, timeout, "timeout"
    seconds = time.monotonic() - begun
    try:
        return json.loads(done.stdout), seconds, done.stderr
    except ValueError:
        return None, seconds, done.stderr[-2000:]


def verdict(case: Case, report: dict[str, Any] | None) -> tuple[str, str]:
    """(right | also | named | wrong | alarm | fault, what was said)."""
    if report is None:
        return "fault", "no report"
    root = report["diagnosis"]["root_cause"]
    loud = [f["cause"] for f in report["findings"] if f["severity"] in {"error", "warning"}]
    said = f"{report['verdict']}:{root}"
    if case.cause is None:
        return ("right", said) if report["verdict"] == "healthy" and not loud else ("alarm", f"{said} {loud}")
    if root == case.cause:
        return "right", said
    if root in case.also:
        return "also", said
    return ("named", f"{said} {loud}") if case.cause in loud else ("wrong", f"{said} {loud}")


def main(argv: list[str] | None = None, fixed: str | None = None) -> int:
    """Run and print the table; exit code 1 when anything is not right."""
    parser = argparse.ArgumentParser(description=__doc__)
    if fixed is None:
        parser.add_argument("what", choices=["samples", "clinic", "healthy"])
    parser.add_argument("--only", default="")
    parser.add_argument("--split", default="all", choices=["all", "dev", "held-out"])
    parser.add_argument("--steps", default="")
    parser.add_argument("--seed", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--no-trials", action="store_true")
    parser.add_argument("--json", default="")
    options = parser.parse_args(argv)
    what = fixed or options.what
    cases = {"samples": samples, "healthy": healthy, "clinic": lambda: clinic(options.split)}[what]()
    cases = [c for c in cases if options.only in c.name]
    extra: list[str] = []
    for flag in ("steps", "seed"):
        if getattr(options, flag):
            extra += [f"--{flag}", getattr(options, flag)]
    if options.no_trials:
        extra.append("--no-trials")
    counts: Counter[str] = Counter()
    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    rows = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for case, (report, seconds, errors) in zip(cases, pool.map(lambda c: diagnose(c, *extra), cases), strict=True):
            state, said = verdict(case, report)
            counts[state] += 1
            root = (report or {}).get("diagnosis", {}).get("root_cause")
            confusion[str(case.cause)][str(root)] += 1
            proof = (report or {}).get("diagnosis", {}).get("proof", "")
            print(
                f"{state:6} {case.name:46} wanted {case.cause!s:26} got {said:40} {proof:14} {seconds:6.1f}s",
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
    total = sum(counts.values())
    right = counts["right"]
    median = sorted(r["seconds"] for r in rows)[len(rows) // 2] if rows else 0.0
    print(
        f"\n{what}: {right}/{total} right ({right / max(total, 1):.1%}), {dict(counts)}; median {median:.1f} s a diagnosis"
    )
    for cause, got in sorted(confusion.items()):
        if set(got) != {cause}:
            print(f"  {cause:28} -> {', '.join(f'{k} x{v}' for k, v in got.most_common())}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows))
    return 0 if right == total else 1


if __name__ == "__main__":
    sys.exit(main())
