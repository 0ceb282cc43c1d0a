"""A check that shows the probe it judged, so that what `probe` says of the same run can be set beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

from bninspect.commands.check import gate

if TYPE_CHECKING:
    from bninspect.batchnorm import Report
    from bninspect.commands.check.gate import Settings
    from bninspect.commands.check.result import ModelResult
    from bninspect.inputs.request import Request
    from bninspect.measure.facts import Probe


def checked(settings: Settings) -> tuple[ModelResult, Probe | None]:
    """What `check` says of a model, and the probe it ran; None where it ran none."""
    seen: list[Probe] = []
    run = gate._probed

    def kept(report: Report, asked: Settings, request: Request) -> Probe:
        seen.append(run(report, asked, request))
        return seen[-1]

    with mock.patch.object(gate, "_probed", kept):
        result = gate.check(settings)
    return result, seen[-1] if seen else None
