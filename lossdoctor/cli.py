"""The command line: thin. Every command answers with the exit codes of the public contract and never with a traceback of ours."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from lossdoctor import __version__

OUT = "lossdoctor-report"
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
        float | None, typer.Option("--budget", min=1.0, help="Seconds for exams and trials (default 120).")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", help="terminal, html, markdown, json, sarif, junit, github; repeatable."),
    ] = None,
    out: Annotated[
        str, typer.Option("--out", "-o", help="Folder for reports; - prints the one format to stdout.")
    ] = OUT,
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
    out: str,
    fail_on: Any,
    seed: Any,
    show_output: bool,
    baseline: Path | None,
) -> int:
    from lossdoctor import config as configuration
    from lossdoctor.contracts import registry
    from lossdoctor.diagnose import diagnose as run_diagnosis
    from lossdoctor.diagnose import exit_code
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
    if fail_on is not None and fail_on not in {"error", "warning", "never"}:
        raise Refused(f"--fail-on must be error, warning or never, not {fail_on!r}")
    try:
        settings = configuration.load(Path.cwd())
    except configuration.ConfigError as error:
        raise Refused(str(error)) from None
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
    known = _baseline(baseline)
    folder = Path(OUT if out == "-" else out)
    log = folder / "script.log" if out != "-" else Path(os.devnull)
    if out != "-":
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
    if known:
        for finding in diagnosis.findings:
            if _mark(finding) in known:
                finding.suppressed = "known from the baseline"
    _suppress_by_comment(diagnosis)
    result.exit_code = exit_code(diagnosis, settings.fail_on)
    try:
        _write(result, wanted, available, folder, out)
        sys.stdout.flush()
    except BrokenPipeError:
        _no_more_output()
    if result.exit_code == NO_DIAGNOSIS:
        hint = "" if out == "-" else f" (the script's output: {log})"
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


def _baseline(path: Path | None) -> set[tuple[str, str]]:
    if path is None:
        return set()
    from lossdoctor.trace import Diagnosis

    try:
        old = Diagnosis.from_dict(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"--baseline {path} is no lossdoctor report ({error})") from None
    return {_mark(f) for f in old.findings}


def _mark(finding: Any) -> tuple[str, str]:
    return finding.cause, finding.location.source if finding.location else ""


def _suppress_by_comment(diagnosis: Any) -> None:
    """``# lossdoctor: ignore[cause] reason`` on the finding's line."""
    import linecache
    import re

    for finding in diagnosis.findings:
        if finding.location is None or finding.suppressed:
            continue
        line = linecache.getline(finding.location.path, finding.location.line)
        match = re.search(r"#\s*lossdoctor:\s*ignore\[([\w\-, ]+)\]\s*(.*)", line)
        if match and finding.cause in [c.strip() for c in match.group(1).split(",")]:
            finding.suppressed = match.group(2).strip() or "ignored on its source line"


def _write(result: Any, wanted: list[str], available: dict[str, Any], folder: Path, out: str) -> None:
    from lossdoctor.trace.store import write

    if out != "-":
        write(result.trace, folder / "trace.h5", result.diagnosis)
    for name in wanted:
        report = available[name].load()()
        if not report.filename and hasattr(report, "show"):
            report.show(result.diagnosis, result.trace)
            continue
        text = report.render(result.diagnosis, result.trace)
        if out == "-" or not report.filename:
            typer.echo(text, nl=not text.endswith("\n"))
        else:
            (folder / report.filename).write_text(text, encoding="utf-8")
    if out != "-" and "html" in wanted and "terminal" in wanted:
        typer.echo(f"Report: {folder / 'report.html'}")


@app.command()
def report(
    trace_file: Annotated[Path, typer.Argument(metavar="TRACE", help="A trace.h5 written by diagnose.")],
    formats: Annotated[list[str] | None, typer.Option("--format", "-f", help="As for diagnose.")] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder, or - for stdout.")] = "-",
) -> None:
    """Render a recorded diagnosis again; needs no torch and no re-run."""
    from lossdoctor.contracts import registry
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
        renderer = available[name].load()()
        text = renderer.render(diagnosis, trace)
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

    found, broken = registry.checks()
    stage = ""
    for check in found:
        if check.stage != stage:
            stage = check.stage
            typer.echo(f"\n{stage}")
        typer.echo(f"  {check.cause:26} {_first_words(check)}")
    for line in broken:
        typer.echo(line, err=True)


@app.command()
def explain(cause: Annotated[str, typer.Argument(help="A cause id, as `lossdoctor checks` lists them.")]) -> None:
    """Print a cause's page."""
    import difflib

    from lossdoctor.contracts import registry

    found, _ = registry.checks()
    pages = {c.cause: _page(c) for c in found}
    if cause not in pages:
        near = difflib.get_close_matches(cause, pages, n=1)
        raise Refused(
            f"no such cause: {cause}" + (f"; did you mean {near[0]}?" if near else "; see `lossdoctor checks`")
        )
    typer.echo(f"{cause}\n{'=' * len(cause)}\n\n{pages[cause].strip()}")


def _first_words(check: Any) -> str:
    """The first paragraph of a check's page, on one line."""
    return " ".join(_page(check).strip().partition("\n\n")[0].split())


def _page(check: Any) -> str:
    own = type(check).__doc__ or ""
    module = sys.modules[type(check).__module__].__doc__ or ""
    return module if "What it detects" in module or not own else own


@app.command()
def fix(
    script: Annotated[str, typer.Argument(help="The training script.")],
    diff: Annotated[bool, typer.Option("--diff/--write", help="Print the patch, or apply it.")] = True,
    out: Annotated[str, typer.Option("--out", "-o", help="The folder with diagnose's trace.h5.")] = OUT,
) -> None:
    """Print or apply the patch of the last diagnosis of SCRIPT."""
    from lossdoctor.patches import PatchError, patched_files
    from lossdoctor.trace.store import TraceError, read

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
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours is told as one, with its own exit code
        typer.echo(
            f"lossdoctor: a fault of lossdoctor itself: {type(error).__name__}: {error}. Please report it with LOSSDOCTOR_DEBUG=1's output.",
            err=True,
        )
        if os.environ.get("LOSSDOCTOR_DEBUG"):
            traceback.print_exc()
            sys.stderr.write(getattr(error, "detail", ""))
        return OUR_FAULT
