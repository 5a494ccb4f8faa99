"""The whole way: probe, exams, checks, trials, diagnosis. Imports no check and no renderer by name, and no torch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossdoctor import plugin_causes, suppress, treatment
from lossdoctor.config import Config, ConfigError, check_causes
from lossdoctor.contracts import registry, thresholds
from lossdoctor.contracts.catalogue import STAGE_OF
from lossdoctor.contracts.outcome import Outcome, measure, warm_up
from lossdoctor.contracts.plan import Plan
from lossdoctor.reasoning import tree
from lossdoctor.trace import Diagnosis, Finding, RemedySpec, Site, Trace
from lossdoctor.trials import budget as budgets
from lossdoctor.trials.ward import Ward
from lossdoctor.trials.zygote import WRITING, Target, Zygote, gist, manner
from lossdoctor.trials.zygote import Outcome as Run

Progress = Callable[[str, float], None]


@dataclass
class Result:
    """A diagnosis, the trace behind it, and the seconds each part took."""

    diagnosis: Diagnosis
    trace: Trace
    exit_code: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def exit_code(diagnosis: Diagnosis, fail_on: str) -> int:
    """0 healthy, 1 sick at or above ``fail_on``, 3 no diagnosis."""
    if diagnosis.verdict == "inconclusive" or (diagnosis.error or {}).get("before_training"):
        return 3
    told = {"error": {"error"}, "warning": {"error", "warning"}, "never": set()}[fail_on]
    return 1 if any(f.severity in told and not f.suppressed for f in diagnosis.findings) else 0


def diagnose(
    target: Target, config: Config, log: Path, progress: Progress | None = None, show_output: bool = False
) -> Result:
    """Run ``target`` for a probe and say what is wrong with it.

    Raises:
        lossdoctor.contracts.registry.RegistryError: no checks are installed.
        lossdoctor.config.ConfigError: the configuration names a cause or a threshold that there is not.
    """
    checks, broken = registry.checks()
    broken = broken + registry.remedies()[1] + registry.broken_reports()
    known = {c.cause for c in checks}
    check_causes(config, known)
    try:
        with thresholds.applied(checks, config.thresholds):
            chosen = [c for c in checks if config.checks.get(c.cause, True)]
            result = _diagnose(target, config, log, progress, show_output, chosen, broken)
    except thresholds.ThresholdError as error:
        raise ConfigError(f"[tool.lossdoctor]: {error}") from None
    suppress.by_config(result.diagnosis, config)
    suppress.by_comment(result.diagnosis, known)
    suppress.settle(result.diagnosis)
    result.exit_code = exit_code(result.diagnosis, config.fail_on)
    return result


def _diagnose(
    target: Target,
    config: Config,
    log: Path,
    progress: Progress | None,
    show_output: bool,
    checks: list[Any],
    broken: list[str],
) -> Result:
    tell = progress or (lambda stage, share: None)
    seconds: dict[str, float] = {}
    begun = time.monotonic()
    with Zygote(target, log, seed=config.seed, show_output=show_output, fork=config.fork) as zygote:
        tell("waiting for the first step", 0.0)
        warm_up()  # meanwhile the script starts
        state = zygote.wait(config.timeout, lambda s: tell("waiting for the first step", min(s / config.timeout, 1.0)))
        seconds["start"] = time.monotonic() - begun
        if state != "waiting":
            return _no_training(target, state, zygote, checks, broken, seconds, config)
        tell("probe", 0.0)
        started = time.monotonic()
        left = max(config.timeout - seconds["start"], 5.0)
        run = zygote.order(Plan(steps=config.steps, seconds=left, label="probe"), left + WRITING, output=True)
        probe = zygote.gather([run], lambda: tell("probe", min((time.monotonic() - started) / left, 1.0)))[0]
        seconds["probe"] = time.monotonic() - started
        zygote.journal.undo()
        allotted = config.budget or budgets.allotted(seconds["probe"])
        zygote.deadline = time.monotonic() + allotted
        if probe.trace is None:
            return _dead_probe(target, probe, broken, seconds)
        trace = probe.trace
        trace.meta["script"] = target.target
        budget = budgets.Budget(allotted, seconds["probe"], config.steps)
        length = config.trial_steps or trace.steps or config.steps
        ward = Ward(zygote, trace, {c.cause: c for c in checks}, budget, config.jobs, length, tell)
        treated = treatment.diagnose(ward, probe.end, config.trials)
        judged, suffering, proven = treated.judged, treated.suffering, treated.proven
        own = {c.cause: type(c).__module__ for c in checks if c.cause not in STAGE_OF}
        broken = broken + [_named(line, own) for line in treated.broken]
        outcome = measure(trace)
        trace.records["curves"] = proven.curves
        seconds["exams and trials"] = time.monotonic() - started - seconds["probe"]
        notes = broken + zygote.obstacles + _notes(probe, trace)
        notes += [f"a fault of lossdoctor inside a run: {gist(f)}" for f in dict.fromkeys(zygote.faults)]
        if os.environ.get("LOSSDOCTOR_DEBUG"):
            sys.stderr.write("\n".join(dict.fromkeys(zygote.faults)))
    diagnosis = tree.conclude(target.target, judged, outcome, trace.steps, suffering, proven.ranked, notes)
    plugin_causes.put_in_tree(diagnosis, checks)
    diagnosis.trials = proven.trials
    diagnosis.plan = proven.plan or ([diagnosis.root_cause] if diagnosis.root_cause else [])
    for finding in diagnosis.findings:
        finding.proof = proven.proofs.get(finding.cause, "untried")
    diagnosis.proof = proven.proofs.get(diagnosis.root_cause or "", "untried")
    diagnosis.notes += zygote.problems
    if probe.error and not trace.steps:
        diagnosis.error = {
            "kind": "raised",
            "type": probe.error["type"],
            "message": f"{probe.error['type']}: {probe.error['message']}",
            "traceback": probe.error.get("traceback", ""),
            "before_training": True,
        }
    if diagnosis.root_cause:
        from lossdoctor.patches import patch_for

        diagnosis.patch = patch_for(diagnosis, trace)
    if probe.error and not any(f.cause == "script-error" for f in diagnosis.findings):
        diagnosis.notes.append(f"the script ended with {probe.error['type']}: {probe.error['message']}")
    seconds["total"] = time.monotonic() - begun
    trace.meta["timing"] = seconds
    return Result(diagnosis, trace, exit_code(diagnosis, config.fail_on), seconds)


def _named(line: str, own: dict[str, str]) -> str:
    """``check X failed: …``, with the plugin's name where it is one's."""
    module = next((m for cause, m in own.items() if line.startswith(f"check {cause} ")), None)
    return f"plugin {module} is broken: {line}" if module else line


def _notes(probe: Run, trace: Trace) -> list[str]:
    notes = []
    if probe.end == "time limit":
        notes.append(f"the probe stopped at the time limit after {trace.steps} steps")
    if trace.meta.get("end") == "script ended" and trace.steps:
        notes.append(f"the script ended by itself after {trace.steps} steps")
    return notes


def _script_error(error: dict[str, Any] | None, title: str, message: str) -> Finding:
    error = error or {}
    return Finding(
        cause="script-error",
        stage="runs",
        severity="error",
        title=title,
        message=message,
        why="No training happens.",
        location=Site.of(error.get("site")),
        evidence={"type": error.get("type", ""), "traceback": error.get("traceback", "")},
        remedies=[
            RemedySpec(
                "fix-error",
                "repair the line named in the traceback; run the script by itself to see it in full",
                runtime=False,
                why_not="an error in the code",
            )
        ],
        confidence=1.0,
        structural=True,
    )


def _no_training(
    target: Target,
    state: str,
    zygote: Zygote,
    checks: list[Any],
    broken: list[str],
    seconds: dict[str, float],
    config: Config,
) -> Result:
    """The script never came to a first training act."""
    diagnosis = Diagnosis(script=target.target, verdict="inconclusive", notes=broken)
    early = zygote.early or {}
    error = early.get("error")
    if state == "timeout":
        diagnosis.summary = f"No training step within {config.timeout:.0f} s (raise --timeout).{_elsewhere(zygote)}"
        diagnosis.error = {"kind": "timeout", "message": diagnosis.summary, "before_training": True}
    elif state == "died":
        diagnosis.summary = f"The script's process died {manner(zygote.status)} before its first training step."
        diagnosis.error = {"kind": "died", "message": diagnosis.summary, "before_training": True}
    elif error and early.get("end") == "no script":
        diagnosis.summary = error["message"]
        diagnosis.error = {"kind": "no-script", "message": error["message"], "before_training": True}
    elif error and error["type"] != "SystemExit":
        diagnosis.root_cause = "script-error"
        diagnosis.verdict = "sick"
        diagnosis.findings = [
            _script_error(
                error, "The script fails before its first training step", f"{error['type']}: {error['message']}"
            )
        ]
        diagnosis.summary = f"The script raised {error['type']} before its first training step: {error['message']}"
        diagnosis.plan = ["script-error"]
        diagnosis.error = {
            "kind": "raised",
            "type": error["type"],
            "message": diagnosis.summary,
            "traceback": error["traceback"],
            "before_training": True,
        }
    else:
        code = early.get("code", 0)
        diagnosis.summary = f"The script ended (exit code {code}) without a training step: no batch was drawn, no model ran with gradients, no optimizer stepped.{_elsewhere(zygote)}"
        diagnosis.error = {"kind": "never-trains", "message": diagnosis.summary, "before_training": True}
    return Result(
        diagnosis, Trace(meta={"script": target.target, "steps": 0}), exit_code(diagnosis, config.fail_on), seconds
    )


def _elsewhere(zygote: Zygote) -> str:
    return (
        " Training was seen in a process that the script starts, which is not followed: let it train in its main process."
        if zygote.elsewhere
        else ""
    )


def _dead_probe(target: Target, probe: Run, broken: list[str], seconds: dict[str, float]) -> Result:
    summary = {"timeout": "The probe did not come to an end within --timeout."}.get(
        probe.end, f"The script's process {probe.end} during the probe."
    )
    diagnosis = Diagnosis(script=target.target, verdict="inconclusive", notes=broken, summary=summary)
    diagnosis.error = {"kind": "probe-died", "message": summary, "before_training": True}
    return Result(diagnosis, Trace(meta={"script": target.target, "steps": 0}), 3, seconds)


def outcome_of(result: Result) -> Outcome | None:
    """How the probe's loss went."""
    return measure(result.trace)
