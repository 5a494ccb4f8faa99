"""The dependency exam, from outside: which samples and which time steps reach which prediction.

One untouched run of a step and several runs with one sample (or one time step) of the data replaced, all forks of the same
moment: whatever differs depends on what was replaced. This follows data through any code, user reshapes included, needs no
gradients, and works for integers. (Replacing one sample and watching the others is the idea of
Lightning bolts' BatchGradientVerification and of torchtest2's batch independence; the operation at which samples first meet
is found by comparing every intermediate result.)
"""

from __future__ import annotations

from typing import Any

from lossdoctor.contracts.plan import Plan
from lossdoctor.trials.zygote import Runs

from .axes import sample_axis
from .dumps import Bench, Dump, array_of, differs, dump_of, index_length
from .mixing import SAMPLES_TRIED, meeting, mixing
from .time_reach import TIMES_TRIED, answers_of, ended_by_last, times

# A base run, one for a leaf, and two with replaced samples.
FEWEST_RUNS = 4
# Tensors by which data enters that are tried at most.
CANDIDATES = 4


def examine(
    zygote: Runs,
    step: int = 0,
    timeout: float = 60.0,
    jobs: int = 2,
    remedies: list[dict[str, Any]] | None = None,
    limit: float = float("inf"),
) -> dict[str, Any]:
    """Make the exam at ``step`` within about ``limit`` seconds.

    Returns its result as plain data, or ``{"cannot_tell": reason}``. Where time is short, fewer samples and time steps are
    replaced.
    """

    def plan(inject: dict[str, Any] | None, ops: bool) -> Plan:
        return Plan(
            steps=step + 3,
            remedies=remedies or [],
            exam={"kind": "dependency", "step": step, "inject": inject, "ops": ops},
            label="dependency",
        )

    base_run = zygote.run_all([plan(None, True)], timeout, 1)[0]
    base = dump_of(base_run)
    if base is None:
        return {"cannot_tell": f"the examined step did not come to a loss ({base_run.end})"}
    if not base.info["losses"] or "prediction0" not in base.arrays:
        return {"cannot_tell": "no comparison of a prediction with a target was recognised in the examined step"}
    affordable = int(min(limit / max(base_run.seconds, 0.01) * jobs, 1000))
    if affordable < FEWEST_RUNS:
        return {"cannot_tell": f"the time budget did not allow it: one step takes {base_run.seconds:.0f} s"}
    candidates = _candidates(base)
    if not candidates:
        return {"cannot_tell": "where the data enters was not recognised (no DataLoader, no module call with tensors)"}
    bench = Bench(zygote, plan, base, timeout, jobs)
    # Which leaf moves the prediction, which moves the target?
    dumps = bench.run([{**c, "axis": None} for c in candidates], ops=False)
    moves = [
        (c, _share(base, dump, "prediction0"), _share(base, dump, "target0"))
        for c, dump in zip(candidates, dumps, strict=True)
    ]
    moving = [m for m in moves if m[1] > 0]
    if not moving:
        if all(dump is None for dump in dumps):
            return {"cannot_tell": "the script did not come to its loss with changed data"}
        blind = {
            "ignores_input": True,
            "leaves": [m[0] for m in moves],
            "moves": _moves(base, moves),
            "step": step,
        }
        return blind | _met_unseen(bench, candidates)
    rows = base.info["losses"][0]["prediction"][:1]

    def fits(candidate: dict[str, Any]) -> tuple[bool, bool]:
        """Of inputs that reach as much: numbers ahead of indices, and those with a row for each prediction."""
        found = array_of(base, candidate)
        leaf = {"loader": "leaves", "call": "given"}.get(candidate["at"])
        number = bool(leaf and base.info[leaf][candidate["leaf"]]["float"])
        return found is not None and list(found.shape[:1]) == rows, number

    chosen = max(moving, key=lambda m: (m[1], *fits(m[0]), -m[0].get("leaf", 0)))[0]
    result: dict[str, Any] = {
        "ignores_input": False,
        "source": chosen,
        "losses": base.info["losses"],
        "step": step,
        "cuts": base.info.get("cuts", []),
        "moves": _moves(base, moves),
    }
    data = array_of(base, chosen)
    if data is None or data.ndim == 0:
        return result | {"cannot_tell_mixing": "the data is too large to examine"}
    axis, certain, why = sample_axis(base, chosen, data)
    result.update(
        sample_axis=axis,
        axis_certain=certain,
        axis_reason=why,
        input_shape=list(data.shape),
        prediction_shape=base.info["losses"][0]["prediction"],
        target_shape=base.info["losses"][0]["target"],
    )
    result["ended"] = max(
        (e for c, _, _ in moving if (e := ended_by_last(array_of(base, c), data.shape[axis])) is not None), default=None
    )
    if data.shape[axis] >= 2:
        mixing(bench, chosen, axis, data.shape[axis], result)
    left = max(3, min(affordable - len(dumps) - SAMPLES_TRIED - 1, TIMES_TRIED))
    # A decoder is given the answer, one step late, beside what it is to be made from.
    called = _called(base)
    others = [*called, *(c for c, _, _ in moving if c not in called)]
    times(bench, *answers_of(base, others, (chosen, data, axis)), result, left)
    return result


def _share(base: Dump, dump: Dump | None, name: str) -> float:
    """Share of an array that differs; 0 where there is nothing to compare."""
    changed = differs(base.arrays.get(name), dump.arrays.get(name)) if dump is not None else None
    return float(changed.mean()) if changed is not None else 0.0


def _met_unseen(bench: Bench, candidates: list[dict[str, Any]]) -> dict[str, Any]:
    """Where no input reaches the prediction: do samples meet on the way, so that what is read at the end is none of them?

    A layer that reads samples as time steps mixes them at every position apart; a position that holds the same for all
    samples (a query, a class token) then never sees its own.
    """
    unseen: dict[str, Any] = {"cannot_tell_mixing": "the prediction does not depend on the input at this step"}
    for source in candidates:
        data = array_of(bench.base, source)
        if data is None or data.ndim == 0:
            continue
        axis, certain, why = sample_axis(bench.base, source, data)
        batch = data.shape[axis]
        if batch < 2 or data.ndim < 2:
            continue
        inject = {**source, "axis": axis, "index": batch // 2, "sample_axis": axis}
        dump = bench.run([inject], ops=True)[0]
        met = meeting(bench.base, dump, batch) if dump is not None else None
        if met is None or met["kind"] not in {"recurrent", "attention"}:
            continue
        return {
            "source": source,
            "sample_axis": axis,
            "axis_certain": certain,
            "axis_reason": why,
            "samples": {
                "batch": batch,
                "replaced": [batch // 2],
                "reached": [met["share"]],
                "own_share": 1.0 / batch,
                "matrix": [],
            },
            "mixing": True,
            "meeting": met,
        }
    return unseen


def _moves(base: Dump, moves: list[tuple[dict[str, Any], float, float]]) -> list[dict[str, Any]]:
    """For each tensor that was exchanged as a whole: the shares of the prediction and of the target that changed with it."""
    found = []
    for candidate, prediction, target in moves:
        data = array_of(base, candidate)
        shape = list(data.shape) if data is not None else []
        found.append({**candidate, "shape": shape, "prediction": prediction, "target": target})
    return found


def _called(base: Dump) -> list[dict[str, Any]]:
    """What the outermost modules are given."""
    given = enumerate(base.info["given"])
    usable = [i for i, g in given if not g["bool"] and g["shape"] and f"given{i}" in base.arrays]
    return [{"at": "call", "leaf": i} for i in usable][:CANDIDATES]


def _candidates(base: Dump) -> list[dict[str, Any]]:
    """Where data enters: what a loader gives, what the outermost modules are given, or what inputs and targets come from."""
    info = base.info
    usable = [
        (i, leaf)
        for i, leaf in enumerate(info["leaves"])
        if not leaf["bool"] and leaf["shape"] and f"leaf{i}" in base.arrays
    ]
    if usable:
        return [{"at": "loader", "leaf": i} for i, _ in usable][:CANDIDATES]
    called = _called(base)
    if info["common"] and info["common"]["shape"]:
        # An index picks rows of inputs and targets apart: what it picked says more, as long as it reaches as far.
        return [*(called if index_length(base) else []), {"at": "op", "op": info["common"]["op"]}]
    return called
