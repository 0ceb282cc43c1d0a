"""The pages that are written by a program: one for each rule, their table, the thresholds, the Python API,
the fields of JSON, what was seen of converters and measured of few images."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.commands.rule import explain_rules
from bninspect.render.rule import rule_markdown
from bninspect.statistics import thresholds
from tests.pages import DOCS
from tests.pages.converters import converters_page
from tests.pages.documents import json_page
from tests.pages.few_images import few_images_page
from tests.pages.python import python_page
from tests.pages.schemas.files import schema_files

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = re.compile(r"(?<![`\[\w])BN[1-9]\d\d(?![\w.])")
FENCE = re.compile(r"(^```.*?^```$|`[^`]*`)", re.DOTALL | re.MULTILINE)


def generated() -> dict[Path, str]:
    """Path of each generated page -> its text."""
    return {
        DOCS / "rules" / "index.md": _rules(),
        DOCS / "thresholds.md": _thresholds(),
        DOCS / "python.md": python_page(),
        DOCS / "json.md": json_page(),
        DOCS / "converters.md": converters_page(),
        DOCS / "few-images.md": few_images_page(),
        **schema_files(),
        **dict(_pages()),
    }


def stray() -> list[Path]:
    """Pages of rules that are none."""
    return sorted(set((DOCS / "rules").glob("*.md")) - set(generated()))


def _rules() -> str:
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.severity.value} | {rule.summary} |"
        for rule in explain_rules().rules
    ]
    return "\n".join([
        "# Rules",
        "",
        "What `bninspect check` looks for. `bninspect rule CODE` prints a page.",
        "",
        "| code | name | severity | what is wrong |",
        "|---|---|---|---|",
        *rows,
        "",
    ])  # fmt: skip


def _pages() -> Iterator[tuple[Path, str]]:
    for rule in explain_rules().rules:
        title, _, body = rule_markdown(explain_rules(rule.code)).partition("\n")
        yield DOCS / "rules" / f"{rule.code}.md", f"{title}\n{_linked(body, rule.code)}"


def _linked(text: str, own: str) -> str:
    """The text with a link at every code of another rule, outside of code."""
    parts = FENCE.split(text)
    for place in range(0, len(parts), 2):
        parts[place] = CODE.sub(
            lambda match: match[0] if match[0] == own else f"[{match[0]}]({match[0]}.md)", parts[place]
        )
    return "".join(parts)


def _thresholds() -> str:
    """Every constant of `bninspect.statistics.thresholds` with the text behind it."""
    source = Path(thresholds.__file__).read_text(encoding="utf-8")
    module = ast.parse(source)
    lines = [
        "# Thresholds",
        "",
        "Every number that a verdict hangs on, and where it comes from.",
        "The formulas are in [Statistics](statistics.md).",
    ]  # fmt: skip
    for statement, behind in zip(module.body, module.body[1:], strict=False):
        match statement, behind:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value),
                ast.Expr(value=ast.Constant(value=str(told))),
            ):
                lines += ["", f"## {name}", "", f"`{ast.get_source_segment(source, value)}`: {told.strip()}"]
    return "\n".join([*lines, ""])
