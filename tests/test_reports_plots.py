"""The pictures: what they claim, and what happens when their data is odd or missing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from lossdoctor_reports.course import course
from lossdoctor_reports.picture import THEME, log_label, smooth
from lossdoctor_reports.plots import GALLERY, gallery, trial_picture

from lossdoctor.trace.model import Trace

from . import reports_fixtures as made

POLICY = {
    "curves": [[0.2, -0.3], [0.2, 3.0, 3.3]],
    "steps": [200, 300],
    "start": 0.2,
    "own_end": -0.3,
    "turned_end": 3.3,
}


def drawn(trace: Trace) -> dict[str, str]:
    return {p.key: p.caption for p in gallery(trace) if p.svg}


def left_out(trace: Trace) -> dict[str, str]:
    return {p.key: p.caption for p in gallery(trace) if not p.svg}


def test_every_picture_is_drawn_from_a_full_trace() -> None:
    trace = made.sick_trace()
    trace.arrays["series/skill"] = np.linspace(-0.5, 0.1, 100)
    trace.arrays["series/lr"] = np.linspace(0.1, 0.01, 100)
    trace.exams["returns"] = POLICY
    assert left_out(trace) == {}
    assert trial_picture(trace).svg


def test_an_empty_trace_gives_a_reason_for_each() -> None:
    reasons = left_out(Trace())
    assert set(reasons) == {key for key, _, _ in GALLERY}
    assert all(reason and not reason.startswith("its data could not be drawn") for reason in reasons.values())
    assert "no trial was run" in trial_picture(Trace()).caption


def test_no_trace_no_gallery() -> None:
    assert gallery(None) == []
    assert not trial_picture(None).svg


def test_svg_is_xml_with_the_page_s_colours_and_prefixed_ids() -> None:
    for picture in [*gallery(made.sick_trace()), trial_picture(made.sick_trace())]:
        if not picture.svg:
            continue
        root = ET.fromstring(picture.svg)
        assert root.get("viewBox")
        assert root.get("role") == "img"
        assert all(i.startswith(f"{picture.key}-") for i in re.findall(r'\bid="([^"]+)"', picture.svg))
        assert not any(stand_in in picture.svg for stand_in in THEME)
        assert "var(--plot-" in picture.svg
        assert "DejaVu" not in picture.svg


def test_loss_is_compared_with_its_floor() -> None:
    assert "which is where the best constant prediction stands: 0.1081" in drawn(made.sick_trace())["loss"]
    assert (
        "below the 0.1081 of the best constant prediction (the targets' variance)"
        in drawn(made.healthy_trace())["loss"]
    )


def test_a_loss_that_breaks_says_when() -> None:
    values = np.ones(20)
    values[12:] = np.nan
    assert "stops being a number at step 12" in drawn(Trace(arrays={"series/loss": values}))["loss"]
    assert (
        left_out(Trace(arrays={"series/loss": np.full(5, np.inf)}))["loss"] == "every value of loss is nan or infinite"
    )


def test_mixed_samples_are_counted() -> None:
    assert (
        "85.5% of what reaches a prediction comes from other samples" in drawn(made.sick_trace())["dependency-samples"]
    )
    assert "its own sample alone" in drawn(made.healthy_trace())["dependency-samples"]


@pytest.mark.parametrize(
    ("matrix", "claim"),
    [
        (np.eye(4), "sees its own time step only: nothing is carried along time"),
        (np.tril(np.ones((4, 4))), "No position sees a time step later than its own"),
        (np.ones((2, 2)), "25% of what reaches a position comes from time steps later"),
        (np.array([[0.0, 1.0, 1.0]]), "The prediction sees 2 of 3 time steps"),
        (np.ones((2, 5)), "On average a position sees 5 of 5"),
    ],
)
def test_time_dependency_claims(matrix: np.ndarray, claim: str) -> None:
    assert claim in drawn(Trace(arrays={"exam/dependency/time": matrix}))["dependency-time"]


@pytest.mark.parametrize(
    ("sees", "wants", "claim"),
    [
        (np.eye(5, 10), np.eye(5, 10, 5), "Up to 4 steps between the two are out of reach"),
        (np.tril(np.ones((5, 6))), np.eye(5, 6, 1), "No step lies unseen between the two"),
        (np.ones((3, 4)), np.eye(3, 4, 1), "3 of 3 positions see the very step that they must predict"),
    ],
)
def test_what_is_seen_against_what_is_wanted(sees: np.ndarray, wants: np.ndarray, claim: str) -> None:
    arrays = {"exam/dependency/time": sees, "exam/dependency/target_time": wants}
    assert claim in drawn(Trace(arrays=arrays))["dependency-time"]


def test_only_some_time_steps_may_have_been_tried() -> None:
    arrays = {"exam/dependency/time": np.eye(2, 3), "exam/dependency/target_time": np.eye(2, 3, 1)}
    exams = {"dependency": {"time": {"picks": [0, 10, 20]}}}
    assert "Up to 9 steps" in drawn(Trace(arrays=arrays, exams=exams))["dependency-time"]


def test_replaced_samples_are_rows() -> None:
    matrix = np.zeros((2, 8))
    matrix[0, 1] = matrix[1, 5] = 1.0
    exams = {"dependency": {"samples": {"replaced": [1, 5]}}}
    trace = Trace(arrays={"exam/dependency/samples": matrix}, exams=exams)
    assert "its own prediction (outlined) and no other" in drawn(trace)["dependency-samples"]
    matrix[1, 6:] = 0.5
    assert "changes the predictions of up to 2 others" in drawn(trace)["dependency-samples"]


def test_the_floor_is_drawn_in_the_loss_s_own_units() -> None:
    errors = np.linspace(2.0, 1.0, 40)
    trace = Trace(
        records={"losses": [{"id": 0, "main": True, "family": "nll"}]},
        arrays={
            "series/loss": 64 * errors,
            "losses/0/error": errors,
            "losses/0/step": np.arange(40),
            "losses/0/rows/target": np.arange(4),
        },
    )
    went = course(trace)
    assert went
    assert went.floor == pytest.approx(64 * np.log(4))
    assert "below the 88.72 of the best constant prediction (entropy of the labels)" in drawn(trace)["loss"]
    trace.arrays["series/loss"] = 64 * errors * np.linspace(1, 2, 40)
    assert course(trace).floor is None  # type: ignore[union-attr]


def test_reach_of_the_last_operation() -> None:
    arrays = {"pairs/prediction": np.array([-0.5, 0.5]), "pairs/target": np.array([0.0, 3.0, 4.0, 1.0])}
    caption = drawn(Trace(arrays=arrays, exams={"range": {"low": -1, "high": 1}}))["range"]
    assert "the last operation reaches [-1, 1], which leaves out 50% of the targets" in caption
    half = drawn(Trace(arrays=arrays, exams={"range": {"low": 0, "high": None}}))["range"]
    assert "reaches [0, ∞], which leaves out 0%" in half


def test_few_parameters_get_lines_and_many_a_heat_map() -> None:
    few = Trace(arrays={"layers/grad_norm": np.ones((6, 3))}, records={"parameters": [{"name": n} for n in "WUb"]})
    many = Trace(arrays={"layers/grad_norm": np.geomspace(1e-9, 1, 6 * 40).reshape(6, 40)})
    assert "<image" not in next(p.svg for p in gallery(few) if p.key == "layers-grad-norm")
    assert "<image" in next(p.svg for p in gallery(many) if p.key == "layers-grad-norm")


def test_the_sweep_names_the_best_factor_and_what_diverged() -> None:
    sweep = {"factors": [0.1, 10.0], "final": [0.9, -10.0], "untreated": 0.2}
    picture = next(p for p in gallery(Trace(exams={"lr_sweep": sweep})) if p.key == "lr-sweep")
    assert "gets furthest at 0.1 times the learning rate (skill 0.9, against 0.2 as written)" in picture.caption
    assert "diverged" in picture.svg
    sweep = {"factors": [0.1], "final": [0.3], "untreated": -10.0, "scale": "drop"}
    picture = next(p for p in gallery(Trace(exams={"lr_sweep": sweep})) if p.key == "lr-sweep")
    assert "(share of the loss that is gone 0.3); as written it diverges" in picture.caption


def test_a_policy_gradient_is_shown_both_ways() -> None:
    picture = next(p for p in gallery(Trace(exams={"returns": POLICY})) if p.key == "returns")
    assert "comes to -0.3 as written, and to 3.3 with the weights turned around" in picture.caption
    assert ">turned around<" in picture.svg


def test_the_trial_picture_names_the_best_run_and_the_untreated_band() -> None:
    picture = trial_picture(made.sick_trace())
    assert "“both remedies” ends at a skill of 0.4" in picture.caption
    assert "untreated at -0.0" in picture.caption
    for name in ("both remedies", "set-batch-first", "untreated", "the best constant prediction"):
        assert f">{name}<" in picture.svg


def test_without_a_floor_the_trial_picture_shows_the_fall_of_the_loss() -> None:
    trace = made.sick_trace()
    trace.exams = {}
    picture = trial_picture(trace)
    assert picture.caption.endswith("0 is where it started, 1 is all the way to zero.")
    assert "constant prediction" not in picture.svg


def test_an_exam_that_was_not_made_says_why() -> None:
    why = {"cannot_tell": "not needed: the run clearly learns"}
    reasons = left_out(Trace(exams={"lr_sweep": why, "dependency": why}))
    assert reasons["lr-sweep"] == reasons["dependency-time"] == "not needed: the run clearly learns"


ODD = {
    "one step": {"series/loss": [1.0], "series/grad_norm": [0.0], "series/lr": [0.1]},
    "empty": {"series/loss": [], "layers/grad_norm": np.zeros((0, 3)), "pairs/prediction": [], "pairs/target": []},
    "lengths differ": {
        "series/loss": [1.0, 2.0],
        "steps/loss": [0],
        "layers/grad_norm": np.ones((3, 9)),
        "layers/steps": [0],
    },
    "all zero": {"layers/grad_norm": np.zeros((3, 9)), "exam/dependency/samples": np.zeros((3, 3))},
    "not numbers": {
        "series/loss": np.full(9, np.nan),
        "layers/grad_norm": np.full((3, 9), np.nan),
        "pairs/prediction": [np.nan],
        "pairs/target": [1.0],
    },
    "huge": {
        "series/loss": [1e300, -1e300, 1e308],
        "series/grad_norm": [1e-300, 1e300],
        "exam/dependency/time": [[1e300]],
    },
    "one value": {"pairs/prediction": [2.0], "pairs/target": [2.0], "layers/update_ratio": [[1e-3]]},
    "wrong rank": {"layers/grad_norm": np.ones(4), "exam/dependency/samples": np.ones((2, 2, 2))},
}


@pytest.mark.parametrize("arrays", ODD.values(), ids=list(ODD))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_odd_data_never_stops_the_report(arrays: dict[str, np.ndarray]) -> None:
    trace = Trace(arrays={k: np.asarray(v) for k, v in arrays.items()})
    trace.records["curves"] = [
        {"name": "x", "kind": "treated", "steps": [0, 1], "values": ["nan", "inf"]},
        {"name": "y", "kind": "treated", "steps": [0], "values": [0.5]},
        {"kind": "untreated", "steps": [0, 1, 2], "values": [1.0, float("nan"), -1e9]},
    ]
    assert len(gallery(trace)) == len(GALLERY)
    assert trial_picture(trace).svg


def test_smooth_keeps_gaps_and_length() -> None:
    values = np.arange(200.0)
    values[100] = np.nan
    line = smooth(values)
    assert len(line) == 200
    assert list(np.flatnonzero(np.isnan(line))) == [100]
    assert np.isnan(smooth(np.full(100, np.nan))).all()
    assert list(smooth(np.array([3.0, np.inf]))[:1]) == [3.0]


def test_decades_are_written_without_mathtext() -> None:
    assert [log_label(v) for v in (1e-3, 1.0, 100.0, 1e5, 3.0, 0.0)] == ["10⁻³", "1", "100", "10⁵", "", ""]
