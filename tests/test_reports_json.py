"""The contract for programs and its schema."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest
from lossdoctor_reports.json_report import JsonReport

from lossdoctor.trace.model import Diagnosis
from lossdoctor.trace.store import plain

from . import reports_fixtures as made

SCHEMA = json.loads((resources.files("lossdoctor.trace") / "schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def rendered(diagnosis: Diagnosis) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(JsonReport().render(diagnosis), parse_constant=refuse)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert (JsonReport.name, JsonReport.filename) == ("json", "report.json")


@pytest.mark.parametrize("patient", [made.sick, made.healthy, made.crashed, made.hostile])
def test_every_patient_fits_the_schema_and_comes_back(patient: type) -> None:
    told = rendered(patient())
    assert list(VALIDATOR.iter_errors(told)) == []
    assert rendered(Diagnosis.from_dict(told)) == told
    assert told == plain(patient().to_dict())


def test_the_schema_names_every_key() -> None:
    told = rendered(made.sick())
    defs = SCHEMA["$defs"]
    for record, described in (
        (told, SCHEMA),
        (told["diagnosis"], defs["walked"]),
        (told["findings"][0], defs["finding"]),
        (told["findings"][0]["location"], defs["location"]),
        (told["findings"][0]["remedies"][0], defs["remedy"]),
        (told["trials"][0], defs["trial"]),
        (told["tree"][0], defs["node"]),
    ):
        assert set(record) == set(described["properties"])


BROKEN = {
    "verdict": lambda d: d.update(verdict="fine"),
    "proof": lambda d: d["diagnosis"].update(proof="surely"),
    "healthy with an error": lambda d: d.update(verdict="healthy"),
    "sick without a finding": lambda d: d.update(findings=[]),
    "a cause that is no id": lambda d: d["findings"][0].update(cause="Batch First"),
    "a line before the first": lambda d: d["findings"][0]["location"].update(line=0),
    "no trials": lambda d: d.pop("trials"),
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=list(BROKEN))
def test_the_schema_refuses(breaking: Any) -> None:
    told = rendered(made.sick())
    breaking(told)
    assert not VALIDATOR.is_valid(told)
