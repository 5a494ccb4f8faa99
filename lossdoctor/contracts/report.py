"""What a report format is: one diagnosis in, one text out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

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
