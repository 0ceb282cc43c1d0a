"""docs/python.md, written of the docstrings of the API."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import bninspect
from bninspect.api.fields import Described, described

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_EXAMPLE = """\
import bninspect

report = bninspect.inspect("fixtures/classic.pb")
for layer in report.layers:
    print(layer.name, layer.mode.value, layer.statistics.state.value)  # bn switched initial
"""
_VERBS = ("inspect", "probe", "check", "strip", "refresh", "write_moments", "diff", "forecast", "load")


def python_page() -> str:
    """The page: what the package says of itself, the functions, what they give, and what they raise."""
    public = {name: getattr(bninspect, name) for name in dir(bninspect) if name != "__version__"}
    classes = {name: value for name, value in public.items() if isinstance(value, type)}
    enums = {name: value for name, value in classes.items() if issubclass(value, Enum)}
    errors = {name: value for name, value in classes.items() if issubclass(value, Exception)}
    records = {name: value for name, value in classes.items() if is_dataclass(value)}
    _, _, about = inspect.cleandoc(bninspect.__doc__ or "").partition("\n\n")
    lines = ["# From Python", "", "```python", _EXAMPLE + "```", "", about]
    lines += ["", "## Functions"]
    for name in _VERBS:
        lines += _function(name, public[name])
    reports = [name for name in records if name.endswith("Report")]
    lines += ["", "## Reports", *_methods(classes[reports[0]])]
    for name in reports:
        lines += _record(name, records[name])
    lines += ["", "## What is fed", *_record("Request", records["Request"])]
    lines += ["", "## Records"]
    for name in records:
        if name not in (*reports, "Request"):
            lines += _record(name, records[name])
    lines += ["", "## Choices", "", "| name | values | what it is |", "|---|---|---|"]
    for name, enum in enums.items():
        values = ", ".join(f"`{member.value}`" for member in enum)
        lines.append(f"| `{name}` | {values} | {_first(enum)} |")
    lines += ["", "## Errors", "", "| name | is a | when |", "|---|---|---|"]
    for name, error in errors.items():
        bases = ", ".join(f"`{base.__name__}`" for base in error.__bases__)
        lines.append(f"| `{name}` | {bases} | {_first(error)} |")
    return "\n".join([*lines, ""])


def _function(name: str, function: Any) -> Iterator[str]:
    yield from ("", f"### {name}", "")
    parameters = [f"    {one}," for one in inspect.signature(function).parameters.values()]
    if hasattr(function, "option_records"):
        star = next(
            place for place, one in enumerate(inspect.signature(function).parameters.values())
            if one.kind is inspect.Parameter.KEYWORD_ONLY
        )  # fmt: skip
        parameters.insert(star, "    *,")
    yield from ("```python", f"{name}(", *parameters, ")", "```", "", _told(function))
    shown = [
        field
        for record in getattr(function, "option_records", ())
        for field in described(record)
        if field.name in inspect.signature(function).parameters
    ]
    if shown:
        yield from ("", *_table("keyword", shown))


def _methods(report: type) -> Iterator[str]:
    """What every report has."""
    yield from ("", "Every report has `verdict` and `document`, and:", "")
    for name in ("to_dict", "to_frame"):
        text = " ".join(inspect.cleandoc(getattr(report, name).__doc__ or "").split())
        yield f"- `{name}()`: {text}"


def _record(name: str, record: type) -> Iterator[str]:
    yield from ("", f"### {name}", "", _told(record))
    shown = [field for field in described(record) if field.name not in ("verdict", "document")]
    if shown:
        yield from ("", *_table("field", shown))


def _table(title: str, shown: Iterable[Described]) -> Iterator[str]:
    yield from (f"| {title} | type | meaning |", "|---|---|---|")
    for field in shown:
        kind = field.kind.replace("|", "\\|")
        yield f"| `{field.name}` | {kind} | {field.text.replace('|', chr(92) + '|')} |"


def _told(found: Any) -> str:
    """The docstring without what was added to it for `help`."""
    text = inspect.cleandoc(found.__doc__ or "")
    for title in ("\n\nKeywords:\n", "\n\nFields:\n"):
        text = text.partition(title)[0]
    return text


def _first(found: type) -> str:
    return " ".join(inspect.cleandoc(found.__doc__ or "").partition("\n\n")[0].split())
