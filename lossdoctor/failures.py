"""How a failed assertion explains itself, and where a test's reports are kept. Imports nothing of ours until it must."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lossdoctor.api import Diagnosis


class Keeper(Protocol):
    """Who wants to know of diagnoses and keeps the reports of bad ones: a test, while it runs."""

    def made(self, diagnosis: Diagnosis) -> None:
        """A diagnosis was made."""

    def keep(self, diagnosis: Diagnosis) -> str:
        """Save its report; returns the page's path as it is to be shown."""


keeper: ContextVar[Keeper | None] = ContextVar("lossdoctor-keeper", default=None)


class DiagnosisFailed(AssertionError):
    """An assertion about a diagnosis does not hold. The message shows the diagnosis: tree, numbers, remedies, where the plots are."""

    def __init__(self, headline: str, diagnosis: Diagnosis) -> None:
        self.diagnosis = diagnosis
        self.headline = headline
        current = keeper.get()
        if current is not None:
            plots = f"report with the plots: {current.keep(diagnosis)}"
        else:
            plots = "report with the plots: .save(folder) of this diagnosis writes report.html"
        super().__init__(f"{headline}\n\n{str(diagnosis).rstrip()}\n\n{plots}")
