"""Rules as text, Markdown and JSON: all of them a line each, or their pages.

A page is a docstring in a small part of Markdown: headings, paragraphs, lists, and blocks of code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.render.json import head
from bninspect.render.line import Line
from bninspect.text import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bninspect.commands.rule import RuleResult
    from bninspect.render.line import Tone
    from bninspect.rules import Rule

_TONES: dict[str, Tone] = {"error": "error", "warning": "warning", "note": "note"}


def rule_document(result: RuleResult) -> dict[str, Any]:
    """The rules, with their pages where those are wanted."""
    rules = [
        {"code": rule.code, "name": rule.name, "severity": rule.severity.value, "summary": rule.summary}
        | ({"page": rule.page.strip()} if result.whole else {})
        for rule in result.rules
    ]
    return {**head(), "rules": rules}


def rule_markdown(result: RuleResult) -> str:
    """The rules as a list, or their pages."""
    if not result.whole:
        return "\n".join(
            f"- {rule.code} {rule.name} ({rule.severity.value}): {rule.summary}" for rule in result.rules
        )
    return "\n".join(
        f"# {rule.code} {rule.name} ({rule.severity.value})\n\n{rule.page.strip()}\n" for rule in result.rules
    )


def rule_lines(result: RuleResult) -> Iterator[Line]:
    """The rules for a person: a line each, or their pages."""
    for number, rule in enumerate(result.rules):
        tone = _TONES[rule.severity.value]
        if not result.whole:
            text = f" {rule.name}: {rule.summary}"
            yield Line(text, tone, label=f"{rule.code}  {rule.severity.value:<8}", hang=17)
            continue
        if number:
            yield Line()
        yield Line(f"{rule.code} {rule.name} ({rule.severity.value})", tone)
        yield Line(f"{sentence(rule.summary)}.", indent=2, hang=0)
        yield from _page(rule)


def _page(rule: Rule) -> Iterator[Line]:
    """The page without its marks: paragraphs fold, code does not."""
    above = "start"
    for kind, text in _blocks(rule.page.strip().split("\n")):
        if kind == "title" or (above not in ("title", "item") and above != kind) or kind == above == "text":
            yield Line()
        if kind == "title":
            yield Line(text, "bold")
        elif kind == "code":
            yield Line(text, "note", indent=4, whole=True)
        else:
            yield Line(text.replace("`", ""), indent=2, hang=2 if kind == "item" else 0)
        above = kind


def _blocks(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(title, text, item or code; without its mark): a paragraph is one text, a line of code one code."""
    paragraph: list[str] = []
    code = False
    for line in (*lines, ""):
        begins = code or not line or line.startswith(("```", "## ", "- "))
        if begins and paragraph:
            yield "text", " ".join(paragraph)
            paragraph = []
        if line.startswith("```"):
            code = not code
        elif code:
            yield "code", line
        elif line.startswith("## "):
            yield "title", line.removeprefix("## ")
        elif line.startswith("- "):
            yield "item", line
        elif line:
            paragraph.append(line)
