"""`bninspect MODEL`: the verdict on a model, what the rules say of its file, and both modes on images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.missing import missing_weights
from bninspect.commands.check.one_model import Settings, judge_model
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.models.open import load
from bninspect.rules import Case, Severity
from bninspect.rules.remedies import probe_command, refused_op

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.batchnorm import Report
    from bninspect.commands.check.result import ModelResult
    from bninspect.commands.probe.probe import ProbeResult
    from bninspect.inputs.request import Request


@frozen_dataclass
class Overview:
    """A model at first sight."""

    report: Report
    """All that its graph tells."""
    checked: ModelResult
    """What the rules say of the file alone."""
    following: str | None
    """The command that fixes the gravest error, else the one that measures the model; None if it has no
    layers or no weights, or would not be run.
    """
    refused: str | None
    """The op for which it would not be run; None where all only compute."""


def overview(settings: Settings) -> Overview:
    """The model that the settings name, inspected and judged by its file alone.

    Raises BninspectError as `load` and `inspect` do.
    """
    report = inspect(load(settings.path), outputs=settings.outputs)
    case = Case(report=report, allowed_ops=settings.allowed_ops)
    checked = judge_model(settings, case)
    refused = refused_op(case)
    following = _following(case, checked, refused)
    return Overview(report=report, checked=checked, following=following, refused=refused)


def _following(case: Case, checked: ModelResult, refused: str | None) -> str | None:
    errors = [one.finding for one in checked.found if one.finding.severity is Severity.ERROR]
    fix = next((one.remedy for one in errors if one.remedy and one.remedy.startswith("bninspect ")), None)
    runs = case.report.layers and missing_weights(case.report) is None and refused is None
    return fix or (probe_command(case) if runs else None)


def measure(
    report: Report, settings: Settings, request: Request, progress: Callable[[int, int], None]
) -> ProbeResult:
    """Both modes of the model on what the request feeds it. Raises BninspectError as `probe_model` does."""
    from bninspect.commands.probe.probe import ProbeOptions, probe_report

    options = ProbeOptions(outputs=settings.outputs, allowed_ops=settings.allowed_ops)
    return probe_report(report, request, options, progress, settings.severities)
