"""Diagnosing from Python: scripts, or a model with its loss, optimizer and data. torch is imported only when objects are given."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lossdoctor import suppress
from lossdoctor import trace as nouns
from lossdoctor.config import Config, hint
from lossdoctor.contracts import registry
from lossdoctor.doctor import diagnose as run_diagnosis
from lossdoctor.failures import DiagnosisFailed, keeper
from lossdoctor.trace import Finding, Trace
from lossdoctor.trials.zygote import Target

__all__ = ["Diagnosis", "DiagnosisFailed", "diagnose"]


@dataclass(repr=False)
class Diagnosis(nouns.Diagnosis):
    """A diagnosis with the trace behind it, and assertions that explain themselves. Printed, it is the terminal report."""

    trace: Trace = field(default_factory=Trace)
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, diagnosis: nouns.Diagnosis, trace: Trace, seconds: dict[str, float] | None = None) -> Diagnosis:
        """A diagnosis and its trace, joined."""
        return cls(**vars(diagnosis), trace=trace, seconds=seconds or {})

    @property
    def healthy(self) -> bool:
        """A diagnosis was possible, and nothing at warning or error was found that is not suppressed."""
        return self.verdict == "healthy"

    def to_json(self) -> str:
        """The public JSON."""
        return self.render("json")

    def render(self, name: str) -> str:
        """The report in any installed format (``html``, ``markdown``, ``sarif``, …)."""
        available = registry.reports()
        if name not in available:
            raise ValueError(f"no such format: {name}{hint(name, available)}")
        return registry.rendered(available[name], registry.report(available[name]), self, self.trace)

    def save(self, folder: str | Path, formats: Iterable[str] = ("html", "json")) -> Path:
        """Write the reports (report.html and report.json) and trace.h5 into ``folder``; returns it."""
        from lossdoctor.trace.store import write

        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        write(self.trace, target / "trace.h5", self)
        available = registry.reports()
        for name in formats:
            text = self.render(name)
            (target / (registry.report(available[name]).filename or f"{name}.txt")).write_text(text, encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        """The whole page in a frame of its own, so that its style leaves the notebook alone."""
        page = html.escape(self.render("html"), quote=True)
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 40em; border: 0" title="lossdoctor"></iframe>'

    def __str__(self) -> str:
        return self.render("terminal")

    def brief(self) -> str:
        """The terminal report without the reasons of what was ruled out: what a failed test shows."""
        return replace(self, ruled_out=[], cannot_tell=[]).render("terminal")

    def __repr__(self) -> str:
        name = Path(self.script).name
        found = self.finding(self.root_cause or "")
        if found is None:
            return f"<{name} is {self.verdict}>"
        place = f" at {Path(found.location.path).name}:{found.location.line}" if found.location else ""
        return f"<{name} is {self.verdict}: {found.cause}{place}: {found.title}>"

    def assert_healthy(self, allow: Iterable[str] = ()) -> None:
        """Fail, showing the diagnosis, when anything but the ``allow``-ed causes was found (or no diagnosis was possible).

        What an allowed root cause explains is allowed with it.
        """
        __tracebackhide__ = True
        allowed = list(allow)
        for cause in allowed:
            _known(cause)
        told = [f.cause for f in suppress.counting(self, allowed)]
        if told or self.verdict == "inconclusive":
            raise DiagnosisFailed(f"the training is not healthy: {', '.join(told) or self.summary}", self)

    def assert_no(self, cause: str) -> None:
        """Fail, showing the diagnosis, when ``cause`` was found; also when it could not be told."""
        __tracebackhide__ = True
        _known(cause)
        found = self.finding(cause)
        if found is not None and found.severity != "info" and not found.suppressed:
            raise DiagnosisFailed(f"{cause} was found: {found.title}", self)
        if found is None and not any(r["cause"] == cause for r in self.ruled_out):
            reasons = (str(c["reason"]) for c in self.cannot_tell if c["cause"] == cause)
            why = next(reasons, "") or self.summary or "its check was not made"
            raise DiagnosisFailed(f"whether {cause} is present could not be told: {why}", self)


def _known(cause: str) -> None:
    causes = [c.cause for c in registry.checks()[0]]
    if cause not in causes:
        raise ValueError(f"unknown cause {cause!r}{hint(cause, causes, '; see `lossdoctor checks`')}")


def diagnose(
    script: str | Path | None = None,
    *,
    args: Iterable[str] = (),
    module: str | None = None,
    model: Any = None,
    loss: Callable[..., Any] | None = None,
    optimizer: Any = None,
    data: Iterable[Any] | None = None,
    train: Callable[[], object] | None = None,
    steps: int | None = None,
    trials: bool | None = None,
    timeout: float | None = None,
    cwd: str | Path | None = None,
    config: Config | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Diagnosis:
    """Diagnose a script, a module, a training function, or a model with loss, optimizer and data.

    With objects, ``data`` yields ``(input, target)`` batches and is gone through again and again; everything happens in a
    fork, so that the objects are left as they were. What is not given comes from ``config`` (default: ``Config()``; a
    project's is ``lossdoctor.config.load(folder)``). ``progress`` hears the stage and the share of it that is done.

    Raises:
        TypeError: none, or more than one, of the ways to say what to diagnose was used.
        FileNotFoundError: there is no such script.
        lossdoctor.config.ConfigError: the configuration names a cause or a threshold that there is not.
    """
    ways = [script is not None, module is not None, model is not None, train is not None]
    if sum(ways) != 1:
        raise TypeError("give exactly one of script, module, train, or model (with loss, optimizer and data)")
    if model is not None:
        if loss is None or optimizer is None or data is None:
            raise TypeError("model needs loss, optimizer and data")
        train = _loop(model, loss, optimizer, data)
    if script is not None and not (Path(cwd or ".") / script).exists():
        raise FileNotFoundError(f"no such script: {script}")
    settings = config or Config()
    given = {"steps": steps, "trials": trials, "timeout": timeout}
    settings = replace(settings, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    name = str(script or module or getattr(train, "__qualname__", "training loop"))
    target = Target(name, module is not None, list(args), cwd=str(cwd or ""), function=train)
    with tempfile.TemporaryDirectory(prefix="lossdoctor-") as folder:
        try:
            result = run_diagnosis(target, settings, Path(folder) / "script.log", progress)
        finally:
            if progress is not None:
                progress("done", 1.0)
    return announced(Diagnosis.of(result.diagnosis, result.trace, result.seconds))


def announced(diagnosis: Diagnosis) -> Diagnosis:
    """Tell the running test, if there is one, of a diagnosis."""
    current = keeper.get()
    if current is not None:
        current.made(diagnosis)
    return diagnosis


def _loop(model: Any, loss: Callable[..., Any], optimizer: Any, data: Iterable[Any]) -> Callable[[], None]:
    def training_loop() -> None:
        while True:
            batches = 0
            for inputs, targets in data:
                batches += 1
                optimizer.zero_grad()
                value = loss(model(inputs), targets)
                value.backward()
                optimizer.step()
            if not batches:
                raise ValueError(
                    "data yields no batch (a generator can be gone through only once: give a list or a DataLoader)"
                )

    return training_loop


def found_in_model(
    model: Any, finding: Finding, arrays: dict[str, Any], meta: dict[str, Any] | None = None
) -> Diagnosis:
    """The diagnosis of one question that was asked of a model alone, without training."""
    from lossdoctor.contracts.catalogue import STAGES

    question = next((s.question for s in STAGES if s.name == finding.stage), "")
    record = {"cause": finding.cause, "answer": "sick", "reason": finding.message}
    diagnosis = nouns.Diagnosis(
        script=type(model).__name__,
        verdict="sick",
        root_cause=finding.cause,
        plan=[finding.cause],
        findings=[finding],
        tree=[nouns.Node(finding.stage, question, "sick", [record])],
        summary=finding.title + ".",
    )
    return announced(Diagnosis.of(diagnosis, Trace(meta={"steps": 0} | (meta or {}), arrays=arrays)))
