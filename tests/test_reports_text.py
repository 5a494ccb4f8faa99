"""Terminal, Markdown, JUnit and GitHub."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from lossdoctor_reports.github import GithubReport, command
from lossdoctor_reports.junit import JunitReport
from lossdoctor_reports.markdown import MarkdownReport, code, escape, fence, prose
from lossdoctor_reports.sparkline import sparkline
from lossdoctor_reports.terminal import TerminalReport
from lossdoctor_reports.wording import evidence_rows, grouped, number, paired, sentence, short_path, value_text

from lossdoctor.contracts.report import Report
from lossdoctor.trace.model import Diagnosis

from . import reports_fixtures as made

ANSI = re.compile(r"\x1b\[[0-9;]*m")
PATIENTS = [made.sick, made.healthy, made.crashed, made.hostile]


def terminal(diagnosis: Diagnosis, width: int = 100, color: bool = False) -> str:
    trace = made.sick_trace() if diagnosis.verdict == "sick" else None
    return TerminalReport(made.ROOT).render(diagnosis, trace, width=width, color=color)


@pytest.mark.parametrize("report", [TerminalReport, MarkdownReport, JunitReport, GithubReport])
def test_they_are_reports(report: type[Report]) -> None:
    assert isinstance(report(), Report)
    assert report().render(made.sick(), None).endswith("\n")


# terminal


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("patient", PATIENTS)
def test_no_line_is_wider_than_asked(patient: type, width: int) -> None:
    assert max(len(line) for line in terminal(patient(), width).splitlines()) <= width


@pytest.mark.parametrize("patient", PATIENTS)
def test_colours_only_when_asked(patient: type) -> None:
    assert "\x1b" not in terminal(patient())
    coloured = terminal(patient(), color=True)
    assert "\x1b[" in coloured
    assert "\x1b" not in ANSI.sub("", coloured)


def test_the_terminal_tells_cause_place_proof_and_tree_in_order() -> None:
    text = terminal(made.sick(), 120)
    order = [
        "The LSTM reads samples",
        "train.py:24",
        "What was found",
        "Why it hurts",
        "What to do",
        "Proof",
        "Treatment plan",
    ]
    order += ["It explains", "Also found", "Patch", "Decision tree", "Ruled out", "Cannot tell", "Notes"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert "✗  wiring  Does each prediction see what it should, and only that?  no" in text
    assert "0.9412  →       0" in text
    assert "target-range-mismatch: the model ends in nn.Linear" in text


def test_a_healthy_script_is_told_plainly() -> None:
    text = terminal(made.healthy())
    assert text.startswith("✓ Healthy  train.py · 100 steps")
    assert "Proof" not in text
    assert "Remark" in text


def test_causes_with_one_reason_share_a_line() -> None:
    assert terminal(made.crashed()).count("no training step was made") == 1


def test_show_writes_plain_text_into_a_pipe_of_any_encoding() -> None:
    raw = io.BytesIO()
    pipe = io.TextIOWrapper(raw, encoding="ascii")
    TerminalReport(made.ROOT).show(made.sick(), made.sick_trace(), pipe)
    pipe.flush()
    text = raw.getvalue().decode("ascii")
    assert "\x1b" not in text
    assert "x Sick  train.py - 100 steps" in text
    assert "0.1089  ->  0.0931" in text


def test_sparkline() -> None:
    assert sparkline(np.arange(8.0), 8) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.array([1.0, np.nan, 2.0]), 3) == "▁·█"
    assert sparkline(np.ones(4), 4) == "▄▄▄▄"
    assert sparkline(np.full(3, np.inf), 3) == "···"
    assert len(sparkline(np.random.default_rng(0).random(999), 30)) == 30
    assert sparkline(np.array([]), 5) == ""


# markdown


def test_markdown_has_the_tree_as_mermaid_and_every_section() -> None:
    text = MarkdownReport(made.ROOT).render(made.sick(), None)
    tree = re.search(r"```mermaid\n(.*?)\n```", text, re.S)
    assert tree
    assert tree[1].startswith("flowchart TD")
    assert 's2 ==>|"root cause"| c2_0(["batch-first-mismatch"]):::sick' in tree[1]
    assert 's8 ==>|"symptom"| c8_0(["loss-plateau"]):::symptom' in tree[1]
    for title in ("## Proof: confirmed", "## Treatment plan", "## Patch", "## Ruled out", "## Cannot tell", "## Notes"):
        assert title in text
    assert "loss: 0.1089 → 0.0594<br>skill: -0.007 → 0.45" in text


def test_markdown_escapes_what_is_not_meant_as_markup() -> None:
    text = MarkdownReport(made.ROOT).render(made.hostile(), None)
    prose_only = re.sub(r"(`{3,})\w*\n.*?\n\1", "", text, flags=re.S)
    assert "<script>" not in prose_only
    for row in re.findall(r"^\|.*\|$", text, re.M):
        assert len(re.findall(r"(?<!\\)\|", row)) in (3, 6)
    assert "Does #quot;it#quot; #lt;go#gt; down #35; now?" in text


def test_markdown_pieces() -> None:
    assert escape("a_b *c* [d] <e> f|g") == r"a_b \*c\* \[d\] \<e\> f\|g"
    assert prose("use `a|b` *now*") == r"use `a\|b` \*now\*"
    assert prose("one ` alone") == r"one \` alone"
    assert code("a`b") == "`` a`b ``"
    assert fence("```", "python").startswith("````python\n")


# junit


def cases(diagnosis: Diagnosis) -> dict[str, ET.Element]:
    suite = ET.fromstring(JunitReport(made.ROOT).render(diagnosis, None)).find("testsuite")
    assert suite is not None
    found = {case.get("name") or "": case for case in suite.findall("testcase")}
    assert suite.get("tests") == str(len(found))
    for kind, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert suite.get(count) == str(len(suite.findall(f"testcase/{kind}")))
    return found


def test_junit_has_one_case_per_cause() -> None:
    found = cases(made.sick())
    failed = {name for name, case in found.items() if case.find("failure") is not None}
    skipped = {name: case.find("skipped") for name, case in found.items() if case.find("skipped") is not None}
    assert failed == {"batch-first-mismatch", "causal-gap", "loss-plateau"}
    assert set(skipped) == {"overfitting", "padding-in-loss"}
    assert skipped["padding-in-loss"].get("message") == made.CANNOT_TELL["padding-in-loss"]  # type: ignore[union-attr]
    assert found["target-range-mismatch"].findtext("system-out") == made.RULED_OUT["target-range-mismatch"]
    failure = found["batch-first-mismatch"].find("failure")
    assert failure is not None
    assert failure.get("type") == "error"
    assert "where: train.py:24" in (failure.text or "")
    assert "batch_first=True" in (failure.text or "")
    assert "proof: confirmed" in (failure.text or "")
    assert found["batch-first-mismatch"].get("classname") == "lossdoctor.wiring"


def test_junit_of_a_healthy_script_has_no_failure() -> None:
    found = cases(made.healthy())
    assert not [c for c in found.values() if c.find("failure") is not None or c.find("error") is not None]
    assert len(found) == 43


def test_junit_tells_a_missing_diagnosis_as_an_error() -> None:
    found = cases(made.crashed())
    error = found["diagnosis"].find("error")
    assert error is not None
    assert "Traceback" in (error.text or "")


def test_junit_skips_what_is_suppressed_and_survives_control_characters() -> None:
    found = cases(made.hostile())
    skipped = found["overfitting"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "suppressed: known, see #12"


# github


def test_github_marks_the_lines_root_cause_first() -> None:
    lines = GithubReport(made.ROOT).render(made.sick(), None).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(
        "::error file=train.py,line=24,title=The LSTM reads samples as time steps::`self.recurrent`"
    )
    assert lines[0].endswith("%0Abatch-first-mismatch (root cause, proof: confirmed)")
    assert "94%25 of what" in lines[0]
    assert lines[2].startswith("::warning title=The loss does not fall::")


def test_github_escapes_commands() -> None:
    assert command("error", "50%\r\nno", file="a,b:c", line="3", title="x: y") == (
        "::error file=a%2Cb%3Ac,line=3,title=x%3A y::50%25%0D%0Ano"
    )
    assert len(GithubReport(made.ROOT).render(made.hostile(), None).splitlines()) == 1


def test_github_says_something_for_every_verdict() -> None:
    assert "::notice title=train.py%3A healthy::" in GithubReport(made.ROOT).render(made.healthy(), None)
    assert GithubReport(made.ROOT).render(made.crashed(), None).startswith("::error file=train.py,line=31")
    nothing = Diagnosis("train.py", "inconclusive", summary="The run timed out.")
    assert GithubReport().render(nothing) == "::error title=train.py%3A no diagnosis possible::The run timed out.\n"


def test_github_paths_are_relative_to_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(made.ROOT.parent))
    assert "file=flights/train.py," in GithubReport().render(made.sick())
    assert GithubReport().step_summary(made.sick()).startswith("# ❌ The LSTM reads samples as time steps")


# words


def test_a_trial_s_figures_leave_out_what_says_nothing() -> None:
    before = {"score": 0.1, "skill": 0.1, "floor": 2.0, "noise": 0.03}
    after = {"score": 0.5, "skill": 0.5, "floor": 2.0, "gain": 0.4}
    assert list(paired(before, after)) == [("skill", "0.1", "0.5"), ("noise", "0.03", "–"), ("gain", "–", "0.4")]
    assert list(paired({"score": 1}, {"score": 2})) == [("score", "1", "2")]


def test_advice_starts_with_a_capital_where_it_starts_with_a_word() -> None:
    told = [sentence(t) for t in ("pass it on", "`x` first", "lr_2 up", "X stays", "")]
    assert told == ["Pass it on", "`x` first", "lr_2 up", "X stays", ""]


def test_numbers_and_values() -> None:
    told = [number(v) for v in (3, 12345, 0.123456, 1e-7, 2.0, float("nan"), float("-inf"))]
    assert told == ["3", "12,345", "0.1235", "1e-07", "2", "nan", "-inf"]
    assert value_text([1, 2, 3, 4, 5, 6, 7, 8]) == "1, 2, 3, 4, 5, 6 … (2 more)"
    assert value_text([[1, 2], [3]]) == "(1, 2), (3)"
    assert [value_text(v) for v in (None, True, "x", [], {})] == ["–", "yes", "x", "none", "none"]
    assert list(evidence_rows({"a_b": {"c": 1, "d": {"e": 2}}, "f": {}})) == [
        ("a b: c", "1"),
        ("a b: d", "e 2"),
        ("f", "none"),
    ]


def test_paths_below_the_root_become_relative() -> None:
    assert short_path("/a/b/c.py", Path("/a")) == "b/c.py"
    assert short_path("/a/b/c.py", Path("/x")) == "/a/b/c.py"
    assert short_path("c.py", Path("/x")) == "c.py"


def test_grouped_keeps_the_order() -> None:
    records = [{"cause": "a", "reason": "x"}, {"cause": "b", "reason": "y"}, {"cause": "c", "reason": "x"}]
    assert grouped(records) == [(["a", "c"], "x"), (["b"], "y")]
