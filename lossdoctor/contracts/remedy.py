"""What a remedy is: one reversible change made while the script runs, between the instruments and the recorder."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Literal


class RemedyError(Exception):
    """A remedy is mis-declared; the message names the plugin, the signature and the offending argument."""


class Remedy:
    """Base of all runtime remedies. Subclasses override the events that they change; ``applied`` counts the changes made.

    A remedy lives in a fork of the script and dies with it: undoing is the fork's end. ``args`` come from the finding;
    ``args["site"]`` is the finding's place when it has one.
    """

    id: ClassVar[str]
    says: ClassVar[str]
    safety: ClassVar[Literal["safe", "unsafe"]] = "unsafe"

    @classmethod
    def validate(cls, origin: str) -> None:
        """Refuse a mis-declared remedy (plugins' ones are; ours are tested).

        Raises:
            RemedyError: no id, no words, or an event's method whose arguments are not the event's.
        """
        for name, kind in (("id", "an id"), ("says", "what it does")):
            if not isinstance(getattr(cls, name, None), str) or not getattr(cls, name):
                raise RemedyError(f"remedy {cls.__name__} from {origin} declares no {name} ({kind})")
        if cls.safety not in {"safe", "unsafe"}:
            raise RemedyError(f"remedy {cls.__name__} from {origin}: safety is safe or unsafe, not {cls.safety!r}")
        for name, event in inspect.getmembers(Remedy, inspect.isfunction):
            own = inspect.signature(getattr(cls, name))
            wanted = list(inspect.signature(event).parameters)
            try:
                own.bind(*wanted)
            except TypeError as error:
                odd = [p for p in own.parameters if p not in wanted]
                told = f"takes {odd[0]!r}" if odd else str(error)
                raise RemedyError(
                    f"remedy {cls.__name__} from {origin}: {name}{own} {told}; the event is {name}({', '.join(wanted)})"
                ) from None

    def __init__(self, args: dict[str, Any]) -> None:
        self.args = args
        self.applied = 0
        self.recorder: Any = None
        self.instruments: Any = None

    def at_site(self, site: dict[str, Any] | None) -> bool:
        """Whether an event's place is the finding's (true when the finding named none)."""
        wanted = self.args.get("site")
        if not wanted:
            return True
        return bool(site) and site["path"] == wanted["path"] and site["line"] == wanted["line"]  # type: ignore[index]

    def install(self) -> None:
        """Subscribe to functions; called once, in the fork, before the first event."""

    def may_drop_graph(self) -> bool:
        """Whether ``autograd.grad`` without ``create_graph`` shall throw its graph away."""
        return True

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Ahead of a module's call."""
        return args, kwargs

    def backward(self, roots: list[Any]) -> list[Any] | None:
        """Ahead of ``backward``; may return other roots."""
        return None

    def backwarded(self, roots: list[Any]) -> None:
        """After ``backward``."""

    def step_begins(self, optimizer: Any) -> None:
        """Ahead of a step."""

    def step_ended(self, optimizer: Any) -> None:
        """After a step."""

    def clipped(self, kind: str, limit: float, total: Any) -> None:
        """After a ``clip_grad_*`` call; ``total`` is the norm it saw."""

    def may_schedule(self, scheduler: Any) -> bool:
        """Whether a scheduler may act."""
        return True

    def loader_begins(self, loader: Any) -> None:
        """Ahead of a loader's iteration."""

    def batch(self, iterator: Any, batch: Any) -> Any:
        """A batch came."""
        return batch
