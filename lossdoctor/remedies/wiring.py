"""Changing who sees what: axis order, masks, and the data on its way into the model."""

from __future__ import annotations

from typing import Any

import torch

from lossdoctor.contracts.remedy import Remedy


class SetBatchFirst(Remedy):
    """``batch_first=True`` on the modules concerned (``modules``: qualified names; all with the option when empty)."""

    id = "set-batch-first"
    says = "batch_first=True"

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Set it ahead of the call, on the module and what it contains."""
        if depth == 0:
            names = set(self.args.get("modules") or [])
            for name, child in module.named_modules():
                if getattr(child, "batch_first", None) is False and (
                    not names or any(name == n or name.startswith(n + ".") or n.endswith(name) for n in names)
                ):
                    child.batch_first = True
                    self.applied += 1
        masked = self.applied and any(k.endswith("padding_mask") for k in kwargs)
        if masked and any(getattr(child, "batch_first", None) is True for child in module.modules()):
            kwargs = {k: self._fitting(v, args) if k.endswith("padding_mask") else v for k, v in kwargs.items()}
        return args, kwargs

    @staticmethod
    def _fitting(mask: Any, args: Any) -> Any:
        """A padding mask that was turned to suit the wrong order is turned back: it counts (sample, step) in either."""
        if not isinstance(mask, torch.Tensor) or mask.dim() != 2:
            return mask
        sizes = {tuple(a.shape[:2]) for a in args if isinstance(a, torch.Tensor) and a.dim() == 3}
        turned = tuple(mask.shape) not in sizes and tuple(mask.shape[::-1]) in sizes
        return mask.transpose(0, 1) if turned else mask


class CausalMask(Remedy):
    """A causal mask for self-attention (in ``modules`` when named, else wherever query and key are the same tensor)."""

    id = "causal-mask"
    says = "causal (subsequent) mask"

    def install(self) -> None:
        """At the attention function."""
        self.instruments.functions.ahead("multi_head_attention_forward", self._mask)
        self.instruments.functions.ahead("scaled_dot_product_attention", self._causal)

    def _named(self) -> bool:
        names = self.args.get("modules") or []
        stack = self.instruments.functions.module_stack
        return not names or any(n and any(s == n or s.startswith(n + ".") for s in stack) for n in names)

    def _mask(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if args[0] is not args[1] or kwargs.get("attn_mask") is not None or not self._named():
            return None
        n = args[0].shape[0]
        self.applied += 1
        mask = torch.triu(torch.full((n, n), float("-inf"), dtype=args[0].dtype), diagonal=1)
        return args, kwargs | {"attn_mask": mask, "is_causal": False, "need_weights": True}

    def _causal(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if (
            len(args) > 3
            or kwargs.get("attn_mask") is not None
            or kwargs.get("is_causal")
            or args[0].shape[-2] != args[1].shape[-2]
            or not self._named()
        ):
            return None
        self.applied += 1
        return args, kwargs | {"is_causal": True}


class Reattach(Remedy):
    """Hand on the tensor itself where the finding's line detaches it (``detach``, ``.data``)."""

    id = "reattach"
    says = "no detach"

    def install(self) -> None:
        """At both ways to cut."""
        self.instruments.functions.on({"detach", "data"}, self._whole)

    def _whole(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        if not torch.is_grad_enabled() or not args[0].requires_grad or not self.at_site(self.instruments.sites.here(3)):
            return None
        self.applied += 1
        return args[0]


class KeepGraph(Remedy):
    """Take the derivative at the finding's line with ``create_graph=True``."""

    id = "keep-graph"
    says = "create_graph=True"

    def may_drop_graph(self) -> bool:
        """Not at the finding's line."""
        if not self.at_site(self.instruments.sites.here(3)):
            return True
        self.applied += 1
        return False


class InvertPaddingMask(Remedy):
    """Hide what the mask showed and show what it hid."""

    id = "invert-padding-mask"
    says = "inverted key_padding_mask"

    def install(self) -> None:
        """At the attention function."""
        self.instruments.functions.ahead("multi_head_attention_forward", self._invert)

    def _invert(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        mask = kwargs.get("key_padding_mask")
        if not isinstance(mask, torch.Tensor):
            return None
        hidden = mask if mask.dtype == torch.bool else mask < -1e4
        other = ~hidden
        other = other & ~other.all(dim=-1, keepdim=True)  # a row with nothing left would be NaN
        self.applied += 1
        turned = other if mask.dtype == torch.bool else torch.zeros_like(mask).masked_fill(other, float("-inf"))
        return args, kwargs | {"key_padding_mask": turned}


class StandardiseInputs(Remedy):
    """Standardise the outermost modules' floating inputs per feature (running statistics over the first batches)."""

    id = "standardise-inputs"
    says = "standardised inputs"

    def __init__(self, args: dict[str, Any]) -> None:
        super().__init__(args)
        self.books: dict[Any, list[Any]] = {}

    def _scaled(self, key: Any, x: torch.Tensor) -> torch.Tensor:
        axis = 1 if x.dim() == 4 else x.dim() - 1
        if x.dim() < 2:
            axis = 0
            flat = x.detach().double().reshape(-1, 1)
        else:
            flat = x.detach().double().movedim(axis, -1).reshape(-1, x.shape[axis])
        book = self.books.setdefault((key, flat.shape[1]), [0, 0.0, 0.0])
        if book[0] < 5000:
            book[0] += flat.shape[0]
            book[1] = book[1] + torch.nan_to_num(flat).sum(0)
            book[2] = book[2] + torch.nan_to_num(flat).pow(2).sum(0)
        mean = book[1] / book[0]
        std = (book[2] / book[0] - mean**2).clamp(min=0).sqrt()
        std = torch.where(std > 1e-8, std, torch.ones_like(std))
        self.applied += 1
        shape = [1] * x.dim()
        shape[axis] = flat.shape[1] if x.dim() >= 2 else 1
        return (x - mean.reshape(shape).to(x.dtype)) / std.reshape(shape).to(x.dtype)

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Scale floating tensor arguments."""
        if depth != 0 or not torch.is_grad_enabled():
            return args, kwargs

        def change(key: Any, value: Any) -> Any:
            if (
                isinstance(value, torch.Tensor)
                and value.is_floating_point()
                and value.dim() >= 1
                and not value.requires_grad
                and value.numel() > 1
            ):
                return self._scaled((id(module), key), value)
            return value

        return tuple(change(i, a) for i, a in enumerate(args)), {k: change(k, v) for k, v in kwargs.items()}


class DropBadValues(Remedy):
    """Replace non-finite inputs (and sentinels, ``values``) by 0 or the column's mean, and leave such targets out of the loss."""

    id = "drop-bad-values"
    says = "rows with bad values repaired or left out"

    def install(self) -> None:
        """Targets at the loss."""
        self.instruments.functions.ahead(
            {
                "mse_loss",
                "l1_loss",
                "smooth_l1_loss",
                "huber_loss",
                "binary_cross_entropy",
                "binary_cross_entropy_with_logits",
            },
            self._targets,
        )

    def _bad(self, x: torch.Tensor) -> torch.Tensor:
        bad = ~torch.isfinite(x)
        for value in self.args.get("values") or []:
            bad = bad | torch.isclose(x, torch.full_like(x, value), rtol=1e-5)
        return bad

    def _targets(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if len(args) < 2 or args[0].shape != args[1].shape:
            return None
        bad = self._bad(args[1])
        if not bool(bad.any()):
            return None
        self.applied += 1
        safe = args[0].detach().clamp(0, 1) if name == "binary_cross_entropy" else args[0].detach()
        return (args[0], torch.where(bad, safe, args[1]), *args[2:]), kwargs

    def forward(self, module: Any, args: Any, kwargs: Any, depth: int) -> tuple[Any, Any]:
        """Inputs."""
        if depth != 0:
            return args, kwargs

        def change(value: Any) -> Any:
            if isinstance(value, torch.Tensor) and value.is_floating_point() and not value.requires_grad:
                bad = self._bad(value)
                if bool(bad.any()):
                    self.applied += 1
                    good = torch.where(bad, torch.zeros_like(value), value)
                    if value.dim() >= 2:
                        count = (~bad).sum(0, keepdim=True).clamp(min=1)
                        return torch.where(bad, good.sum(0, keepdim=True) / count, value)
                    return good
            return value

        return tuple(change(a) for a in args), {k: change(v) for k, v in kwargs.items()}


class Shuffle(Remedy):
    """Draw the rows in random order (DataLoader with a sequential sampler)."""

    id = "shuffle"
    says = "shuffle=True"
    safety = "safe"

    def loader_begins(self, loader: Any) -> None:
        """Exchange the sampler."""
        from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler

        if (
            isinstance(getattr(loader, "sampler", None), SequentialSampler)
            and torch.is_grad_enabled()
            and loader.batch_size
        ):
            random = RandomSampler(loader.dataset)
            object.__setattr__(loader, "sampler", random)
            object.__setattr__(loader, "batch_sampler", BatchSampler(random, loader.batch_size, loader.drop_last))
            self.applied += 1


class NormaliseHidden(Remedy):
    """Bring what enters the tanh or sigmoid at the finding's ``lines`` ([path, line], …) down to unit standard deviation."""

    id = "normalise-hidden"
    says = "unit scale ahead of the activation"

    def install(self) -> None:
        """Function and module form alike."""
        self.lines = {(path, line) for path, line in self.args.get("lines", [])}
        self.instruments.functions.ahead({"tanh", "sigmoid"}, self._scale)

    def _scale(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        x = args[0] if args else None
        if not isinstance(x, torch.Tensor) or x.numel() < 2 or self.instruments.sites.key(3) not in self.lines:
            return None
        spread = x.detach().std()
        if not bool(spread > 1):
            return None
        self.applied += 1
        return (x / spread, *args[1:]), kwargs


class LeakyActivations(Remedy):
    """Leaky ReLU in place of ReLU."""

    id = "leaky-activations"
    says = "leaky_relu in place of relu"

    def install(self) -> None:
        """Function and module form alike."""
        self.instruments.functions.ahead({"relu", "relu_"}, self._keep)
        self.instruments.functions.on({"relu", "relu_"}, self._leak)

    def _keep(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("inplace"):
            return args, kwargs | {"inplace": False}
        return None

    def _leak(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        if name == "relu_":
            return None
        self.applied += 1
        return torch.nn.functional.leaky_relu(args[0], 0.1)
