"""A recurrent layer's state is carried, picked or kept where it should not be.

What it detects
    The state of one shuffled batch handed on to the next; a prediction that reaches only a few of the time steps (the wrong
    end of a bidirectional layer, the first step instead of the last); a layer or direction whose result is never used; a
    state that is never detached, so that the graph grows from step to step.

Why training suffers
    The prediction is made from the wrong summary of the sequence (or of another sequence).

Sick
    >>> out, _ = self.gru(x)  # bidirectional
    >>> last = out[:, 0]  # the forward half has seen one step only

Cured
    >>> last = torch.cat([out[:, -1, :H], out[:, 0, H:]], dim=1)

How sure we are
    Which time steps reach the prediction is measured by replacing them one by one; carried states and unused weights are
    recorded facts.

References
    PyTorch documentation of ``nn.LSTM`` (outputs); Williams & Peng (1990) on truncated backpropagation through time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._wiring import CELLS, RECURRENT

# A prediction made by a recurrent layer from at most this share of the steps ignores the sequence.
FEW_STEPS = 0.34
# Fewer steps than this make no sequence worth the test.
SHORTEST = 5
# A time step is padding where this share of the samples has ended, and real where as many have not.
PADDED = 0.75
# At most this share of the predictions changes with the whole input where only the longest samples are read.
UNMOVED = 0.25
# Starting from zeros must better a run by so much, and by so many times the noise, to show that the state was a stranger's.
GAIN = 0.1
NOISE_FACTOR = 3.0


class HiddenStateMisuse(Check):
    """See the module's docstring."""

    cause = "hidden-state-misuse"
    explains = (
        "script-error",
        "loss-plateau",
        "under-capacity",
        "no-signal-labels",
        "class-imbalance-collapse",
        "plateau-unigram",
        "optimizer-missing-params",
        "detached-graph",
        "vanishing-gradient",
        "lr-too-low",
    )

    def ask(
        self,
        modules: list[dict[str, Any]],
        parameters: list[dict[str, Any]],
        loaders: list[dict[str, Any]],
        trace: Trace,
        exam_dependency: dict[str, Any] | None = None,
        outcome: Outcome | None = None,
        exam_carried_state: dict[str, Any] | None = None,
    ) -> Verdict:
        """State always zero, state carried, steps unreached, layers unused."""
        empty = self._always_zero(parameters, trace)
        if empty is not None:
            return empty
        recurrent = [m for m in modules if RECURRENT & {m["class"], *m.get("bases", [])} and m.get("grad_calls")]
        cells = [m for m in modules if CELLS & {m["class"], *m.get("bases", [])} and m.get("grad_calls")]
        kept = self._kept_by_hand(trace, exam_carried_state)
        if kept is not None:
            return kept
        loop = ((exam_dependency or {}).get("time") or {}).get("processed")
        if not recurrent and not cells:
            # A recurrence written by hand: what it makes of the early steps is thrown away.
            few = self._unreached(exam_dependency, [{"name": "the loop", "site": loop}]) if loop else None
            return few or Absent("no recurrent module ran")
        shuffled = [loader for loader in loaders if loader.get("shuffled") and loader.get("grad_batches")]
        for m in recurrent:
            calls, carried = m["grad_calls"], m.get("state_nonzero", 0)
            if not shuffled or not self._whole_sequences(m):
                continue
            often = max(2, 0.5 * calls) if m.get("state_with_history", 0) > 1 else max(3, 0.8 * (calls - 1))
            if carried >= often:
                return self._carried(m, carried, calls)
        strange = self._of_strangers(recurrent, exam_carried_state)
        if strange is not None:
            return strange
        few = self._ended_before(exam_dependency, [*recurrent, *cells]) or self._after_padding(
            exam_dependency, [*recurrent, *cells]
        )
        few = few or self._unreached(exam_dependency, [*recurrent, *cells])
        if few is not None:
            return few
        unused = self._unused(recurrent, parameters)
        if unused is not None:
            return unused
        if exam_dependency is None:
            return CannotTell("which steps reach the prediction was not examined")
        return Absent(
            "states start fresh (or are carried in order), and the steps of the sequence reach the prediction"
        )

    @staticmethod
    def _always_zero(parameters: list[dict[str, Any]], trace: Trace) -> Present | None:
        """A recurrent weight, used at every step of the sequence, whose gradient is exactly zero all along: its state is."""
        norms = trace.arrays.get("layers/grad_norm")
        if norms is None or len(norms) < SHORTEST:
            return None
        often = [(i, p) for i, p in enumerate(parameters[: norms.shape[1]]) if p.get("uses", 0) >= SHORTEST]
        # Weights that all start at zero make a state of zeros by themselves.
        live = [(i, p) for i, p in often if p.get("init_absmax")]
        still = [(i, p) for i, p in live if p["requires_grad"] and p["reached"] and bool((norms[:, i] == 0).all())]
        moved = [i for i, _ in often if float(np.nanmax(norms[:, i], initial=0.0)) > 0]
        for _, p in still:
            low, high = min(p["shape"]), max(p["shape"])
            if len(p["shape"]) == 2 and high in {low, 3 * low, 4 * low} and moved:
                return Present(
                    title="The state starts anew at every step",
                    message=(
                        f"`{p['name']}` is used {p['uses']} times in a forward, and its gradient is exactly zero in all of "
                        f"{len(norms)} recorded steps: what it multiplies, the state of the step before, is always zero."
                    ),
                    why="Each time step is read by itself; nothing of the sequence is remembered.",
                    site=Site.of(p.get("used_site")),
                    evidence={"weight": p["name"], "uses": p["uses"], "steps": len(norms)},
                    remedies=[
                        RemedySpec(
                            "keep-state",
                            "make the zero state once, ahead of the loop over time, and hand each step's state on",
                            snippet="h = torch.zeros(n, hidden)\nfor t in range(steps):\n    h = self.cell(x[:, t], h)",
                            runtime=False,
                            why_not="the line that makes the state stands inside the loop",
                        )
                    ],
                    confidence=0.93,
                    structural=True,
                )
        return None

    @staticmethod
    def _whole_sequences(m: dict[str, Any]) -> bool:
        # A decoder that is called step by step hands its state on by nature.
        shape = (m.get("inputs") or [[0, 0, 0]])[0]
        time = shape[1] if m.get("batch_first") and len(shape) == 3 else shape[0]
        return len(shape) == 3 and time > 1

    @staticmethod
    def _harmful(exam: dict[str, Any]) -> bool:
        """Whether the run is clearly better where every batch starts from zeros."""
        own, reset = float(exam["own"]), float(exam["reset"])
        clearly = max(GAIN, NOISE_FACTOR * float(exam["noise"]))
        return bool(np.isfinite(reset)) and (not np.isfinite(own) or reset - own >= clearly)

    def _kept_by_hand(self, trace: Trace, exam: dict[str, Any] | None) -> Present | None:
        """A recurrence of the script's own takes up what it made of the batch before, and is better without."""
        carried = trace.list("carried")
        if exam is None or not carried or not self._harmful(exam):
            return None
        site = Site.of(carried[0]["site"])
        return Present(
            title="The state of one batch is carried into another one's sequences",
            message=(
                f"Line {site.line if site else '?'} takes up what the model made of the batch before ({carried[0]['op']}, "
                f"{tuple(carried[0]['shape'])}). The same steps with every batch started from zeros come to "
                f"{float(exam['reset']):.2f} instead of {float(exam['own']):.2f}: the batches do not follow one another."
            ),
            why="What the state remembers has nothing to do with the sequences that follow.",
            site=site,
            evidence={"op": carried[0]["op"], "own": exam["own"], "reset": exam["reset"], "noise": exam["noise"]},
            remedies=[
                RemedySpec(
                    "reset-hidden-state",
                    "start every batch from a zero state, or keep the sequences' order",
                    {"carried": carried},
                    snippet="h = torch.zeros(batch, hidden)",
                )
            ],
            confidence=0.85,
            structural=True,
        )

    def _of_strangers(self, recurrent: list[dict[str, Any]], exam: dict[str, Any] | None) -> Present | None:
        """No loader tells the order of the batches; the run that starts each of them from zeros does."""
        mine = [m for m in recurrent if m.get("state_nonzero")]
        if exam is None or not mine:
            return None
        own, reset = float(exam["own"]), float(exam["reset"])
        if not self._harmful(exam):
            return None
        found = self._carried(mine[0], mine[0]["state_nonzero"], mine[0]["grad_calls"])
        return replace(
            found,
            title="The state of one batch is carried into another one's sequences",
            message=(
                f"`{mine[0]['name']}` ({mine[0]['class']}) started {mine[0]['state_nonzero']} of {mine[0]['grad_calls']} calls from "
                f"the state of an earlier batch. The same steps with every batch started from zeros come to {reset:.2f} instead of "
                f"{own:.2f}: the batches do not follow one another."
            ),
            evidence=found.evidence | {"own": own, "reset": reset, "noise": float(exam["noise"])},
            confidence=0.85,
            structural=True,
        )

    def _carried(self, m: dict[str, Any], carried: int, calls: int) -> Present:
        return Present(
            title="The state of one shuffled batch is carried into the next",
            message=f"`{m['name']}` ({m['class']}) started {carried} of {calls} calls from a non-zero state although the loader shuffles: the state belongs to other samples.",
            why="What the state remembers has nothing to do with the sequences that follow.",
            site=Site.of(m.get("site")),
            evidence={"carried": carried, "calls": calls, "with_history": m.get("state_with_history", 0)},
            remedies=[
                RemedySpec(
                    "reset-hidden-state",
                    "start every batch from a zero state, or keep the sequences' order and detach the state",
                    {},
                    snippet="out, _ = self.rnn(x)",
                )
            ],
            confidence=0.75,
        )

    @staticmethod
    def _ended_before(exam: dict[str, Any] | None, recurrent: list[dict[str, Any]]) -> Present | None:
        """The last step is read, where all but the longest samples have ended: their predictions depend on no input at all."""
        ended = (exam or {}).get("ended")
        moved = max((m["prediction"] for m in (exam or {}).get("moves", [])), default=0.0)
        if ended is None or ended < PADDED or not 0 < moved <= UNMOVED:
            return None
        m = recurrent[0]
        return Present(
            title="The state is read after the padding",
            message=(
                f"Whatever input is exchanged, {1 - moved:.0%} of the predictions stay what they are: they read the last "
                f"step of `{m['name']}`, before which {ended:.0%} of the samples have ended."
            ),
            why="What a packed or masked layer puts out after a sample's end is filler; only the longest samples are read at all.",
            site=Site.of(m.get("site")),
            evidence={"unmoved": 1 - moved, "ended": ended},
            remedies=[
                RemedySpec(
                    "read-last-real-step",
                    "use h_n, or pick each sample's last real step",
                    runtime=False,
                    why_not="the picked index is written into the code",
                    snippet="out[torch.arange(len(lengths)), lengths - 1]",
                )
            ],
            confidence=0.95,
            structural=True,
        )

    @staticmethod
    def _after_padding(exam: dict[str, Any] | None, recurrent: list[dict[str, Any]]) -> Present | None:
        """Rows end in padding, and by the time the state is read nothing of the real steps is left in it."""
        time = (exam or {}).get("time")
        if not time or time["positions"] != 1 or not time.get("filler"):
            return None
        filler = np.asarray(time["filler"])
        reached = np.asarray(time["sees"][0]) > 0
        real = filler < 1 - PADDED
        if not reached.any() or not real.any() or reached[real].any() or (filler[reached] < PADDED).any():
            return None
        picks = np.asarray(time["picks"])
        m = recurrent[0]
        seen = int(picks[reached].min())
        return Present(
            title="The state is read after the padding",
            message=(
                f"By step {seen} of {time['length']}, {filler[reached].min():.0%} of the samples have ended and are padded; the prediction "
                f"reads `{m['name']}` after the padding, where only steps from there on still show: replacing one of the real steps "
                f"changes no prediction, replacing padding does."
            ),
            why="The recurrent layer goes on over the padding, and forgets in the meantime what it has read.",
            site=Site.of(m.get("site")),
            evidence={"reached_from": seen, "length": time["length"], "ended": float(filler[reached].min())},
            remedies=[
                RemedySpec(
                    "read-last-real-step",
                    "pack the sequences (pack_padded_sequence) and use h_n, or pick each sample's last real step",
                    runtime=False,
                    why_not="the picked index is written into the code",
                    snippet="out[torch.arange(len(lengths)), lengths - 1]",
                )
            ],
            confidence=0.93,
            structural=True,
        )

    def _unreached(self, exam: dict[str, Any] | None, recurrent: list[dict[str, Any]]) -> Present | None:
        time = (exam or {}).get("time")
        if not time or time["positions"] != 1 or time["length"] < SHORTEST:
            return None
        reached = np.asarray(time["sees"][0]) > 0
        share = float(reached.mean())
        if share > FEW_STEPS or not reached.any() or len(reached) < SHORTEST:
            return None
        steps = [int(p) for p in np.asarray(time["picks"])[reached]]
        m = recurrent[0]
        return Present(
            title="The prediction sees only a few time steps",
            message=f"Of {len(reached)} time steps tried, only {steps} reach the prediction, although `{m['name']}` reads all {time['length']}.",
            why="The picked output of the recurrent layer has not seen the rest of the sequence (wrong end of a direction, wrong step).",
            site=Site.of(m.get("site")),
            evidence={"reached_steps": steps, "tried": len(reached), "length": time["length"]},
            remedies=[
                RemedySpec(
                    "pick-last-state",
                    "take the last step of the forward direction and the first of the backward one (or h_n)",
                    runtime=False,
                    why_not="the picked index is written into the code",
                    snippet="torch.cat([h_n[-2], h_n[-1]], dim=1)",
                )
            ],
            confidence=0.9,
            structural=len(steps) == 1,  # all but one of the steps that are read are thrown away
        )

    def _unused(self, recurrent: list[dict[str, Any]], parameters: list[dict[str, Any]]) -> Present | None:
        for m in recurrent:
            mine = [p for p in parameters if p["name"].startswith(m["name"] + ".") and p.get("requires_grad")]
            unreached = [p["name"] for p in mine if not p.get("reached")]
            if mine and unreached and len(unreached) < len(mine):
                return Present(
                    title="A layer or direction of a recurrent module is never used",
                    message=f"{len(unreached)} of {len(mine)} weights of `{m['name']}` get no gradient: {', '.join(unreached[:4])}.",
                    why="What these weights compute is thrown away; the prediction uses another layer's or direction's state.",
                    site=Site.of(m.get("site")),
                    evidence={"unreached": unreached},
                    remedies=[
                        RemedySpec(
                            "pick-last-state",
                            "use h_n[-1] (last layer), and both directions of a bidirectional module",
                            runtime=False,
                            why_not="the picked index is written into the code",
                            snippet="h_n[-1]",
                        )
                    ],
                    confidence=0.8,
                )
        return None
