"""What a check is: one cause, the evidence it asks for by name, and the verdict it gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from lossdoctor.trace import CannotTell, Trace, Verdict

from .catalogue import STAGE_OF
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
        ask = cls.__dict__.get("ask") or getattr(cls, "ask", None)
        if not callable(ask):
            raise CheckError(f"check {cls.__name__} from {origin} defines no ask(...)")
        for name in list(inspect.signature(ask).parameters)[1:]:
            if name not in EVIDENCE and not name.startswith("exam_"):
                known = ", ".join(sorted(EVIDENCE))
                raise CheckError(
                    f"check {cls.__name__} from {origin}: ask{inspect.signature(ask)} asks for {name!r}, "
                    f"which is no evidence (known: {known}, exam_<name>)"
                )

    @property
    def stage(self) -> str:
        """The tree's stage of this cause; a plugin's own cause belongs to the outcome stage."""
        return STAGE_OF.get(self.cause, getattr(self, "own_stage", "outcome"))

    def judge(self, trace: Trace) -> Verdict:
        """Collect the evidence and ask; missing evidence becomes ``CannotTell``."""
        given: dict[str, Any] = {}
        for name, parameter in list(inspect.signature(self.ask).parameters.items()):
            if name.startswith("exam_"):
                value: Any = trace.exams.get(name[5:]) or Missing(f"the {name[5:].replace('_', ' ')} exam was not made")
                if isinstance(value, dict) and value.get("cannot_tell"):
                    value = Missing(str(value["cannot_tell"]))
            else:
                value = EVIDENCE[name](trace)
            if isinstance(value, Missing):
                if parameter.default is not inspect.Parameter.empty:
                    value = parameter.default
                else:
                    return CannotTell(value.reason)
            given[name] = value
        return self.ask(**given)
