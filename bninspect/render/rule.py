"""Rules as text, Markdown and JSON: all of them a line each, or their pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bninspect.commands.rule import RuleResult


def rule_document(result: RuleResult) -> str:
    """The rules as a JSON list, with their pages where those are wanted."""
    told = [
        {"code": rule.code, "name": rule.name, "severity": rule.severity.value, "summary": rule.summary}
        | ({"page": rule.page.strip()} if result.whole else {})
        for rule in result.rules
    ]
    return json.dumps(told, indent=2)


def rule_text(result: RuleResult, *, markdown: bool = False) -> str:
    """The rules a line each, or their pages (which are Markdown in either case)."""
    if result.whole:
        pages = (
            f"# {rule.code} {rule.name} ({rule.severity.value})\n\n{rule.page.strip()}\n"
            for rule in result.rules
        )
        return "\n".join(pages)
    marks = (
        f"# {rule.code} " if markdown else f"{rule.code}  {rule.severity.value:<8} " for rule in result.rules
    )
    return "\n".join(
        f"{mark}{rule.name}: {rule.summary}" for mark, rule in zip(marks, result.rules, strict=True)
    )
