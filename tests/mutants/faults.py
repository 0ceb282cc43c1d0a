"""Source text -> the single faults that can be planted in it: another comparison, a statement gone.

A fault is one node of the syntax tree written otherwise; every other byte stays. Annotations, docstrings,
assertions, messages of errors and what only type checkers read are left alone: they change nothing that a
caller could see, or only words. So is the number of a limit (`_LIMITS`): that a walk gives up after 65 steps
and not after 64 is no fault. That it gives up at all is one, and the comparison with the limit is changed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}

_LIMITS = ("MOST", "DEEPEST", "HOPS", "LONGEST", "LARGEST", "CHUNK", "WINDOW")
"""How names of constants begin that bound work or memory, and mean nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One change of a file."""

    line: int
    """Where the changed node begins, counted from 1."""
    lines: tuple[int, int]
    """First and last line of the statement it stands in, without the body of that statement."""
    is_global: bool
    """Whether it runs at import: outside every function."""
    start: int
    """Byte offset of the changed piece in the UTF-8 text."""
    end: int
    before: str
    after: str

    def plant(self, source: bytes) -> bytes:
        """The text with the fault in it."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def faults(source: str) -> list[Fault]:
    """Every single fault of the text, in the order of their places."""
    tree = ast.parse(source)
    starts = _line_starts(source)
    found = []
    for node, statement, is_global in _reachable(tree):
        for changed in _changes(node, statement):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[operator]
            before = source.encode()[start:end].decode()
            after = f"({ast.unparse(changed)})" if isinstance(changed, ast.expr) else ast.unparse(changed)
            if after != before:
                found.append(
                    Fault(
                        line=node.lineno,
                        lines=_header(statement),
                        is_global=is_global,
                        start=start,
                        end=end,
                        before=before,
                        after=after,
                    )
                )
    return sorted(found, key=lambda fault: (fault.start, fault.end, fault.after))


def _line_starts(source: str) -> list[int]:
    """Byte offsets at which the lines begin."""
    starts = [0]
    for line in source.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _reachable(tree: ast.Module) -> Iterator[tuple[ast.stmt | ast.expr, ast.stmt, bool]]:
    """(node, the statement it stands in, whether that is outside every function): all that may be changed."""
    stack: list[tuple[ast.AST, ast.stmt | None, bool]] = [(tree, None, True)]
    while stack:
        node, statement, is_global = stack.pop()
        if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if is_global and _is_limit(node):
            continue
        if isinstance(node, ast.stmt):
            statement = node
        if isinstance(node, ast.stmt | ast.expr) and statement is not None:
            yield node, statement, is_global
        inside = is_global and not isinstance(node, ast.FunctionDef | ast.Lambda)
        stack += [(child, statement, inside) for child in _children(node)]


def _is_limit(node: ast.AST) -> bool:
    """Whether it is a line like `_MOST_NODES = 400`."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.BinOp()):
            return name.lstrip("_").startswith(_LIMITS)
        case _:
            return False


def _header(statement: ast.stmt) -> tuple[int, int]:
    """First and last line of a statement, without its body."""
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return statement.lineno, max(statement.lineno, last)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node, less annotations, decorators and docstrings."""
    left_out = {"annotation", "returns", "decorator_list", "bases"}
    for name, value in ast.iter_fields(node):
        if name in left_out:
            continue
        values = value if isinstance(value, list) else [value]
        for child in values:
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            if isinstance(child, ast.AST):
                yield child


def _changes(node: ast.stmt | ast.expr, statement: ast.stmt) -> Iterator[ast.stmt | ast.expr]:
    """The node written wrongly, each way apart."""
    if _is_guard(statement) and node is statement.test:
        yield ast.Constant(value=False)
    match node:
        case ast.Compare(ops=[operator, *rest]) if type(operator) in _COMPARISONS:
            changed: list[ast.cmpop] = [_COMPARISONS[type(operator)](), *rest]
            yield ast.Compare(left=node.left, ops=changed, comparators=node.comparators)
        case ast.BoolOp(op=ast.And(), values=values):
            yield ast.BoolOp(op=ast.Or(), values=values)
            yield ast.BoolOp(op=ast.And(), values=values[1:]) if len(values) > 2 else values[1]
        case ast.BoolOp(op=ast.Or(), values=values):
            yield ast.BoolOp(op=ast.And(), values=values)
            yield ast.BoolOp(op=ast.Or(), values=values[:-1]) if len(values) > 2 else values[0]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield ast.Call(func=ast.Name(id="bool"), args=[operand], keywords=[])
        case ast.BinOp(op=operation) if type(operation) in _ARITHMETIC and not _is_text(node):
            yield ast.BinOp(left=node.left, op=_ARITHMETIC[type(operation)](), right=node.right)
        case ast.Constant(value=bool() as flag):
            yield ast.Constant(value=not flag)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(value=number + 1)
        case ast.Return(value=ast.expr() as value) if not _is_no(value):
            yield ast.Return(value=ast.Constant(value=None))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test=test, body=orelse, orelse=body)
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield ast.Pass()
        case _:
            return


def _is_guard(statement: ast.stmt) -> TypeGuard[ast.If]:
    """Whether it is an `if` that only leaves: what it guards against must come up in a test."""
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and isinstance(statement.body[0], ast.Return | ast.Continue | ast.Raise | ast.Break)
    )


def _is_no(value: ast.expr) -> bool:
    """Whether it is None or False: None in its place says no as well."""
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)


def _is_text(node: ast.BinOp) -> bool:
    """Whether a side is text or a list: + joins these, and another operator only raises TypeError."""
    kinds = ast.JoinedStr | ast.List | ast.Tuple
    return any(isinstance(side, kinds) or _is_string(side) for side in (node.left, node.right))


def _is_string(side: ast.expr) -> bool:
    return isinstance(side, ast.Constant) and isinstance(side.value, str | bytes)
