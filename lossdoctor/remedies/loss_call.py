"""Changing what the loss receives, or how it is scaled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from lossdoctor.contracts.remedy import Remedy
from lossdoctor.probes.objectives import WEIGHS, weighed

REGRESSION = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
PAIRED = REGRESSION | {"binary_cross_entropy", "binary_cross_entropy_with_logits"}


def _with(
    args: tuple[Any, ...], kwargs: dict[str, Any], position: int, name: str, value: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if len(args) > position:
        return (*args[:position], value, *args[position + 1 :]), kwargs
    return args, kwargs | {name: value}


def _get(args: tuple[Any, ...], kwargs: dict[str, Any], position: int, name: str) -> Any:
    return args[position] if len(args) > position else kwargs.get(name)


class MatchTargetShape(Remedy):
    """Give the target the prediction's shape where both have the same number of elements."""

    id = "match-target-shape"
    says = "target.view_as(prediction)"
    safety = "safe"

    def install(self) -> None:
        """Loss functions, and differences written by hand at the finding's line."""
        self.instruments.functions.ahead(PAIRED, self._match)
        if self.args.get("site"):
            self.instruments.functions.ahead({"sub", "__sub__", "__rsub__"}, self._match_hand)

    def _match(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        prediction, target = _get(args, kwargs, 0, "input"), _get(args, kwargs, 1, "target")
        if (
            isinstance(target, torch.Tensor)
            and prediction.shape != target.shape
            and prediction.numel() == target.numel()
        ):
            self.applied += 1
            return _with(args, kwargs, 1, "target", target.reshape(prediction.shape))
        return None

    def _match_hand(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if (
            len(args) == 2
            and all(isinstance(a, torch.Tensor) for a in args)
            and args[0].shape != args[1].shape
            and args[0].numel() == args[1].numel()
            and self.at_site(self.instruments.sites.here(3))
        ):
            self.applied += 1
            return (args[0], args[1].reshape(args[0].shape)), kwargs
        return None


class DropActivation(Remedy):
    """Leave out the activation at the finding's line."""

    id = "drop-activation"
    says = "without the last activation"

    def install(self) -> None:
        """All activation functions."""
        self.instruments.functions.on(
            {
                "softmax",
                "log_softmax",
                "sigmoid",
                "tanh",
                "relu",
                "relu_",
                "sigmoid_",
                "tanh_",
                "hardtanh",
                "softplus",
                "relu6",
                "hardsigmoid",
            },
            self._skip,
        )

    def _skip(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        wanted = str(self.args.get("activation") or name)
        if (
            name.rstrip("_") == wanted.rstrip("_")
            and self.args.get("site")
            and self.at_site(self.instruments.sites.here(3))
        ):
            self.applied += 1
            return _get(args, kwargs, 0, "input")
        return None


class LogSoftmaxFirst(Remedy):
    """Turn scores into log-probabilities ahead of NLL."""

    id = "log-softmax-first"
    says = "F.log_softmax ahead of nll_loss"

    def install(self) -> None:
        """NLL only."""
        self.instruments.functions.ahead("nll_loss", self._log)

    def _log(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        self.applied += 1
        return _with(args, kwargs, 0, "input", F.log_softmax(_get(args, kwargs, 0, "input"), dim=1))


class WithLogits(Remedy):
    """Squash raw scores ahead of BCE."""

    id = "with-logits"
    says = "sigmoid ahead of binary_cross_entropy"

    def install(self) -> None:
        """BCE only."""
        self.instruments.functions.ahead("binary_cross_entropy", self._squash)

    def _squash(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        self.applied += 1
        return _with(args, kwargs, 0, "input", torch.sigmoid(_get(args, kwargs, 0, "input")))


class SoftmaxDim(Remedy):
    """Normalise over the class axis."""

    id = "softmax-dim"
    says = "softmax over dim {dim}"

    def install(self) -> None:
        """Softmax and log-softmax at the finding's line."""
        self.instruments.functions.ahead({"softmax", "log_softmax"}, self._dim)

    def _dim(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if self.at_site(self.instruments.sites.here(3)):
            self.applied += 1
            return _with(args, kwargs, 1, "dim", int(self.args.get("dim", -1)))
        return None


class IgnorePadding(Remedy):
    """Leave the padding id out of the loss."""

    id = "ignore-padding"
    says = "ignore_index={index}"
    safety = "safe"

    def install(self) -> None:
        """Losses with class indices; padded positions of a regression get no error."""
        self.instruments.functions.ahead({"cross_entropy", "nll_loss"}, self._ignore)
        self.instruments.functions.ahead(REGRESSION, self._mask)

    def _ignore(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        self.applied += 1
        position = 4
        return _with(args, kwargs, position, "ignore_index", int(self.args["index"]))

    def _mask(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        prediction, target = _get(args, kwargs, 0, "input"), _get(args, kwargs, 1, "target")
        if "value" not in self.args or prediction.shape != target.shape:
            return None
        self.applied += 1
        return _with(
            args, kwargs, 1, "target", torch.where(target == float(self.args["value"]), prediction.detach(), target)
        )


class NoIgnoreIndex(Remedy):
    """Count every class."""

    id = "no-ignore-index"
    says = "ignore_index left at its default"

    def install(self) -> None:
        """Losses with class indices."""
        self.instruments.functions.ahead({"cross_entropy", "nll_loss"}, self._count)

    def _count(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        self.applied += 1
        return _with(args, kwargs, 4, "ignore_index", -100)


class ClassWeights(Remedy):
    """Weigh each class by the inverse of its frequency (``counts`` from the finding, else the batch's)."""

    id = "class-weights"
    says = "class weights, inverse to frequency"

    def install(self) -> None:
        """Cross entropy and BCE."""
        self.instruments.functions.ahead({"cross_entropy", "nll_loss"}, self._weigh)
        self.instruments.functions.ahead("binary_cross_entropy_with_logits", self._weigh_binary)

    def _weigh(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        scores, target = _get(args, kwargs, 0, "input"), _get(args, kwargs, 1, "target")
        if target.dtype.is_floating_point:
            return None
        classes = scores.shape[1]
        counts = self.args.get("counts")
        seen = (
            torch.tensor([float((counts or {}).get(str(c), 0)) for c in range(classes)])
            if counts
            else torch.bincount(target.reshape(-1).clamp(0), minlength=classes).float()
        )
        weight = seen.sum() / (seen.clamp(min=1.0) * classes)
        self.applied += 1
        return _with(args, kwargs, 2, "weight", weight.to(scores.dtype))

    def _weigh_binary(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        target = _get(args, kwargs, 1, "target")
        share = float(self.args.get("share", target.float().mean()))
        if not 0 < share < 1:
            return None
        self.applied += 1
        return args, kwargs | {"pos_weight": torch.tensor((1 - share) / share)}


class StandardiseTargets(Remedy):
    """Bring a regression's targets to mean 0, standard deviation 1 (running statistics per column)."""

    id = "standardise-targets"
    says = "standardised targets"

    def install(self) -> None:
        """Regression losses, and differences by hand at the finding's line."""
        self.sum: Any = None
        self.square: Any = None
        self.n = 0
        self.instruments.functions.ahead(REGRESSION, self._scale)
        if self.args.get("site"):
            self.instruments.functions.ahead({"sub", "__sub__"}, self._scale_hand)

    def _scaled(self, target: torch.Tensor) -> torch.Tensor:
        flat = target.detach().double().reshape(-1, target.shape[-1] if target.dim() > 1 else 1)
        if self.n < 2000:
            self.sum = flat.sum(0) if self.sum is None else self.sum + flat.sum(0)
            self.square = flat.pow(2).sum(0) if self.square is None else self.square + flat.pow(2).sum(0)
            self.n += flat.shape[0]
        mean = self.sum / self.n
        std = (self.square / self.n - mean**2).clamp(min=0).sqrt().clamp(min=1e-8)
        self.applied += 1
        return ((flat - mean) / std).reshape(target.shape).to(target.dtype)

    def _scale(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        return _with(args, kwargs, 1, "target", self._scaled(_get(args, kwargs, 1, "target")))

    def _scale_hand(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if (
            len(args) == 2
            and all(isinstance(a, torch.Tensor) for a in args)
            and self.at_site(self.instruments.sites.here(3))
        ):
            fixed = [i for i, a in enumerate(args) if not a.requires_grad]
            if len(fixed) == 1:
                changed = list(args)
                changed[fixed[0]] = self._scaled(args[fixed[0]])
                return tuple(changed), kwargs
        return None


class MeanLoss(Remedy):
    """Divide the loss by the number of targets behind it (or by ``divide``): the mean instead of the sum."""

    id = "mean-loss"
    says = "mean instead of sum"

    def backward(self, roots: list[Any]) -> list[Any] | None:
        """Scale the root."""
        divide = self.args.get("divide")
        if divide is None:
            calls = [c for c in getattr(self, "pending", []) if c.target is not None]
            divide = max((c.target.numel() for c in calls), default=0)
        if not divide or float(divide) <= 0:
            return None
        self.applied += 1
        return [root / float(divide) for root in roots]


class NegateLoss(Remedy):
    """Turn the loss around."""

    id = "negate-loss"
    says = "the loss with the opposite sign"

    def backward(self, roots: list[Any]) -> list[Any] | None:
        """Minus."""
        self.applied += 1
        return [-root for root in roots]


class TurnWeights(Remedy):
    """Turn around what log-probabilities are weighed with, at the finding's lines (a policy gradient without its minus)."""

    id = "turn-weights"
    says = "the weights of the log-probabilities with the opposite sign"

    def install(self) -> None:
        """At products; the recorder goes on to say which way the weights are driven."""
        self.recorder.turned = -self.recorder.turned
        self.instruments.functions.on(WEIGHS, self._product)

    def _product(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        parts = weighed(args) if torch.is_grad_enabled() else None
        if parts is None or isinstance(parts[1], (int, float)) != self.args["number"]:
            return None
        where = self.instruments.sites.key(3)
        wanted = [s["path"] for s in self.args["sites"] if where is not None and s["line"] == where[1]]
        if where is None or not wanted or str(Path(where[0]).resolve()) not in wanted:
            return None
        self.applied += 1
        return -result
