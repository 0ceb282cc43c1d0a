"""What `help` says of the fields of a record, and of the keywords of a function.

A field is described once, in the text below it. Python does not keep that text: it is read from the source
when a person, or the generator of docs/python.md, asks for the name.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bninspect.options import Checked, kinds, worded

if TYPE_CHECKING:
    from collections.abc import Iterator

Documented = TypeVar("Documented")


class Described(NamedTuple):
    """A field of a record."""

    name: str
    kind: str
    """Its type as the source has it; of an option in words."""
    text: str
    """What stands below it; empty where nothing does."""


_WIDTH = 100
_DONE: set[object] = set()


def with_fields(found: Documented) -> Documented:
    """The class or function, its docstring followed by a line or two about each field or keyword."""
    if found in _DONE:
        return found
    _DONE.add(found)
    if isinstance(found, type) and is_dataclass(found):
        made = inspect.Signature([keyword(field, field.type) for field in fields(found)])
        setattr(found, "__signature__", made)  # noqa: B010
    lines = list(_lines(found))
    if lines:
        title = "Keywords:" if callable(found) and not isinstance(found, type) else "Fields:"
        found.__doc__ = "\n".join((inspect.cleandoc(found.__doc__ or ""), "", title, *lines))
    return found


def keyword(field: Field[Any], annotation: Any) -> inspect.Parameter:
    """A field as what gives it to a function: its default, and the annotation as it is shown."""
    default = field.default if field.default_factory is MISSING else field.default_factory()
    if default is MISSING:
        default = inspect.Parameter.empty
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _lines(found: Any) -> Iterator[str]:
    if isinstance(found, type):
        if is_dataclass(found):
            for field in described(found):
                yield from _line(field)
        return
    for record in getattr(found, "option_records", ()):
        for field in described(record):
            if field.name in inspect.signature(found).parameters:
                yield from _line(field)


def _line(field: Described) -> Iterator[str]:
    yield f"    {field.name}: {field.kind}"
    yield from textwrap.wrap(field.text, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)


@cache
def described(record: type) -> tuple[Described, ...]:
    """The fields of a dataclass, those that it inherits first."""
    texts: dict[str, str] = {}
    for base in reversed(record.__mro__):
        if base.__module__.startswith("bninspect."):
            texts |= dict(_below(base))
    words = (
        {name: worded(kind) for name, kind in kinds(record).items()} if issubclass(record, Checked) else {}
    )
    return tuple(
        Described(field.name, words.get(field.name, str(field.type)), texts.get(field.name, ""))
        for field in fields(record)
    )


def _below(record: type) -> Iterator[tuple[str, str]]:
    """(field, the text below it) of the fields that the class itself declares."""
    try:
        [tree] = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    except (OSError, SyntaxError):  # no source beside the package
        return
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match text:
                case ast.Expr(value=ast.Constant(value=str() as docstring)):
                    yield field.target.id, " ".join(docstring.split())
