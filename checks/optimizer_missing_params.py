"""The loss depends on parameters that no optimizer holds, so that they never move.

What it detects
    Parameters with a gradient that are in no optimizer: layers kept in a plain list, a layer replaced or a model made anew after the
    optimizer was built, a layer made inside ``forward``, an optimizer built on a part of the model.

Why training suffers
    They stay as random as they started.

Sick
    >>> self.branches = [nn.Linear(8, 8) for _ in range(3)]

Cured
    >>> self.branches = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

How sure we are
    Gradients and optimizers are compared parameter by parameter, and the parameter is followed: it never changes. An unregistered
    or orphaned parameter is always wrong; a registered one that the optimizer leaves out is told only when it still is noise and
    training suffers (a backbone may be left out on purpose). A run that learns is tried with the parameters in the optimizer: told
    only when it then learns clearly more. Inputs that require a gradient are no parameters.

References
    PyTorch documentation of ``ModuleList`` and "Per-parameter options" of ``torch.optim``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._weights import first_site, learns_well, moved, names, share_random, size

# A missing part below this share of all reached parameters is a remark at most.
WORTH_TELLING = 0.02
MOSTLY_RANDOM = 0.5


class OptimizerMissingParams(Check):
    """See the module's docstring."""

    cause = "optimizer-missing-params"
    explains = (
        "frozen-params",
        "optimizer-not-stepping",
        "loss-plateau",
        "lr-too-low",
        "under-capacity",
        "plateau-unigram",
        "class-imbalance-collapse",
        "no-signal-labels",
    )

    def ask(
        self,
        trace: Trace,
        parameters: list[dict[str, Any]],
        optimizers: list[dict[str, Any]],
        outcome: Outcome | None = None,
        exam_thaw: dict[str, Any] | None = None,
    ) -> Verdict:
        """Which parameters get gradients, and which of them does an optimizer hold?"""
        if trace.meta.get("manual_updates"):
            return self._by_hand(trace, parameters)
        if not optimizers:
            return CannotTell("no optimizer stepped")
        waiting = {i for o in trace.list("idle_optimizers") for i in o["parameters"]}
        bare = any(p["in_optimizer"] and not p["is_parameter"] for p in parameters)
        reached = [
            (i, p) for i, p in enumerate(parameters) if p["reached"] and p["requires_grad"] and self._is_weight(p, bare)
        ]
        missing = [
            (i, p) for i, p in reached if not p["in_optimizer"] and i not in waiting and moved(trace, i) is not True
        ]
        later = set((exam_thaw or {}).get("thawed", []))
        if joining := [p for _, p in missing if p["name"] in later]:
            return Absent(f"weights join in stages: {names(joining)} within {(exam_thaw or {})['steps']} steps")
        if not missing:
            return Absent(f"all {len(reached)} parameters that backward reaches are in an optimizer")
        lost = [p for _, p in missing]
        share = size(lost) / max(1, size(p for _, p in reached))
        held = [p for p in parameters if p["in_optimizer"]]
        orphans = [p for p in held if p["origin"] == "optimizer" and not p["reached"] and not p.get("used")]
        unregistered = [p for p in lost if p["origin"] in {"called", "graph"}]
        noise = share_random(lost)
        random = not np.isfinite(noise) or noise > MOSTLY_RANDOM
        evidence = {
            "missing": [p["name"] for p in lost[:20]],
            "share": share,
            "held": len(held),
            "held_but_unused": len(orphans),
            "share_still_random": noise if np.isfinite(noise) else None,
        }
        if orphans and size(orphans) >= 0.5 * size(held):
            how, title = (
                "the optimizer holds other tensors, which the loss does not use",
                "The optimizer holds another model's parameters",
            )
            advice = "build the optimizer after the model has its final form, from the model that is trained"
            certain = random or size(orphans) == size(held)  # what no loss uses cannot be what was meant to be trained
        elif orphans:
            how, title = (
                f"the optimizer still holds {names(orphans)}, which are no longer used",
                "Layers were replaced after the optimizer was built",
            )
            advice = "build the optimizer after the last layer was replaced"
            certain = random
        elif unregistered and trace.steps > 5 and all(p["reached"] == 1 for p in unregistered):
            how, title = "each forward makes new ones", "Layers are made anew in every forward"
            advice = "make layers once, in __init__, and use them in forward"
            certain = True
        elif unregistered:
            how, title = "they belong to no registered part of the model", "Layers are not registered with the model"
            advice = "keep layers in nn.ModuleList / nn.ModuleDict (or as attributes), made in __init__"
            certain = random and len(unregistered) == len(lost)
        else:
            how, title = "the optimizer was built on a part of the model", "The optimizer leaves parameters out"
            advice = "hand the missing parameters to the optimizer"
            certain = False
        if share < WORTH_TELLING:
            return Absent(f"only {names(lost)} ({share:.1%} of what backward reaches) are in no optimizer", evidence)
        if not certain and not random:
            return Absent(f"{names(lost)} are left out of the optimizer, as a backbone is; the rest learns", evidence)
        return Present(
            title=title,
            message=(
                f"{len(lost)} parameters ({share:.0%} of what backward reaches: {names(lost)}) get gradients and never "
                f"change: {how}."
            ),
            why="Parameters outside the optimizer keep their random start; what is trained must do without them.",
            site=self._site(lost, optimizers),
            evidence=evidence,
            remedies=[RemedySpec("add-missing-parameters", advice)],
            confidence=0.95 if certain else 0.75,
            structural=certain and not learns_well(outcome),
            by_trial=self._ahead(lost, held),
        )

    @staticmethod
    def _ahead(lost: list[dict[str, Any]], held: list[dict[str, Any]]) -> bool:
        """Whether what is trained builds on what is left out: not so for a network that only measures the loss."""
        mine = [p["order"] for p in lost if "order" in p]
        others = [p["order"] for p in held if p["reached"] and "order" in p]
        return bool(mine) and bool(others) and min(mine) < max(others)

    def _is_weight(self, parameter: dict[str, Any], bare: bool) -> bool:
        """An ``nn.Parameter``; in scripts that train plain tensors also a plain tensor that others are multiplied by."""
        return parameter["is_parameter"] or (
            bare and parameter.get("unit_axis", -1) >= 0 and parameter.get("position", 0) > 0
        )

    def _by_hand(self, trace: Trace, parameters: list[dict[str, Any]]) -> Verdict:
        followed = [(p, moved(trace, i)) for i, p in enumerate(parameters) if p["reached"] and p["requires_grad"]]
        still = [p for p, m in followed if m is False and (p["is_parameter"] or p["numel"] > 1)]
        moving = [p for p, m in followed if m]
        if not moving or not still or not any(p["is_parameter"] == moving[0]["is_parameter"] for p in still):
            return Absent("the script updates by hand every parameter that backward reaches")
        if not all(p["is_parameter"] for p in still):
            return Absent(f"{names(still)} do not change; they may be inputs")
        return Present(
            title="Parameters are left out of the update",
            message=f"{names(still)} get gradients, and the hand-written update never changes them.",
            why="They keep their random start.",
            site=self._site(still, []),
            evidence={"missing": [p["name"] for p in still[:20]]},
            remedies=[
                RemedySpec(
                    "update-all", "update every parameter", runtime=False, why_not="the update is the script's own"
                )
            ],
            confidence=0.6,
        )

    def _site(self, lost: list[dict[str, Any]], optimizers: list[dict[str, Any]]) -> Site | None:
        made = [o.get("made_site") for o in optimizers]
        return first_site([*made, *(p.get("used_site") for p in lost), *(o["site"] for o in optimizers)])
