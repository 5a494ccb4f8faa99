"""What was predicted, what was wanted, and from which input: summed up every step, and kept row by row up to a cap."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from .losses import LossCall, counted, rows

ROWS_PER_STEP = 64  # rows kept of one call
ROWS_IN_ALL = 6400
CLASSES_KEPT = 128  # wider predictions keep per-row figures only
FEATURES_KEPT = 1024
SAMPLES_IN_ALL = 4000
COLUMNS = 64
WIDEST = 200_000
# The last steps' rows are kept apart (up to so many of each), whatever came before.
TAIL_STEPS = 20
TAIL_ROWS = 512
TOKENS_IN_ALL = 20000


class Pairs:
    """Per loss call (by key): one figure a step, and rows."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.kept: dict[str, dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
        self.rows_kept: dict[str, int] = defaultdict(int)
        self.samples_kept: dict[str, int] = defaultdict(int)
        self.tail: dict[str, deque[tuple[np.ndarray, np.ndarray]]] = defaultdict(lambda: deque(maxlen=TAIL_STEPS))
        self.tokens_kept: dict[str, int] = defaultdict(int)
        self.class_counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.ignored: dict[str, dict[str, float]] = defaultdict(lambda: {"ignored": 0.0, "all": 0.0})
        self.columns: dict[str, list[Any]] = {}  # rows, sums and sums of squares of wide targets
        self.raw_target_counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def error_of(self, call: LossCall) -> list[float]:
        """[number of rows, mean error in nats or squared units, accuracy or NaN, std of the rows' errors] of one call; NaNs where rows do not align."""
        figures = self._figures(call)
        if figures is None:
            return [float("nan")] * 4
        each = figures["each"]
        return [
            figures["n"],
            figures["error"],
            figures["accuracy"],
            float(each.std()) if each.numel() > 1 else float("nan"),
        ]

    def _figures(self, call: LossCall) -> dict[str, Any] | None:
        """Figures of the rows that count: those that the loss ignores and those that a mask behind it hides are left out."""
        figures = self._figures_of(call, rows(call))
        if figures is None or call.weights is None or call.weights.numel() != figures["each"].numel():
            return figures
        kept = counted(call, figures["each"])
        if kept is None:
            return figures
        return self._figures_of(call, (figures["prediction"][kept], figures["target"][kept])) | {"counted": kept}

    def _figures_of(self, call: LossCall, aligned: tuple[torch.Tensor, torch.Tensor] | None) -> Any:
        if aligned is None or aligned[0].shape[0] == 0:
            return None
        with torch.no_grad():
            prediction, target = aligned[0].float(), aligned[1]
            out: dict[str, Any] = {
                "n": float(target.shape[0]),
                "accuracy": float("nan"),
                "prediction": prediction,
                "target": target,
            }
            if call.family == "nll":
                if int(target.min()) < 0 or int(target.max()) >= prediction.shape[1]:
                    return None
                logp = F.log_softmax(prediction, dim=1)
                each = -logp.gather(1, target.long().unsqueeze(1)).squeeze(1)
                weights = call.options.get("class_weights")
                factor = torch.tensor(weights)[target.long().cpu()].to(each) if weights else None
                total = float(factor.sum()) if factor is not None else 0.0
                out["error"] = (
                    float((each * factor).sum() / total) if factor is not None and total > 0 else float(each.mean())
                )
                out["each"] = each
                out["argmax"] = prediction.argmax(1)
                out["accuracy"] = float((out["argmax"] == target).float().mean())
            elif call.family == "bce":
                wanted = target.float()
                if call.kind == "binary_cross_entropy":
                    inside = prediction.clamp(1e-7, 1 - 1e-7)
                    each = -(wanted * inside.log() + (1 - wanted) * (1 - inside).log())
                    decided = prediction > 0.5
                else:
                    each = F.softplus(prediction) - wanted * prediction
                    decided = prediction > 0
                positive = call.options.get("positive_weight", 1.0)
                factor = torch.where(wanted > 0.5, torch.full_like(wanted, positive), torch.ones_like(wanted))
                out["error"], out["each"] = float((each * factor).sum() / factor.sum()), each
                out["accuracy"] = float((decided == (wanted > 0.5)).float().mean())
            else:
                wanted = target.float()
                each = (prediction - wanted) ** 2
                out["error"], out["each"] = float(each.mean()), each
        return out

    def add(self, key: str, call: LossCall, step: int, inputs: list[torch.Tensor]) -> None:
        """Record one call made at ``step``; ``inputs`` are tensors given to the model, candidates for the sample's input."""
        book = self.steps[key]
        if call.target is not None and call.family == "nll" and call.target.dtype == torch.long:
            self._labels(key, call)
        figures = self._figures(call)
        book["step"].append(step)
        book["error"].append(figures["error"] if figures else float("nan"))
        book["accuracy"].append(figures["accuracy"] if figures else float("nan"))
        book["n"].append(figures["n"] if figures else 0.0)
        prediction = call.prediction.detach()
        book["prediction_mean"].append(float(prediction.float().mean()) if prediction.numel() else float("nan"))
        book["prediction_std"].append(float(prediction.float().std()) if prediction.numel() > 1 else 0.0)
        book["prediction_min"].append(float(prediction.float().min()) if prediction.numel() else float("nan"))
        book["prediction_max"].append(float(prediction.float().max()) if prediction.numel() else float("nan"))
        book["output"].append(
            float(call.output.detach().float().mean())
            if call.output is not None and call.output.numel()
            else float("nan")
        )
        if figures is None:
            return
        self._keep_rows(key, call, step, figures)
        self._keep_tail(key, call, figures)
        self._keep_samples(key, call, step, inputs, figures.get("counted"))
        if call.family == "nll":
            self._keep_tokens(key, call, inputs, figures.get("counted"))

    def _keep_columns(self, key: str, target: torch.Tensor, kept: torch.Tensor | None) -> None:
        """Sums over targets of more columns than samples keep: what the best constant costs, column by column."""
        flat = target.reshape(target.shape[0], -1).double()
        count = torch.ones_like(flat) if kept is None else kept.reshape(flat.shape).double()
        book = self.columns.get(key)
        if book is None:
            book = self.columns[key] = [torch.zeros_like(flat[0]) for _ in range(3)]
        if flat.shape[1] != book[1].numel():
            return
        book[0] += count.sum(0)
        book[1] += (flat * count).sum(0)
        book[2] += (flat.square() * count).sum(0)

    def constant_costs(self, key: str) -> dict[str, float]:
        """Of the best constant of each column: ``variance``, and ``entropy`` where all targets lie in [0, 1]."""
        if key not in self.columns:
            return {}
        met = self.columns[key][0] > 0
        if not bool(met.any()):
            return {}
        n, total, square = (figure[met] for figure in self.columns[key])
        mean = total / n
        costs = {"variance": float((square / n - mean.square()).clamp_min(0).mean())}
        if float(mean.min()) >= 0 and float(mean.max()) <= 1 and bool((square <= total + 1e-9).all()):
            p = mean.clamp(1e-6, 1 - 1e-6)
            costs["entropy"] = float(-(p * p.log() + (1 - p) * (1 - p).log()).mean())
        return costs

    def _labels(self, key: str, call: LossCall) -> None:
        assert call.target is not None
        values, counts = torch.unique(call.target.detach(), return_counts=True)
        if values.numel() > 100000:
            return
        book = self.raw_target_counts[key]
        for v, c in zip(values.cpu().tolist(), counts.cpu().tolist(), strict=True):
            book[v] += c

    def _keep_rows(self, key: str, call: LossCall, step: int, figures: dict[str, Any]) -> None:
        if self.rows_kept[key] >= ROWS_IN_ALL:
            return
        n = min(int(figures["n"]), ROWS_PER_STEP)
        # Evenly spaced rows, so that a batch sorted inside still shows all its parts.
        pick = torch.linspace(0, int(figures["n"]) - 1, n).long()
        kept = self.kept[key]
        target = figures["target"][pick]
        kept["target"].append(target.cpu().float().numpy())
        kept["step"].append(np.full(n, step))
        kept["error"].append(figures["each"][pick].cpu().numpy())
        if call.family == "nll":
            kept["argmax"].append(figures["argmax"][pick].cpu().numpy())
            if figures["prediction"].shape[1] <= CLASSES_KEPT:
                kept["prediction"].append(figures["prediction"][pick].cpu().numpy())
        else:
            kept["prediction"].append(figures["prediction"][pick].cpu().numpy())
        self.rows_kept[key] += n

    def _keep_tail(self, key: str, call: LossCall, figures: dict[str, Any]) -> None:
        if call.family not in {"nll", "bce"}:
            return
        n = int(figures["n"])
        pick = torch.linspace(0, n - 1, min(n, TAIL_ROWS)).long()
        if call.family == "nll":
            decided = figures["argmax"][pick]
        else:
            decided = (figures["prediction"][pick] > (0.5 if call.kind == "binary_cross_entropy" else 0.0)).long()
        self.tail[key].append((figures["target"][pick].cpu().float().numpy(), decided.cpu().numpy()))

    def _keep_tokens(self, key: str, call: LossCall, inputs: list[torch.Tensor], counted: torch.Tensor | None) -> None:
        """Integer inputs with one target each: what a table from token to target would be made of."""
        target = call.target
        if target is None or self.tokens_kept[key] >= TOKENS_IN_ALL or target.dtype.is_floating_point:
            return
        same = [
            t
            for t in inputs[-8:]
            if t.dtype in {torch.int64, torch.int32} and t.numel() == target.numel() and t.dim() >= 1
        ]
        same = [t for t in same if not bool((t.reshape(-1) == target.reshape(-1)).all())]
        if not same or (target.dim() == 1 and same[-1].dim() == 1):
            return
        tokens, wanted = same[-1].reshape(-1)[:2048], target.reshape(-1)[:2048]
        keep = (wanted != call.options.get("ignore_index", -100)).cpu().numpy()
        if counted is not None and counted.numel() == target.numel():
            keep &= counted.reshape(-1)[:2048].cpu().numpy()
        kept = self.kept[key]
        kept["token_input"].append(tokens.cpu().numpy()[keep])
        kept["token_target"].append(wanted.cpu().numpy()[keep])
        self.tokens_kept[key] += int(keep.sum())

    def _keep_samples(
        self, key: str, call: LossCall, step: int, inputs: list[torch.Tensor], counted: torch.Tensor | None
    ) -> None:
        if self.samples_kept[key] >= SAMPLES_IN_ALL or call.target is None:
            return
        prediction, target = call.prediction.detach(), call.target.detach()
        if prediction.dim() == 0 or target.dim() == 0 or prediction.shape[0] != target.shape[0]:
            return
        candidates = [t for t in inputs if t.dim() >= 1 and t.shape[0] == target.shape[0] and not t.is_complex()]
        if not candidates:
            return
        # A target that is handed to the model as well (teacher forcing) is no input that it could be predicted from.
        unlike = [t for t in candidates[-4:] if t.shape != target.shape or not bool((t.detach() == target).all())]
        given = max(unlike or candidates[-4:], key=lambda t: t[0].numel()).detach()
        n = min(given.shape[0], 256, SAMPLES_IN_ALL - self.samples_kept[key])
        if call.family != "nll" and COLUMNS < target[0].numel() <= WIDEST:
            self._keep_columns(key, target, counted if counted is None or counted.numel() == target.numel() else None)
        flat = given[:n].reshape(n, -1)
        flat = flat[:, :FEATURES_KEPT] if flat.shape[1] > FEATURES_KEPT else flat
        kept = self.kept[key]
        kept["sample_input"].append(flat.cpu().float().numpy())
        kept["sample_target"].append(target[:n].reshape(n, -1)[:, :COLUMNS].cpu().float().numpy())
        out = prediction[:n].reshape(n, -1)[:, :CLASSES_KEPT]
        kept["sample_prediction"].append(out.cpu().float().numpy())
        kept["sample_step"].append(np.full(n, step))
        if call.weights is not None:
            told = counted if counted is not None and counted.numel() == target.numel() else torch.ones_like(target)
            kept["sample_counted"].append(told.bool().reshape(target.shape[0], -1)[:n, :COLUMNS].cpu().numpy())
        self.samples_kept[key] += n

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """The kept rows of one loss call, joined; parts whose widths differ between steps are left out."""
        joined = {}
        if self.tail[key]:
            joined["tail_target"] = np.concatenate([t for t, _ in self.tail[key]])
            joined["tail_decided"] = np.concatenate([d for _, d in self.tail[key]])
        for name, parts in self.kept[key].items():
            widths = {p.shape[1:] for p in parts}
            if len(widths) == 1:
                joined[name] = np.concatenate(parts)
            else:
                width = max(widths, key=lambda w: sum(len(p) for p in parts if p.shape[1:] == w))
                if name.startswith("sample"):
                    continue
                joined[name] = np.concatenate([p for p in parts if p.shape[1:] == width])
        return joined
