"""What a refresh wrote, looked at again: run on some of the images, and judged by the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.commands.check.one_model import Settings, judge_model
from bninspect.errors import BninspectError
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.rules import Case
from bninspect.steps import step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm import Report
    from bninspect.commands.check.result import ModelResult
    from bninspect.commands.refresh.estimates import Estimates
    from bninspect.inputs.request import Request
    from bninspect.measure.facts import Probe

_LOOKED_AT = 64
"""Images that the result is run on, about: as many as tell a stale layer in nearly any case."""


def probe_again(
    after: Report, found: Estimates, target: str, allowed: Sequence[str]
) -> tuple[Probe | None, ModelResult, int]:
    """The result run on some of the images, and what the rules say of it."""
    settings = Settings(path=target)
    if found.request is None:
        reason = "merged parts hold no images"
        return None, judge_model(settings, Case(report=after, no_probe=reason)), 0
    request, count = _sample(found, found.request)
    step("measuring the new model")
    try:
        seen = probe(after, Question(layers=after.layers, allowed=tuple(allowed)), request)
    except BninspectError as error:
        case = Case(report=after, no_probe=f"the model could not be run: {error}")
        return None, judge_model(settings, case, str(error)), 0
    return seen, judge_model(settings, Case(report=after, probe=seen, request=found.request)), count


def _sample(found: Estimates, request: Request) -> tuple[Request, int]:
    """The request for some of the images, as far apart as can be, in whole batches; how many they are."""
    count = min(found.images, max(_LOOKED_AT // found.batch_size, 1) * found.batch_size)
    size = min(count, found.batch_size) or None
    asked = replace(request, shared=True, batches=None, batch_size=size)
    if request.has_data:
        return replace(asked, first=found.images or None, spread=count or None), count
    return replace(asked, random=count or None), count
