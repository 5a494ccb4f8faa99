"""Every sample: the sick script gets its root cause, the cured one no warning. Trials are tested on the source case."""

from __future__ import annotations

import os

import pytest

from tests.scoreboard import ROOT, Case, diagnose, healthy, samples, verdict

# Odd-looking but right, one of each kind; the whole folder is scored by ``python -m tests.scoreboard healthy``.
HEALTHY = {
    "time_major_rnn.py",
    "attention_across_samples.py",
    "gan_two_optimizers.py",
    "manual_sgd_no_optim.py",
    "lbfgs_closure.py",
    "noise_floor_regression.py",
    "slow_starter_parity.py",
    "masked_lm_bidirectional.py",
    "reinforce_corridor.py",
    "sum_reduction.py",
}
# The source cases and the mission's checks; LOSSDOCTOR_ALL_SAMPLES=1 tests every sample, as
# ``python -m tests.scoreboard samples`` scores them.
CORE = {
    "attention-mask-inverted",
    "batch-first-mismatch",
    "batch-first-mismatch--dialogue-transformer",
    "broadcast-mismatch",
    "causal-gap",
    "exploding-gradient",
    "loss-activation-mismatch",
    "lr-too-high",
    "target-leakage",
    "target-range-mismatch",
    "vanishing-gradient",
}
CASES = [c for c in samples() if os.environ.get("LOSSDOCTOR_ALL_SAMPLES") or c.name.split("/")[0] in CORE]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_sample(case: Case) -> None:
    report, _, errors = diagnose(case)
    assert report is not None, errors
    state, said = verdict(case, report)
    assert state == "right", f"wanted {case.cause}, got {said}: {report['summary']}"


@pytest.mark.parametrize("case", [c for c in healthy() if c.name in HEALTHY], ids=lambda c: c.name)
def test_healthy(case: Case) -> None:
    report, _, errors = diagnose(case)
    assert report is not None, errors
    state, said = verdict(case, report)
    assert state == "right", said


def test_source_case_0_names_both_faults_and_proves_them() -> None:
    case = Case("case 0", ROOT / "samples" / "batch-first-mismatch" / "sick.py", "batch-first-mismatch")
    report, _, errors = diagnose(case)
    assert report is not None, errors
    assert report["diagnosis"]["root_cause"] == "batch-first-mismatch"
    assert report["diagnosis"]["plan"] == ["batch-first-mismatch", "causal-gap"]
    ruled_out = {r["cause"]: r["reason"] for r in report["diagnosis"]["ruled_out"]}
    assert "unbounded" in ruled_out["target-range-mismatch"]
    together = [t for t in report["trials"] if t["remedy"] == "plan"]
    alone = [t["treated"]["skill"] for t in report["trials"] if t["remedy"] != "plan" and t["verdict"] != "untried"]
    assert len(alone) >= 2
    assert together
    assert together[0]["treated"]["skill"] > max(alone)
    assert "batch_first=True" in report["patch"]
