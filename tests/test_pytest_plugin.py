"""The plugin, in a subprocess: fixture, marker, configured scripts, xdist; quiet when unused."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from .running import environment

pytest_plugins = ["pytester"]

HEALTHY = """
import torch
torch.manual_seed(0)
x = torch.randn(256, 4)
y = x @ torch.tensor([[1.0], [2.0], [-1.0], [0.5]])
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    i = torch.randint(0, 256, (32,))
    loss = torch.nn.functional.mse_loss(model(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
SICK = HEALTHY.replace("mse_loss(model(x[i]), y[i])", "mse_loss(model(x[i]), y[i].squeeze(1))")
CONFIG = (
    '[tool.lossdoctor]\nsteps = 20\nbudget = 1\nscripts = ["healthy.py", {script = "sub/sick.py", args = ["--a"]}]\n'
)
QUIET = ("-p", "no:cacheprovider")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a healthy and a sick script, and a configuration."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    pytester.makefile(".py", healthy=HEALTHY, sick=SICK)
    pytester.mkdir("sub").joinpath("sick.py").write_text(SICK, encoding="utf-8")
    pytester.makefile(".toml", pyproject=CONFIG)
    return pytester


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_quiet_when_unused(project: pytest.Pytester, words: tuple[str, ...]) -> None:
    project.makepyfile(
        test_a="""
        import sys

        def test_nothing_was_imported():
            ours = {m for m in sys.modules if m.split(".")[0] == "lossdoctor"}
            assert ours <= {"lossdoctor", "lossdoctor.failures", "lossdoctor.pytest_items", "lossdoctor.pytest_plugin"}
            assert not {"torch", "numpy", "h5py", "rich"} & set(sys.modules)
        """
    )
    result = project.runpytest_subprocess(*QUIET, *words)
    result.assert_outcomes(passed=1)
    assert [line for line in result.outlines if "lossdoctor" in line and not line.startswith("plugins:")] == []
    assert not (project.path / "lossdoctor-report").exists()


@pytest.mark.parametrize(
    ("words", "items"),
    [
        ([], {"healthy", "sick", "test_a"}),
        (["test_a.py"], {"healthy", "sick", "test_a"}),
        (["healthy.py"], {"healthy"}),
        (["sub/sick.py::lossdoctor"], {"sick"}),
        (["-k", "sick"], {"sick"}),
        (["-m", "lossdoctor"], {"healthy", "sick"}),
        (["sub", "--deselect", "healthy.py::lossdoctor"], {"sick"}),
    ],
    ids=lambda words: " ".join(words) or "all" if isinstance(words, list) else "",
)
def test_one_item_a_script_chosen_as_any_test(project: pytest.Pytester, words: list[str], items: set[str]) -> None:
    project.makepyfile(test_a="def test_a(): pass\n")
    known = {"healthy": "healthy.py::lossdoctor", "sick": "sub/sick.py::lossdoctor", "test_a": "test_a.py::test_a"}
    result = project.runpytest_subprocess("--lossdoctor", "--collect-only", "-q", *QUIET, *words)
    assert sorted(line for line in result.outlines if "::" in line) == sorted(known[i] for i in items)


def test_a_script_named_twice_gives_two_items_and_none_is_imported(project: pytest.Pytester) -> None:
    project.makefile(
        ".toml",
        pyproject='[tool.lossdoctor]\nscripts = [{script = "build/test_x.py", args = ["1"]}, {script = "build/test_x.py"}]\n',
    )
    project.mkdir("build").joinpath("test_x.py").write_text("raise SystemExit('imported')\n")
    project.path.joinpath("build", "test_other.py").write_text("def test_other(): pass\n")
    result = project.runpytest_subprocess("--lossdoctor", "--collect-only", "-q", *QUIET)
    assert [line for line in result.outlines if "::" in line] == [
        "build/test_x.py::lossdoctor[1]",
        "build/test_x.py::lossdoctor[#2]",
    ]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("[tool.other]\n", "name the scripts in pyproject.toml"),
        ('[tool.lossdoctor]\nscripts = ["absent.py"]\n', "no such script: absent.py"),
        ('[tool.lossdoctor]\nscript = ["healthy.py"]\n', "unknown setting 'script'*did you mean 'scripts'?"),
        (
            '[tool.lossdoctor]\nscripts = [{script = "healthy.py", step = 3}]\n',
            "unknown key 'step'; did you mean 'steps'?",
        ),
    ],
    ids=["none", "absent", "unknown setting", "unknown key"],
)
def test_a_wrong_configuration_is_a_usage_error(project: pytest.Pytester, config: str, says: str) -> None:
    project.makefile(".toml", pyproject=config)
    result = project.runpytest_subprocess("--lossdoctor", *QUIET)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{says}*"])


TESTS = """
    import pytest


    @pytest.fixture(scope="module")
    def shared():
        import lossdoctor
        return lossdoctor.diagnose("sick.py", steps=20, trials=False)

    def test_plain_assert(shared):
        assert shared.healthy

    def test_healthy(lossdoctor):
        diagnosis = lossdoctor.diagnose(script="healthy.py", steps=20, trials=False)
        assert diagnosis.healthy
        diagnosis.assert_no("broadcast-mismatch")

    def test_assert_healthy(shared):
        shared.assert_healthy(allow=["class-imbalance-collapse"])

    def test_allowed(shared):
        shared.assert_healthy(allow=["broadcast-mismatch"])

    @pytest.mark.lossdoctor(script="sub/sick.py", args=["x"], steps=20, allow=["broadcast-mismatch"])
    def test_marked_and_allowed():
        pass

    @pytest.mark.lossdoctor(script="sick.py", steps=20, allow=["brodcast-mismatch"])
    def test_marked_with_an_unknown_cause():
        pass

    @pytest.mark.lossdoctor(script="sick.py", step=20)
    def test_marked_with_an_unknown_key():
        pass

    def test_model(lossdoctor):
        import torch
        lossdoctor.assert_samples_independent(torch.nn.LSTM(3, 2), torch.randn(4, 5, 3))
"""


def test_failures_explain_themselves_under_xdist(project: pytest.Pytester) -> None:
    """One run for all: two scripts, the fixture, the marker, two workers, JUnit XML."""
    project.makepyfile(test_a=TESTS)
    result = project.runpytest_subprocess(
        "--lossdoctor", "-n", "2", "--junitxml=out.xml", "--lossdoctor-dir=made", *QUIET
    )
    result.assert_outcomes(passed=4, failed=6)
    text = result.stdout.str()
    blocks = dict(re.findall(r"^_+ (\S.*?) _+$(.*?)(?=^_{4,} |^=+ )", text, re.S | re.M))
    assert set(blocks) == {
        "lossdoctor: sub/sick.py",
        "test_plain_assert",
        "test_assert_healthy",
        "test_marked_with_an_unknown_cause",
        "test_marked_with_an_unknown_key",
        "test_model",
    }
    for name, folder in {
        "lossdoctor: sub/sick.py": "sub-sick",
        "test_plain_assert": "test_a.py-test_plain_assert",
        "test_assert_healthy": "test_a.py-test_assert_healthy",
        "test_model": "test_a.py-test_model",
    }.items():
        block = blocks[name]
        page = f"made/{folder}/report.html"
        for wanted in (
            "Decision tree",
            "What was found",
            "What to do",
            "Why it hurts",
            f"report with the plots: {page}",
        ):
            assert block.count(wanted) == 1, (name, wanted)
        assert "<svg" in (project.path / page).read_text(encoding="utf-8")
    assert "pairs             1024" in blocks["lossdoctor: sub/sick.py"]
    assert "Traceback" not in blocks["lossdoctor: sub/sick.py"]
    assert "+  where False = <sick.py is sick: broadcast-mismatch at sick.py:9: " in blocks["test_plain_assert"]
    assert "the training is not healthy: broadcast-mismatch" in blocks["test_assert_healthy"]
    assert "did you mean 'broadcast-mismatch'?" in blocks["test_marked_with_an_unknown_cause"]
    assert "unknown key 'step'; did you mean 'steps'?" in blocks["test_marked_with_an_unknown_key"]
    assert "LSTM mixes the samples of a batch" in blocks["test_model"]
    cases = {c.get("name"): c for c in ET.parse(project.path / "out.xml").iter("testcase")}
    (item,) = [c for c in cases.values() if c.get("classname") == "sub.sick"]
    told = {p.get("name"): p.get("value") for p in item.iter("property")}
    assert told["lossdoctor.verdict"] == "sick"
    assert told["lossdoctor.root_cause"] == "broadcast-mismatch"
    assert told["lossdoctor.report"] == "made/sub-sick/report.html"
    healthy = {p.get("name"): p.get("value") for p in cases["test_healthy"].iter("property")}
    assert healthy["lossdoctor.verdict"] == "healthy"
    assert "lossdoctor.report" not in healthy


def test_a_script_that_never_trains_fails_in_time(project: pytest.Pytester) -> None:
    project.makefile(".toml", pyproject='[tool.lossdoctor]\nscripts = [{script = "hangs.py", timeout = 3}]\n')
    project.makefile(".py", hangs="import time\ntime.sleep(600)\n")
    result = project.runpytest_subprocess("--lossdoctor", *QUIET, timeout=100)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*No training step within 3 s*"])


def test_progress_on_a_terminal_and_gone_afterwards(project: pytest.Pytester) -> None:
    parent, child = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--lossdoctor", "healthy.py", *QUIET],
        stdout=child,
        stderr=subprocess.STDOUT,
        cwd=project.path,
        env=environment(TERM="xterm"),
    )
    os.close(child)
    shown = b""
    while True:
        try:
            chunk = os.read(parent, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(parent)
    assert run.wait() == 0, shown.decode()
    assert b"\x1b7 healthy.py: probe " in shown
    assert shown.rindex(b"\x1b7\x1b[K\x1b8") > shown.rindex(b"healthy.py: exams")
    assert "1 passed" in shown.decode()


def test_the_fixture_finds_a_script_beside_the_test(project: pytest.Pytester) -> None:
    project.path.joinpath("sub", "only_here.py").write_text("raise ValueError('ran in ' + __import__('os').getcwd())\n")
    project.path.joinpath("sub", "test_b.py").write_text(
        "def test_b(lossdoctor):\n"
        "    d = lossdoctor.diagnose('only_here.py')\n"
        "    assert d.root_cause == 'script-error' and d.summary.endswith('sub'), d.summary\n"
    )
    project.runpytest_subprocess(*QUIET).assert_outcomes(passed=1)


def test_the_marker_is_registered(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--markers", *QUIET)
    result.stdout.fnmatch_lines(["@pytest.mark.lossdoctor(script, args=[[]], steps=100*"])
