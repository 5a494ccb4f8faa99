"""The loss calls of the script: torch's functions, and losses written by hand (found from the tape behind ``backward``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from .functions import Op, Tape

# function name -> family. Families: nll (class indices), bce, regression, other.
FAMILIES = {
    "cross_entropy": "nll",
    "nll_loss": "nll",
    "binary_cross_entropy": "bce",
    "binary_cross_entropy_with_logits": "bce",
    "mse_loss": "regression",
    "l1_loss": "regression",
    "smooth_l1_loss": "regression",
    "huber_loss": "regression",
    "poisson_nll_loss": "other",
    "gaussian_nll_loss": "other",
    "kl_div": "other",
    "hinge_embedding_loss": "other",
    "margin_ranking_loss": "other",
    "cosine_embedding_loss": "other",
    "triplet_margin_loss": "other",
    "triplet_margin_with_distance_loss": "other",
    "multi_margin_loss": "other",
    "multilabel_margin_loss": "other",
    "multilabel_soft_margin_loss": "bce",
    "soft_margin_loss": "other",
    "ctc_loss": "other",
}

# Losses of two inputs and a target behind them.
PAIRED = {"cosine_embedding_loss", "margin_ranking_loss"}
_ELEMENTWISE = {
    "abs", "square", "pow", "__pow__", "sqrt", "neg", "__neg__", "mean", "sum", "mul", "__mul__", "__rmul__", "div", "__truediv__", "true_divide",
    "add", "__add__", "__radd__", "__iadd__", "sub", "__sub__", "__rsub__", "norm", "vector_norm", "stack", "cat", "reshape", "view", "flatten", "squeeze",
    "unsqueeze", "log", "log1p", "exp", "clamp", "clamp_min", "huber", "max", "min", "maximum", "logsumexp", "nansum", "nanmean", "masked_select",
    "contiguous", "float", "double", "to", "scale", "sum_to_size", "where", "__rpow__", "dot", "inner", "mean_", "log_", "trace",
}  # fmt: skip
_COMPARE = {"sub", "__sub__", "__rsub__", "subtract", "dist", "cdist"}
_PICK = {"gather", "__getitem__", "take_along_dim", "index_select", "take"}
_WEIGH = {"mul", "__mul__", "__rmul__", "multiply"}


@dataclass
class LossCall:
    """One loss call of one step: what was compared with what, and where."""

    kind: str
    family: str
    site: dict[str, Any] | None
    prediction: torch.Tensor
    target: torch.Tensor | None
    output: torch.Tensor | None
    grad: bool
    options: dict[str, Any] = field(default_factory=dict)
    ordinal: int = 0  # how many outermost calls of models there had been when it was made; 0 where that is not known
    weights: torch.Tensor | None = (
        None  # gradient of the script's loss by each element of ``output``, once backward ran
    )

    @property
    def key(self) -> str:
        """Stable over steps: kind and place."""
        where = f"{self.site['path']}:{self.site['line']}" if self.site else "?"
        return f"{self.kind}@{where}"


def from_function(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, site: Any) -> LossCall | None:
    """The loss call made by a ``torch.nn.functional`` loss."""
    prediction = args[0] if args else kwargs.get("input", kwargs.get("anchor", kwargs.get("log_probs")))
    target = args[1] if len(args) > 1 else kwargs.get("target", kwargs.get("targets"))
    if name in PAIRED:  # (first, second, target)
        target = args[2] if len(args) > 2 else kwargs.get("target")
    if not isinstance(prediction, torch.Tensor):
        return None
    options = {
        "reduction": kwargs.get("reduction", "mean"),
        "ignore_index": kwargs.get("ignore_index", -100),
        "label_smoothing": kwargs.get("label_smoothing", 0.0),
        "weighted": isinstance(kwargs.get("weight", args[2] if len(args) > 2 else None), torch.Tensor),
        "pos_weight": isinstance(kwargs.get("pos_weight"), torch.Tensor),
    }
    weight = kwargs.get("weight", args[2] if len(args) > 2 else None)
    if FAMILIES[name] == "nll" and isinstance(weight, torch.Tensor) and weight.numel() <= 4096:
        options["class_weights"] = [float(w) for w in weight.detach().float().cpu()]
    positive = kwargs.get("pos_weight")
    if isinstance(positive, torch.Tensor) and positive.numel() == 1:
        options["positive_weight"] = float(positive)
    return LossCall(
        name,
        FAMILIES[name],
        site,
        prediction,
        target if isinstance(target, torch.Tensor) else None,
        result if isinstance(result, torch.Tensor) else None,
        torch.is_grad_enabled(),
        options,
    )


def by_hand(tape: Tape, root: torch.Tensor) -> list[tuple[LossCall, Op]]:
    """The comparisons behind ``root`` which no loss function made: ``p - y``, ``logp[range(n), y]``, ``y * log(p)``.

    Walks the tape from the tensor on which ``backward`` was called, up through reductions and elementwise maps, to the
    first op that joins a tensor with gradient and one without (the same number of dimensions or more than one element).
    """
    found: list[tuple[LossCall, Op]] = []
    waiting: list[tuple[torch.Tensor, int, int]] = [(root, len(tape.ops), 0)]
    seen: set[int] = set()
    while waiting and len(found) < 6:
        tensor, before, depth = waiting.pop(0)
        op = tape.producer(tensor, before)
        if op is None or op.index in seen or depth > 24:
            continue
        seen.add(op.index)
        if op.name in FAMILIES or op.name in {"linear", "matmul", "conv2d", "conv1d", "bmm", "__matmul__"}:
            continue
        carrying = [t for t in op.inputs if t.requires_grad]
        fixed = [t for t in op.inputs if not t.requires_grad and t.numel() > 1]
        if carrying and fixed and op.name in _COMPARE:
            found.append((_made(op, "difference", "regression", carrying[0], fixed[0]), op))
            continue
        if len(carrying) == 1 and op.name in _PICK:
            index = [t for t in fixed if t.dtype == torch.long and t.numel() > 1]
            if index and carrying[0].dim() >= 2:
                chosen, last = _chosen(op, index)
                # Only classes along the last axis are read as rows of scores.
                found.append((_made(op, "picked", "nll" if last else "other", carrying[0], chosen), op))
                continue
        if carrying and fixed and op.name in _WEIGH and carrying[0].shape == fixed[0].shape:
            source = tape.producer(carrying[0], op.index)
            if source is not None and source.name in {"log", "log_softmax", "logsigmoid"}:
                found.append((_made(op, "weighted-log", "other", carrying[0], fixed[0]), op))
                continue
        # A mask or a slice leaves the elements what they are.
        if op.name in _ELEMENTWISE or (op.name == "__getitem__" and all(t.dtype == torch.bool for t in fixed)):
            waiting.extend((t, op.index, depth + 1) for t in carrying)
    return found


def counts_rows(index: torch.Tensor) -> bool:
    """Whether an index is 0, 1, 2, …"""
    return bool((index.reshape(-1) == torch.arange(index.numel(), device=index.device)).all())


def _chosen(op: Op, index: list[torch.Tensor]) -> tuple[torch.Tensor, bool]:
    """Which of the indices of ``scores[i, j]`` names the class (the one that does not count rows), and whether it is the last."""
    place = op.args[1] if len(op.args) > 1 else None
    if op.name != "__getitem__" or not isinstance(place, tuple) or len(place) != 2 or len(index) != 2:
        return index[-1], True
    counts = [counts_rows(i) for i in index]
    return (index[0], False) if counts == [False, True] else (index[-1], True)


def _made(op: Op, kind: str, family: str, prediction: torch.Tensor, target: torch.Tensor) -> LossCall:
    return LossCall(kind, family, op.site, prediction, target, op.outputs[0] if op.outputs else None, op.grad)


def contributes(root: torch.Tensor, output: torch.Tensor | None, limit: int = 20000) -> bool:
    """Whether ``output`` is an ancestor of ``root`` in the autograd graph."""
    if output is None or root is None:
        return False
    if output is root:
        return True
    if output.grad_fn is None or root.grad_fn is None:
        return False
    seen: set[Any] = set()
    goal: Any = output.grad_fn
    waiting: list[Any] = [root.grad_fn]
    while waiting and len(seen) < limit:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        if node is goal:
            return True
        seen.add(node)
        waiting.extend(parent for parent, _ in node.next_functions)
    return False


def leaves(root: torch.Tensor, limit: int = 50000) -> list[torch.Tensor]:
    """The leaf tensors (parameters) that ``root``'s graph reaches, in graph order."""
    seen: set[Any] = set()
    found: list[torch.Tensor] = []
    waiting: list[Any] = [root.grad_fn]
    while waiting and len(seen) < limit:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None:
            found.append(variable)
        waiting.extend(parent for parent, _ in node.next_functions)
    return found


def unit_sum(call: LossCall) -> list[float] | None:
    """For class scores: lowest, median and highest sum over the classes of exp(prediction) (1 = log-probabilities); None for others."""
    if (call.family != "nll" and call.kind not in {"kl_div", "ctc_loss"}) or call.prediction.dim() < 2:
        return None
    with torch._C.DisableTorchFunction(), torch.no_grad():
        prediction = call.prediction.detach().float()
        axis = 1 if call.kind in {"cross_entropy", "nll_loss"} else prediction.dim() - 1
        sums = torch.logsumexp(prediction, axis).clamp(-80, 80).exp().reshape(-1)
        return [float(sums.min()), float(sums.median()), float(sums.max())] if sums.numel() else None


def watch_weights(call: LossCall) -> Any:
    """A hook that keeps what weight backward gives each element of a loss that was not yet reduced; None where it was."""
    output, target = call.output, call.target
    if output is None or target is None or not output.requires_grad or output.numel() < 2:
        return None
    if output.numel() != target.numel():
        return None

    def heard(gradient: torch.Tensor) -> None:
        call.weights = gradient.detach()

    return output.register_hook(heard)


def counted(call: LossCall, each: torch.Tensor) -> torch.Tensor | None:
    """Which elements of an unreduced loss the script's mask lets through; None where all count.

    ``each`` are the elements' errors. Elements that were dropped because of their own small loss (hard-example mining,
    a margin) count: no mask of the data hides them.
    """
    if call.weights is None or call.weights.numel() != each.numel():
        return None
    with torch._C.DisableTorchFunction(), torch.no_grad():
        hidden = (call.weights.reshape(-1) == 0) & (each != 0)
        if not bool(hidden.any()) or bool(hidden.all()):
            return None
        if float(each[hidden].max()) <= float(each[~hidden].min()):
            return None
        return ~hidden


def rows(call: LossCall) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Prediction and target of one call as aligned rows.

    nll: prediction (n, C), target (n,), ignored rows dropped. Others: both flattened to (n,) after broadcasting by
    agreement of element counts; None where they do not align.
    """
    prediction, target = call.prediction.detach(), call.target
    if target is None:
        return None
    target = target.detach()
    if call.family == "nll":
        if prediction.dim() < 2 or target.dtype.is_floating_point:
            return None
        if call.kind in {"cross_entropy", "nll_loss"} and prediction.dim() > 2:
            prediction = prediction.movedim(1, -1)
        flat, labels = prediction.reshape(-1, prediction.shape[-1]), target.reshape(-1)
        if flat.shape[0] != labels.shape[0]:
            return None
        keep = labels != call.options.get("ignore_index", -100)
        return flat[keep], labels[keep]
    if prediction.numel() != target.numel():
        return None
    return prediction.reshape(-1), target.reshape(-1)
