"""Settings: what is read, what wins, what is refused; thresholds; suppression."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from lossdoctor import suppress
from lossdoctor.config import Config, ConfigError, check_causes, load, parse
from lossdoctor.contracts import registry
from lossdoctor.contracts.thresholds import ThresholdError, applied, thresholds
from lossdoctor.doctor import exit_code
from lossdoctor.trace import Diagnosis

from . import reports_fixtures as made
from .running import command, write

ALL = """
[tool.lossdoctor]
steps = 7
timeout = 30
trials = false
budget = 2.5
fail-on = "warning"
allow = ["overfitting"]
scripts = ["a.py", {script = "b.py", args = ["--epochs", 3], steps = 5, timeout = 9, trials = true, allow = ["lr-too-low"]}]

[tool.lossdoctor.checks]
loss-plateau = false

[tool.lossdoctor.severity]
causal-gap = "warning"

[tool.lossdoctor.thresholds]
"lr-too-high.worth" = 0.2
dead-relu = {dead = 0.8}

[tool.lossdoctor.paths]
out = "ci/loss"
baseline = "known.json"
"""


def test_every_setting_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(ALL)
    config = load(tmp_path)
    assert (config.steps, config.timeout, config.trials, config.budget, config.fail_on) == (
        7,
        30.0,
        False,
        2.5,
        "warning",
    )
    assert config.scripts == [
        {"script": "a.py", "args": []},
        {
            "script": "b.py",
            "args": ["--epochs", "3"],
            "steps": 5,
            "timeout": 9.0,
            "trials": True,
            "allow": ["lr-too-low"],
        },
    ]
    assert config.checks == {"loss-plateau": False}
    assert config.severity == {"causal-gap": "warning"}
    assert config.thresholds == {"lr-too-high": {"worth": 0.2}, "dead-relu": {"dead": 0.8}}
    assert vars(config.paths) == {"out": "ci/loss", "baseline": "known.json"}
    check_causes(config, [c.cause for c in registry.checks()[0]])


def test_below_the_configured_folder_the_paths_still_lead_there(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(ALL)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    assert load(tmp_path / "deep" / "er").paths.out == str(tmp_path / "ci" / "loss")
    (tmp_path / "deep" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert load(tmp_path / "deep" / "er") == Config()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"step": 3}, "unknown setting 'step' in [tool.lossdoctor]; did you mean 'steps'?"),
        ({"colour": 3}, "unknown setting 'colour' in [tool.lossdoctor]; known: allow, budget, "),
        ({"steps": "many"}, "steps must be int, not str"),
        ({"steps": True}, "steps must be int, not bool"),
        ({"trials": 1}, "trials must be bool, not int"),
        ({"fail_on": "eror"}, "fail_on must be error, warning or never, not 'eror'; did you mean 'error'?"),
        ({"severity": {"causal-gap": "fatal"}}, "severity.causal-gap must be error, warning or info, not 'fatal'"),
        ({"checks": {"causal-gap": "off"}}, "checks.causal-gap must be bool, not str"),
        ({"paths": {"output": "x"}}, "unknown key 'output' in paths; did you mean 'out'?"),
        ({"paths": {"out": 3}}, "paths.out must be str, not int"),
        ({"scripts": "train.py"}, "scripts must be list, not str"),
        ({"scripts": [{"args": []}]}, "scripts: script is missing"),
        ({"scripts": [{"script": "a.py", "arg": []}]}, "unknown key 'arg'; did you mean 'args'?"),
        ({"scripts": [{"script": "a.py", "steps": "3"}]}, "scripts: steps must be int, not str"),
        ({"thresholds": {"lr-too-high": 3}}, 'thresholds.lr-too-high must be a table, or its key "lr-too-high.<name>"'),
        ({"allow": [3]}, "allow must be str, not int"),
        ([1], "[tool.lossdoctor] must be a table"),
    ],
    ids=lambda value: json.dumps(value) if not isinstance(value, str) else "",
)
def test_what_is_wrong_is_refused_with_a_suggestion(table: Any, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(table, "here")
    assert str(refused.value).startswith("here: ")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "table",
    [
        {"checks": {"lr-to-high": False}},
        {"severity": {"lr-to-high": "info"}},
        {"thresholds": {"lr-to-high": {"worth": 1}}},
        {"allow": ["lr-to-high"]},
        {"scripts": [{"script": "a.py", "allow": ["lr-to-high"]}]},
    ],
    ids=lambda table: next(iter(table)),
)
def test_an_unknown_cause_is_refused_with_a_suggestion(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"names an unknown cause 'lr-to-high'; did you mean 'lr-too-high'\?"):
        check_causes(parse(table, "here"), [c.cause for c in registry.checks()[0]])


def test_the_command_refuses_wrong_settings_before_it_runs_anything(tmp_path: Path) -> None:
    write(tmp_path, "raise SystemExit('ran')\n")
    for text, says in {
        "step = 3": "did you mean 'steps'?",
        'allow = ["lr-to-high"]': "did you mean 'lr-too-high'?",
        '[tool.lossdoctor.thresholds]\n"lr-too-high.wort" = 1': "lr-too-high has no threshold 'wort'; did you mean 'worth'?",
        "steps = ": "Invalid value",
    }.items():
        (tmp_path / "pyproject.toml").write_text(f"[tool.lossdoctor]\n{text}\n")
        told = command(tmp_path, "diagnose", "train.py")
        assert (told.code, told.out) == (2, ""), told.err
        assert told.err.count("\n") == 1
        assert says in told.err


def test_a_checks_numbers_are_found_changed_and_put_back() -> None:
    checks = registry.checks()[0]
    check = next(c for c in checks if c.cause == "lr-too-high")
    before = {t.name: t.value for t in thresholds(type(check))}
    assert before["worth"] == 0.1
    assert next(t for t in thresholds(type(check)) if t.name == "worth").comment.startswith("... and explain at least")
    with applied(checks, {"lr-too-high": {"worth": 0.25}, "dead-relu": {"dead": 1}}):
        assert {t.name: t.value for t in thresholds(type(check))}["worth"] == 0.25
    assert {t.name: t.value for t in thresholds(type(check))} == before
    assert all(isinstance(t.value, (int, float)) for c in checks for t in thresholds(type(c)))
    assert sum(bool(thresholds(type(c))) for c in checks) > 25


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"lr-too-high": {"worht": 1}}, r"lr-too-high has no threshold 'worht'; did you mean 'worth'\?"),
        ({"lr-too-high": {"xyz": 1}}, "has no threshold 'xyz'; known: noise_factor, worth, far_less"),
        ({"lr-too-high": {"worth": "much"}}, "the threshold 'worth' of lr-too-high must be a number, not 'much'"),
        ({"missing-zero-grad": {"few_steps": 1.5}}, "'few_steps' of missing-zero-grad must be a whole number, not 1.5"),
    ],
)
def test_a_wrong_threshold_is_refused_and_leaves_the_others(wanted: dict[str, Any], says: str) -> None:
    checks = registry.checks()[0]
    numbers = [t for c in checks for t in thresholds(type(c))]
    with pytest.raises(ThresholdError, match=says), applied(checks, {"dead-relu": {"dead": 0.5}} | wanted):
        pass
    assert numbers == [t for c in checks for t in thresholds(type(c))]


def test_explain_lists_the_thresholds_with_their_values(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.lossdoctor.thresholds.lr-too-high]\nworth = 0.3\n")
    told = command(tmp_path, "explain", "lr-too-high").out
    assert "What it detects" in told
    assert "\nThresholds\n    noise_factor = 3  # The smaller rate" in told
    assert "    worth = 0.3 (default 0.1)  # ... and explain" in told


# what was found and does not count


def judged(diagnosis: Diagnosis, **settings: Any) -> Diagnosis:
    suppress.by_config(diagnosis, Config(**settings))
    suppress.settle(diagnosis)
    return diagnosis


def test_allowing_the_root_cause_allows_its_symptoms_and_leaves_the_other_faults() -> None:
    told = judged(made.sick(), allow=["batch-first-mismatch"])
    assert (told.verdict, told.root_cause, told.explains) == ("sick", "causal-gap", [])
    assert told.finding("loss-plateau").suppressed.startswith("symptom of batch-first-mismatch")  # type: ignore[union-attr]
    assert told.summary.endswith("Left out: batch-first-mismatch (allowed by configuration).")
    assert exit_code(told, "warning") == 1


def test_when_nothing_is_left_the_script_is_healthy_and_says_what_was_left_out() -> None:
    told = judged(made.sick(), allow=["batch-first-mismatch", "causal-gap"])
    assert (told.verdict, told.root_cause, told.patch) == ("healthy", None, None)
    assert "Left out: batch-first-mismatch (allowed by configuration)" in told.summary
    assert all(f.suppressed for f in told.findings)
    assert exit_code(told, "warning") == 0


def test_severities_are_set_and_a_remark_stays_one() -> None:
    told = judged(made.sick(), severity={"causal-gap": "warning", "batch-first-mismatch": "info"})
    assert (told.root_cause, exit_code(told, "error"), exit_code(told, "warning")) == ("causal-gap", 0, 1)
    remark = made.healthy()
    cause = remark.findings[0].cause
    assert judged(remark, severity={cause: "error"}).findings[0].severity == "info"


def test_a_baseline_leaves_only_what_is_new(tmp_path: Path) -> None:
    known = made.sick()
    new = known.findings.pop()
    moved = made.sick()
    first = moved.findings[0]
    assert first.location is not None
    first.location = replace(
        first.location, line=99, path="/elsewhere/train.py", source=f"  {first.location.source.strip()}"
    )
    (tmp_path / "report.json").write_text(json.dumps(known.to_dict()))
    suppress.by_baseline(moved, tmp_path / "report.json")
    assert [f.suppressed for f in moved.findings] == [suppress.BY_BASELINE] * (len(moved.findings) - 1) + [""]
    assert [f.cause for f in moved.findings if not f.suppressed] == [new.cause]
    edited = made.sick()
    assert edited.findings[0].location is not None
    edited.findings[0].location = replace(edited.findings[0].location, source="self.other = nn.LSTM(3, 3)")
    suppress.by_baseline(edited, tmp_path / "report.json")
    assert not edited.findings[0].suppressed
    (tmp_path / "odd.json").write_text("[]")
    with pytest.raises(suppress.BaselineError, match="is no lossdoctor report"):
        suppress.by_baseline(edited, tmp_path / "odd.json")


def commented(folder: Path, comment: str) -> Diagnosis:
    """The sick patient, with a comment on the line of its first finding."""
    told = made.sick()
    place = told.findings[0].location
    assert place is not None
    write(folder, "\n" * (place.line - 1) + f"{place.source.strip()}  {comment}\n")
    told.findings[0].location = replace(place, path=str(folder / "train.py"))
    suppress.by_comment(told, [c.cause for c in registry.checks()[0]])
    suppress.settle(told)
    return told


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("# lossdoctor: ignore[batch-first-mismatch] time is first here", "time is first here"),
        ("#lossdoctor:ignore[ causal-gap, batch-first-mismatch ]", "ignored on its source line"),
        ("# lossdoctor: ignore[causal-gap] another fault", ""),
        ("# ignore[batch-first-mismatch]", ""),
    ],
)
def test_a_comment_suppresses_its_causes_and_gives_the_reason(tmp_path: Path, comment: str, why: str) -> None:
    told = commented(tmp_path, comment)
    assert told.findings[0].suppressed == why
    assert told.notes == made.sick().notes
    assert (told.root_cause == "batch-first-mismatch") == (why == "")


def test_a_comment_with_an_unknown_cause_is_told(tmp_path: Path) -> None:
    told = commented(tmp_path, "# lossdoctor: ignore[batch-frist-mismatch] oh")
    assert told.findings[0].suppressed == ""
    assert (
        told.notes[-1]
        == "train.py:24: ignore[batch-frist-mismatch] names no known cause; did you mean 'batch-first-mismatch'?"
    )


def test_the_documentation_names_every_setting() -> None:
    text = (Path(__file__).resolve().parent.parent / "docs" / "config.md").read_text(encoding="utf-8")
    for setting in fields(Config):
        assert f"`{setting.name}`" in text, setting.name
