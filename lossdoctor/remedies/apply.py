"""Putting a plan's remedies between the instruments and the recorder."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from lossdoctor.contracts import registry
from lossdoctor.contracts.plan import Plan
from lossdoctor.contracts.remedy import Remedy
from lossdoctor.probes.instruments import Instruments, Silent


class UnknownRemedy(Exception):
    """A plan names a remedy that neither this package nor a plugin defines."""


def catalogue() -> dict[str, type[Remedy]]:
    """Every remedy defined in this package, by id."""
    package = importlib.import_module("lossdoctor.remedies")
    found: dict[str, type[Remedy]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name == "apply":
            continue
        module = importlib.import_module(f"lossdoctor.remedies.{info.name}")
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Remedy)
                and value.__module__ == module.__name__
                and "id" in vars(value)
            ):
                found[value.id] = value
    return found


class Treated(Silent):
    """A recorder behind remedies: they act first, it sees the treated run."""

    def __init__(self, listener: Any, remedies: list[Remedy]) -> None:
        self.inner = listener
        self.remedies = remedies

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def done(self) -> bool:
        """Whether the recorder is through."""
        return bool(self.inner.done)

    @done.setter
    def done(self, value: bool) -> None:
        self.inner.done = value

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Remedies may change the arguments."""
        for remedy in self.remedies:
            args, kwargs = remedy.forward(module, args, kwargs, depth)
        return self.inner.forward(module, args, kwargs, depth)

    def forwarded(self, module: Any, args: Any, kwargs: Any, result: Any, depth: int) -> Any:
        """Only recorded."""
        return self.inner.forwarded(module, args, kwargs, result, depth)

    def backward(self, roots: list[Any], kind: str) -> list[Any] | None:
        """The recorder sees the script's root; the remedies may replace it."""
        pending = list(getattr(self.inner, "pending", []))
        by_hand = [call for seen in getattr(self.inner, "hand_seen", {}).values() for call in seen]
        self.inner.backward(roots, kind)
        changed = None
        for remedy in self.remedies:
            remedy.pending, remedy.by_hand = pending, by_hand  # type: ignore[attr-defined]
            other = remedy.backward(changed or roots)
            changed = other if other is not None else changed
        if (note := getattr(self.inner, "note_cleared", None)) is not None:
            note()
        return changed

    def backwarded(self, roots: list[Any]) -> None:
        """Remedies last: they may step."""
        self.inner.backwarded(roots)
        for remedy in self.remedies:
            remedy.backwarded(roots)

    def step_begins(self, optimizer: Any) -> None:
        """Remedies first: the recorder measures what the step really uses."""
        for remedy in self.remedies:
            remedy.step_begins(optimizer)
        self.inner.step_begins(optimizer)

    def step_ended(self, optimizer: Any) -> None:
        """The recorder first: it may end the run."""
        self.inner.step_ended(optimizer)
        for remedy in self.remedies:
            remedy.step_ended(optimizer)

    def derived(self, result: Any, roots: list[Any], wanted: list[Any]) -> None:
        """Only recorded."""
        self.inner.derived(result, roots, wanted)

    def may_drop_graph(self) -> bool:
        """Every remedy is asked."""
        return all(remedy.may_drop_graph() for remedy in self.remedies)

    def zero_grad(self, optimizer: Any) -> None:
        """Only recorded."""
        self.inner.zero_grad(optimizer)

    def scheduled(self, scheduler: Any) -> None:
        """Only recorded."""
        self.inner.scheduled(scheduler)

    def may_schedule(self, scheduler: Any) -> bool:
        """Every remedy must agree."""
        return all(remedy.may_schedule(scheduler) for remedy in self.remedies)

    def clipped(self, kind: str, limit: float, total: Any) -> None:
        """The recorder first: it notes what the script's clipping saw."""
        self.inner.clipped(kind, limit, total)
        for remedy in self.remedies:
            remedy.clipped(kind, limit, total)

    def scaled(self, before: Any, after: Any) -> None:
        """Only recorded."""
        self.inner.scaled(before, after)

    def loader_begins(self, loader: Any) -> None:
        """Remedies first."""
        for remedy in self.remedies:
            remedy.loader_begins(loader)
        self.inner.loader_begins(loader)

    def batch(self, iterator: Any, batch: Any) -> Any:
        """Remedies may change the batch."""
        for remedy in self.remedies:
            batch = remedy.batch(iterator, batch)
        return self.inner.batch(iterator, batch)

    def trace(self) -> Any:
        """The recorder's trace, with how often each remedy acted."""
        trace = self.inner.trace()
        if trace is not None and hasattr(trace, "meta"):
            trace.meta["remedies_applied"] = {r.id: r.applied for r in self.remedies}
        return trace


def treated(listener: Any, instruments: Instruments, plan: Plan) -> Any:
    """``listener`` behind the plan's remedies; the listener itself when there are none.

    Raises:
        UnknownRemedy: the plan names an unknown id.
    """
    if not plan.remedies:
        return listener
    known = catalogue()
    broken: list[str] = []
    if any(wanted["id"] not in known for wanted in plan.remedies):
        plugged, broken = registry.remedies()
        known = plugged | known
    made: list[Remedy] = []
    for wanted in plan.remedies:
        cls = known.get(wanted["id"])
        if cls is None:
            told = "; ".join(broken) or f"known: {', '.join(sorted(known))}"
            raise UnknownRemedy(f"no remedy is called {wanted['id']!r}; {told}")
        remedy = cls(dict(wanted.get("args") or {}))
        remedy.recorder, remedy.instruments = listener, instruments
        remedy.install()
        made.append(remedy)
    return Treated(listener, made)
