"""Facts -> lines that a person reads: of a fixture all of them, of a damaged graph those that differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.answers.facts import facts_of, report_of
from tests.answers.graphs import Recipe
from tests.support.respelling import graphdefs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.answers.facts import Facts

LONGEST = 120
"""Characters of a value; the digest covers the rest."""
_BRIEF = {
    "model": ("outputs", "verdict"),
    "layer": (
        *("form", "op", "mode", "switch.source", "switch.default", "switch.constant", "switch.training_when"),
        *("epsilon", "momentum", "data_format", "channels", "updates", "trainable", "kept_axes"),
        *("statistics.state", "statistics.reason", "function"),
    ),
    "finding": ("severity", "layer"),
    "strip": ("layers", "digest", "refused"),
    "diff": (),
    "not": (),
    "check": ("error",),
}
"""What the lines of an undamaged fixture show, by the first word; of all else everything."""


def page(fixture: str, numbers: Sequence[int]) -> str:
    """What is said of the fixture, and of the damaged graphs of these numbers."""
    whole = Recipe(fixture, 0)
    original = report_of(whole.bytes(), fixture)
    plain = facts_of(whole.bytes(), fixture, original)
    lines = [f"# {fixture}", *_lines(plain)]
    nodes = _nodes(whole.message())
    for number in numbers:
        recipe = Recipe(fixture, number)
        lines += ["", f"# {fixture} {number}", *_edits(nodes, _nodes(recipe.message()))]
        lines += _changes(plain, facts_of(recipe.bytes(), fixture, original))
    return "\n".join(lines) + "\n"


def _lines(facts: Facts) -> Iterator[str]:
    for key, fields in facts.items():
        names = _BRIEF.get(key.partition(" ")[0], tuple(fields))
        shown = {name: fields[name] for name in names if name in fields}
        if shown:
            yield _line(key, shown)


def _changes(before: Facts, after: Facts) -> Iterator[str]:
    """A line for each fact of `after` that is another before, with the fields that are; and what is gone."""
    for key, fields in after.items():
        if key not in before or (fields and before[key].keys().isdisjoint(fields)):
            yield _line(f"+ {key}", fields)
            continue
        names = dict.fromkeys((*before[key], *fields))
        changed = {name: fields.get(name) for name in names if fields.get(name) != before[key].get(name)}
        if changed:
            yield _line(f"  {key}", changed)
    for key in before:
        if key not in after and "not read" not in after:
            yield f"- {key}"


def _line(key: str, fields: dict[str, Any]) -> str:
    shown = "; ".join(f"{name} {_value(value)}" for name, value in fields.items())
    return _printable(f"{key}: {shown}")


def _value(value: Any) -> str:
    if isinstance(value, list):
        text = "[" + ", ".join(_value(one) for one in value) + "]"
    else:
        text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _printable(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\n", "\\n").rstrip()


def _nodes(message: Any) -> dict[str, dict[str, Any]]:
    """Node -> op, inputs and attributes as text; those of functions as `function/node`."""
    found = {}
    for graphdef in graphdefs(message):
        bodies = [("", graphdef.node)]
        bodies += [(f"{one.signature.name}/", one.node_def) for one in graphdef.library.function]
        for scope, body in bodies:
            for node in body:
                attributes = {key: str(node.attr[key]) for key in sorted(node.attr)}
                found[f"{scope}{node.name}"] = {"op": node.op, "inputs": list(node.input), **attributes}
    return found


def _edits(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What the damage did, node by node."""
    for name, fields in after.items():
        if name not in before:
            yield _printable(f"  * {name}: {fields['op']} {fields['inputs']}")
            continue
        known = before[name]
        for key in dict.fromkeys((*fields, *known)):
            if fields.get(key) != known.get(key):
                value = " ".join(str(fields.get(key)).split()) if key in fields else "gone"
                yield _printable(f"  * {name}: {key} {value[:LONGEST]}")
