"""What a check is: one cause, the evidence it asks for by name, and the verdict it gives."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable
from typing import Any, ClassVar

from lossdoctor.trace import Absent, CannotTell, Present, Trace, Verdict

from .catalogue import STAGE_OF, STAGES
from .outcome import measure


class Missing:
    """Evidence that is not there, and why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class CheckError(Exception):
    """A check is mis-declared; the message names the plugin, the signature and the offending argument."""


def _records(name: str, empty_ok: bool = True) -> Callable[[Trace], Any]:
    def get(trace: Trace) -> Any:
        found = trace.list(name)
        return found if found or empty_ok else Missing(f"the run recorded no {name}")

    return get


def _main_loss(trace: Trace) -> Any:
    for record in trace.list("losses"):
        if record.get("main"):
            return record
    return Missing("no loss call with a prediction and a target was recognised")


def _outcome(trace: Trace) -> Any:
    found = measure(trace)
    return found if found is not None else Missing("no loss value was recorded")


# Evidence name -> how to get it from a trace. ``exam_<name>`` asks for an exam's result.
EVIDENCE: dict[str, Callable[[Trace], Any]] = {
    "trace": lambda trace: trace,
    "outcome": _outcome,
    "loss": _main_loss,
    "losses": _records("losses"),
    "parameters": _records("parameters", empty_ok=False),
    "modules": _records("modules"),
    "optimizers": _records("optimizers"),
    "schedulers": _records("schedulers"),
    "loaders": _records("loaders"),
    "activations": _records("activations"),
    "attention": _records("attention"),
    "data": _records("data"),
    "clips": _records("clips"),
    "evals": _records("evals"),
    "streams": _records("streams"),
    "ops": _records("ops"),
}


ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def misnamed_evidence(method: Callable[..., Any], more: tuple[str, ...] = ()) -> str:
    """What is wrong with the arguments of ``method``, which asks for evidence by their names; empty where nothing is."""
    signature = inspect.signature(method)
    names = list(signature.parameters)
    shown = f"{method.__name__}{signature}"
    if not names or names[0] != "self":
        return f"{shown} does not take self first"
    for name in names[1:]:
        if signature.parameters[name].kind not in {
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        }:
            return f"{shown} takes {str(signature.parameters[name])!r}: evidence is asked for by single names"
        known = [*sorted(EVIDENCE), *more]
        if name not in known and not name.startswith("exam_"):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            return f"{shown} asks for {name!r}, which is no evidence (known: {', '.join(known)}, exam_<name>){hint}"
    return ""


class Check:
    """Base of all checks. Subclasses set ``cause`` and define ``ask(self, <evidence names>) -> Verdict``.

    The class docstring (or the module's) is the documentation page, with the headings What it detects / Why training
    suffers / Sick / Cured / How sure we are / References. ``explains`` lists causes that are symptoms when this is present.
    """

    cause: ClassVar[str]
    explains: ClassVar[tuple[str, ...]] = ()

    ask: Callable[..., Verdict]

    @classmethod
    def validate(cls, origin: str) -> None:
        """Refuse a mis-declared check.

        Raises:
            CheckError: no cause, no ``ask``, or an argument of ``ask`` that is no evidence name.
        """
        cause = getattr(cls, "cause", None)
        if not isinstance(cause, str) or not cause:
            raise CheckError(f"check {cls.__name__} from {origin} declares no cause")
        if not ID.fullmatch(cause):
            raise CheckError(f"check {cls.__name__} from {origin}: its cause {cause!r} is no id (like-this-one)")
        stage = getattr(cls, "own_stage", None)
        if stage is not None and stage not in [s.name for s in STAGES]:
            raise CheckError(
                f"check {cls.__name__} from {origin}: own_stage {stage!r} is no stage of the tree "
                f"(known: {', '.join(s.name for s in STAGES)})"
            )
        ask = cls.__dict__.get("ask") or getattr(cls, "ask", None)
        if not callable(ask):
            raise CheckError(f"check {cls.__name__} from {origin} defines no ask(...)")
        if wrong := misnamed_evidence(ask):
            raise CheckError(f"check {cls.__name__} from {origin}: {wrong}")

    @property
    def stage(self) -> str:
        """The tree's stage of this cause; a plugin's own cause belongs to the outcome stage."""
        return STAGE_OF.get(self.cause, getattr(self, "own_stage", "outcome"))

    def judge(self, trace: Trace) -> Verdict:
        """Collect the evidence and ask; missing evidence becomes ``CannotTell``."""
        given = collect(self.ask, trace, {})
        if isinstance(given, Missing):
            return CannotTell(given.reason)
        verdict = self.ask(**given)
        if not isinstance(verdict, (Present, Absent, CannotTell)):
            raise TypeError(f"ask(...) returned {verdict!r}, not Present, Absent or CannotTell")
        return verdict


def collect(method: Callable[..., Any], trace: Trace, more: dict[str, Any]) -> dict[str, Any] | Missing:
    """The evidence that a bound ``method`` asks for by its arguments' names; ``Missing`` where one without default is not there."""
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if name in more:
            value = more[name]
        elif name.startswith("exam_"):
            value = trace.exams.get(name[5:]) or Missing(f"the {name[5:].replace('_', ' ')} exam was not made")
            if isinstance(value, dict) and value.get("cannot_tell"):
                value = Missing(str(value["cannot_tell"]))
        else:
            value = EVIDENCE[name](trace)
        if isinstance(value, Missing):
            if parameter.default is inspect.Parameter.empty:
                return value
            value = parameter.default
        given[name] = value
    return given
