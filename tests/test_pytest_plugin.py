"""The plugin, in a subprocess: fixture, marker, configured scripts, xdist; quiet when unused."""

from __future__ import annotations

import pytest

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


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a healthy and a sick script."""
    pytester.makefile(".py", healthy=HEALTHY, sick=SICK)
    return pytester


def test_quiet_when_unused(project: pytest.Pytester) -> None:
    project.makepyfile(test_a="import sys\ndef test_nothing():\n    assert 'torch' not in sys.modules\n")
    project.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_fixture_and_assertions(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_a="""
        def test_healthy(lossdoctor):
            lossdoctor.diagnose(script="healthy.py", steps=30).assert_healthy()

        def test_sick(lossdoctor):
            lossdoctor.diagnose(script="sick.py", steps=30, trials=False).assert_healthy()
        """
    )
    result = project.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*broadcast-mismatch*"])


def test_configured_scripts_and_marker_under_xdist(project: pytest.Pytester) -> None:
    project.makefile(".toml", pyproject='[tool.lossdoctor]\nsteps = 30\nscripts = ["healthy.py", "sick.py"]\n')
    project.makepyfile(
        test_a="""
        import pytest

        @pytest.mark.lossdoctor(script="sick.py", steps=30, allow=["broadcast-mismatch"])
        def test_allowed():
            pass
        """
    )
    result = project.runpytest_subprocess("--lossdoctor", "-n", "2", "--junitxml=out.xml", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*broadcast-mismatch*", "*report.html*"])
    assert (project.path / "lossdoctor-report" / "sick" / "report.html").exists()
    assert "lossdoctor.root_cause" in (project.path / "out.xml").read_text()
