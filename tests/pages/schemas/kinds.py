"""The parts that a JSON Schema (draft 2020-12) is made of; each says what it describes."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(told: str, *values: str, null: bool = False) -> Schema:
    """A text, or one of these values."""
    found = _typed("string", told, null)
    return {**found, "enum": [*values, *([None] if null else [])]} if values else found


def whole(told: str, *, null: bool = False) -> Schema:
    """A whole number from 0."""
    return {**_typed("integer", told, null), "minimum": 0}


def number(told: str, *, null: bool = False) -> Schema:
    """A number."""
    return _typed("number", told, null)


def flag(told: str, *, null: bool = False) -> Schema:
    """true or false."""
    return _typed("boolean", told, null)


def several(told: str, items: Schema, *, null: bool = False) -> Schema:
    """A list."""
    return {**_typed("array", told, null), "items": items}


def texts(told: str, *, null: bool = False) -> Schema:
    """A list of texts."""
    return several(told, {"type": "string"}, null=null)


def mapping(told: str, *types: str) -> Schema:
    """An object whose keys are names of the model."""
    return {**_typed("object", told, False), "additionalProperties": {"type": list(types)}}


def record(
    told: str, fields: dict[str, Schema], *, null: bool = False, optional: tuple[str, ...] = ()
) -> Schema:
    """An object; more fields may come."""
    required = [name for name in fields if name not in optional]
    return {**_typed("object", told, null), "properties": fields, "required": required}


def document(name: str, title: str, *forms: Schema) -> Schema:
    """A whole schema: of one form, or of any of several."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:bninspect:schema:1:{name}",
        "title": title,
    }
    return {**head, **forms[0]} if len(forms) == 1 else {**head, "anyOf": list(forms)}


def _typed(kind: str, told: str, null: bool) -> Schema:
    return {"description": told, "type": [kind, "null"] if null else kind}
