"""The judge: a Case goes in, what is wrong comes out. Every command asks this one, and nobody else judges.

Rules that explain others run first, whether they were chosen or not: a layer whose error another finding
accounts for is not blamed again because that finding was ignored (`rules.explain`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm import State
from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.batchnorm.wiring.sets import by_set
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.rules.explain import ORDER, causes_first, causes_of, explained
from bninspect.rules.rule import Needs
from bninspect.rules.selection import rules
from bninspect.text import layers as worded, listed, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.rules.rule import Case, Finding, Rule


@frozen_dataclass
class NotRun:
    """A rule that could not run, or could not judge all of the model, and why."""

    code: str
    """Of the rule."""
    reason: str
    """Why it could not judge."""
    unasked: bool = False
    """The rule needs a run of the model, and nobody gave inputs for one."""
    foreign: bool = False
    """The rule is one of another kind of file (a training graph, a pair of files): there is nothing here that
    it could have looked at.
    """


@frozen_dataclass
class Judgement:
    """What the rules say of one model."""

    findings: tuple[Finding, ...]
    """By code, then in graph order."""
    not_run: tuple[NotRun, ...]
    """By code."""


def judge(case: Case, chosen: Iterable[Rule] | None = None) -> Judgement:
    """What the chosen rules (all by default) say of one model. A rule that cannot run is among
    `not_run`, with the reason.
    """
    every = {rule.code: rule for rule in rules()}
    wanted = [rule.code for rule in (rules() if chosen is None else chosen)]
    sets = {
        tensor.node.label: condition(kept.when)
        for layer in case.layers
        for kept in layer.sets
        for tensor in (kept.moving.mean, kept.moving.variance)
    }
    findings: dict[str, list[Finding]] = {}
    not_run: dict[str, NotRun] = {}
    for code in causes_first(causes_of(wanted)):
        said = [finding for known in findings.values() for finding in known]
        shown = replace(case, explained=dict(explained(code, said)))
        findings[code], skip = _apply(every[code], shown)
        if sets:
            findings[code] = [_of_set(finding, sets.get(finding.node or "")) for finding in findings[code]]
        if code in case.severities:
            grave = case.severities[code]
            findings[code] = [replace(finding, severity=grave) for finding in findings[code]]
        if skip is not None:
            not_run[code] = skip
    return Judgement(
        findings=tuple(finding for code in wanted for finding in findings[code]),
        not_run=tuple(not_run[code] for code in wanted if code in not_run),
    )


def _of_set(finding: Finding, when: str | None) -> Finding:
    """The finding; with the condition in front, if it is on one of several sets of statistics."""
    if when is None:
        return finding
    said = f"if {when}: "
    return replace(finding, message=said + finding.message, evidence=said + finding.evidence)


def group_by_code(case: Case, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each code, about all of its layers, the most important first."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    ranks = {code: rank for rank, code in enumerate(ORDER)}
    every = {rule.code: rule for rule in rules()}
    return tuple(
        _together(every[code], case, by_code[code])
        for code in sorted(by_code, key=lambda code: (ranks.get(code, len(ranks)), code))
    )


def _together(rule: Rule, case: Case, findings: Sequence[Finding]) -> Finding:
    """One finding for all that a rule says of a model."""
    if rule.together is not None:
        return rule.together(case, findings)
    gravest = max(findings, key=lambda finding: finding.severity.rank)
    names = [finding.layer for finding in findings if finding.layer is not None]
    title = rule.titled(worded(names, len(case.layers))) if names and rule.title else gravest.title
    whose = f"{gravest.layer}: " if len(findings) > 1 and gravest.layer is not None else ""
    evidence = f"{whose}{gravest.evidence}"
    one = len(findings) == 1
    return replace(
        gravest,
        layer=gravest.layer if one else None,
        node=gravest.node if one else None,
        title=title,
        evidence=evidence,
        message=f"{sentence(title)}: {evidence}.",
    )


def _apply(rule: Rule, case: Case) -> tuple[list[Finding], NotRun | None]:
    """What one rule finds, and what it could not judge."""
    elsewhere = _of_another_kind(rule, case)
    if elsewhere is not None:
        return [], NotRun(code=rule.code, reason=elsewhere, foreign=True)
    reason = _obstacle(rule, case)
    findings = []
    if reason is None:
        findings = list(rule.check(case))
        reason = _undecided(rule, case)
    if reason is None:
        return findings, None
    unasked = rule.needs is Needs.PROBE and case.probe is None and case.request is None
    return findings, NotRun(code=rule.code, reason=reason, unasked=unasked)


def _of_another_kind(rule: Rule, case: Case) -> str | None:
    """What the rule is shown in another kind of file than this one; None where it is for this kind."""
    if rule.needs is Needs.PAIR and case.moved is None:
        return "needs two files: bninspect diff OLD NEW"
    if rule.needs is Needs.TRAINING and all(layer.updates is None for layer in case.layers):
        return "no train op in the graph"
    return None


def _obstacle(rule: Rule, case: Case) -> str | None:
    """Why a rule for this kind of file cannot run on this model, or None."""
    if rule.needs is Needs.PROBE and case.probe is None:
        return case.no_probe
    if rule.needs is Needs.VALUES and case.layers:
        unread = _unread(case)
        if len(unread) == len(case.layers):
            return f"the statistics could not be read: {unread[0].statistics.reason}"
    return None


def _undecided(rule: Rule, case: Case) -> str | None:
    """What a rule that ran could not judge, and why; None where it judged everything."""
    if rule.needs is Needs.VALUES and (unread := _unread(case)):
        names = listed([layer.name for layer in unread])
        return (
            f"the statistics of {len(unread)} of {len(case.layers)} layers could not be read ({names}): "
            f"{unread[0].statistics.reason}"
        )
    return None if rule.undecided is None else rule.undecided(case)


def _unread(case: Case) -> list[BatchNorm]:
    """The layers whose statistics were not read, one of several sets of them at least."""
    every = ([one for one in by_set(layer) if one.statistics.state is State.UNREAD] for layer in case.layers)
    return [unread[0] for unread in every if unread]
