"""Numbers in the data that are no measurements: NaN, infinity, or a stand-in such as -9999.

What it detects
    NaN or infinity in what the model or the loss is given, before any loss was non-finite; a value far outside the
    rest of its column that is repeated exactly (a stand-in for "missing").

Why training suffers
    One NaN makes the loss NaN, the next step makes every weight NaN, and nothing recovers. A stand-in of -9999 among
    numbers around 1 makes a gradient thousands of times too large in every batch that holds it.

Sick
    >>> loss = F.mse_loss(model(x), y)      # x[1204, 3] is NaN

Cured
    >>> good = torch.isfinite(x).all(1) & torch.isfinite(y)
    >>> x, y = x[good], y[good]

How sure we are
    Every number that reached a model or a loss was looked at; columns and rows are named. A script that masks its
    missing values keeps a finite loss, and is left alone. A stand-in is only told when training suffers.

References
    PyTorch documentation of ``torch.isfinite`` and ``torch.nan_to_num``; Goodfellow et al., Deep Learning (2016), 11.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.contracts.check import Check
from lossdoctor.contracts.outcome import Outcome
from lossdoctor.trace import Absent, CannotTell, Present, RemedySpec, Trace, Verdict

from ._data import array_name, data_site, feature, learned, listed, slots, words
from ._rows import ALONE, ENOUGH, FAR_OUT, stand_in, whole


class BadDataValues(Check):
    """See the module's docstring."""

    cause = "bad-data-values"
    explains = (
        "exploding-gradient",
        "lr-too-high",
        "input-not-normalized",
        "target-not-normalized",
        "target-range-mismatch",
        "loss-plateau",
        "saturated-activation",
        "dead-relu",
        "loss-scaling",
        "bad-initialization",
    )

    def ask(self, trace: Trace, data: list[dict[str, Any]], outcome: Outcome | None = None) -> Verdict:
        """Non-finite numbers first, then stand-ins."""
        given = slots(trace, "input") + slots(trace, "target")
        if not given and not data:
            return CannotTell("no numbers given to a module or a loss were recorded")
        ruined = outcome.nonfinite_at if outcome is not None else None
        for _, slot in sorted(given, key=lambda item: item[1]["bad_first_step"]):
            if slot["bad_calls"] and ruined is not None and 0 <= ruined - slot["bad_first_step"] <= 1:
                return self._nonfinite(slot, trace, data)
        if ruined is not None and not slots(trace, "input"):
            for record in data:
                if record["bad_row_count"]:
                    return self._in_array(record, trace)
        handled = [s for _, s in given if s["bad_calls"]]
        if learned(outcome):
            note = (
                f"; {handled[0]['bad_calls']} batches hold non-finite values, which the script handles (the loss "
                "stays finite)"
                if handled
                else ""
            )
            return Absent(f"no value in the data does harm: {learned(outcome)}{note}")
        far = self._far_out(trace, data)
        if far is not None:
            return far
        numbers = sum(int(s["rows"]) for _, s in given)
        if handled:
            return Absent(
                "non-finite values in the data are handled: the loss stays finite in the steps that hold them"
            )
        return Absent(
            f"all values given to the model and the loss are finite ({numbers:,} rows in {trace.steps} steps), and "
            "no column has a repeated value far outside the rest"
        )

    def _nonfinite(self, slot: dict[str, Any], trace: Trace, data: list[dict[str, Any]]) -> Present:
        kind = "infinity" if slot["bad_kinds"]["inf"] and not slot["bad_kinds"]["nan"] else "NaN"
        what = "the targets" if slot["role"] == "target" else f"the model's input {tuple(slot['shape'])}"
        place = slot["places"][0]
        counts = np.asarray(slot["bad"])
        columns = np.nonzero(counts)[0]
        single = len(counts) > 1 and len(columns) <= 3
        where = f" in {listed([feature(slot, int(c)) for c in columns])}" if single else ""
        rows, source = "", None
        for record in data:
            if record["bad_row_count"]:
                source = record
                rows = (
                    f" Row{'s' if record['bad_row_count'] > 1 else ''} {listed(record['bad_rows'])} of "
                    f"{array_name(record)} hold{'' if record['bad_row_count'] > 1 else 's'} it "
                    f"({record['bad_row_count']:,} of {record['rows']:,})."
                )
                break
        return Present(
            title=f"{kind} in the data",
            message=f"Row {place['row']} of the batch at step {place['step']} holds {kind}{where}: "
            f"{slot['bad_rows']} of {slot['rows']:,} rows of {what} do, and the loss is not finite from then on.{rows}",
            why="One non-finite number makes the loss and every gradient non-finite; after that step all weights are.",
            site=data_site(trace),
            evidence={
                "first_step": slot["bad_first_step"],
                "rows": slot["bad_rows"],
                "rows_seen": slot["rows"],
                "columns": columns[:20].tolist(),
                "places": slot["places"][:10],
                "source_rows": source["bad_rows"] if source else [],
            },
            remedies=[self._remedy()],
            confidence=0.97,
            structural=True,
        )

    def _in_array(self, record: dict[str, Any], trace: Trace) -> Present:
        columns = [i for i, n in enumerate(record["nonfinite"]) if n]
        return Present(
            title="Non-finite values in the data",
            message=f"Row{'s' if record['bad_row_count'] > 1 else ''} {listed(record['bad_rows'])} of "
            f"{array_name(record)}, column{'s' if len(columns) > 1 else ''} {listed(columns)}: not finite "
            f"({record['bad_row_count']:,} of {record['rows']:,} rows); the loss becomes non-finite.",
            why="One non-finite number makes the loss and every gradient non-finite; after that step all weights are.",
            site=data_site(trace),
            evidence={"rows": record["bad_rows"], "row_count": record["bad_row_count"], "columns": columns[:20]},
            remedies=[self._remedy()],
            confidence=0.95,
            structural=True,
        )

    def _far_out(self, trace: Trace, data: list[dict[str, Any]]) -> Present | None:
        for name, role in (("pairs/sample_input", "input"), ("pairs/sample_target", "target")):
            values = trace.arrays.get(name)
            if values is not None and len(values) >= ENOUGH and not whole(values):
                values = np.unique(values, axis=0)
                for column in range(values.shape[1]):
                    odd = stand_in(values[:, column])
                    if odd is not None:
                        return self._odd(trace, data, role, column, odd)
                return None
        for record in data:
            if record["integer"]:
                continue
            for extreme in record["extremes"]:
                c = extreme["column"]
                spread = record["q75"][c] - record["q25"][c]
                gap = min(abs(extreme["value"] - extreme["rest_min"]), abs(extreme["value"] - extreme["rest_max"]))
                if spread > 0 and gap > (FAR_OUT if extreme["count"] > 1 else ALONE) * spread:
                    return self._odd(
                        trace,
                        data,
                        "input",
                        c,
                        (extreme["value"], extreme["count"], extreme["rest_min"], extreme["rest_max"], record["rows"]),
                    )
        return None

    def _odd(
        self,
        trace: Trace,
        data: list[dict[str, Any]],
        role: str,
        column: int,
        odd: tuple[float, int, float, float, int],
    ) -> Present:
        value, count, low, high, rows = odd
        batch = max((s["shape"][0] for _, s in slots(trace, "input")), default=0)
        source = next(((r, e) for r in data for e in r["extremes"] if e["count"] > 1 and r["rows"] > batch), None)
        where = ""
        if source is not None:
            record, extreme = source
            where = (
                f" In {array_name(record)} column {extreme['column']} holds {words(extreme['value'])} in "
                f"{extreme['count']} rows (row {listed(extreme['rows'], 3)})."
            )
        return Present(
            title="A stand-in for missing values in the data",
            message=f"{'Target' if role == 'target' else 'Input'} column {column} holds {words(value)} in {count:,} "
            f"of {rows:,} recorded rows; all others lie between {words(low)} and {words(high)}.{where}",
            why="The value is no measurement, but the model is asked to fit it: batches that hold it have gradients "
            "far larger than the others.",
            site=data_site(trace),
            evidence={
                "column": column,
                "value": value,
                "count": count,
                "rest": [low, high],
                "rows": rows,
                "role": role,
            },
            remedies=[self._remedy(self._stand_ins(trace, value))],
            confidence=0.9 if count > 1 else 0.55,
        )

    @staticmethod
    def _stand_ins(trace: Trace, value: float) -> list[float]:
        """The stand-in of every recorded column: scaled data holds another one in each."""
        found = {float(value)}
        for name in ("pairs/sample_input", "pairs/sample_target"):
            rows = trace.arrays.get(name)
            if rows is not None and len(rows) >= ENOUGH and not whole(rows):
                odd = [stand_in(column) for column in np.unique(rows, axis=0).T]
                found |= {float(o[0]) for o in odd if o is not None}
        return sorted(found)

    @staticmethod
    def _remedy(values: list[float] | None = None) -> RemedySpec:
        return RemedySpec(
            "drop-bad-values",
            "drop or repair these rows before training, and fail loudly when new ones appear",
            {"values": values} if values else {},
            snippet="good = torch.isfinite(x).flatten(1).all(1)\nx, y = x[good], y[good]",
        )
