"""`report`: one model opened, run where inputs were given, compared where another was named, and judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.commands.check.one_model import case_of, run
from bninspect.commands.report.facts import Before, page_facts
from bninspect.commands.report.states import own_scores
from bninspect.models.open import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.commands.check.one_model import Settings
    from bninspect.commands.report.facts import PageFacts
    from bninspect.rules import Case


def report_model(
    settings: Settings,
    *,
    against: str | None = None,
    patch: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PageFacts:
    """The facts of the model that the settings name; without a request, what the file alone tells. `against`
    is an older file of the same graph, `patch` the numbers to show, such as `0,22:28,22:28,0`; `progress` is
    called with (images done, images in all).

    Raises BninspectError as `load` and `diff` do. A model that cannot be run is no error: what its file tells
    stands, with the reason.
    """
    report = inspect(load(settings.path), outputs=settings.outputs)
    case, failure = case_of(settings, report, patch=patch, progress=progress)
    before = None
    if against is not None:
        before = _before(against, settings, case)
        case = replace(case, moved=before.comparison)
    return replace(page_facts(settings, case, failure), before=before)


def _before(against: str, settings: Settings, case: Case) -> Before:
    """What the older file holds beside the model, and its own scores on the same inputs."""
    from bninspect.commands.diff.pair import compare

    comparison = compare(against, settings.path).comparison
    scores: dict[str, tuple[float | None, float | None]] = {}
    if case.probe is not None:
        older, now = own_scores(run(settings, comparison.old)), own_scores(case.probe)
        scores = {
            move.name: (older.get(move.old.name), now.get(move.name))
            for move in comparison.layers
            if move.old.name in older or move.name in now
        }
    return Before(path=against, scores=scores, comparison=comparison)
