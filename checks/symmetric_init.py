"""All units of a hidden layer start alike and stay alike.

What it detects
    Weights filled with one constant (zeros, ones, 0.5), so that every unit computes the same and receives the same gradient.

Why training suffers
    Units that start alike stay alike: however wide, the layer is worth one unit; with zeros in two layers it receives no gradient at all.

Sick
    >>> nn.init.constant_(layer.weight, 0.5)

Cured
    >>> nn.init.kaiming_uniform_(layer.weight)

How sure we are
    The spread between a layer's units is measured at the start and at the end of the run. Zeros that training breaks up (a zero-initialised
    last layer, the B matrix of a low-rank adapter, a linear model) are no finding.

References
    I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning" (2016), section 8.4.
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Site, Trace, Verdict

from ._layers import Layer, layers
from ._weights import LOOKUPS, number

# Difference between units, relative to the largest entry: rounding alone reaches about 1e-6 in float32; training that breaks the
# symmetry reaches 1e-2 within ten steps.
ALIKE = 1e-4
FEW_STEPS = 10


def spread(record: dict[str, Any], axis: int, when: str) -> float:
    """How much the units of a weight differ; -1 where it has only one."""
    return number(record.get(f"{when}_{'unit' if axis == 0 else 'column'}_spread", -1.0))


class SymmetricInit(Check):
    """See the module's docstring."""

    cause = "symmetric-init"
    explains = (
        "vanishing-gradient",
        "bad-initialization",
        "under-capacity",
        "loss-plateau",
        "plateau-unigram",
        "lr-too-low",
        "class-imbalance-collapse",
        "no-signal-labels",
        "dead-relu",
        "no-nonlinearity",
        "detached-graph",
    )

    def ask(self, trace: Trace) -> Verdict:
        """Which weights had units alike at the start, and which still have?"""
        weights = layers(trace)
        tables = self._tables(trace)
        if tables is not None:
            return tables
        if not weights:
            return CannotTell("no weight matrices were followed")
        units = [(w, int(w.record.get("unit_axis", 0))) for w in weights]
        candidates = [(w, a) for w, a in units if a in (0, 1) and w.shape[a] > 1 and spread(w.record, a, "init") == 0]
        if not candidates:
            return Absent(f"the units of all {len(weights)} weights start different from each other")
        if trace.steps < FEW_STEPS:
            return CannotTell(
                f"{candidates[0][0].name} starts with all units alike; {trace.steps} steps are too few to see whether they stay so"
            )
        same = [(w, a) for w, a in candidates if 0 <= spread(w.record, a, "end") < ALIKE]
        if not same:
            return Absent(f"{candidates[0][0].name} starts with all units alike, and training has told them apart")
        return self._present([w for w, _ in same], trace)

    @staticmethod
    def _tables(trace: Trace) -> Present | None:
        """Tables that are looked up, trained, and whose columns started alike and still are: one number for each row, many times over."""
        same = [
            p
            for p in trace.list("parameters")
            if p.get("used_by") in LOOKUPS
            and p["reached"]
            and p["in_optimizer"]
            and len(p["shape"]) == 2
            and p["shape"][1] > 1
            and spread(p, 1, "init") == 0
            and 0 <= spread(p, 1, "end") < ALIKE
            and spread(p, 0, "end") > 0  # the rows have been told apart: it was trained
        ]
        if not same or trace.steps < FEW_STEPS:
            return None
        same_names = [p["name"] for p in same]
        width = same[0]["shape"][1]
        return Present(
            title="All columns of a table are copies of each other",
            message=(
                f"The {width} columns of {same_names[0]} {same[0]['shape']} started with identical numbers and are still identical after "
                f"{trace.steps} steps, while its rows have come to differ"
                + (f"; so are those of {len(same) - 1} more tables." if len(same) > 1 else ".")
            ),
            why="Columns that start alike get the same gradient and stay alike: each row holds a single number.",
            site=Site.of(same[0].get("filled_at") or same[0].get("used_site")),
            evidence={"tables": same_names, "columns": width, "steps": trace.steps},
            remedies=[
                RemedySpec(
                    "reinitialise",
                    "start the table from random numbers",
                    {"tables": same_names},
                    snippet=f"nn.init.normal_({same_names[0]}, std=0.1)",
                )
            ],
            confidence=0.95,
            structural=True,
        )

    def _present(self, same: list[Layer], trace: Trace) -> Present:
        first = same[0]
        value = number(first.record["init_absmax"])
        units = first.shape[int(first.record.get("unit_axis", 0))]
        return Present(
            title="All units of a layer are copies of each other",
            message=(
                f"The {units} units of {first.name} {list(first.shape)} started with identical weights ({value:.3g}) and are still "
                f"identical after {trace.steps} steps"
                + (f"; so are those of {len(same) - 1} more layers." if len(same) > 1 else ".")
            ),
            why="Units that start alike get the same gradient and stay alike: the layer works as a single unit.",
            site=first.born,
            evidence={
                "layers": [w.name for w in same],
                "units": units,
                "value": value,
                "steps": trace.steps,
                "gradient": None if first.grad != first.grad else first.grad,
            },
            remedies=[
                RemedySpec(
                    "reinitialise",
                    "start the weights from random numbers scaled by the fan-in (biases may start at zero)",
                    {"parameters": [w.name for w in same]},
                    snippet=f"nn.init.kaiming_uniform_({first.name}, a=5 ** 0.5)",
                )
            ],
            confidence=0.95,
            structural=True,
        )
