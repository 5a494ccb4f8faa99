"""The model trains in eval mode.

What it detects
    Batch normalisation or dropout in a model whose outermost module is in eval mode while its gradients are taken: ``model.eval()``
    was called by a validation and ``model.train()`` was not called again (or never).

Why training suffers
    Batch normalisation uses running statistics that nothing updates: at their starting values (mean 0, variance 1) it does not
    normalise at all. Dropout drops nothing.

Sick
    >>> for epoch in range(10):
    ...     train_one_epoch(model)
    ...     validate(model)          # calls model.eval()

Cured
    >>> for epoch in range(10):
    ...     model.train()
    ...     train_one_epoch(model)
    ...     validate(model)

How sure we are
    Modes are read at every call. A model that trained in train mode, and goes on training as a whole in eval mode, was not switched
    back. One that never left eval mode may be meant so, unless its statistics still are the starting ones. A model in train mode whose normalisation layers alone are kept in eval mode has frozen them on
    purpose; attacks and targets computed in eval mode beside a training in train mode are no finding either.

References
    S. Ioffe, C. Szegedy, "Batch Normalization" (2015); PyTorch documentation of ``Module.train``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._weights import learns_well, size

# The last part of the run that must lie in eval mode before "never switched back" is told.
TAIL = 0.2
FEW_STEPS = 5
# This share of what the optimizer holds still moves in that part: it is no second phase that trains a small part alone.
MOST = 0.5


class EvalModeTraining(Check):
    """See the module's docstring."""

    cause = "eval-mode-training"
    explains = (
        "exploding-gradient",
        "vanishing-gradient",
        "loss-plateau",
        "dead-relu",
        "lr-too-high",
        "lr-too-low",
        "saturated-activation",
    )

    def ask(self, trace: Trace, modules: list[dict[str, Any]], outcome: Outcome | None = None) -> Verdict:
        """In which mode were batch normalisation, dropout and the outermost module when gradients were taken?"""
        if not modules:
            return Absent("the script uses no torch modules, so there is no mode")
        parameters = trace.list("parameters")
        trained = {i for i, p in enumerate(parameters) if p["in_optimizer"] or p["reached"]}
        norms = [m for m in modules if m["has_state"] and m["grad_calls"] and self._trains(m, trained, modules)]
        drops = [m for m in modules if self._drops(m) and m["grad_calls"]]
        if not norms and not drops:
            return Absent("the model has no layer whose mode matters (batch normalisation, dropout)")
        if trace.steps < 2:
            return CannotTell("too few steps to see a mode")
        idle_norms = [m for m in norms if self._idle(m, trace.steps)]
        idle_drops = [m for m in drops if self._idle(m, trace.steps)]
        if not idle_norms and not idle_drops:
            return Absent(
                f"{len(norms) + len(drops)} mode-dependent layers ran in train mode when gradients were taken"
            )
        root = self._root(modules, trained, parameters)
        blank = [m for m in idle_norms if m.get("stats_default") and not m["train_calls"]]
        if root is None or not self._idle(root, trace.steps):
            if blank:
                return self._unfilled(blank)
            return Absent(
                f"{(idle_norms or idle_drops)[0]['name']} alone is kept in eval mode, while the model around it trains"
            )
        never = not root["train_calls"]
        since = root.get("last_train_step", -1) + 1
        layers = idle_norms or idle_drops
        well = learns_well(outcome)
        if blank:
            effect = f"{len(blank)} of them still have their starting statistics (mean 0, variance 1), so that they do not normalise"
            structural, severity, confidence = True, "error", 0.9
        elif not never and self._moves(trace, since):
            effect = (
                f"the statistics of {len(idle_norms)} batch normalisations stand still since step {since}"
                if idle_norms
                else f"{len(idle_drops)} dropout layers drop nothing since step {since}"
            )
            structural, severity, confidence = True, "error", 0.85 if idle_norms else 0.75
        elif idle_norms:
            effect = "their statistics were made before and stand still, which may be meant"
            structural, severity, confidence = False, "info" if well else "warning", 0.45
        else:
            effect = f"{len(idle_drops)} dropout layers drop nothing"
            structural, severity, confidence = False, "info", 0.3
        return Present(
            title="The model is trained in eval mode",
            message=(
                f"{root['name']} ran in eval mode for every training step"
                + ("" if never else f" from step {since} on")
                + f" ({layers[0]['name']} and {len(layers) - 1} more layers depend on the mode); {effect}."
            ),
            why="Layers that depend on the mode do not do in training what they are there for.",
            severity=severity,  # type: ignore[arg-type]
            site=Site.of(root.get("site")),
            evidence={
                "layers": [m["name"] for m in layers[:20]],
                "train_calls": root["train_calls"],
                "eval_calls": root["eval_calls_in_grad"],
                "since_step": since,
                "default_statistics": len(blank),
            },
            remedies=[
                RemedySpec(
                    "train-mode",
                    "call model.train() ahead of each training epoch",
                    snippet="model.train()",
                    safety="safe",
                )
            ],
            confidence=confidence,
            structural=structural,
        )

    @staticmethod
    def _unfilled(norms: list[dict[str, Any]]) -> Present:
        """Parts of a model in train mode that are kept in eval mode, before anything has filled their statistics."""
        return Present(
            title="A part of the model is trained in eval mode",
            message=(
                f"{len(norms)} batch normalisations ({norms[0]['name']}, …) are in eval mode in every training step while the model "
                "around them is in train mode; they still have their starting statistics (mean 0, variance 1), so that they do not "
                "normalise."
            ),
            why="Normalisation is frozen to keep statistics that were learned before; here there are none.",
            site=Site.of(norms[0].get("site")),
            evidence={"layers": [m["name"] for m in norms[:20]], "default_statistics": len(norms)},
            remedies=[
                RemedySpec(
                    "train-mode",
                    "leave these layers in train mode until their statistics are made",
                    {"every": True},
                    snippet="model.train()",
                    safety="safe",
                )
            ],
            confidence=0.85,
            by_trial=True,
        )

    @staticmethod
    def _moves(trace: Trace, since: int) -> bool:
        """Whether a great part of what the optimizer holds is still trained from step ``since`` on: no second phase of its own."""
        steps, moves = trace.arrays.get("layers/steps"), trace.arrays.get("layers/update_norm")
        if steps is None or moves is None:
            return False
        still_moves = np.nan_to_num(moves[steps >= since]).any(0)
        held = [(p, m) for p, m in zip(trace.list("parameters"), still_moves, strict=False) if p["in_optimizer"]]
        return size(p for p, m in held if m) >= MOST * size(p for p, _ in held) > 0

    def _drops(self, module: dict[str, Any]) -> bool:
        return "_DropoutNd" in module["bases"] and float(module.get("p") or 0) > 0

    def _trains(self, module: dict[str, Any], trained: set[int], modules: list[dict[str, Any]]) -> bool:
        own = module.get("parameters", [])
        return any(i in trained for i in own) if own else True

    def _idle(self, module: dict[str, Any], steps: int) -> bool:
        """In eval mode whenever gradients were taken: always, or from some step on to the end."""
        if not module["eval_calls_in_grad"]:
            return False
        if not module["train_calls"]:
            return True
        last_train, last_eval = module.get("last_train_step", steps), module.get("last_eval_step", -1)
        tail = last_eval - last_train
        return tail >= FEW_STEPS and tail >= TAIL * steps and last_eval >= steps - 2

    def _root(
        self, modules: list[dict[str, Any]], trained: set[int], parameters: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """The outermost module that was called most with gradient and holds trained parameters."""

        def holds(module: dict[str, Any]) -> bool:
            own = set(module.get("parameters", []))
            if own & trained:
                return True
            prefix = "" if "#" not in module["name"] else module["name"].split(".")[0]
            return any(
                p["in_optimizer"] and p["origin"] == "module" and p["name"].startswith(prefix) for p in parameters
            )

        roots = [m for m in modules if m["root"] and m["grad_calls"] and holds(m)]
        return max(roots, key=lambda m: m["grad_calls"], default=None)
