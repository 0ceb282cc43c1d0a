"""A report as a notebook shows it: the verdict, and a table of what it is about."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from bninspect.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = dict[str, Any]

_MOST_ROWS = 40
"""As many as a person reads; all of them are in `to_dict` and `to_frame`."""


def shown(verdict: str, pictures: str, rows: Sequence[Row], columns: Sequence[str]) -> str:
    """HTML of a report: its verdict, the pictures of it, which are HTML, and the table."""
    return f"<p><strong>{_text(verdict)}</strong></p>{pictures}{table(rows, columns)}"


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """The first rows as an HTML table, and how many more there are; nothing without a row."""
    if not rows:
        return ""
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{_text(_value(row, column))}</td>' for column in columns)}</tr>"
        for row in rows[:_MOST_ROWS]
    )
    more = len(rows) - _MOST_ROWS
    rest = f"<p>and {more:,} more: to_frame() has them all</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def _value(row: Row, column: str) -> str:
    """What stands in a column (`own.score`); empty for null, and where an outer record is null."""
    value: Any = row
    for key in column.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _text(value: str) -> str:
    return escape(printable(value))
