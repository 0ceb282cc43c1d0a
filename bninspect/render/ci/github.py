"""Findings -> workflow commands, which GitHub Actions shows as annotations.

Source: docs.github.com/actions/reference/workflow-commands-for-github-actions, and actions/toolkit's
command.ts for the escapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.escaping import printable_lines
from bninspect.text import listed

if TYPE_CHECKING:
    from bninspect.commands.check.result import CheckResult

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def github(result: CheckResult) -> str:
    """One command a line: findings that are not in the baseline, models that could not be read, and once for
    each reason the rules that did not run: GitHub shows ten notices of a step.
    """
    lines = []
    for model in result.models:
        if model.error is not None:
            lines.append(_command("error", model.path, "bninspect", model.error))
        for found in model.found:
            finding = found.finding
            if found.known:
                continue
            where = f"{finding.layer}: " if finding.layer else ""
            fix = f"\nfix: {finding.fix}" if finding.fix else ""
            title = f"{finding.code} {found.name}"
            lines.append(
                _command(
                    _COMMANDS[finding.severity.value], model.path, title, f"{where}{finding.message}{fix}"
                )
            )
    for (reason, models), codes in result.not_run_by_reason.items():
        skipped = f"not judged in {listed(models)}: {', '.join(codes)} ({reason})"
        lines.append(f"::notice title=bninspect::{_data(skipped)}")
    return "".join(f"{line}\n" for line in lines)


def _command(kind: str, path: str, title: str, message: str) -> str:
    return f"::{kind} file={_property(path)},line=1,title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """The text as the data of a command; its own lines stay lines."""
    return printable_lines(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
