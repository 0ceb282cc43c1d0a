"""Findings -> one line each, for grep, an editor and a log: `net.pb: BN101 error conv1/bn: message`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.check.result import CheckResult, ModelResult


def concise(result: CheckResult) -> str:
    """A line for each finding that is not in the baseline, and for each model that could not be checked."""
    return "".join(f"{printable(line)}\n" for model in result.models for line in _lines(model))


def _lines(model: ModelResult) -> Iterator[str]:
    if model.error is not None:
        yield f"{model.path}: error: {model.error.removeprefix(f'{model.path}: ')}"
    for one in model.fresh:
        finding = one.finding
        where = f" {finding.layer}" if finding.layer is not None else ""
        yield f"{model.path}: {finding.code} {finding.severity.value}{where}: {finding.message}"
