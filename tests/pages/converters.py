"""docs/converters.md: what converters make of each form, as `python -m tests.converters` saw it."""

from __future__ import annotations

from collections import Counter

from bninspect.converters.fact import Serves
from bninspect.converters.table import FACTS
from bninspect.render.forecast.screen import WORDS
from tests.converters.recorded import cells_of, recorded, reports

_FORMS = {
    "classic.pb": "Switch and Merge under a boolean placeholder",
    "layers_decomposed_2.pb": "the same, a chain of arithmetic",
    "stateless_if.pb": "StatelessIf under a boolean placeholder",
    "layers_fused_if_2.pb": "If of TensorFlow 2, with what its gradient needs",
    "negated.pb": "a negated predicate",
    "names_lie.pb": "a negated predicate, the branches of the Merge the other way round",
    "default_true.pb": "PlaceholderWithDefault(true)",
    "default_false.pb": "PlaceholderWithDefault(false), as a learning phase",
    "const_true.pb": "a constant true",
    "const_false.pb": "a constant false",
    "fixed_training_fused_2.pb": "fused, is_training=true, stored statistics",
    "fixed_training_fused_115.pb": "fused, is_training=true, no statistics",
    "tfkeras_training.pb": "fused, is_training=true, exponential_avg_factor 0.01",
    "is_training_absent.pb": "fused, without the attribute is_training",
    "fixed_training_decomposed_2.pb": "a chain that trains",
    "fixed_inference_fused_115.pb": "fused, is_training=false",
    "fixed_inference_decomposed_115.pb": "a chain of stored statistics",
    "cond_ema_115.pb": "updates of what freezing made a constant",
    "global_stored.pb": "BatchNormWithGlobalNormalization",
    "fused_relu.pb": "_FusedBatchNormEx",
}
"""Fixture -> the form that it shows."""
_TEXT = """\
# Converters

Some converters change the mode of a batch norm and say nothing. `bninspect forecast MODEL` tells before one
is run what each will make of a model; with `--try` it runs those that are installed and shows what they
really serve. `bninspect.forecast(model)` is the same from Python, and every page of `report` has it.

Two changes are silent, and the gravest: **OpenVINO** takes a PlaceholderWithDefault for its default, so
that `true` serves training and the input is gone; **Core ML** does not read `is_training`, and serves
stored statistics where the file trains. The fix is the same: `bninspect strip MODEL -o OUT`, then convert
OUT.

What was seen in runs ({versions}), by the numbers that the converted model gives beside those of both modes
in TensorFlow. `asks` is a conditional that is left and serves what it is fed; `other numbers` are those of
neither mode.

{table}

What Core ML makes runs on a Mac alone. Here its program (MIL) was evaluated in NumPy. TensorRT was not run:
what `forecast` says of it is reported, untested, and stands in no table. OpenCV normalizes each image by
itself where the file trains.

## After strip

Of the {stripped} fixtures that `strip` writes, how many each converter took, and of how many it served the
numbers of inference mode in TensorFlow, to 0.01 % of the largest value (float16 1 %, quantized 5 %). The
others are forecast: OpenCV takes statistics over other axes for those of channels, and Core ML moves weights
that are quantized with narrow_range by half a step.

{after}

`python -m tests.converters` runs all of it: {cells} pairs of a fixture and a converter. The forecast is
what was seen in {right}, `unknown` in {unknown}; in {untold} the run cannot tell:

{reasons}

What a converter refuses for other ops than those of batch norm is forecast as far as the fixtures hold it: a
model that reads sound, say, may be refused all the same. `--try` shows it.
"""
_REFUSED_TOO = "the original does not run on made-up values, so that a refusal of it says nothing"
_TITLES = {one.name: one.title for one in FACTS if one.tested}
"""Converter -> its name in the head of a table."""


def converters_page() -> str:
    """The page, of the record of a run."""
    record = recorded()
    names = [name for name in _TITLES if name in record["versions"]]
    head = [
        f"| form | fixture | {' | '.join(_TITLES[name] for name in names)} |",
        "|---" * (len(names) + 2) + "|",
    ]
    rows = [
        f"| {form} | `{file}` | {' | '.join(_word(record['original'][file][name]) for name in names)} |"
        for file, form in _FORMS.items()
    ]
    return _TEXT.format(
        versions=", ".join(f"{_TITLES[name]} {record['versions'][name]}" for name in names),
        table="\n".join([*head, *rows]),
        stripped=len(record["stripped"]),
        after=_after(record, names),
        **_counts(record),
        reasons=_reasons(record),
    )


def _word(serves: str | None) -> str:
    return "?" if serves is None else WORDS[Serves(serves)]


def _after(record: dict[str, dict[str, dict[str, str | None]]], names: list[str]) -> str:
    lines = ["| converter | took | served inference |", "|---|---|---|"]
    for name in names:
        found = [row[name] for row in record["stripped"].values()]
        took = [serves for serves in found if serves not in ("refuses", None)]
        lines.append(f"| {_TITLES[name]} | {len(took)} | {took.count('inference')} |")
    return "\n".join(lines)


def _reasons(record: dict[str, dict[str, dict[str, str]]]) -> str:
    """Why the run cannot tell, each reason once, with the number of its cells."""
    cells = cells_of(record["original"], reports(record["original"]))
    untold = [record["untold"][cell.name][cell.converter] for cell in cells if cell.outcome == "untold"]
    counts = Counter(_REFUSED_TOO if "Error: " in reason else reason for reason in untold)
    lines = ["| why | cells |", "|---|---|"]
    return "\n".join([*lines, *(f"| {reason} | {count} |" for reason, count in counts.most_common())])


def _counts(record: dict[str, dict[str, dict[str, str | None]]]) -> dict[str, int]:
    found = [cell.outcome for cell in cells_of(record["original"], reports(record["original"]))]
    return {"cells": len(found), **{kind: found.count(kind) for kind in ("right", "unknown", "untold")}}
