"""All that a page tells of one model: what the file says, what a run measured, and what is wrong with it.

Every page is made of these, whichever command asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.commands.check.one_model import Settings, judge_model
from bninspect.commands.report.states import LayerState, layer_states
from bninspect.converters.forecast import forecast
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.rules.conversion import for_converters
from bninspect.rules.judge import group_by_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.batchnorm.comparison.comparison import Comparison
    from bninspect.batchnorm.layer import Report
    from bninspect.commands.check.result import ModelResult
    from bninspect.commands.refresh.estimates import Certainty
    from bninspect.converters.forecast import ConverterForecast
    from bninspect.measure.facts import Probe, ProbedLayer
    from bninspect.rules import Case, Finding


@frozen_dataclass
class Before:
    """What stands beside the model: an older file, or the model as it was before its statistics were made
    anew."""

    path: str
    scores: Mapping[str, tuple[float | None, float | None]]
    """Own score of a layer before and now, by the name it has now; empty where nothing was run."""
    comparison: Comparison | None = None
    """What moved between the two; None where that was not asked."""
    curve: tuple[Certainty, ...] = ()
    """How sure new statistics were after so many images, last of all of them; empty where none were made."""


@frozen_dataclass
class PageFacts:
    """One model on a page."""

    report: Report
    probe: Probe | None
    """None where no inputs were given, or the model could not be run."""
    result: ModelResult
    """What the rules say, layer by layer; its `error` is why the model could not be run."""
    groups: tuple[Finding, ...]
    """One finding for each code: the gravest first, of those the most important first."""
    states: Mapping[str, LayerState]
    """Of every layer, by its name."""
    before: Before | None = None
    forecasts: tuple[ConverterForecast, ...] = ()
    """What converters would make of it; empty for a model without layers."""
    convert_fix: str | None = None
    """What brings all of them to inference; None if that is what they serve."""

    @property
    def probed(self) -> Mapping[str, ProbedLayer]:
        """The layers that were measured, by their names; none where nothing was run."""
        return {} if self.probe is None else {one.name: one for one in self.probe.layers}

    @property
    def focus(self) -> tuple[str, ...]:
        """The layers to show from near: the wrong ones, the gravest first, else none."""
        wrong = [(state.rank, name) for name, state in self.states.items() if state.is_wrong]
        return tuple(name for _, name in sorted(wrong, key=lambda item: -item[0]))


def page_facts(settings: Settings, case: Case, failure: str | None = None) -> PageFacts:
    """The facts of a model at hand, judged; `failure` is why it could not be run, where it could not."""
    return facts_of(case, judge_model(settings, case, failure))


def facts_of(case: Case, result: ModelResult) -> PageFacts:
    """The facts of a model that was judged already; what is known from a baseline is not said again."""
    findings = [one.finding for one in result.fresh]
    forecasts = forecast(case.report) if case.report.layers else ()
    return PageFacts(
        report=case.report,
        probe=case.probe,
        result=result,
        groups=tuple(sorted(group_by_code(case, findings), key=lambda group: -group.severity.rank)),
        states=layer_states(case.report, case.probe, findings),
        forecasts=forecasts,
        convert_fix=for_converters(case.report, forecasts)[0],
    )
