"""A padding mask hides the real tokens and shows the padding.

What it detects
    A ``key_padding_mask`` (True = ignore in torch) built by the other convention (1 = a real token, as Hugging Face
    tokenizers give it); a float mask that adds 1.0 where it should add minus infinity.

Why training suffers
    Attention sees only padding: the model works without its input.

Sick
    >>> encoder(x, src_key_padding_mask=attention_mask.bool())  # 1 = real token

Cured
    >>> encoder(x, src_key_padding_mask=attention_mask == 0)

How sure we are
    The recorded mask is compared with where the padding stands: padding is a run of one repeated value at an end of the
    sequences. Hiding the varied part and showing the run is the wrong way round. Where attention is the script's own, the
    data are exchanged step by step: steps that are real in every sample reach nothing, and padding does.

References
    PyTorch documentation of ``nn.MultiheadAttention`` (key_padding_mask); Hugging Face glossary, "attention mask".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Verdict

from ._wiring import CELLS, RECURRENT

WHOLE = "multi_head_attention_forward"
# A step is real where at most this share of the samples has ended, and padding where so many have; a real one reaches at
# most this share of the predictions, and padding at least so much, where the mask is the wrong way round.
REAL, ENDED = 0.02, 0.3
UNSEEN, SEEN = 0.01, 0.05


class AttentionMaskInverted(Check):
    """See the module's docstring."""

    cause = "attention-mask-inverted"
    explains = (
        "plateau-unigram",
        "loss-plateau",
        "under-capacity",
        "no-signal-labels",
        "class-imbalance-collapse",
        "lr-too-low",
    )

    def ask(
        self,
        attention: list[dict[str, Any]],
        modules: list[dict[str, Any]],
        exam_dependency: dict[str, Any] | None = None,
    ) -> Verdict:
        """Every attention call with a padding mask."""
        recurrent = any(m["class"] in RECURRENT | CELLS for m in modules)
        masked = [a for a in attention if a.get("padding_blocked")]
        # nn.MultiheadAttention (and the encoder around it) fills a float mask on the way to its function: what the function
        # is given is what counts.
        whole = {str(a.get("site")) for a in masked if a.get("function") == WHOLE}
        masked = [a for a in masked if a.get("function") != "masked_fill" or str(a.get("site")) not in whole]
        if not masked:
            return self._by_reach(exam_dependency, recurrent) or (
                Absent("no attention call received a padding mask") if attention else Absent("no attention layer ran")
            )
        undecided = ""
        for call in masked:
            verdict = self._one(call)
            if isinstance(verdict, Present):
                return verdict
            if isinstance(verdict, CannotTell):
                undecided = verdict.reason
        if undecided:
            return CannotTell(undecided)
        return Absent("the padding masks hide the constant run at the sequences' ends and show the rest")

    @staticmethod
    def _by_reach(exam: dict[str, Any] | None, recurrent: bool) -> Present | None:
        """Whatever masks: steps that are real in all samples reach no prediction, and padding does (a state that fades is another matter)."""
        time = (exam or {}).get("time")
        if recurrent or not time or time["positions"] > time["length"] / 2 or not time.get("filler"):
            return None
        filler, seen = np.asarray(time["filler"]), np.asarray(time["sees_share"], dtype=float).mean(0)
        real, padding = filler <= REAL, filler >= ENDED
        if real.sum() < 2 or padding.sum() < 2 or not np.isfinite(seen).all():
            return None
        full = 1 - filler.max()  # samples without padding have nothing that could be shown in place of the rest
        if seen[real].max() > UNSEEN + 2 * full or seen[padding].min() < max(SEEN, 2 * seen[real].max()):
            return None
        return Present(
            title="The mask hides what is real and shows the padding",
            message=(
                f"Replacing any of the first {int(real.sum())} steps tried, which are real in all samples, changes "
                f"{seen[real].max():.0%} of the predictions; replacing steps at which {filler[padding].min():.0%} or more of the samples "
                f"have ended changes {seen[padding].min():.0%} to {seen[padding].max():.0%}."
            ),
            why="Only padding is looked at; what carries the meaning never reaches the output.",
            site=Site.of(((exam or {}).get("losses") or [{}])[0].get("site")),
            evidence={"seen": seen.tolist(), "ended": filler.tolist()},
            remedies=[
                RemedySpec(
                    "invert-padding-mask",
                    "turn the mask around: what is added to the scores (or filled) must hide the padding",
                    snippet="bias = (~valid).float() * -1e4",
                    runtime=False,
                    why_not="the mask is the script's own",
                )
            ],
            confidence=0.94,
            structural=True,
        )

    def _one(self, call: dict[str, Any]) -> Verdict:
        blocked = np.asarray(call["padding_blocked"], dtype=bool)
        constant = call.get("key_constant")
        if not blocked.any():
            return Absent("the mask hides nothing")
        if constant is None:
            return CannotTell("the keys' values under the mask were not recorded")
        run = np.asarray(constant, dtype=bool)
        if run.shape != blocked.shape and run.T.shape == blocked.shape:
            run = run.T
        if run.shape != blocked.shape or not run.any() or run.all():
            return CannotTell("no run of padding was recognised under the mask")
        hides_run = float(blocked[run].mean())
        hides_rest = float(blocked[~run].mean())
        if hides_rest > 0.5 and hides_run < 0.5 and hides_rest - hides_run > 0.4:
            return Present(
                title="The padding mask is the wrong way round",
                message=f"The key padding mask hides {hides_rest:.0%} of the real positions and {hides_run:.0%} of the padding (True means: ignore).",
                why="Attention sees the padding only; the tokens that carry the meaning never reach the output.",
                site=Site.of(call.get("site")),
                evidence={
                    "hidden_real": hides_rest,
                    "hidden_padding": hides_run,
                    "mask_shape": call.get("padding_shape"),
                    "mask_dtype": call.get("padding_dtype"),
                },
                remedies=[
                    RemedySpec(
                        "invert-padding-mask",
                        "invert the mask: True (or -inf) must stand where the padding is",
                        {},
                        snippet="key_padding_mask = (attention_mask == 0)",
                    )
                ],
                confidence=0.94,
                structural=True,
            )
        return Absent(f"the mask hides {hides_run:.0%} of the padding and {hides_rest:.0%} of the rest")
