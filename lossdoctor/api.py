"""Diagnosing from Python: scripts, or a model with its loss, optimizer and data. torch is imported only when objects are given."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lossdoctor.config import Config
from lossdoctor.contracts import registry
from lossdoctor.diagnose import Result
from lossdoctor.diagnose import diagnose as run_diagnosis
from lossdoctor.trace import Diagnosis, Trace
from lossdoctor.trials.zygote import Target


class DiagnosisFailed(AssertionError):
    """An assertion about a diagnosis does not hold; the message shows the diagnosis."""


@dataclass
class Report:
    """A diagnosis with the trace behind it, and assertions that explain themselves.

    ``healthy``, ``root_cause``, ``findings`` are the diagnosis's; ``save(folder)`` writes every report format's file.
    """

    diagnosis: Diagnosis
    trace: Trace
    seconds: dict[str, float]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.diagnosis, name)

    @property
    def healthy(self) -> bool:
        """Nothing at warning or error was found."""
        return self.diagnosis.healthy

    def to_json(self) -> str:
        """The public JSON."""
        return self._render("json")

    def save(self, folder: str | Path) -> Path:
        """Write report.html, report.json and trace.h5 into ``folder``; returns it."""
        from lossdoctor.trace.store import write

        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        write(self.trace, target / "trace.h5", self.diagnosis)
        for name in ("html", "json"):
            report = registry.reports()[name].load()()
            (target / report.filename).write_text(report.render(self.diagnosis, self.trace), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        return self._render("html")

    def __str__(self) -> str:
        return self._render("terminal")

    def _render(self, name: str) -> str:
        return str(registry.reports()[name].load()().render(self.diagnosis, self.trace))

    def _told(self, allow: Iterable[str] = ()) -> list[str]:
        allowed = set(allow)
        return [
            f.cause
            for f in self.diagnosis.findings
            if f.severity != "info" and not f.suppressed and f.cause not in allowed
        ]

    def assert_healthy(self, allow: Iterable[str] = ()) -> None:
        """Fail, showing the diagnosis, when anything but the ``allow``-ed causes was found (or no diagnosis was possible)."""
        told = self._told(allow)
        if told or self.diagnosis.verdict == "inconclusive":
            raise DiagnosisFailed(f"the training is not healthy: {', '.join(told) or self.diagnosis.summary}\n\n{self}")

    def assert_no(self, cause: str) -> None:
        """Fail, showing the finding, when ``cause`` was found; also when it could not be told."""
        if cause in self._told():
            raise DiagnosisFailed(f"{cause} was found\n\n{self}")
        unknown = next((c["reason"] for c in self.diagnosis.cannot_tell if c["cause"] == cause), None)
        if unknown is not None:
            raise DiagnosisFailed(f"whether {cause} is present could not be told: {unknown}")


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
    steps: int = 100,
    trials: bool = True,
    config: Config | None = None,
) -> Report:
    """Diagnose a script, a module, a training function, or a model with loss, optimizer and data.

    With objects, ``data`` yields ``(input, target)`` batches and is gone through again and again; everything happens in a
    fork, so that the objects are left as they were.

    Raises:
        TypeError: none, or more than one, of the ways to say what to diagnose was used.
    """
    ways = [script is not None, module is not None, model is not None, train is not None]
    if sum(ways) != 1:
        raise TypeError("give exactly one of script, module, train, or model (with loss, optimizer and data)")
    if model is not None:
        if loss is None or optimizer is None or data is None:
            raise TypeError("model needs loss, optimizer and data")
        train = _loop(model, loss, optimizer, data)
    settings = replace(config or Config(), steps=steps, trials=trials)
    name = str(script or module or getattr(train, "__qualname__", "training loop"))
    target = Target(name, module is not None, list(args), function=train)
    with tempfile.TemporaryDirectory(prefix="lossdoctor-") as folder:
        result: Result = run_diagnosis(target, settings, Path(folder) / "script.log")
    return Report(result.diagnosis, result.trace, result.seconds)


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


def assert_learns(
    model: Any, loss: Callable[..., Any], data: Iterable[Any], *, optimizer: Any = None, steps: int = 100
) -> None:
    """Fail unless the model learns from ``data`` better than the best constant (default optimizer: Adam, 1e-3)."""
    from lossdoctor.contracts.outcome import measure

    report = diagnose(model=model, loss=loss, optimizer=optimizer or _adam(model), data=data, steps=steps, trials=False)
    outcome = measure(report.trace)
    if outcome is None or not outcome.learns:
        raise DiagnosisFailed(f"the model does not learn in {steps} steps\n\n{report}")


def assert_overfits_one_batch(
    model: Any, loss: Callable[..., Any], batch: Any, *, optimizer: Any = None, steps: int = 200, share: float = 0.1
) -> None:
    """Fail unless ``steps`` steps on one batch bring the loss below ``share`` of its start."""
    report = diagnose(
        model=model, loss=loss, optimizer=optimizer or _adam(model), data=[batch], steps=steps, trials=False
    )
    values = report.trace.series("loss")
    if values is None or not len(values) or not values.values[-5:].mean() <= share * abs(values.values[0]):
        raise DiagnosisFailed(
            f"the loss on one batch went from {values.values[0]:.4g} to {values.values[-1]:.4g} in {steps} steps\n\n{report}"
            if values is not None and len(values)
            else f"no loss was recorded\n\n{report}"
        )


def assert_samples_independent(model: Any, batch: Any) -> None:
    """Fail when replacing one sample of ``batch`` (along axis 0) changes another sample's prediction (batch norm set to eval)."""
    import torch

    state = torch.get_rng_state()
    modes = [(m, m.training) for m in model.modules()]
    try:
        for module in model.modules():
            if isinstance(module, (torch.nn.modules.batchnorm._BatchNorm, torch.nn.modules.dropout._DropoutNd)):
                module.eval()
        with torch.no_grad():
            other = batch.clone()
            other[0] = batch[-1] + (torch.randn_like(batch[0]) if batch.is_floating_point() else 0)
            before, after = model(batch), model(other)
            before, after = (before[0], after[0]) if isinstance(before, tuple) else (before, after)
            changed = [i for i in range(1, len(batch)) if not torch.equal(before[i], after[i])]
    finally:
        for module, mode in modes:
            module.training = mode
        torch.set_rng_state(state)
    if changed:
        raise DiagnosisFailed(
            f"replacing sample 0 of {len(batch)} changed the predictions of {len(changed)} others (first: sample {changed[0]}): is the batch axis read as time (batch_first), or does a reshape mix samples?"
        )


def assert_causal(model: Any, batch: Any) -> None:
    """Fail when a later time step (axis 1) of ``batch`` changes an earlier position of the prediction."""
    import torch

    state = torch.get_rng_state()
    was_training = model.training
    try:
        model.eval()
        with torch.no_grad():
            leaks = []
            before = model(batch)
            for t in range(1, batch.shape[1]):
                other = batch.clone()
                other[:, t] = torch.roll(batch[:, t], 1, 0) + (1.0 if batch.is_floating_point() else 0)
                after = model(other)
                if not torch.equal(before[:, :t], after[:, :t]):
                    leaks.append(t)
    finally:
        model.train(was_training)
        torch.set_rng_state(state)
    if leaks:
        raise DiagnosisFailed(
            f"time steps {leaks[:8]} change predictions ahead of them: a causal mask is missing, or a layer reads both directions"
        )


def assert_gradients_reach_all(model: Any, loss: Callable[..., Any], batch: Any) -> None:
    """Fail when a parameter that requires grad gets no gradient (or zeros only) from one backward; the model is left as it was."""
    import copy

    twin = copy.deepcopy(model)
    twin.zero_grad(set_to_none=True)
    inputs, targets = batch
    loss(twin(inputs), targets).backward()
    missing = [n for n, p in twin.named_parameters() if p.requires_grad and (p.grad is None or not bool(p.grad.any()))]
    if missing:
        raise DiagnosisFailed(f"{len(missing)} parameters get no gradient: {', '.join(missing[:8])}")


def _adam(model: Any) -> Any:
    import torch

    return torch.optim.Adam(model.parameters(), lr=1e-3)
