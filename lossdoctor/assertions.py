"""Assertions about a model, for tests: each fails with a diagnosis that shows the numbers, the place and the remedy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from lossdoctor.api import Diagnosis, diagnose, found_in_model
from lossdoctor.failures import DiagnosisFailed
from lossdoctor.trace import Finding, RemedySpec, Site

# So many samples and time steps are exchanged at most, evenly spread.
SAMPLES, TIMES = 16, 64
# A prediction that moves by less than this share of the largest one has not moved.
TOLERANCE = 1e-5


def assert_learns(
    model: Any, loss: Callable[..., Any], data: Iterable[Any], *, optimizer: Any = None, steps: int = 100
) -> Diagnosis:
    """Fail unless the model learns from ``data`` better than the best constant (default optimizer: Adam, 1e-3)."""
    from lossdoctor.contracts.outcome import measure

    __tracebackhide__ = True
    found = diagnose(model=model, loss=loss, optimizer=optimizer or _adam(model), data=data, steps=steps, trials=False)
    outcome = measure(found.trace)
    if outcome is None or not outcome.learns:
        raise DiagnosisFailed(f"the model does not learn in {steps} steps", found)
    return found


def assert_overfits_one_batch(
    model: Any, loss: Callable[..., Any], batch: Any, *, optimizer: Any = None, steps: int = 200, share: float = 0.1
) -> Diagnosis:
    """Fail unless ``steps`` steps on one batch ``(input, target)`` bring the loss below ``share`` of its start."""
    __tracebackhide__ = True
    found = diagnose(
        model=model, loss=loss, optimizer=optimizer or _adam(model), data=[batch], steps=steps, trials=False
    )
    loss_series = found.trace.series("loss")
    values = loss_series.values if loss_series is not None else np.zeros(0)
    if not len(values):
        raise DiagnosisFailed("no loss was recorded", found)
    if not np.mean(values[-5:]) <= share * abs(values[0]):
        told = f"the loss on one batch went from {values[0]:.4g} to {values[-1]:.4g} in {steps} steps"
        raise DiagnosisFailed(f"{told}; wanted: {share:.0%} of its start, {share * abs(values[0]):.4g}", found)
    return found


def assert_samples_independent(model: Any, batch: Any) -> None:
    """Fail when exchanging one sample of ``batch`` (axis 0) changes another's prediction (batch norm and dropout set to eval)."""
    import torch

    __tracebackhide__ = True
    count = len(batch)
    if count < 2:
        raise ValueError("the batch needs two samples or more")
    chosen = np.unique(np.linspace(0, count - 1, min(count, SAMPLES)).astype(int))
    with _Still(model, (torch.nn.modules.batchnorm._BatchNorm, torch.nn.modules.dropout._DropoutNd)):
        before = _first(model(batch))
        if len(before) != count:
            raise ValueError(
                f"the model returns {tuple(before.shape)} for {count} samples: its axis 0 is not the samples'"
            )
        moved = [_moved(before, _first(model(_other_sample(batch, int(i)))), 0)[chosen] for i in chosen]
    matrix = np.stack(moved, 1)  # [prediction, sample that was exchanged]
    others = matrix * (1 - np.eye(len(chosen)))
    if not others.any():
        return
    victims = int((others.max(1) > 0).sum())
    first = int(chosen[int(np.nonzero(others.any(0))[0][0])])
    _fail(
        model,
        "sample-mixing-reshape",
        "wiring",
        f"{type(model).__name__} mixes the samples of a batch",
        f"Exchanging one of {count} samples changed the predictions of others: {victims} of the {len(chosen)} predictions "
        f"looked at depend on a sample that is not theirs (first: sample {first} was exchanged).",
        "What is learned for one sample depends on its neighbours in the batch, which at test time are others.",
        {
            "samples": count,
            "predictions_that_depend_on_others": victims,
            "largest_effect_of_another_sample": float(others.max()),
            "largest_effect_of_the_own_sample": float(np.diag(matrix).max()),
        },
        "look for the batch axis read as time (`batch_first=True` is missing), for a `view`/`reshape` across axis 0, and for "
        "a norm or softmax over axis 0",
        "nn.LSTM(..., batch_first=True)",
        {"exam/dependency/samples": matrix},
    )


def assert_causal(model: Any, batch: Any) -> None:
    """Fail when a later time step (axis 1) of ``batch`` changes an earlier position of the prediction."""
    import torch

    __tracebackhide__ = True
    length = batch.shape[1]
    if length < 2:
        raise ValueError("the batch needs two time steps or more (axis 1)")
    chosen = np.unique(np.linspace(0, length - 1, min(length, TIMES)).astype(int))
    with _Still(model, (torch.nn.Module,)):
        before = _first(model(batch))
        if before.ndim < 2 or before.shape[1] != length:
            raise ValueError(f"the model returns {tuple(before.shape)}: its axis 1 is not the {length} time steps")
        moved = [_moved(before, _first(model(_other_step(batch, int(t)))), 1)[chosen] for t in chosen]
    matrix = np.stack(moved, 1)  # [prediction's step, input's step]
    leaks = np.triu(matrix, 1)
    if not leaks.any():
        return
    row, column = (int(chosen[i]) for i in np.unravel_index(int(np.argmax(leaks)), leaks.shape))
    _fail(
        model,
        "target-leakage",
        "wiring",
        f"{type(model).__name__} sees the future",
        f"Input step {column} changes the prediction at step {row}, ahead of it; {int(leaks.any(0).sum())} of {len(chosen)} "
        "input steps reach a prediction before them.",
        "Where the target is a later input, the model copies it while training and has nothing to copy from afterwards.",
        {
            "steps": length,
            "input_steps_that_leak": int(leaks.any(0).sum()),
            "largest_effect_from_the_future": float(leaks.max()),
            "largest_effect_from_the_past": float(np.tril(matrix).max()),
        },
        "mask what lies ahead (`is_causal=True`, a triangular mask), read one direction only (`bidirectional=False`), and pad "
        "convolutions on the left",
        "mask = nn.Transformer.generate_square_subsequent_mask(length)",
        {"exam/dependency/time": matrix},
    )


def assert_gradients_reach_all(model: Any, loss: Callable[..., Any], batch: Any) -> None:
    """Fail when a parameter that requires grad gets none (or zeros only) from one backward; the model is left as it was."""
    import copy

    __tracebackhide__ = True
    twin = copy.deepcopy(model)
    twin.zero_grad(set_to_none=True)
    inputs, targets = batch
    value = loss(twin(inputs), targets)
    wanted = [(n, p) for n, p in twin.named_parameters() if p.requires_grad]
    if value.requires_grad:
        value.backward()
    missing = [n for n, p in wanted if p.grad is None]
    zeros = [n for n, p in wanted if p.grad is not None and not bool(p.grad.any())]
    if not missing and not zeros:
        return
    told = [f"{len(missing)} get none ({_listed(missing)})"] if missing else []
    told += [f"{len(zeros)} get zeros only ({_listed(zeros)})"] if zeros else []
    _fail(
        model,
        "detached-graph",
        "gradient path",
        f"Gradients do not reach {len(missing) + len(zeros)} of {len(wanted)} parameters",
        f"After one backward through the loss ({value.item():.4g}), of {len(wanted)} parameters {' and '.join(told)}.",
        "A parameter without a gradient keeps its starting value.",
        {
            "parameters": len(wanted),
            "without_gradient": missing,
            "with_zeros_only": zeros,
            "gradient_norms": {n: float(p.grad.norm()) for n, p in wanted[:20] if p.grad is not None},
        },
        "look between the loss and these parameters for `.detach()`, `.data`, `torch.no_grad()`, `.item()`, a numpy round trip, "
        "a module that is never called, or a dead activation",
        "",
        {},
    )


class _Still:
    """No gradients; modules of these kinds in eval mode; modes and random state put back."""

    def __init__(self, model: Any, kinds: tuple[Any, ...]) -> None:
        self.model, self.kinds = model, kinds

    def __enter__(self) -> None:
        import torch

        self.state = torch.get_rng_state()
        self.modes = [(m, m.training) for m in self.model.modules()]
        self.grad = torch.is_grad_enabled()
        torch.set_grad_enabled(False)
        for module, _ in self.modes:
            if isinstance(module, self.kinds):
                module.training = False

    def __exit__(self, *exc: object) -> None:
        import torch

        torch.set_grad_enabled(self.grad)
        torch.set_rng_state(self.state)
        for module, mode in self.modes:
            module.training = mode


def _first(result: Any) -> Any:
    """The prediction: the first tensor of what a model returns."""
    while isinstance(result, (tuple, list)):
        result = result[0]
    return result


def _other_sample(batch: Any, index: int) -> Any:
    other = batch.clone()
    other[index] = _changed(batch[index], batch[(index + 1) % len(batch)])
    return other


def _other_step(batch: Any, step: int) -> Any:
    other = batch.clone()
    other[:, step] = _changed(batch[:, step], batch[:, (step + 1) % batch.shape[1]])
    return other


def _changed(values: Any, others: Any) -> Any:
    """Other values of the same kind: moved by their own spread; for whole numbers those of a neighbour, or 0 and 1 exchanged."""
    import torch

    if values.is_floating_point():
        spread = torch.nan_to_num(values.std(unbiased=False)).clamp(min=1.0)
        return values + spread * torch.randn_like(values)
    return others if not torch.equal(values, others) else (values == 0).to(values.dtype)


def _moved(before: Any, after: Any, axis: int) -> np.ndarray:
    """The largest change at each place along ``axis``; 0 where it is within arithmetic's noise."""
    change = (after - before).abs().double().transpose(0, axis).flatten(1).amax(1).cpu().numpy()
    return np.where(change > TOLERANCE * max(float(before.abs().max()), 1e-12), change, 0.0)


def _fail(
    model: Any,
    cause: str,
    stage: str,
    title: str,
    message: str,
    why: str,
    evidence: dict[str, Any],
    advice: str,
    snippet: str,
    arrays: dict[str, Any],
) -> None:
    __tracebackhide__ = True
    reason = "asked of the model by itself: there is no training to try it in"
    remedy = RemedySpec("by-hand", advice, snippet=snippet, safety="show-only", runtime=False, why_not=reason)
    finding = Finding(
        cause, stage, "error", title, message, why, _written(model), evidence, [remedy], confidence=1.0, structural=True
    )
    raise DiagnosisFailed(title, found_in_model(model, finding, arrays))


def _written(model: Any) -> Site | None:
    """Where the model's class is written, unless it is a library's."""
    try:
        path, (lines, line) = inspect.getsourcefile(type(model)), inspect.getsourcelines(type(model))
    except (OSError, TypeError):
        return None
    if path is None or "site-packages" in Path(path).parts:
        return None
    return Site(str(Path(path).resolve()), line, type(model).__name__, lines[0].rstrip())


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f", {len(names) - 8} more" if len(names) > 8 else "")


def _adam(model: Any) -> Any:
    import torch

    return torch.optim.Adam(model.parameters(), lr=1e-3)
