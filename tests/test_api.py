"""Diagnosing from Python: scripts and objects; what a diagnosis can do; assertions about models; types."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import torch

import lossdoctor
from lossdoctor.config import Config
from lossdoctor.failures import keeper
from lossdoctor.trace import Diagnosis as Noun
from lossdoctor.trace.store import read

from . import reports_fixtures as made
from .running import environment, write


@pytest.fixture(autouse=True)
def nobody_keeps() -> Iterator[None]:
    """As outside of a test run: no report is saved unless somebody asks for it."""
    before = keeper.set(None)
    yield
    keeper.reset(before)


def diagnosis() -> lossdoctor.Diagnosis:
    return lossdoctor.Diagnosis.of(made.sick(), made.sick_trace())


def test_a_diagnosis_shows_and_saves_itself(tmp_path: Path) -> None:
    told = diagnosis()
    assert isinstance(told, Noun)
    schema = json.loads((resources.files("lossdoctor.trace") / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(told.to_json()))
    page = told._repr_html_()
    assert page.startswith('<iframe srcdoc="&lt;!doctype html')
    assert page.count('"') == page.count('="') * 2
    folder = told.save(tmp_path / "made" / "here", formats=("html", "json", "sarif"))
    assert {p.name for p in folder.iterdir()} == {"report.html", "report.json", "report.sarif", "trace.h5"}
    kept = read(folder / "trace.h5")[1]
    assert kept is not None
    assert kept.to_dict() == made.sick().to_dict()
    assert repr(told) == "<train.py is sick: batch-first-mismatch at train.py:24: The LSTM reads samples as time steps>"
    assert "Decision tree" in str(told)
    assert not told.healthy
    with pytest.raises(ValueError, match="no such format: htm; did you mean 'html'"):
        told.render("htm")


def test_assertions_of_a_diagnosis() -> None:
    told = diagnosis()
    with pytest.raises(lossdoctor.DiagnosisFailed) as failed:
        told.assert_healthy(allow=["batch-first-mismatch"])
    text = str(failed.value)
    assert text.startswith("the training is not healthy: causal-gap\n")
    for wanted in (
        "Decision tree",
        "0.9412",
        "What to do: Tell the LSTM",
        ".save(folder) of this diagnosis writes report.html",
    ):
        assert wanted in text
    told.assert_healthy(allow=["batch-first-mismatch", "causal-gap"])
    told.assert_no("lr-too-high")
    with pytest.raises(AssertionError, match=r"^causal-gap was found: Each prediction"):
        told.assert_no("causal-gap")
    with pytest.raises(
        AssertionError, match=r"^whether overfitting is present could not be told: the script evaluates"
    ):
        told.assert_no("overfitting")
    for misspelt in (lambda: told.assert_no("lr-to-high"), lambda: told.assert_healthy(allow=["lr-to-high"])):
        with pytest.raises(ValueError, match="unknown cause 'lr-to-high'; did you mean 'lr-too-high'"):
            misspelt()
    lossdoctor.Diagnosis.of(made.healthy(), made.sick_trace()).assert_healthy()
    with pytest.raises(AssertionError, match="the training is not healthy: "):
        lossdoctor.Diagnosis.of(
            Noun("x.py", "inconclusive", summary="It timed out."), made.sick_trace()
        ).assert_healthy()


def test_what_to_diagnose_is_said_once() -> None:
    for words in ({}, {"script": "a.py", "module": "b"}, {"model": torch.nn.Linear(1, 1)}):
        with pytest.raises(TypeError):
            lossdoctor.diagnose(**words)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match=r"no such script: absent\.py"):
        lossdoctor.diagnose("absent.py")
    assert callable(lossdoctor.diagnose), "no module may stand in for the function"


def data(count: int = 4) -> list[tuple[torch.Tensor, torch.Tensor]]:
    made_by = torch.Generator().manual_seed(0)
    inputs = [torch.randn(32, 4, generator=made_by) for _ in range(count)]
    return [(x, x @ torch.tensor([[1.0], [2.0], [-1.0], [0.5]])) for x in inputs]


def squeezed(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.mse_loss(prediction, target.squeeze(1))


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_objects_are_diagnosed_and_left_as_they_were() -> None:
    model = torch.nn.Linear(4, 1)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    stages: list[str] = []
    told = lossdoctor.diagnose(
        model=model,
        loss=squeezed,
        optimizer=optimizer,
        data=data(),
        steps=20,
        trials=False,
        config=Config(budget=1.0),
        progress=lambda stage, share: stages.append(stage),
    )
    assert told.root_cause == "broadcast-mismatch"
    assert told.steps == 20
    assert told.finding("broadcast-mismatch").location.path == __file__  # type: ignore[union-attr]
    assert {"probe", "exams"} <= set(stages)
    assert stages[-1] == "done"
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_learning_is_asserted_with_the_numbers() -> None:
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert (
        lossdoctor.assert_learns(model, torch.nn.functional.mse_loss, data(), optimizer=optimizer, steps=30).steps == 30
    )
    with pytest.raises(
        lossdoctor.DiagnosisFailed, match=r"the loss on one batch went from [\d.]+ to [\d.]+ in 30 steps"
    ):
        lossdoctor.assert_overfits_one_batch(model, squeezed, data(1)[0], optimizer=optimizer, steps=30)


class Mixing(torch.nn.Module):
    """Each prediction holds the mean over the batch."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - x.mean(0)


class Ahead(torch.nn.Module):
    """Position t reads the step t + 1."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.roll(self.embedding(x), -1, 1)


class Cut(torch.nn.Module):
    """The first layer's output is detached; the second layer's bias never moves anything."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).detach()) - self.second.bias


MSE = torch.nn.functional.mse_loss
SICK: list[tuple[Callable[[], None], str, tuple[str, ...]]] = [
    (
        lambda: lossdoctor.assert_samples_independent(Mixing(), torch.randn(6, 3)),
        "Mixing mixes the samples of a batch",
        ("sample-mixing-reshape", "6 of the 6 predictions", "What to do: Look for the batch axis", "test_api.py:"),
    ),
    (
        lambda: lossdoctor.assert_samples_independent(torch.nn.LSTM(3, 2), torch.randn(4, 5, 3)),
        "LSTM mixes the samples of a batch",
        ("3 of the 4 predictions", "batch_first=True"),
    ),
    (
        lambda: lossdoctor.assert_causal(Ahead(), torch.randint(0, 11, (4, 6))),
        "Ahead sees the future",
        ("target-leakage", "ahead of it; 5 of 6 input steps", "What to do: Mask what lies ahead"),
    ),
    (
        lambda: lossdoctor.assert_gradients_reach_all(Cut(), MSE, (torch.randn(5, 3), torch.randn(5, 1))),
        "Gradients do not reach 3 of 4 parameters",
        (
            "2 get none (first.weight, first.bias) and 1 get zeros only (second.bias)",
            "What to do: Look between the loss",
        ),
    ),
]


@pytest.mark.parametrize(("wrong", "headline", "words"), SICK, ids=[s[1] for s in SICK])
def test_a_model_s_fault_is_told_with_tree_numbers_place_and_remedy(
    wrong: Callable[[], None], headline: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(lossdoctor.DiagnosisFailed) as failed:
        wrong()
    text = " ".join(str(failed.value).split())
    assert text.startswith(headline)
    for wanted in (*words, "Decision tree", "Why it hurts", "report.html"):
        assert wanted in text, wanted
    page = failed.value.diagnosis.save(tmp_path) / "report.html"
    assert headline in page.read_text(encoding="utf-8")


def test_the_sample_and_time_matrices_are_drawn(tmp_path: Path) -> None:
    for wrong in (SICK[0][0], SICK[2][0]):
        with pytest.raises(lossdoctor.DiagnosisFailed) as failed:
            wrong()
        assert "<svg" in (failed.value.diagnosis.save(tmp_path) / "report.html").read_text(encoding="utf-8")


def test_sound_models_pass_and_are_left_as_they_were() -> None:
    norm = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3), torch.nn.Dropout(0.5))
    state, mode = torch.get_rng_state(), [m.training for m in norm.modules()]
    before = {k: v.clone() for k, v in norm.state_dict().items()}
    lossdoctor.assert_samples_independent(norm, torch.randn(6, 3, generator=torch.Generator().manual_seed(0)))
    assert [m.training for m in norm.modules()] == mode
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[k], v) for k, v in norm.state_dict().items())
    lossdoctor.assert_samples_independent(torch.nn.LSTM(3, 2, batch_first=True), torch.randn(4, 5, 3))
    lossdoctor.assert_causal(torch.nn.LSTM(3, 2, batch_first=True), torch.randn(4, 5, 3))
    lossdoctor.assert_causal(torch.nn.Embedding(5, 2), torch.randint(0, 5, (2, 6)))
    lossdoctor.assert_gradients_reach_all(torch.nn.Linear(3, 1), MSE, (torch.randn(5, 3), torch.randn(5, 1)))
    for wrong in (
        lambda: lossdoctor.assert_samples_independent(torch.nn.Linear(3, 1), torch.randn(1, 3)),
        lambda: lossdoctor.assert_samples_independent(torch.nn.Flatten(0), torch.randn(2, 3)),
        lambda: lossdoctor.assert_causal(torch.nn.Flatten(), torch.randn(2, 3, 4)),
    ):
        with pytest.raises(ValueError, match=r"two samples|axis 0|axis 1"):
            wrong()


def test_the_functions_are_typed_for_those_who_use_them(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    assert (resources.files("lossdoctor") / "py.typed").is_file()
    write(
        tmp_path,
        """
        import lossdoctor

        told = lossdoctor.diagnose("train.py", steps=3)
        reveal_type(told)
        reveal_type(told.healthy)
        reveal_type(told.to_json())
        lossdoctor.diagnose("train.py", steps="3")
        """,
        "use.py",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "--ignore-missing-imports", "use.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    for wanted in (
        '"lossdoctor.api.Diagnosis"',
        '"bool',
        '"str"',
        'has incompatible type "str"; expected "int | None"',
    ):
        assert wanted in done.stdout, done.stdout + done.stderr
