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
        super().__init__(headline)
        self.headline, self.diagnosis = headline, diagnosis
        self._keeper = keeper.get()

    def __str__(self) -> str:
        """The whole message. The report is saved when this is asked for: an expected failure leaves nothing behind."""
        where = ".save(folder) of this diagnosis writes report.html"
        if self._keeper is not None:
            where = self._keeper.keep(self.diagnosis)
        return f"{self.headline}\n\n{self.diagnosis.brief().rstrip()}\n\nreport with the plots: {where}"
