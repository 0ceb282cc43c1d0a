"""Findings -> Markdown for a job summary or a comment: the verdicts in a table, then a section for each.

GitHub takes 65,536 characters in a comment. What would be longer loses whole sections, and says so. All that
a file decides (paths, layers, messages) stands in code, where nothing is a link, a mention or markup; the
wiring of a layer is drawn by mermaid, whose labels take `#35;` for a letter that is markup there.

Sources: docs.github.com/get-started/writing-on-github; mermaid.js.org/syntax/flowchart.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bninspect.escaping import printable
from bninspect.render.check.groups import Group, groups, of_layers
from bninspect.render.check.words import counts, headline, summary
from bninspect.render.markdown import fenced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.check.result import CheckResult, ModelResult
    from bninspect.commands.check.sketch import Sketch

MOST = 60_000
"""Characters of the whole: under 64,000 with what is said of the sections that are left out."""
_LONGEST = 600
"""Characters of one message, name or path: a file may hold names of any length."""
_ROWS = 100
_OBEYED = re.compile(r"[&<>\"'`*_\[\]|\\~#@!]")
_PLAIN = re.compile(r"[^A-Za-z0-9_/:.,()=+ -]")


def markdown(result: CheckResult) -> str:
    """The report, at most 64,000 characters long."""
    wrong = [model for model in result.models if result.verdict(model) in ("fail", "not judged")]
    shown = wrong if len(result.models) > 1 else list(result.models)
    text = f"## bninspect check\n\n{_plain(summary(result).text)}\n"
    if len(shown) > 1:
        text += "\n".join(("", "| model | verdict | findings |", "|---|---|---|", *_rows(result, shown), ""))
    left = 0
    for model in shown:
        section = "\n".join(("", *_section(model), ""))
        if len(text) + len(section) <= MOST:
            text += section
        else:
            left += 1
    if left:
        text += f"\nLeft out, as a comment has no room for them: the sections of {left:,} models.\n"
    return text


def _rows(result: CheckResult, models: list[ModelResult]) -> Iterator[str]:
    """A row for each of the first models."""
    for model in models[:_ROWS]:
        what = counts(model.fresh) or "none"
        yield f"| {_code(model.path, 120)} | {result.verdict(model)} | {what} |"
    if len(models) > _ROWS:
        yield f"| {len(models) - _ROWS:,} more | | |"


def _section(model: ModelResult) -> Iterator[str]:
    """One model, folded: what is wrong, rule by rule, and the wiring of a layer."""
    said = headline(model).removeprefix(f"{model.path}: ")
    yield f"<details><summary>{_code(model.path)}: {_code(said)}</summary>"
    for group in groups(model.fresh):
        yield from ("", *_group(group, model))
    if known := [one for one in model.found if one.known]:
        yield from ("", f"In the baseline: {counts(known)}.")
    if model.sketch is not None and model.fresh:
        yield from ("", f"The wiring of {_code(model.sketch.layer)}:", "", *_flowchart(model.sketch))
    yield from ("", "</details>")


def _group(group: Group, model: ModelResult) -> Iterator[str]:
    """The findings of one rule: the layers, the evidence of the gravest, the fix."""
    first = group.found[0]
    yield f"**{first.finding.severity.value} {group.code} {first.name}**"
    yield from _fence("text", [of_layers(group.layers, model.layers), first.finding.message])
    if group.fixes:
        yield from (
            "fix:",
            "",
            *_fence("sh" if group.fixes[0].startswith("bninspect ") else "text", [group.fixes[0]]),
        )


def _flowchart(sketch: Sketch) -> Iterator[str]:
    """The layer as mermaid draws it; the branch that trains is marked."""
    numbers: dict[str, str] = {}
    for edge in sketch.edges:
        for end in (edge.start, edge.end):
            numbers.setdefault(end, f"n{len(numbers)}")
    yield "```mermaid"
    yield "flowchart LR"
    for name, number in numbers.items():
        mode = {sketch.training: " (training)", sketch.inference: " (inference)"}.get(name, "")
        yield f'  {number}["{_label(name)}{mode}"]'
    for edge in sketch.edges:
        arrow = f'-->|"{_label(edge.label)}"|' if edge.label else "-->"
        yield f"  {numbers[edge.start]} {arrow} {numbers[edge.end]}"
    if sketch.training in numbers:
        yield f"  style {numbers[sketch.training]} stroke:#d1242f,stroke-width:3px"
    yield "```"


def _fence(kind: str, lines: list[str]) -> Iterator[str]:
    """The lines as a block of code, which no line of it can end."""
    texts = [_short(line) if kind == "text" else printable(line) for line in lines if line]
    yield from ("", *fenced(kind, texts))


def _code(text: str, longest: int = _LONGEST) -> str:
    """The text as code within a line, a cell of a table or a summary."""
    return f"<code>{_plain(_short(text, longest))}</code>"


def _plain(text: str) -> str:
    """The text with nothing that Markdown or HTML obeys."""
    return _OBEYED.sub(lambda found: f"&#{ord(found[0])};", text)


def _label(text: str) -> str:
    """The text as mermaid shows it."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", _short(text, 120))


def _short(text: str, longest: int = _LONGEST) -> str:
    """The text, safe to print; its end is left out where it is too long for a comment."""
    shown = printable(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."
