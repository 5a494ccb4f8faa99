"""What a plugin's exam is: a measurement made once the probe is recorded, from the trace alone or by further runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from lossdoctor.trace import Trace

from .check import misnamed_evidence
from .plan import Plan

Runs = Callable[[list[Plan]], list[Trace | None]]
"""Orders runs from the same start, several at once; a trace for each plan, None for one that died."""


class ExamError(Exception):
    """An exam is mis-declared; the message names the plugin, the signature and the offending argument."""


class Exam:
    """Base of plugins' exams, registered under the entry-point group ``lossdoctor.exams``.

    ``name`` is what checks ask for as ``exam_<name>``. ``examine(self, <evidence names>)`` asks for its evidence as a check
    does, and may ask for ``runs`` (:data:`Runs`) and ``steps`` (how long a run should be). It returns a dict of JSON-able
    values, or ``{"cannot_tell": why}``.
    """

    name: ClassVar[str]

    examine: Callable[..., dict[str, Any]]

    @classmethod
    def validate(cls, origin: str) -> None:
        """Refuse a mis-declared exam.

        Raises:
            ExamError: no name, no ``examine``, or an argument that is no evidence name.
        """
        name = getattr(cls, "name", None)
        if not isinstance(name, str) or not name.isidentifier():
            raise ExamError(f"exam {cls.__name__} from {origin} declares no name (an identifier)")
        examine = getattr(cls, "examine", None)
        if not callable(examine):
            raise ExamError(f"exam {cls.__name__} from {origin} defines no examine(...)")
        if wrong := misnamed_evidence(examine, ("runs", "steps")):
            raise ExamError(f"exam {cls.__name__} from {origin}: {wrong}")
