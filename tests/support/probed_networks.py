"""A check that shows the probe it judged, so that what `probe` says of the same run can be set beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.commands.check.one_model import check

if TYPE_CHECKING:
    from bninspect.commands.check.one_model import Settings
    from bninspect.commands.check.result import ModelResult
    from bninspect.measure.facts import Probe


def checked(settings: Settings) -> tuple[ModelResult, Probe | None]:
    """What `check` says of a model, and the probe it ran; None where it ran none."""
    result = check(replace(settings, keep=True))
    return result, None if result.case is None else result.case.probe
