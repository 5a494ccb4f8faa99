"""The command line: thin. Every command answers with the exit codes of the public contract and never with a traceback of ours."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from lossdoctor import __version__

USAGE, NO_DIAGNOSIS, OUR_FAULT = 2, 3, 4
# typer carries click inside since 0.20 and depends on it before: its exceptions are reached through typer either way.
UsageFault: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find out why the loss does not go down: run an unmodified PyTorch training script, name the root cause, prove it.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Refused(Exception):
    """A clear refusal: one line with cause and next step, and the exit code."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """See the app's help."""
    if version:
        typer.echo(f"lossdoctor {__version__}")
        raise typer.Exit(0)


@app.command(context_settings={"ignore_unknown_options": False})
def diagnose(
    target: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCRIPT [-- SCRIPT ARGS]", help="The training script, then its arguments after --."),
    ] = None,
    module: Annotated[str | None, typer.Option("--module", "-m", help="Run a module as `python -m` does.")] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", "-n", min=1, help="Optimizer steps to probe (default 100).")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=1.0, help="Seconds for the probe, start included (default 300).")
    ] = None,
    trials: Annotated[
        bool | None, typer.Option("--trials/--no-trials", help="Prove remedies by re-running the steps (default: yes).")
    ] = None,
    trial_steps: Annotated[
        int | None, typer.Option("--trial-steps", min=1, help="Steps of a trial (default: as many as the probe made).")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget",
            min=1.0,
            help="Seconds for exams and trials (default: five times the probe, between 120 and 600).",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", help="terminal, html, markdown, json, sarif, junit, github; repeatable."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="Folder for reports (default lossdoctor-report); - prints the one format to stdout."
        ),
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", help="error, warning or never: which findings make exit code 1.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Random start for scripts that set none (default 0).")
    ] = None,
    show_output: Annotated[bool, typer.Option("--show-output", help="Pass the script's own output through.")] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="A report.json; only findings that are not in it count.")
    ] = None,
) -> None:
    """Diagnose a training script."""
    raise typer.Exit(
        _diagnose(
            target or [],
            module,
            steps,
            timeout,
            trials,
            trial_steps,
            budget,
            formats or [],
            out,
            fail_on,
            seed,
            show_output,
            baseline,
        )
    )


def _diagnose(
    words: list[str],
    module: str | None,
    steps: Any,
    timeout: Any,
    trials: Any,
    trial_steps: Any,
    budget: Any,
    formats: list[str],
    out: str | None,
    fail_on: Any,
    seed: Any,
    show_output: bool,
    baseline: Path | None,
) -> int:
    from lossdoctor import config as configuration
    from lossdoctor import suppress
    from lossdoctor.contracts import registry
    from lossdoctor.doctor import diagnose as run_diagnosis
    from lossdoctor.doctor import exit_code
    from lossdoctor.output import write_reports
    from lossdoctor.trials.zygote import Target

    if module is None:
        if not words:
            raise Refused("no script given. Usage: lossdoctor diagnose train.py [-- its arguments]")
        script, arguments = words[0], words[1:]
        if not Path(script).exists():
            raise Refused(f"no such script: {script}")
        if Path(script).is_dir() and not (Path(script) / "__main__.py").is_file():
            raise Refused(f"{script} is a folder without a __main__.py")
        if not Path(script).is_dir() and not script.endswith((".py", ".pyw")) and not _looks_like_python(Path(script)):
            raise Refused(f"{script} is not a Python script")
    else:
        script, arguments = module, words
    available = registry.reports()
    wanted = formats or ([] if out == "-" else ["terminal", "html", "json"])
    for name in wanted:
        if name not in available:
            raise Refused(f"no such format: {name}; available: {', '.join(sorted(available))}")
    if out == "-" and len(wanted) != 1:
        raise Refused("--out - prints one report: name it with one --format")
    if fail_on is not None and fail_on not in configuration.FAIL_ON:
        raise Refused(f"--fail-on must be error, warning or never, not {fail_on!r}")
    settings = configuration.load(Path.cwd())
    for name, value in {
        "steps": steps,
        "timeout": timeout,
        "trials": trials,
        "trial_steps": trial_steps,
        "budget": budget,
        "fail_on": fail_on,
        "seed": seed,
    }.items():
        if value is not None:
            setattr(settings, name, value)
    known = baseline or (Path(settings.paths.baseline) if settings.paths.baseline else None)
    if known is not None:
        suppress.read_baseline(known)  # refused now, not after minutes
    folder = None if out == "-" else Path(out or settings.paths.out)
    log = folder / "script.log" if folder else Path(os.devnull)
    if folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(f"cannot make the report folder {folder}: {error.strerror}") from None
    from lossdoctor.progress import Live

    try:
        with Live(show=sys.stderr.isatty() and not show_output) as live:
            result = run_diagnosis(Target(script, module is not None, arguments), settings, log, live.tell, show_output)
    except KeyboardInterrupt:
        raise Refused("interrupted; the script's processes are ended and its files put back", 130) from None
    diagnosis = result.diagnosis
    if (diagnosis.error or {}).get("kind") == "no-script":
        raise Refused(diagnosis.summary)
    if known is not None:
        suppress.by_baseline(diagnosis, known)
        suppress.settle(diagnosis)
        result.exit_code = exit_code(diagnosis, settings.fail_on)
    try:
        broken = write_reports(result, wanted, available, folder)
        sys.stdout.flush()
    except BrokenPipeError:
        broken = []
        _no_more_output()
    for line in broken:
        typer.echo(f"lossdoctor: {line}", err=True)
    if broken and folder is None:
        return OUR_FAULT
    if result.exit_code == NO_DIAGNOSIS:
        hint = f" (the script's output: {log})" if folder else ""
        typer.echo(f"lossdoctor: {diagnosis.summary}{hint}", err=True)
    return result.exit_code


def _no_more_output() -> None:
    """Whoever read our output has gone (``| head``): the exit code still tells, and python's own last flush must not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _looks_like_python(path: Path) -> bool:
    try:
        compile(path.read_bytes(), str(path), "exec")
    except (SyntaxError, ValueError, OSError):
        return False
    return True


@app.command()
def report(
    trace_file: Annotated[Path, typer.Argument(metavar="TRACE", help="A trace.h5 written by diagnose.")],
    formats: Annotated[list[str] | None, typer.Option("--format", "-f", help="As for diagnose.")] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder, or - for stdout.")] = "-",
) -> None:
    """Render a recorded diagnosis again; needs no torch and no re-run."""
    from lossdoctor.contracts import registry
    from lossdoctor.contracts.report import ReportError
    from lossdoctor.trace.store import TraceError, read

    try:
        trace, diagnosis = read(trace_file)
    except TraceError as error:
        raise Refused(str(error)) from None
    if diagnosis is None:
        raise Refused(f"{trace_file} holds no diagnosis")
    available = registry.reports()
    for name in formats or ["terminal"]:
        if name not in available:
            raise Refused(f"no such format: {name}; available: {', '.join(sorted(available))}")
        try:
            renderer = registry.report(available[name])
            text = registry.rendered(available[name], renderer, diagnosis, trace)
        except ReportError as error:
            raise Refused(str(error), OUR_FAULT) from None
        if out == "-" or not renderer.filename:
            typer.echo(text, nl=not text.endswith("\n"))
        else:
            folder = Path(out)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / renderer.filename).write_text(text, encoding="utf-8")


@app.command()
def checks() -> None:
    """List every check: its stage, its cause, what it detects."""
    from lossdoctor.contracts import registry
    from lossdoctor.contracts.pages import first_words

    found, broken = registry.checks()
    found.sort(key=lambda c: registry.stage_index(c.stage))
    stage = ""
    for check in found:
        if check.stage != stage:
            stage = check.stage
            typer.echo(f"\n{stage}")
        typer.echo(f"  {check.cause:26} {first_words(check)}")
    for line in broken:
        typer.echo(line, err=True)


@app.command()
def explain(cause: Annotated[str, typer.Argument(help="A cause id, as `lossdoctor checks` lists them.")]) -> None:
    """Print a cause's page, and the thresholds that `[tool.lossdoctor.thresholds]` may set."""
    from lossdoctor.config import hint, load
    from lossdoctor.contracts import registry
    from lossdoctor.contracts.pages import page_of
    from lossdoctor.contracts.thresholds import applied, thresholds

    found = registry.checks()[0]
    check = next((c for c in found if c.cause == cause), None)
    if check is None:
        raise Refused(f"no such cause: {cause}{hint(cause, [c.cause for c in found], '; see `lossdoctor checks`')}")
    typer.echo(f"{cause}\n{'=' * len(cause)}\n\n{page_of(check).strip()}")
    defaults = {t.name: t.value for t in thresholds(type(check))}
    with applied(found, {cause: load(Path.cwd()).thresholds.get(cause, {})}):
        numbers = thresholds(type(check))
    typer.echo("\nThresholds" if numbers else "", nl=bool(numbers))
    for number in numbers:
        changed = "" if number.value == defaults[number.name] else f" (default {defaults[number.name]:g})"
        typer.echo(
            f"    {number.name} = {number.value:g}{changed}" + (f"  # {number.comment}" if number.comment else "")
        )


@app.command()
def fix(
    script: Annotated[str, typer.Argument(help="The training script.")],
    diff: Annotated[bool, typer.Option("--diff/--write", help="Print the patch, or apply it.")] = True,
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="The folder with diagnose's trace.h5 (default lossdoctor-report).")
    ] = None,
) -> None:
    """Print or apply the patch of the last diagnosis of SCRIPT."""
    from lossdoctor.config import load
    from lossdoctor.patches import PatchError, patched_files
    from lossdoctor.trace.store import TraceError, read

    out = out or load(Path.cwd()).paths.out
    try:
        _, diagnosis = read(Path(out) / "trace.h5")
    except TraceError as error:
        raise Refused(f"{error}; run `lossdoctor diagnose {script}` first") from None
    if diagnosis is None or Path(diagnosis.script).resolve() != Path(script).resolve():
        raise Refused(f"the diagnosis in {out} is not of {script}; run `lossdoctor diagnose {script}` first")
    if not diagnosis.patch:
        raise Refused("the diagnosis holds no source patch (its advice: see the report)", 0 if diagnosis.healthy else 1)
    if diff:
        typer.echo(diagnosis.patch, nl=False)
        return
    try:
        for path, text in patched_files(diagnosis).items():
            Path(path).write_text(text, encoding="utf-8")
            typer.echo(f"patched {path}")
    except PatchError as error:
        raise Refused(str(error), 1) from None


def run(argv: list[str]) -> int:
    """Parse and run; returns the exit code. Arguments after ``--`` belong to the script."""
    command = typer.main.get_command(app)
    try:
        code = command.main(args=argv or ["--help"], prog_name="lossdoctor", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except Refused as refusal:
        typer.echo(f"lossdoctor: {refusal}", err=True)
        return refusal.code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except UsageFault as error:
        message = error.format_message()
        hint = "arguments of the script go after --; " if "No such option" in message else ""
        typer.echo(f"lossdoctor: {message.rstrip('.')} ({hint}see lossdoctor --help)", err=True)
        return USAGE
    except BrokenPipeError:
        _no_more_output()
        return 0
    except Exception as error:  # noqa: BLE001 - the last resort, see below
        from lossdoctor.config import ConfigError
        from lossdoctor.contracts.thresholds import ThresholdError
        from lossdoctor.suppress import BaselineError

        if isinstance(error, (ConfigError, ThresholdError)):
            typer.echo(f"lossdoctor: {error}", err=True)
            return USAGE
        if isinstance(error, BaselineError):
            typer.echo(f"lossdoctor: --baseline {error}", err=True)
            return USAGE
        return _our_fault(error)


def _our_fault(error: Exception) -> int:
    """A fault of ours is told as one, with its own exit code."""
    typer.echo(
        f"lossdoctor: a fault of lossdoctor itself: {type(error).__name__}: {error}. Please report it with LOSSDOCTOR_DEBUG=1's output.",
        err=True,
    )
    if os.environ.get("LOSSDOCTOR_DEBUG"):
        traceback.print_exc()
        sys.stderr.write(getattr(error, "detail", ""))
    return OUR_FAULT
