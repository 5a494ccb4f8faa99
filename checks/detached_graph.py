"""A part of the model that should learn is cut off from the loss.

What it detects
    Parameters that the optimizer holds and whose output flows into the loss, but only through ``.detach()``, ``.data``, ``no_grad``,
    ``argmax``, a fresh ``torch.tensor(...)`` or numpy; and losses behind which no parameter of the model is left at all.

Why training suffers
    Backward stops at the cut: everything ahead of it keeps the values it started with.

Sick
    >>> features = encoder(x).detach()
    >>> loss = criterion(head(features), y)     # encoder and head are in the optimizer

Cured
    >>> loss = criterion(head(encoder(x)), y)

How sure we are
    Read from the operations of the recorded steps: which parameters were used, whether the loss depends on them, whether its graph
    reaches them. Parameters that any loss of the script reaches (GANs, stop-gradient branches), that no optimizer holds (target
    networks, EMA teachers), that were loaded or trained before (backbones), or that feed nothing (unused heads) are no finding.

References
    PyTorch documentation, "Autograd mechanics"; ``torch.Tensor.detach``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._errors import cut_off, error_of
from ._weights import first_site, learns_well, moved, names, share_random, size

# The cut part counts when it holds at least this share of what the optimizer holds: a lone unused scalar is no disease.
WORTH_TELLING = 0.02
# More than half of the judged weights are the noise they were filled with: nobody freezes those by intent.
MOSTLY_RANDOM = 0.5
# From this share of what the optimizer holds the cut is a fault although the rest learns well: what is meant to stay as it
# is has no place in an optimizer.
GREAT_PART = 0.2
# Cuts that a trial can undo while the script runs.
UNDONE = ("detach", "data")
# A term without gradient is told from this share of the loss's value on: less is a remark that was added up.
TERM = 0.1
WHY = "Backward stops at the cut; all parameters ahead of it keep their starting values."


class DetachedGraph(Check):
    """See the module's docstring."""

    cause = "detached-graph"
    explains = (
        "frozen-params",
        "vanishing-gradient",
        "loss-plateau",
        "lr-too-low",
        "under-capacity",
        "plateau-unigram",
        "class-imbalance-collapse",
        "no-signal-labels",
        "optimizer-not-stepping",
    )

    def ask(
        self,
        trace: Trace,
        optimizers: list[dict[str, Any]],
        losses: list[dict[str, Any]],
        outcome: Outcome | None = None,
    ) -> Verdict:
        """Compare what the optimizer holds with what backward reaches."""
        parameters = trace.list("parameters")
        error = error_of(trace)
        if cut_off(error):
            return self._refused(trace, error or {}, parameters)
        if not trace.list("streams"):
            return CannotTell("no backward was seen")
        if not optimizers:
            return Absent("the script updates by hand what it differentiates itself")
        held = [p for p in parameters if p["in_optimizer"] and p["requires_grad"]]
        if not held:
            return CannotTell("no optimizer holds a parameter that requires a gradient")
        reached = [p for p in held if p["reached"]]
        if not reached:
            return self._nothing(trace, parameters, held, losses)
        terms = [t for t in trace.list("lost_terms") if t["cut"] == "derivative" or t["share"] > TERM]
        # A loss with a derivative in it falls by its other parts, and no floor says how far it should.
        blind = outcome is not None and not np.isfinite(outcome.skill) and any(t["cut"] == "derivative" for t in terms)
        if terms and (blind or not learns_well(outcome)):
            return self._term(terms)
        still = {id(p) for i, p in enumerate(parameters) if not moved(trace, i)}
        lost = [p for p in held if not p["reached"] and p.get("cut") and p.get("flows_to_loss") and id(p) in still]
        lost = [p for p in lost if not p.get("guessed")] or lost
        if size(lost) < WORTH_TELLING * size(held):
            return Absent(
                f"backward reaches {len(reached)} of the optimizer's {len(held)} parameters; no other one feeds the loss"
            )
        return self._partly(lost, held, outcome)

    def _term(self, terms: list[dict[str, Any]]) -> Present:
        worst = max(terms, key=lambda t: float(t["share"]))
        if worst["cut"] == "derivative":
            message = (
                "A derivative of the model is taken without create_graph=True and goes into the loss: that term has a "
                "value, but no gradient, so that nothing is learned from it."
            )
            why = "autograd.grad throws its own graph away unless it is told to keep it."
            remedy = RemedySpec(
                "keep-graph",
                "take the derivative with create_graph=True",
                {"site": worst["site"]},
                snippet="torch.autograd.grad(u, x, torch.ones_like(u), create_graph=True)",
            )
        else:
            how = "inside torch.no_grad()" if worst["cut"] == "no_grad" else f"by {worst['cut']}"
            message = (
                f"A term that makes up {worst['share']:.0%} of the loss's value is computed from the model, but cut off from "
                f"it {how}: it is added up, and nothing is learned from it. Only the other terms train the model."
            )
            why, remedy = WHY, self._remedy(worst["cut"])
        return Present(
            title="A term of the loss carries no gradient",
            message=message,
            why=why,
            site=Site.of(worst["site"]) or Site.of(worst.get("joined")),
            evidence={"terms": len(terms), "share": worst["share"], "cut_by": worst["cut"]},
            remedies=[remedy],
            confidence=0.95,
            structural=True,
        )

    def _partly(self, lost: list[dict[str, Any]], held: list[dict[str, Any]], outcome: Outcome | None) -> Verdict:
        noise = share_random(lost)
        random = bool(np.isfinite(noise) and noise > MOSTLY_RANDOM)
        if not random and learns_well(outcome):
            return Absent(f"{names(lost)} are cut off on the way to the loss, as a backbone is; the rest learns")
        cut, guessed = lost[-1]["cut"], bool(lost[-1].get("guessed"))
        share = size(lost) / size(held)
        well = learns_well(outcome) and (guessed or share < GREAT_PART)
        how = "inside torch.no_grad()" if cut["name"] == "no_grad" else f"by {cut['name']}"
        return Present(
            title="Part of the model is detached from the loss",
            message=(
                f"{len(lost)} parameters ({share:.0%} of what the optimizer holds: {names(lost)}) feed the loss, "
                f"but the graph is cut {how}: backward never reached one of them, and none of them ever changed."
            ),
            why=WHY,
            site=Site.of(cut["site"]),
            evidence={
                "parameters": [p["name"] for p in lost[:20]],
                "share": share,
                "cut_by": cut["name"],
                "share_still_random": None if not np.isfinite(noise) else noise,
            },
            remedies=[self._remedy(cut["name"])],
            severity="info" if well else "error",
            confidence=0.95 if random and not guessed else 0.6,
            structural=random and not guessed and not well,
        )

    def _nothing(
        self,
        trace: Trace,
        parameters: list[dict[str, Any]],
        held: list[dict[str, Any]],
        losses: list[dict[str, Any]],
    ) -> Verdict:
        others = [p for p in parameters if p["reached"] and p["is_parameter"]]
        if others:
            return Absent(f"backward reaches {names(others)}, which no optimizer holds: the graph itself stands")
        if not any(p.get("used") for p in held):
            return Absent("the model that the optimizer holds is never used")
        cuts = [p["cut"] for p in held if p.get("cut")]
        behind = [
            op
            for r in losses
            for op in r.get("behind", [])
            if op["name"] in {"detach", "data", "tensor", "argmax", "round"}
        ]
        name = cuts[-1]["name"] if cuts else behind[0]["name"] if behind else ""
        streams = trace.list("streams")
        site = first_site(
            [*(c["site"] for c in cuts[-1:]), *(op.get("site") for op in behind[:1]), *(s["site"] for s in streams)]
        )
        return Present(
            title="The loss is cut off from the whole model",
            message=(
                f"{trace.meta.get('backwards', 0)} backwards reached none of the optimizer's {len(held)} parameters"
                + (f"; the graph is cut by {name}" if name else "")
                + ". The steps found no gradient."
            ),
            why=WHY,
            site=site,
            evidence={"held": len(held), "reached": 0, "cut_by": name, "backwards": trace.meta.get("backwards", 0)},
            remedies=[self._remedy(name)],
            confidence=0.97,
            structural=True,
        )

    def _refused(self, trace: Trace, error: dict[str, Any], parameters: list[dict[str, Any]]) -> Verdict:
        weights = [p for p in parameters if p["is_parameter"]]
        if weights and not any(p["requires_grad"] for p in weights):
            return Absent("no parameter requires a gradient: the model is frozen, not cut off")
        used = [p for p in weights if p["requires_grad"]]
        site = Site.of(error.get("site"))
        return Present(
            title="backward finds nothing to differentiate",
            message=f"{error['type']}: the tensor on which backward was called does not depend on any of the {len(used)} trainable parameters.",
            why=WHY,
            site=site,
            evidence={"error": str(error.get("message", ""))[:300], "trainable": len(used)},
            remedies=[self._remedy("")],
            confidence=0.97,
            structural=True,
        )

    def _remedy(self, name: str) -> RemedySpec:
        what = {
            "no_grad": "leave torch.no_grad() before this part of the model runs",
            "data": "use the tensor itself instead of its .data",
            "argmax": "argmax has no gradient: hand the scores to the loss",
        }.get(
            name, f"leave out {name} on the way to the loss" if name else "compute the loss from the model's own output"
        )
        if name in UNDONE:
            return RemedySpec("reattach", what)
        return RemedySpec("reattach", what, runtime=False, why_not="the line that cuts the graph must change")
