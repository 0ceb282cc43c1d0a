"""docs/json.md: every field of every document, from the schemas that the package ships."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.pages.schemas.files import SCHEMAS
from tests.pages.schemas.shared import FINDINGS, HEAD, MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages.schemas.kinds import Schema

HEADING = """\
# JSON

`--format json` prints one document. Fields are added over time; `schema_version` grows if one changes its
meaning or goes away. Non-finite numbers are `null`, and so is what was not measured. Tensors are named
`node:index`. `x[]` is each element of a list. `strip` prints none: its document is what `to_dict()`
gives in [Python](python.md).

The package has a JSON Schema of each document; [What a version promises](stability.md) says how to read it.
The codes are those of the [rules](rules/index.md), the formulas those of [Statistics](statistics.md).
"""
_SHARED = {"model": ("A model", MODEL), "findings": ("A finding", FINDINGS)}
"""Fields that several documents have in common, each with its section."""
_TABLE = ("", "| field | meaning |", "|---|---|")


def json_page() -> str:
    """The page."""
    lines = [HEADING, "## Every document", *_TABLE, *_rows(HEAD, "", {})]
    for title, schema in _SHARED.values():
        lines += ["", f"## {title}", *_TABLE, *_rows(_fields(schema), "", {})]
    for name, schema in SCHEMAS.items():
        lines += ["", f"## {name}"]
        known: dict[str, str] = {}
        for form in schema.get("anyOf", [schema]):
            fields = {key: field for key, field in form["properties"].items() if key not in HEAD}
            lines += ["", form["description"], *_TABLE, *_rows(fields, "", known)]
    return "\n".join([*lines, ""])


def _rows(fields: dict[str, Schema], path: str, known: dict[str, str]) -> Iterator[str]:
    """A row for each field and, below it, for those that it consists of, unless they are `known` by then:
    these fields, as text -> the field that has them.
    """
    for name, schema in fields.items():
        whole = f"{path}{name}"
        told = [_marked(schema["description"]), *_values(schema)]
        inner = _fields(schema)
        key = json.dumps(inner)
        title, shared = _SHARED.get(name, ("", None))
        if schema == shared:
            told.append(f"See [{title.lower()}](#{title.lower().replace(' ', '-')}).")
        elif key in known:
            told.append(f"Its fields are those of `{known[key]}`.")
        yield f"| `{whole}` | {' '.join(told)} |"
        if inner and schema != shared and key not in known:
            known[key] = whole
            yield from _rows(inner, f"{whole}[]." if "items" in schema else f"{whole}.", known)


def _fields(schema: Schema) -> dict[str, Schema]:
    """The fields of an object, or of each element of a list; of several forms, of all of them."""
    inside = schema.get("items", schema)
    fields: dict[str, Schema] = {}
    for form in inside.get("anyOf", [inside]):
        fields = {**form.get("properties", {}), **fields}
    return fields


def _values(schema: Schema) -> Iterator[str]:
    """The values that there are, of a field of few."""
    values = [value for value in schema.get("items", schema).get("enum", ()) if value is not None]
    if values:
        yield f"One of {', '.join(f'`{value}`' for value in values)}."


def _marked(text: str) -> str:
    """The text in a cell of a table; a null is code."""
    return re.sub(r"\bnull\b", "`null`", text.replace("|", "\\|"))
