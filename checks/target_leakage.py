"""A prediction can see its own answer.

What it detects
    The value that a position must predict lies within what the position sees: a decoder without a causal mask, a
    bidirectional layer in a next-step model, a feature that is the target.

Why training suffers
    The training loss falls towards zero by copying; on new data, where the answer is not there to copy, the model fails.

Sick
    >>> out = decoder(tgt[:, :-1], memory)  # no tgt_mask; target is tgt[:, 1:]

Cured
    >>> out = decoder(tgt[:, :-1], memory, tgt_mask=causal)

How sure we are
    Measured by replacing single time steps. A leak that is no time step shows where rows are right that were never trained on,
    and evaluated ones are not. Targets at the same position as their input (autoencoders, denoising and masked
    models, tagging) are no leak.

References
    Vaswani et al. (2017), section 3.2.3 (masking); Kaufman et al. (2012), "Leakage in data mining".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._leaks import copied_column, telling_column
from ._rows import first_seen
from ._timing import Timing, timing

# Targets that repeat the input at their own place do so in at least this share of positions (masked language models: 85 %).
COPIED = 0.99
# Positions that are not counted hold ordinary symbols (none of them beyond this share), and kinds alternate so often in a row.
ORDINARY, SCATTERED = 0.9, 3.0
# Steps whose rows are new to this share, so many of the latest of them, and how much of their rows is right …
FRESH, LATEST, AT_SIGHT = 0.9, 5, 0.8
# … while evaluations (so many rounds of so many rows) come at most this part of the way from the commonest label to there.
ROUNDS, ROWS, LITTLE = 2, 100, 0.2


def _only_while_training(trace: Trace, loss: dict[str, Any] | None) -> Present | None:
    """Training rows are right at first sight, before any step was made on them, and the rows that the script evaluates never are.

    What is known of a training row by then is not learned from it, nor from anything that the evaluated rows have as well.
    """
    given, steps = trace.arrays.get("pairs/sample_input"), trace.arrays.get("pairs/sample_step")
    if loss is None or given is None or steps is None or not len(steps):
        return None
    accuracy, at = trace.arrays.get(f"losses/{loss['id']}/accuracy"), trace.arrays.get(f"losses/{loss['id']}/step")
    rounds = [
        (e, trace.arrays[f"evals/{i}/errors"])
        for i, e in enumerate(trace.list("evals"))
        if e["kind"] == "accuracy" and len(trace.arrays.get(f"evals/{i}/errors", ())) >= ROUNDS
    ]
    labels = list((trace.meta.get("evaluated_labels") or {}).values())
    if accuracy is None or at is None or not rounds or not labels:
        return None
    first = first_seen(given)
    fresh = [int(s) for s in np.unique(steps) if first[steps == s].mean() > FRESH]
    seen = {int(s): float(a) for s, a in zip(at, accuracy, strict=True) if np.isfinite(a)}
    known = [seen[s] for s in fresh if s in seen][-LATEST:]
    record, figures = rounds[0]
    best = max(float(np.nanmax(f[:, 2])) for _, f in rounds)
    chance = max(labels) / sum(labels)
    if len(known) < LATEST or figures[0, 0] < ROWS or not np.isfinite(best):
        return None
    sight = float(np.mean(known))
    if sight < AT_SIGHT or best > chance + LITTLE * (sight - chance):
        return None
    return Present(
        title="Training rows are right before they were learned",
        message=(
            f"Of training rows that come for the first time {sight:.0%} are right, and of the {figures[0, 0]:.0f} rows that the script "
            f"evaluates never more than {best:.0%} (the commonest label: {chance:.0%}): training rows carry something that gives their "
            "answer away, and that evaluated rows do not have."
        ),
        why="A column filled in afterwards, a neighbour that is the row itself, a table made with the answers: it is not there on new rows.",
        site=Site.of(record.get("site")) or Site.of(loss.get("site")),
        evidence={"at_first_sight": sight, "evaluated": best, "chance": chance, "rounds": len(figures)},
        remedies=[
            RemedySpec(
                "leave-answer-out",
                "find what training rows have and evaluated rows have not: their own entry in a look-up, a column written after the fact",
                runtime=False,
                why_not="which input holds the answer is not known",
            )
        ],
        confidence=0.85,
        structural=True,
    )


def _left_in_sight(loss: dict[str, Any] | None) -> Present | None:
    """Positions are picked here and there for the loss, as in masked modelling, and each still holds the symbol to be guessed."""
    found = (loss or {}).get("chosen")
    if not found or found["own"] < COPIED or found["filler"] > ORDINARY or found["turns"] < SCATTERED:
        return None
    return Present(
        title="The positions to be filled in are not hidden",
        message=(
            f"The loss counts {found['counted']:.0%} of the positions, picked here and there, and at {found['own']:.0%} of those the "
            "model's input is the very symbol that it must name."
        ),
        why="The model learns to hand on what it is given; where the symbol really is missing, it knows nothing.",
        site=Site.of((loss or {}).get("site")),
        evidence=dict(found),
        remedies=[
            RemedySpec(
                "hide-chosen",
                "replace the chosen positions in the input (masked_fill returns a new tensor; masked_fill_ works in place)",
                snippet="inputs = tokens.masked_fill(chosen, mask_id)",
                runtime=False,
                why_not="which symbol stands for a hidden one is the script's to say",
            )
        ],
        confidence=0.93,
        structural=True,
    )


class TargetLeakage(Check):
    """See the module's docstring."""

    cause = "target-leakage"
    explains = ("overfitting",)

    def ask(
        self,
        trace: Trace,
        exam_dependency: dict[str, Any] | None = None,
        outcome: Outcome | None = None,
        loss: dict[str, Any] | None = None,
    ) -> Verdict:
        """Time first, then columns."""
        for leak in (
            copied_column(trace, loss),
            telling_column(trace, loss),
            _left_in_sight(loss),
            _only_while_training(trace, loss),
        ):
            if leak is not None:
                return leak
        if exam_dependency is None:
            return CannotTell("the dependency exam was not made")
        found = timing(exam_dependency)
        if isinstance(found, str) and (exam_dependency.get("time") or {}).get("positions", 0) > 1:
            return CannotTell(f"no input column equals the target, but {found}")
        if isinstance(found, str):
            return Absent(f"no input column equals the target; {found}")
        ahead = found.wanted - np.arange(len(found.wanted))
        known = ahead[~np.isnan(ahead)]
        if len(known) and np.ptp(known) > 0:
            return Absent("the targets are the input in another order, not the steps that follow it")
        seen_by = []
        for t, wanted in enumerate(found.wanted):
            if np.isnan(wanted) or wanted <= t:
                continue  # at its own place (reconstruction), or in the past (memory): no answer that was to be guessed
            column_index = np.nonzero(found.picks == int(wanted))[0]
            if len(column_index):
                seen_by.append(bool(found.sees[t, column_index[0]]))
        if not seen_by and (named := self._names_its_input(found, exam_dependency)) is not None:
            return named
        if not seen_by:
            return Absent("targets stand at their own position of the input (reconstruction), or outside of it")
        share = float(np.mean(seen_by))
        if share < 0.3:
            return Absent("no position sees the step that it must predict", {"share": share})
        offset = float(np.nanmedian(found.wanted - np.arange(len(found.wanted))))
        losses = exam_dependency.get("losses") or [{}]
        return Present(
            title="Predictions see their own answer",
            message=f"{share:.0%} of the positions can see the step that they must predict ({offset:+.0f} steps ahead): replacing that step of the data changes the prediction.",
            why="The model learns to copy; the training loss says nothing about how it predicts when the answer is not given.",
            site=Site.of(losses[0].get("site")),
            evidence={"share": share, "offset": offset, "how": found.how},
            remedies=[
                RemedySpec(
                    "causal-mask",
                    "give self-attention a causal mask (or use a one-directional recurrent layer; pad convolutions on the left only)",
                    {},
                    snippet="tgt_mask=nn.Transformer.generate_square_subsequent_mask(T)",
                )
            ],
            confidence=0.93,
            structural=True,
        )

    @staticmethod
    def _names_its_input(found: Timing, exam: dict[str, Any]) -> Present | None:
        """A left-to-right model whose target at each position is the very token that the position is given."""
        match, loss = exam.get("match") or {}, (exam.get("losses") or [{}])[0]
        if loss.get("family") != "nll" or match.get("offset") != 0 or match.get("rate", 0.0) < COPIED:
            return None
        own = [bool(found.sees[t, j]) for j, t in enumerate(found.picks) if t < len(found.sees)]
        later = [bool(found.sees[t, j]) for j, s in enumerate(found.picks) for t in range(min(int(s), len(found.sees)))]
        if not own or not later or not all(own) or any(later):
            return None
        return Present(
            title="Each position is given the token that it must name",
            message=(
                f"The target of each position is its own input token ({match['rate']:.0%} of the positions), and every position sees "
                "it; later ones it does not see, as a model that predicts the next token."
            ),
            why="Copying the input is all there is to learn; the next token is never predicted.",
            site=Site.of(loss.get("site")),
            evidence={"offset": 0, "rate": match["rate"], "chance": match.get("chance")},
            remedies=[
                RemedySpec(
                    "shift-targets",
                    "predict the next token: inputs x[:, :-1], targets x[:, 1:]",
                    snippet="inputs, targets = x[:, :-1], x[:, 1:]",
                    runtime=False,
                    why_not="the token after the last one is not in the batch",
                )
            ],
            confidence=0.9,
            structural=True,
        )
