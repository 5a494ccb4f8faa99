"""How a script's source is changed: by its syntax tree where the fault has one shape, by its exact text where it has not.

An edit is a function from source to source. Every edit counts what it changed and raises ``DoesNotApply`` when the
count is off, so that a base that was rewritten cannot turn a mutant into the healthy script unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import libcst as cst

Edit = Callable[[str], str]


class DoesNotApply(ValueError):
    """The source does not hold what the edit was to change."""


def _last_name(node: cst.BaseExpression) -> str:
    """``Adam`` of ``torch.optim.Adam``."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _called(line: cst.BaseStatement) -> str:
    """``opt.step`` of a statement that is nothing but such a call, else an empty string."""
    if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 and isinstance(line.body[0], cst.Expr):
        call = line.body[0].value
        if isinstance(call, cst.Call):
            return cst.Module([]).code_for_node(call.func)
    return ""


def _run(transformer: _Counting, source: str, wanted: int = 1) -> str:
    changed = cst.parse_module(source).visit(transformer)
    if transformer.hits != wanted:
        raise DoesNotApply(f"{type(transformer).__name__}: {transformer.hits} places, expected {wanted}")
    return changed.code


class _Counting(cst.CSTTransformer):
    hits = 0


# ---- by exact text


def swap(old: str, new: str, count: int = 1) -> Edit:
    """Put ``new`` where ``old`` stands, exactly ``count`` times."""

    def edit(source: str) -> str:
        if source.count(old) != count:
            raise DoesNotApply(f"{old!r} stands {source.count(old)} times, expected {count}")
        return source.replace(old, new)

    return edit


def after(line: str, *added: str) -> Edit:
    """Add lines after the one that is ``line``, with its indentation."""

    def edit(source: str) -> str:
        found = re.findall(rf"^([ \t]*){re.escape(line)}[^\n]*\n", source, re.M)
        if len(found) != 1:
            raise DoesNotApply(f"{len(found)} lines begin with {line!r}")
        text = "".join(f"{found[0]}{one}\n" for one in added)
        return re.sub(rf"^([ \t]*){re.escape(line)}[^\n]*\n", lambda m: m.group() + text, source, flags=re.M)

    return edit


def chain(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(source: str) -> str:
        for one in edits:
            source = one(source)
        return source

    return edit


# ---- by syntax tree


class _DropCall(_Counting):
    def __init__(self, pattern: str) -> None:
        super().__init__()
        self.pattern = re.compile(pattern)

    def leave_SimpleStatementLine(self, original_node, updated_node):
        if self.pattern.fullmatch(_called(original_node)):
            self.hits += 1
            return cst.RemoveFromParent()
        return updated_node


def drop_call(pattern: str) -> Edit:
    """Remove the statement that is a call of a function whose dotted name matches."""
    return lambda source: _run(_DropCall(pattern), source)


class _MoveCall(_Counting):
    def __init__(self, pattern: str, behind: str) -> None:
        super().__init__()
        self.pattern, self.behind = re.compile(pattern), re.compile(behind)

    def leave_IndentedBlock(self, original_node, updated_node):
        lines = list(updated_node.body)
        moved = [one for one in lines if self.pattern.fullmatch(_called(one))]
        anchors = [k for k, one in enumerate(lines) if self.behind.fullmatch(_called(one))]
        if len(moved) != 1 or len(anchors) != 1:
            return updated_node
        self.hits += 1
        lines.insert(anchors[0] + 1, moved[0])
        del lines[next(k for k, one in enumerate(lines) if one is moved[0])]
        return updated_node.with_changes(body=lines)


def move_call(pattern: str, behind: str) -> Edit:
    """Move a call statement behind another one of the same block."""
    return lambda source: _run(_MoveCall(pattern, behind), source)


_RATE = re.compile(r"(lr|learning_rate)", re.I)


class _ScaleRate(_Counting):
    """``lr=0.1`` in a call, ``lr: float = 0.1``, ``LR = 0.1``, ``LR, K = 0.1, 5`` or ``add_argument("--lr", default=0.1)``."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def _scaled(self, node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Float):
            return node
        self.hits += 1
        return cst.parse_expression(f"{float(node.value) * self.factor:.6g}")

    def leave_Arg(self, original_node, updated_node):
        if original_node.keyword is not None and _RATE.fullmatch(original_node.keyword.value):
            return updated_node.with_changes(value=self._scaled(updated_node.value))
        return updated_node

    def leave_AnnAssign(self, original_node, updated_node):
        if isinstance(original_node.target, cst.Name) and _RATE.fullmatch(original_node.target.value):
            return updated_node.with_changes(value=self._scaled(updated_node.value))
        return updated_node

    def leave_Assign(self, original_node, updated_node):
        target = original_node.targets[0].target
        if isinstance(target, cst.Name) and _RATE.fullmatch(target.value):
            return updated_node.with_changes(value=self._scaled(updated_node.value))
        if isinstance(target, cst.Tuple) and isinstance(updated_node.value, cst.Tuple):
            values = [
                one.with_changes(value=self._scaled(one.value)) if _RATE.fullmatch(_last_name(name.value)) else one
                for name, one in zip(target.elements, updated_node.value.elements, strict=True)
            ]
            return updated_node.with_changes(value=updated_node.value.with_changes(elements=values))
        return updated_node

    def leave_Call(self, original_node, updated_node):
        first = original_node.args[0].value if original_node.args else None
        if not isinstance(first, cst.SimpleString) or first.evaluated_value != "--lr":
            return updated_node
        scaled = [
            a.with_changes(value=self._scaled(a.value)) if a.keyword and a.keyword.value == "default" else a
            for a in updated_node.args
        ]
        return updated_node.with_changes(args=scaled)


def scale_rate(factor: float) -> Edit:
    """Multiply the one learning rate that the script writes down."""
    return lambda source: _run(_ScaleRate(factor), source)


class _Keyword(_Counting):
    def __init__(self, call: str, keyword: str, value: str | None) -> None:
        super().__init__()
        self.call, self.keyword, self.value = call, keyword, value

    def leave_Call(self, original_node, updated_node):
        if _last_name(original_node.func) != self.call:
            return updated_node
        kept = [a for a in updated_node.args if a.keyword is None or a.keyword.value != self.keyword]
        if self.value is None and len(kept) == len(updated_node.args):
            return updated_node
        self.hits += 1
        if self.value is not None:
            equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            kept.append(cst.Arg(cst.parse_expression(self.value), cst.Name(self.keyword), equal))
        if kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(args=kept)


def set_keyword(call: str, keyword: str, value: str) -> Edit:
    """Give a call a keyword argument, or give the one it has another value."""
    return lambda source: _run(_Keyword(call, keyword, value), source)


def drop_keyword(call: str, keyword: str) -> Edit:
    """Take a keyword argument away from a call."""
    return lambda source: _run(_Keyword(call, keyword, None), source)


class _WrapReturn(_Counting):
    def __init__(self, owner: str, template: str) -> None:
        super().__init__()
        self.owner, self.template, self.where = owner, template, []

    def visit_ClassDef(self, node):
        self.where.append(node.name.value)

    def leave_ClassDef(self, original_node, updated_node):
        self.where.pop()
        return updated_node

    def visit_FunctionDef(self, node):
        self.where.append(node.name.value)

    def leave_FunctionDef(self, original_node, updated_node):
        self.where.pop()
        return updated_node

    def leave_Return(self, original_node, updated_node):
        if self.where != [self.owner, "forward"] or updated_node.value is None:
            return updated_node
        self.hits += 1
        old = cst.Module([]).code_for_node(updated_node.value)
        return updated_node.with_changes(value=cst.parse_expression(self.template.format(old)))


def wrap_return(owner: str, template: str) -> Edit:
    """Put what ``owner.forward`` returns into the ``{}`` of a template."""
    return lambda source: _run(_WrapReturn(owner, template), source)


class _RenameCall(_Counting):
    """Replaces calls of one function by a template; ``{}`` stands for the first argument."""

    def __init__(self, name: str, template: str) -> None:
        super().__init__()
        self.name, self.template = name, template

    def leave_Call(self, original_node, updated_node):
        if cst.Module([]).code_for_node(original_node.func) != self.name:
            return updated_node
        self.hits += 1
        arguments = updated_node.args
        first = cst.Module([]).code_for_node(arguments[0].value) if arguments else ""
        return cst.parse_expression(self.template.format(first))


def replace_call(name: str, template: str, count: int) -> Edit:
    """Replace every call of ``name``, for example ``torch.relu`` by its argument."""
    return lambda source: _run(_RenameCall(name, template), source, count)
