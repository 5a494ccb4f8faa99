"""The decision tree's stages and the public cause ids, in order. The one place where they are listed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One question of the tree, and the causes that answer it with no."""

    name: str
    question: str
    causes: tuple[str, ...]


STAGES: tuple[Stage, ...] = (
    Stage("runs", "Does a training step happen?", ("script-error", "optimizer-not-stepping")),
    Stage(
        "data",
        "Are the numbers usable?",
        ("bad-data-values", "constant-input", "input-not-normalized", "target-not-normalized", "unshuffled-data"),
    ),
    Stage(
        "wiring",
        "Does each prediction see what it should, and only that?",
        (
            "batch-first-mismatch",
            "sample-mixing-reshape",
            "causal-gap",
            "target-leakage",
            "attention-mask-inverted",
            "hidden-state-misuse",
        ),
    ),
    Stage(
        "loss",
        "Does the loss measure the right thing?",
        (
            "broadcast-mismatch",
            "target-range-mismatch",
            "loss-activation-mismatch",
            "wrong-dim-softmax",
            "padding-in-loss",
            "wrong-ignore-index",
            "loss-scaling",
            "wrong-loss-sign",
        ),
    ),
    Stage(
        "gradient path",
        "Do gradients reach every parameter, and does the optimizer move it?",
        ("detached-graph", "frozen-params", "optimizer-missing-params", "missing-zero-grad", "eval-mode-training"),
    ),
    Stage(
        "gradient size",
        "Do they arrive at a useful size?",
        (
            "exploding-gradient",
            "vanishing-gradient",
            "saturated-activation",
            "dead-relu",
            "bad-initialization",
            "symmetric-init",
        ),
    ),
    Stage("step size", "Is the step the right size?", ("lr-too-high", "lr-too-low", "scheduler-decay")),
    Stage(
        "signal",
        "Is there something to learn, and does it learn it?",
        (
            "no-signal-labels",
            "class-imbalance-collapse",
            "plateau-unigram",
            "no-nonlinearity",
            "under-capacity",
            "over-regularized",
        ),
    ),
    Stage("outcome", "Does it go down, and does it carry over?", ("loss-plateau", "overfitting")),
)

STAGE_OF: dict[str, str] = {cause: stage.name for stage in STAGES for cause in stage.causes}
ORDER: dict[str, int] = {cause: i for i, cause in enumerate(STAGE_OF)}


def explains(cause: str, other: str) -> bool:
    """Whether ``cause`` may have ``other`` as its symptom: only later questions of the tree, or the script's own end."""
    return other == "script-error" or ORDER.get(cause, 99) < ORDER.get(other, 99)
