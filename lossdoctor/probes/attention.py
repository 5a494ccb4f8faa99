"""Masks of attention calls, and where the padding stands under them."""

from __future__ import annotations

from typing import Any

import torch

from .functions import Functions
from .sites import Sites

ROWS, COLUMNS = 64, 256
BLOCKING = -1e4  # a float mask at or below this blocks; frameworks use -1e4 … -inf


class AttentionWatch:
    """Records each attention place once: shapes, what its masks block, and which positions are a run of padding."""

    def __init__(self, functions: Functions, sites: Sites) -> None:
        self.functions = functions
        self.sites = sites
        self.records: dict[str, dict[str, Any]] = {}
        self.tokens: list[
            torch.Tensor
        ] = []  # integer or float sequences given to the model, candidates for the run of padding
        functions.on("embedding", self._embedding)
        functions.on("multi_head_attention_forward", self._multi_head)
        functions.on("scaled_dot_product_attention", self._scaled_dot)
        functions.on({"masked_fill", "masked_fill_"}, self._filled)

    def given(self, tensors: list[torch.Tensor]) -> None:
        """Tensors given to an outermost module."""
        for t in tensors:
            if t.dim() in (2, 3) and t.dtype != torch.bool:
                self._remember(t)

    def _remember(self, tensor: torch.Tensor) -> None:
        if not any(t is tensor for t in self.tokens):
            self.tokens.append(tensor)
            del self.tokens[:-8]

    def _embedding(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        if args and isinstance(args[0], torch.Tensor) and args[0].dim() == 2:
            self._remember(args[0])
        return None

    def _record(self, suffix: str) -> dict[str, Any] | None:
        if not torch.is_grad_enabled():
            return None
        site = self.sites.here(4)
        module = self.functions.module_stack[-1] if self.functions.module_stack else ""
        key = f"{site['path']}:{site['line']}#{module}#{suffix}" if site else f"?#{module}#{suffix}"
        record = self.records.setdefault(key, {"site": site, "module": module, "calls": 0, "function": suffix})
        record["calls"] += 1
        return record if record["calls"] == 1 else None

    def _multi_head(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        record = self._record(name)
        if record is None:
            return None
        record.update(query=list(args[0].shape), key=list(args[1].shape), self_attention=args[0] is args[1])
        mask = kwargs.get("key_padding_mask")
        if isinstance(mask, torch.Tensor):
            self._padding(record, mask if mask.dtype == torch.bool else mask.float() < BLOCKING, mask)
        attn = kwargs.get("attn_mask")
        if isinstance(attn, torch.Tensor):
            flat = attn.detach().reshape(-1, attn.shape[-1])[:COLUMNS, :COLUMNS]
            blocked = flat if flat.dtype == torch.bool else flat.float() < BLOCKING
            record.update(
                attn_shape=list(attn.shape),
                attn_dtype=str(attn.dtype),
                attn_blocked_share=float(blocked.float().mean()),
            )
        return None

    def _scaled_dot(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        mask = args[3] if len(args) > 3 else kwargs.get("attn_mask")
        given = isinstance(mask, torch.Tensor)
        record = self._record(name if given else f"{name} without mask")
        if record is None or not given:
            return None
        blocked = ~mask if mask.dtype == torch.bool else mask.float() < BLOCKING
        self._keys_only(record, blocked, mask)
        return None

    def _filled(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> Any:
        mask = args[1] if len(args) > 1 else kwargs.get("mask")
        value = args[2] if len(args) > 2 else kwargs.get("value")
        if (
            not isinstance(mask, torch.Tensor)
            or mask.dtype != torch.bool
            or not isinstance(value, (int, float))
            or value > BLOCKING
        ):
            return None
        record = self._record("masked_fill")
        if record is not None:
            self._keys_only(record, mask, mask)
        return None

    def _keys_only(self, record: dict[str, Any], blocked: torch.Tensor, mask: torch.Tensor) -> None:
        """A mask that depends on sample and key alone: (B, 1, 1, S), (B, 1, S) or (B, S)."""
        flat = blocked.detach()
        while flat.dim() > 2:
            for axis in range(1, flat.dim() - 1):
                if flat.shape[axis] == 1 or bool((flat == flat.select(axis, 0).unsqueeze(axis)).all()):
                    flat = flat.select(axis, 0)
                    break
            else:
                return
        if flat.dim() == 2 and flat.shape[0] > 1 and not bool((flat == flat[:1]).all()):
            self._padding(record, flat, mask)

    def _padding(self, record: dict[str, Any], blocked: torch.Tensor, mask: torch.Tensor) -> None:
        if blocked.dim() != 2:
            return
        blocked = blocked.detach()
        record.update(
            padding_shape=list(mask.shape),
            padding_dtype=str(mask.dtype),
            padding_blocked=blocked[:ROWS, :COLUMNS].int().cpu().tolist(),
        )
        best, best_gap = None, -1.0
        for tokens in reversed(self.tokens):
            run = padding_run(tokens.detach(), (blocked.shape[0], blocked.shape[1]))
            if run is None or not bool(run.any()) or bool(run.all()):
                continue
            gap = abs(float(blocked[run].float().mean()) - float(blocked[~run].float().mean()))
            if gap > best_gap:
                best, best_gap = run, gap
        if best is not None:
            record["key_constant"] = best[:ROWS, :COLUMNS].int().cpu().tolist()


def padding_run(tokens: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor | None:
    """Which positions (batch, time) belong to a run of one repeated value at an end of the sequences; None when shapes do not fit.

    ``tokens`` is (batch, time), (time, batch) or has features on a third axis. The padding value is the commonest one in the
    last (else the first) column; a run must differ in length between samples.
    """
    x = tokens
    if tuple(x.shape[:2]) != shape and tuple(x.shape[:2]) == shape[::-1]:
        x = x.transpose(0, 1)
    if tuple(x.shape[:2]) != shape:
        return None
    for flip in (False, True):
        y = x.flip(1) if flip else x
        last = y[:, -1].reshape(y.shape[0], -1)
        values, counts = torch.unique(last, dim=0, return_counts=True)
        if int(counts.max()) < 2:
            continue
        pad = values[counts.argmax()]
        same = (y.reshape(*shape, -1) == pad).all(-1)
        run = same.flip(1).int().cumprod(1).flip(1).bool()
        lengths = run.sum(1)
        if bool((lengths != lengths[0]).any()) and int(lengths.max()) >= 2:
            return run.flip(1) if flip else run
    return None
