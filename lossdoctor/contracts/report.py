"""What a report format is: one diagnosis in, one text out."""

from __future__ import annotations

import inspect
from typing import Any, Protocol, runtime_checkable

from ..trace.model import Diagnosis, Trace


@runtime_checkable
class Report(Protocol):
    """One rendering of a diagnosis, registered under the entry-point group ``lossdoctor.reports``.

    The entry point names a class which is made without arguments. A renderer reads the diagnosis and the trace, changes
    neither, writes no file of its own, and gives the same text for the same input: time and place come from
    ``trace.meta`` or not at all.
    """

    name: str
    """The format id, as ``--format`` takes it (``html``)."""

    filename: str
    """The default file name in the report folder (``report.html``); empty for a format which is printed, not saved."""

    def render(self, diagnosis: Diagnosis, trace: Trace | None = None) -> str:
        """The whole report as text, to be written as UTF-8.

        ``trace`` holds the curves and matrices behind the diagnosis. Without it (a diagnosis read from JSON) the report
        says what it had to leave out.
        """
        ...


class ReportError(Exception):
    """A format is mis-declared or failed; the message names the plugin, the signature and the offending argument."""


def validate(cls: Any, name: str) -> None:
    """Refuse a mis-declared format.

    Raises:
        ReportError: it is no class, lacks ``name`` or ``filename``, or its ``render`` takes other arguments.
    """
    if not isinstance(cls, type):
        raise ReportError(f"format {name!r} is {cls!r}, not a class")
    if getattr(cls, "name", None) != name:
        raise ReportError(
            f"format {cls.__name__} is registered as {name!r} but its name is {getattr(cls, 'name', None)!r}"
        )
    filename = getattr(cls, "filename", None)
    if not isinstance(filename, str) or "/" in filename or "\\" in filename:
        raise ReportError(f"format {cls.__name__} declares no filename (a name without a folder; empty: it is printed)")
    render = getattr(cls, "render", None)
    if not callable(render):
        raise ReportError(f"format {cls.__name__} defines no render(self, diagnosis, trace=None)")
    signature = inspect.signature(render)
    try:
        signature.bind(None, None, None)
    except TypeError as error:
        raise ReportError(
            f"format {cls.__name__}: render{signature} cannot be called as render(self, diagnosis, trace=None): {error}"
        ) from None
