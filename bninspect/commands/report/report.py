"""`report`: one model opened, run where inputs were given, compared where another was named, and judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.commands.check.gate import Settings
from bninspect.commands.report.facts import Before, page_facts
from bninspect.commands.report.states import own_scores
from bninspect.errors import BninspectError
from bninspect.models.open import load
from bninspect.rules import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bninspect.batchnorm import Report
    from bninspect.commands.report.facts import PageFacts
    from bninspect.inputs.request import Request
    from bninspect.measure.facts import Probe
    from bninspect.rules import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What to look at."""

    outputs: tuple[str, ...] = ()
    against: str | None = None
    """An older file of the same graph."""
    patch: str | None = None
    """Numbers to show, such as `0,22:28,22:28,0`."""
    momentum: float | None = None
    allowed: tuple[str, ...] = ()
    """Ops let through besides the pure ones."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Code -> how grave its findings are here."""


def report_model(
    path: str,
    request: Request | None,
    options: ReportOptions,
    progress: Callable[[int, int], None] | None = None,
) -> PageFacts:
    """The facts of the model at this path; without a request, what the file alone tells. `progress` is told
    (images done, images in all).

    Raises BninspectError as `load` and `diff` do. A model that cannot be run is no error: what its file tells
    stands, with the reason.
    """
    report = inspect(load(path), outputs=options.outputs)
    case = Case(report=report, momentum=options.momentum, request=request, allowed_ops=options.allowed)
    failure = None
    if request is not None:
        try:
            case = replace(case, probe=_probed(report, request, options, progress))
        except BninspectError as error:
            failure = str(error)
            case = replace(case, no_probe=f"the model could not be run: {failure}")
    before = None
    if options.against is not None:
        before = _before(options.against, path, case, request, options)
        case = replace(case, moved=before.comparison)
    facts = page_facts(
        Settings(path=path, momentum=options.momentum, severities=options.severities), case, failure
    )
    return replace(facts, before=before)


def _probed(
    report: Report,
    request: Request,
    options: ReportOptions,
    progress: Callable[[int, int], None] | None,
) -> Probe:
    """Both modes of the model on what the request feeds it."""
    from bninspect.measure.facts import Question
    from bninspect.measure.run import probe
    from bninspect.rewrite.freeze import frozen

    held = frozen(report)
    question = Question(
        layers=held.layers,
        patch=options.patch,
        allowed=options.allowed,
        momentum=options.momentum,
        seen=True,
    )
    return probe(held, question, request, progress)


def _before(against: str, path: str, case: Case, request: Request | None, options: ReportOptions) -> Before:
    """What the older file holds beside the model, and its own scores on the same inputs."""
    from bninspect.commands.diff.pair import compare

    comparison = compare(against, path).comparison
    scores: dict[str, tuple[float | None, float | None]] = {}
    if request is not None and case.probe is not None:
        older, now = own_scores(_probed(comparison.old, request, options, None)), own_scores(case.probe)
        scores = {
            move.name: (older.get(move.old.name), now.get(move.name))
            for move in comparison.layers
            if move.old.name in older or move.name in now
        }
    return Before(path=against, scores=scores, comparison=comparison)
