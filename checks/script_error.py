"""The script stops with an exception before training is done.

What it detects
    An exception that leaves the script (or an exit code other than 0) while its training is still under way.

Why training suffers
    No step is made any more.

Sick
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(16 * 3 * 3, 10))   # 16 x 2 x 2 arrive
    RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x64 and 144x10)

Cured
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(16 * 2 * 2, 10))

How sure we are
    The exception is the evidence. One that a more particular cause explains (nothing behind the loss requires a gradient; the
    script's own check for a non-finite loss) is left to that cause.

References
    Python's traceback, without the doctor's own frames.
"""

from __future__ import annotations

from lossdoctor.contracts.check import Check
from lossdoctor.trace import Absent, Present, RemedySpec, Site, Trace, Verdict

from ._errors import cut_off, error_of, stopped_itself


class ScriptError(Check):
    """See the module's docstring."""

    cause = "script-error"
    explains = ("loss-plateau", "optimizer-not-stepping")

    def ask(self, trace: Trace) -> Verdict:
        """Was there an exception?"""
        error = error_of(trace)
        if error is None:
            return Absent(f"the script ran without an exception (end: {trace.meta.get('end') or 'not told'})")
        if cut_off(error):
            return Absent(
                "backward was refused since nothing behind the loss requires a gradient: see the gradient path"
            )
        if stopped_itself(error, trace):
            return Absent("the script stopped itself after its loss had become non-finite: see what made it so")
        message = str(error.get("message", "")).strip().splitlines()
        first = message[0] if message else "no message"
        site = Site.of(error.get("site"))
        steps = trace.steps
        when = "before the first optimizer step" if steps == 0 else f"after {steps} optimizer steps"
        return Present(
            title=f"The script stops with {error['type']}",
            message=f"{error['type']} {when}{f' at line {site.line}' if site else ''}: {first[:300]}",
            why="Nothing is trained any more once the script has stopped.",
            site=site,
            evidence={
                "type": error["type"],
                "message": first[:500],
                "steps_before": steps,
                "traceback": str(error.get("traceback", ""))[-2000:],
            },
            remedies=[
                RemedySpec(
                    "repair-script",
                    "repair the line that raises; the traceback shows what arrived there",
                    runtime=False,
                    why_not="an exception has no general cure while the script runs",
                )
            ],
            confidence=1.0,
            structural=True,
        )
