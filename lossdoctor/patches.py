"""Source patches: the remedy of the root cause as a unified diff in the script's own words (libcst keeps its formatting)."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from lossdoctor.trace import Diagnosis, Finding, Trace

RECURRENT = {
    "LSTM",
    "GRU",
    "RNN",
    "Transformer",
    "TransformerEncoderLayer",
    "TransformerDecoderLayer",
    "MultiheadAttention",
}


class PatchError(Exception):
    """The patch does not fit the files as they are now."""


class _Edit(cst.CSTTransformer):
    """Base: knows line numbers, counts its changes."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, line: int | None = None) -> None:
        super().__init__()
        self.line = line
        self.changes = 0

    def here(self, node: cst.CSTNode) -> bool:
        """Whether ``node`` spans the wanted line."""
        place = self.get_metadata(PositionProvider, node)
        return self.line is None or place.start.line <= self.line <= place.end.line


def _last_name(func: cst.BaseExpression) -> str:
    if isinstance(func, cst.Attribute):
        return func.attr.value
    return func.value if isinstance(func, cst.Name) else ""


def _keyword(call: cst.Call, name: str) -> cst.Arg | None:
    return next((a for a in call.args if a.keyword is not None and a.keyword.value == name), None)


def _with_keyword(call: cst.Call, name: str, value: str) -> cst.Call:
    new = cst.Arg(
        cst.parse_expression(value),
        keyword=cst.Name(name),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    old = _keyword(call, name)
    if old is not None:
        return call.with_changes(args=[new.with_changes(comma=a.comma) if a is old else a for a in call.args])
    args = list(call.args)
    if args and isinstance(args[-1].comma, cst.MaybeSentinel):
        args[-1] = args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return call.with_changes(args=[*args, new])


class SetBatchFirst(_Edit):
    """``batch_first=True`` where such a layer is made."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """Add the keyword."""
        if _last_name(original_node.func) in RECURRENT:
            self.changes += 1
            return _with_keyword(updated_node, "batch_first", "True")
        return updated_node


class DropActivation(_Edit):
    """The call at the line gives way to what it was given."""

    def __init__(self, line: int, activation: str) -> None:
        super().__init__(line)
        self.activation = activation

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """``softmax(x, 1)``, ``x.softmax(1)``, ``self.softmax(x)`` become ``x``."""
        name = _last_name(original_node.func)
        if not self.here(original_node) or self.changes or self.activation not in name.lower().replace("log_", "log_"):
            return updated_node
        tensors = [
            a
            for a in updated_node.args
            if a.keyword is None and not isinstance(a.value, (cst.Integer, cst.UnaryOperation))
        ]
        if tensors:
            self.changes += 1
            return tensors[0].value
        if isinstance(updated_node.func, cst.Attribute):
            self.changes += 1
            return updated_node.func.value
        return updated_node


class ScaleLr(_Edit):
    """The number behind ``lr=`` where an optimizer is made."""

    def __init__(self, line: int | None, factor: float) -> None:
        super().__init__(line)
        self.factor = factor

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """Scale a literal."""
        arg = _keyword(updated_node, "lr")
        if arg is not None and isinstance(arg.value, (cst.Float, cst.Integer)) and self.here(original_node):
            self.changes += 1
            return _with_keyword(updated_node, "lr", f"{float(arg.value.value) * self.factor:.3g}")
        return updated_node


class MeanReduction(_Edit):
    """``reduction="mean"``."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """Exchange the keyword's value."""
        arg = _keyword(updated_node, "reduction")
        if arg is not None and isinstance(arg.value, cst.SimpleString) and arg.value.evaluated_value == "sum":
            self.changes += 1
            return _with_keyword(updated_node, "reduction", '"mean"')
        return updated_node


class MatchShape(_Edit):
    """The second argument of the loss call takes the first one's shape."""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """``loss(p, y)`` -> ``loss(p, y.view_as(p))``."""
        if (
            self.changes
            or not self.here(original_node)
            or len(updated_node.args) < 2
            or any(a.keyword for a in updated_node.args[:2])
        ):
            return updated_node
        prediction, target = updated_node.args[0].value, updated_node.args[1].value
        if not isinstance(prediction, (cst.Name, cst.Attribute)) or not isinstance(
            target, (cst.Name, cst.Attribute, cst.Subscript, cst.Call)
        ):
            return updated_node
        self.changes += 1
        new = cst.Call(cst.Attribute(target, cst.Name("view_as")), [cst.Arg(prediction)])
        return updated_node.with_changes(
            args=[updated_node.args[0], updated_node.args[1].with_changes(value=new), *updated_node.args[2:]]
        )


class InsertAhead(_Edit):
    """A statement ahead of the one at the line."""

    def __init__(self, line: int, statement: str) -> None:
        super().__init__(line)
        self.statement = statement

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> Any:
        """Insert."""
        if self.here(original_node) and not self.changes:
            self.changes += 1
            return cst.FlattenSentinel([cst.parse_statement(self.statement), updated_node])
        return updated_node


class NextStep(_Edit):
    """``x[:, :k]`` and ``x[:, k:]`` become ``x[:, :-1]`` and ``x[:, 1:]`` on the lines where the training data is cut."""

    def __init__(self, lines: list[int]) -> None:
        super().__init__()
        self.lines = set(lines)

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        """Exchange the bounds of the time slice."""
        place = self.get_metadata(PositionProvider, original_node)
        if len(updated_node.slice) < 2 or place.start.line not in self.lines:
            return updated_node
        first, second = updated_node.slice[0].slice, updated_node.slice[1].slice
        if not (
            isinstance(first, cst.Slice)
            and first.lower is None
            and first.upper is None
            and isinstance(second, cst.Slice)
            and second.step is None
        ):
            return updated_node
        if second.lower is None and second.upper is not None:
            new = cst.Slice(lower=None, upper=cst.parse_expression("-1"))
        elif second.upper is None and second.lower is not None:
            new = cst.Slice(lower=cst.parse_expression("1"), upper=None)
        else:
            return updated_node
        self.changes += 1
        element = updated_node.slice[1].with_changes(slice=new)
        return updated_node.with_changes(slice=[updated_node.slice[0], element, *updated_node.slice[2:]])


class _Optimizers(cst.CSTVisitor):
    """Names of optimizer variables, the model behind them, and the lines where they step."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[str, int]] = []
        self.model = ""

    def visit_Call(self, node: cst.Call) -> None:
        """Collect ``x.step()`` and ``model.parameters()``."""
        if isinstance(node.func, cst.Attribute):
            owner = cst.Module([]).code_for_node(node.func.value)
            if (
                node.func.attr.value == "step"
                and "sched" not in owner.lower()
                and not isinstance(node.func.value, cst.Call)
            ):
                self.steps.append((owner, self.get_metadata(PositionProvider, node).start.line))
            if node.func.attr.value == "parameters" and not self.model:
                self.model = owner


def patch_for(diagnosis: Diagnosis, trace: Trace) -> str | None:
    """A unified diff that applies the remedies of the plan's causes to the script's files; None where none has a source form."""
    texts: dict[str, str] = {}
    originals: dict[str, str] = {}
    for cause in diagnosis.plan[:4]:
        finding = diagnosis.finding(cause)
        if finding is None:
            continue
        for spec in finding.remedies:
            made = _edit(spec.id, spec.args, finding, trace)
            if made is None:
                continue
            path, make = made
            if path not in originals:
                try:
                    originals[path] = Path(path).read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
            new = _apply(texts.get(path, originals[path]), make)
            if new is not None:
                texts[path] = new
                break
    diff: list[str] = []
    for path, text in texts.items():
        name = Path(path).name
        diff += difflib.unified_diff(
            originals[path].splitlines(keepends=True), text.splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
    return "".join(diff) or None


def _apply(text: str, make: Callable[[str], _Edit | None]) -> str | None:
    try:
        edit = make(text)
        if edit is None:
            return None
        new = MetadataWrapper(cst.parse_module(text)).visit(edit).code
        compile(new, "patched", "exec")
    except (cst.ParserSyntaxError, SyntaxError):
        return None
    return new if edit.changes and new != text else None


def _optimizers(text: str) -> _Optimizers:
    found = _Optimizers()
    MetadataWrapper(cst.parse_module(text)).visit(found)
    return found


def _edit(
    ident: str, args: dict[str, Any], finding: Finding, trace: Trace
) -> tuple[str, Callable[[str], _Edit | None]] | None:
    """(file, how to make the edit for its text) of a remedy; None where it has no source form."""
    place = finding.location
    if place is None:
        return None
    backward = trace.main_stream.get("site")
    if ident == "set-batch-first":
        return place.path, lambda text: SetBatchFirst()
    if ident == "drop-activation":
        return place.path, lambda text: DropActivation(place.line, str(args.get("activation") or ""))
    if ident == "match-target-shape":
        return place.path, lambda text: MatchShape(place.line)
    if ident == "mean-loss":
        return place.path, lambda text: MeanReduction()
    if ident == "shift-targets":
        return place.path, lambda text: NextStep(list(args.get("lines") or []))
    if ident == "scale-lr":
        made = next((o.get("made_at") for o in trace.list("optimizers") if o.get("made_at")), None)
        path, line = (made["path"], made["line"]) if made else (place.path, None)
        return path, lambda text: ScaleLr(line, float(args.get("factor", 1.0)))
    if ident == "zero-gradients" and backward is not None:

        def zero(text: str) -> _Edit | None:
            steps = _optimizers(text).steps
            return InsertAhead(backward["line"], f"{steps[0][0]}.zero_grad()") if steps else None

        return backward["path"], zero
    if ident == "clip-gradients" and backward is not None:

        def clip(text: str) -> _Edit | None:
            found = _optimizers(text)
            after = [s for s in found.steps if s[1] > backward["line"]] or found.steps
            if not after or not found.model:
                return None
            owner = found.model
            return InsertAhead(
                after[0][1], f"torch.nn.utils.clip_grad_norm_({owner}.parameters(), {float(args.get('limit', 1.0)):g})"
            )

        return backward["path"], clip
    return None


def patched_files(diagnosis: Diagnosis) -> dict[str, str]:
    """Path -> new text, from the diagnosis's diff applied to the files as they are.

    Raises:
        PatchError: a hunk does not fit.
    """
    folder = Path(diagnosis.script).resolve().parent
    located = {Path(f.location.path).name: Path(f.location.path) for f in diagnosis.findings if f.location}
    out: dict[str, str] = {}
    current, lines, position, result = None, [], 0, []  # type: str | None, list[str], int, list[str]

    def close() -> None:
        if current is not None:
            out[current] = "".join(result + lines[position:])

    for row in (diagnosis.patch or "").splitlines(keepends=True):
        if row.startswith("--- "):
            close()
            name = row[6:].strip()
            path = located.get(name, folder / name)
            current, lines, position, result = (
                str(path),
                path.read_text(encoding="utf-8").splitlines(keepends=True),
                0,
                [],
            )
        elif row.startswith("+++ "):
            continue
        elif row.startswith("@@"):
            start = int(row.split()[1].split(",")[0][1:]) - 1
            result += lines[position:start]
            position = start
        elif row.startswith("+"):
            result.append(row[1:])
        else:
            if position >= len(lines) or lines[position] != row[1:]:
                raise PatchError(f"the patch does not fit {current} as it is now; run diagnose again")
            if row.startswith(" "):
                result.append(row[1:])
            position += 1
    close()
    return out
