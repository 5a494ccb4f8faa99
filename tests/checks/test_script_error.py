"""Exceptions: told as such, unless a more particular cause has a name for them."""

import numpy as np
from lossdoctor_checks.script_error import ScriptError

from lossdoctor.trace import Absent, Present

from .gradients import SITE, run


def failed(kind="RuntimeError", message="shapes cannot be multiplied", source="h = layer(x)", steps=0):
    trace = run()
    trace.meta |= {"steps": steps, "end": "script raised"}
    trace.meta["error"] = {"type": kind, "message": message, "traceback": "...", "site": SITE | {"source": source}}
    return trace


def test_an_exception_is_told_with_its_line():
    verdict = ScriptError().judge(failed())
    assert isinstance(verdict, Present)
    assert verdict.structural
    assert verdict.site.line == 7
    assert "shapes cannot be multiplied" in verdict.message


def test_an_exit_code_is_told():
    assert isinstance(ScriptError().judge(failed("SystemExit", "exit code 2")), Present)


def test_a_run_without_exception_is_healthy():
    assert isinstance(ScriptError().judge(run()), Absent)


def test_a_refused_backward_belongs_to_the_gradient_path():
    message = "element 0 of tensors does not require grad and does not have a grad_fn"
    assert isinstance(ScriptError().judge(failed(message=message)), Absent)


def test_a_script_that_stops_itself_at_nan_is_not_blamed():
    trace = failed("ValueError", "loss is nan", 'raise ValueError("loss is nan")', steps=12)
    trace.arrays["series/loss"] = np.array([1.0, 5.0, np.nan])
    trace.arrays["steps/loss"] = np.arange(3)
    assert isinstance(ScriptError().judge(trace), Absent)
