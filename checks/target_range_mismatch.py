"""Targets lie where the model's last operation cannot go, or are of a kind that the loss does not know.

What it detects
    A tanh, sigmoid, ReLU, softplus, softmax, a clamp or a recurrent layer's hidden state as the last operation (with
    whatever is multiplied or added after it), and targets outside its range. Targets of -1 and 1, or 0 to 255, in
    binary cross entropy.

Why training suffers
    What lies out of reach stays wrong for ever: predictions pile up at the edge, where the activation is flat and
    gradients vanish. Binary cross entropy with targets outside [0, 1] has no lower bound: confidence is rewarded
    without end.

Sick
    >>> loss = F.mse_loss(torch.sigmoid(head(x)), (y - y.mean()) / y.std())

Cured
    >>> loss = F.mse_loss(head(x), (y - y.mean()) / y.std())

How sure we are
    The range is computed from the operations that ran behind the prediction and compared with the targets that were
    recorded. Noise may throw a few targets over the edge: told when a clear share of the targets' variance is out of
    reach.

References
    PyTorch documentation of the activations and of ``BCELoss`` ("targets should be numbers between 0 and 1").
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._data import words
from ._reach import LINEAR, Reach, reach

# Share of the targets' variance that lies beyond the edge, from which on it is the fault (label noise on targets that
# fill [0, 1] costs about a hundredth; standardised targets behind a tanh 15%, behind a sigmoid or ReLU 50%).
LOST = 0.05
# Rounding of float32 predictions and targets.
SLACK = 1e-4
# Losses of two cases, told by the target's sign (PyTorch documentation of each).
SIGNED = {"cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "soft_margin_loss"}
# Targets of binary cross entropy outside [0, 1].
WRONG_KIND = 0.01


class TargetRangeMismatch(Check):
    """See the module's docstring."""

    cause = "target-range-mismatch"
    explains = (
        "saturated-activation",
        "vanishing-gradient",
        "dead-relu",
        "loss-plateau",
        "target-not-normalized",
        "lr-too-low",
        "under-capacity",
        "no-signal-labels",
        "class-imbalance-collapse",
        "wrong-loss-sign",
        "exploding-gradient",
        "lr-too-high",
    )

    def ask(self, losses: list[dict[str, Any]], trace: Trace) -> Verdict:
        """Every comparison of numbers; the main one gives the reason when all is well."""
        signed = next((v for r in losses if r["kind"] in SIGNED and r["calls"] and (v := self._signs(r, trace))), None)
        if signed is not None:
            return signed
        known = [r for r in losses if r["family"] in {"regression", "bce"} and r["calls"]]
        if not known:
            kinds = sorted({r["kind"] for r in losses if r["calls"]})
            return (
                Absent(f"the loss ({', '.join(kinds)}) compares with classes, not with numbers")
                if kinds
                else CannotTell("no loss call with a prediction and a target was recognised")
            )
        verdicts = [self._one(r, trace) for r in sorted(known, key=lambda r: not r.get("main"))]
        return next((v for v in verdicts if isinstance(v, Present)), verdicts[0])

    @staticmethod
    def _signs(record: dict[str, Any], trace: Trace) -> Present | None:
        """Losses that know the targets 1 and -1 only: any other value is left out, or makes the loss a constant."""
        given = next((b for b in trace.list("batches") if b["role"] == "target" and b["name"] == record["key"]), None)
        if given is None:
            return None
        low, high = np.min(given["min"]), np.max(given["max"])
        wrong = [v for v in (low, high) if np.isfinite(v) and abs(abs(v) - 1) > SLACK]
        if not wrong:
            return None
        return Present(
            title=f"Targets that {record['kind']} does not know",
            message=(
                f"{record['kind']} wants targets 1 and -1, and gets [{words(float(low))}, {words(float(high))}]: whatever is "
                f"{words(float(wrong[0]))} teaches nothing, since neither of the loss's two cases applies."
            ),
            why="Pairs of one kind only are learned from: making everything alike (or nothing) is the best answer.",
            site=Site.of(record.get("site")),
            evidence={"targets": [float(low), float(high)]},
            remedies=[
                RemedySpec(
                    "rescale-targets",
                    "bring the targets to 1 and -1",
                    snippet="target = 2 * target - 1",
                    runtime=False,
                    why_not="what each value stands for is the data's secret",
                )
            ],
            confidence=0.97,
            structural=True,
        )

    def _one(self, record: dict[str, Any], trace: Trace) -> Verdict:
        targets = trace.arrays.get(f"losses/{record['id']}/rows/target")
        if targets is None or not np.isfinite(targets).any():
            return CannotTell(f"the targets of {record['kind']} do not align with its predictions")
        targets = targets[np.isfinite(targets)].astype(float)
        low, high = float(targets.min()), float(targets.max())
        if record["family"] == "bce":
            return self._kind(record, targets, low, high)
        if "behind" not in record:
            return CannotTell("the operations behind the prediction were not recorded")
        span = f"targets in [{words(low)}, {words(high)}]"
        found = reach(record["behind"])
        seen_low, seen_high = self._seen(trace, record["id"])
        if found.bounded and (
            seen_low < found.low - SLACK - 1e-3 * abs(found.low)
            or seen_high > found.high + SLACK + 1e-3 * abs(found.high)
        ):
            found = Reach(-math.inf, math.inf, None, found.end)
        if not found.bounded:
            what = (
                "the last operation is linear"
                if not record["behind"] or found.end in LINEAR
                else f"nothing after {found.end or 'the last layer'} limits the output"
            )
            return Absent(f"{what}: its output is unbounded, so {span} are reachable", {"targets": [low, high]})
        name = (found.by or {}).get("name", "").rstrip("_")
        range_said = f"[{words(found.low)}, {words(found.high)}]"
        slack = SLACK * max(1.0, abs(low), abs(high))
        beyond = (targets < found.low - slack) | (targets > found.high + slack)
        lost = float(np.mean((targets - np.clip(targets, found.low, found.high)) ** 2))
        spread = float(np.mean((targets - targets.mean()) ** 2))
        share = lost / spread if spread > 0 else float(lost > slack)
        evidence = {
            "reach": [found.low, found.high],
            "targets": [low, high],
            "out_of_reach": float(beyond.mean()),
            "lost_variance": share,
            "by": name,
        }
        if share < LOST:
            extra = (
                f" ({beyond.mean():.1%} of them are just beyond, {share:.1%} of their variance)" if beyond.any() else ""
            )
            return Absent(f"{name} puts out {range_said}, and {span} are reachable{extra}", evidence)
        return Present(
            title=f"Targets out of the reach of {name}",
            message=f"{name} confines the predictions to {range_said}, but {beyond.mean():.0%} of the targets lie "
            f"outside (targets from {words(low)} to {words(high)}): {min(share, 1):.0%} of their variance can never "
            "be explained.",
            why="Where a target is out of reach the prediction piles up at the edge of the range, the error stays, "
            "and the activation's gradient fades.",
            site=Site.of((found.by or {}).get("site") or record.get("site")),
            evidence=evidence,
            remedies=self._remedies(name, record, found),
            confidence=min(0.97, 0.75 + share),
            structural=True,
        )

    @staticmethod
    def _seen(trace: Trace, loss_id: int) -> tuple[float, float]:
        """Lowest and highest prediction of the run."""
        lows, highs = (
            trace.arrays.get(f"losses/{loss_id}/prediction_min"),
            trace.arrays.get(f"losses/{loss_id}/prediction_max"),
        )
        if lows is None or highs is None or not np.isfinite(lows).any() or not np.isfinite(highs).any():
            return math.inf, -math.inf
        return float(np.min(lows[np.isfinite(lows)])), float(np.max(highs[np.isfinite(highs)]))

    @staticmethod
    def _remedies(name: str, record: dict[str, Any], found: Reach) -> list[RemedySpec]:
        if name in {"lstm", "gru", "rnn_tanh", "rnn_relu"} or name.endswith("_cell"):
            return [
                RemedySpec(
                    "add-linear-head",
                    "add a linear layer after the recurrent one: its hidden state is no output scale",
                    snippet="self.head = nn.Linear(hidden_size, outputs)",
                    runtime=False,
                    why_not="a layer with new weights would have to be made",
                )
            ]
        remedies = [
            RemedySpec(
                "drop-activation",
                f"leave out {name}: let the last layer be linear",
                {"loss": record["key"], "activation": name},
                snippet="return self.head(x)",
            )
        ]
        if math.isfinite(found.low) and math.isfinite(found.high):
            remedies.append(
                RemedySpec(
                    "rescale-targets",
                    f"or scale the targets into [{words(found.low)}, {words(found.high)}]",
                    runtime=False,
                    why_not="the first remedy is tried",
                )
            )
        return remedies

    def _kind(self, record: dict[str, Any], targets: np.ndarray, low: float, high: float) -> Verdict:
        wrong = float(((targets < -SLACK) | (targets > 1 + SLACK)).mean())
        if wrong < WRONG_KIND:
            return Absent(
                f"{record['kind']} wants targets in [0, 1] and gets [{words(low)}, {words(high)}]",
                {"targets": [low, high]},
            )
        values = np.unique(targets)
        said = ", ".join(words(v) for v in values[:6]) if len(values) <= 6 else f"{words(low)} to {words(high)}"
        cure = "(target > 0).float()" if low < 0 else f"target / {words(high).replace(',', '')}"
        return Present(
            title="Targets that binary cross entropy does not know",
            message=f"{record['kind']} wants targets between 0 and 1, but {wrong:.0%} lie outside (values: {said}).",
            why="Outside [0, 1] the loss has no lower bound: the model is rewarded for ever larger scores, whatever "
            "the sample.",
            site=Site.of(record.get("site")),
            evidence={"targets": [low, high], "outside": wrong, "values": values[:20].tolist()},
            remedies=[
                RemedySpec(
                    "rescale-targets",
                    "bring the targets to 0 and 1 where they are loaded",
                    snippet=f"target = {cure}",
                    runtime=False,
                    why_not="what each value stands for is the data's secret",
                )
            ],
            confidence=0.97,
            structural=True,
        )
