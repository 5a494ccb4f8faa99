"""input-not-normalized and target-not-normalized: scales measured, named, and left alone where nothing suffers."""

from __future__ import annotations

import numpy as np

from lossdoctor.trace import Absent, CannotTell, Present, Verdict

from .made import ask, learning, run, slot

RNG = np.random.default_rng(5)
STUCK = np.full(60, 1.0)


def inputs(column: int | None = None, scale: float = 1.0) -> np.ndarray:
    values = RNG.standard_normal((60, 32, 5))
    if column is None:
        return values * scale
    values[:, :, column] *= scale
    return values


def test_one_column_in_raw_units():
    verdict = ask("input-not-normalized", slot(run(error=STUCK), "input", inputs(3, 84213.0)))
    assert isinstance(verdict, Present)
    assert verdict.message.startswith("Feature 3 has mean")
    assert not verdict.structural


def test_all_columns_in_raw_units():
    verdict = ask("input-not-normalized", slot(run(error=STUCK), "input", inputs(scale=300.0)))
    assert isinstance(verdict, Present)
    assert verdict.title == "The input is not normalised"


def test_tiny_inputs():
    assert isinstance(ask("input-not-normalized", slot(run(error=STUCK), "input", inputs(scale=1e-5))), Present)


def test_usual_scale_is_healthy():
    assert isinstance(ask("input-not-normalized", slot(run(error=STUCK), "input", inputs(scale=3.0))), Absent)


def test_a_learning_run_is_left_alone():
    assert isinstance(ask("input-not-normalized", slot(run(), "input", inputs(3, 84213.0))), Absent)


def test_batch_norm_first():
    trace = slot(run(error=STUCK), "input", inputs(3, 84213.0))
    trace.records["parameters"] = [
        {"name": "bn.weight", "origin": "module", "in_optimizer": True, "order": 1, "used_by": "batch_norm"}
    ]
    assert isinstance(ask("input-not-normalized", trace), Absent)


def test_the_model_scales_its_input_itself():
    trace = slot(run(error=STUCK), "input", inputs(scale=3000.0))
    trace.records["modules"] = [{"name": "fc", "input_absmax": 3.2}]
    assert isinstance(ask("input-not-normalized", trace), Absent)


def test_token_ids_have_no_scale():
    trace = slot(run(error=STUCK), "input", np.floor(np.abs(inputs(scale=5000.0))), integer=True)
    assert isinstance(ask("input-not-normalized", trace), CannotTell)


def prices(error: np.ndarray, mean: np.ndarray) -> Verdict:
    trace = run(error=error, targets=250_000 + 60_000 * RNG.standard_normal(60 * 32))
    trace.arrays["losses/0/prediction_mean"] = mean
    return ask("target-not-normalized", trace)


def test_targets_in_raw_units():
    verdict = prices(np.full(60, 6.6e10), np.linspace(0.1, 20, 60))
    assert isinstance(verdict, Present)
    assert "more steps are needed" in verdict.message


def test_targets_in_raw_units_that_are_learned():
    assert isinstance(prices(learning(60, 6e10, 1e8), np.linspace(0.1, 20, 60)), Absent)


def test_outputs_that_have_arrived():
    assert isinstance(prices(np.full(60, 3.7e9), 250_000 * (1 - np.exp(-np.arange(60) / 8))), Absent)


def test_explosion_on_raw_targets():
    curve = np.full(60, np.nan)
    curve[:5] = 10.0 ** np.arange(10, 15)
    assert isinstance(prices(curve, np.zeros(60)), Present)


def test_classes_have_no_unit():
    assert isinstance(ask("target-not-normalized", run("cross_entropy", "nll", targets=np.arange(1920) % 4)), Absent)
