"""What a page tells of what others did: `probe`, `refresh` and `diff`, and of a report in a notebook."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.commands.check.one_model import Settings
from bninspect.commands.check.result import ModelResult
from bninspect.commands.report.facts import Before, PageFacts, facts_of, page_facts
from bninspect.commands.report.states import layer_states
from bninspect.rules import Case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm import Report
    from bninspect.commands.diff.pair import PairResult
    from bninspect.commands.refresh.refreshed import Refreshed
    from bninspect.measure.facts import Probe
    from bninspect.rules import Finding


def facts_of_probe(case: Case) -> PageFacts:
    """A model that was probed, judged by all rules."""
    settings = Settings(path=case.report.graph.graphdef.path, severities=case.severities)
    return page_facts(settings, case)


def facts_of_refresh(done: Refreshed) -> PageFacts:
    """The model that was written, beside the one it was made of."""
    case = Case(report=done.serving, probe=done.seen)
    if done.result is None:
        facts = page_facts(Settings(path=done.target), replace(case, no_probe="the result was not checked"))
    else:
        facts = facts_of(case, done.result)
    scores = {
        row.after.name: (
            None if row.before is None else row.before.score,
            None if row.own is None else row.own.score,
        )
        for row in done.rows
        if row.after is not None
    }
    path, curve = done.report.graph.graphdef.path, tuple(done.estimates.curve)
    return replace(facts, before=Before(path=path, scores=scores, curve=curve))


def facts_of_pair(pair: PairResult) -> PageFacts:
    """The newer of two files, beside the older one."""
    comparison = pair.comparison
    facts = facts_of(Case(report=comparison.new, moved=comparison), pair.result)
    path = comparison.old.graph.graphdef.path
    return replace(facts, before=Before(path=path, scores={}, comparison=comparison))


def facts_as_given(report: Report, probe: Probe | None = None, findings: Sequence[Finding] = ()) -> PageFacts:
    """A model with what was already found of it; no rule is asked."""
    return PageFacts(
        report=report,
        probe=probe,
        result=ModelResult(path=report.graph.graphdef.path),
        groups=tuple(findings),
        states=layer_states(report, probe, findings),
    )
