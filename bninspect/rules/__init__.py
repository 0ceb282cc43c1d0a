"""Facts -> findings. One rule, one module, one page, one test; this file finds them and runs them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from bninspect.batchnorm import State
from bninspect.errors import SelectionError
from bninspect.rules import catalogue
from bninspect.rules.rule import Case, Finding, Needs, Rule, Severity
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.batchnorm import BatchNorm

__all__ = ["Case", "Finding", "Needs", "NotRun", "Outcome", "Rule", "Severity", "evaluate", "rules", "select"]

_CODE = re.compile(r"bn\d{3}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """A rule that could not run, or could not judge all of the model, and why."""

    code: str
    reason: str
    foreign: bool = False
    """The rule is one of another kind of file (a training graph, a pair of files): there is nothing here that
    it could have looked at.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the rules say of one model."""

    findings: tuple[Finding, ...]
    """By code, then in graph order."""
    not_run: tuple[NotRun, ...]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by code."""
    names = sorted(module.name for module in iter_modules(catalogue.__path__) if _CODE.match(module.name))
    return tuple(import_module(f"{catalogue.__name__}.{name}").RULE for name in names)


def select(chosen: Iterable[str] = (), ignored: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules whose code, name or beginning of a code is chosen (none: all) and not ignored.

    Raises SelectionError for a code or name that is none.
    """
    wanted = _matching(chosen) if (chosen := tuple(chosen)) else {rule.code for rule in rules()}
    unwanted = _matching(ignored)
    return tuple(rule for rule in rules() if rule.code in wanted and rule.code not in unwanted)


def _matching(terms: Iterable[str]) -> set[str]:
    """The codes that the terms (`BN201`, `BN2`, `statistics-never-updated`) stand for."""
    found: set[str] = set()
    for term in terms:
        codes = {rule.code for rule in rules() if rule.code.startswith(term.upper()) or rule.name == term}
        if not codes or not term:
            raise SelectionError(f"no rule is called {term!r}; `bninspect rule` lists them")
        found |= codes
    return found


def evaluate(case: Case, chosen: Iterable[Rule] | None = None) -> Outcome:
    """Run the rules on one model. A rule that cannot run is among `not_run`, with the reason."""
    findings: list[Finding] = []
    not_run: list[NotRun] = []
    for rule in rules() if chosen is None else chosen:
        elsewhere = _of_another_kind(rule, case)
        if elsewhere is not None:
            not_run.append(NotRun(code=rule.code, reason=elsewhere, foreign=True))
            continue
        reason = _obstacle(rule, case)
        if reason is None:
            findings.extend(rule.check(case))
            reason = _undecided(rule, case)
        if reason is not None:
            not_run.append(NotRun(code=rule.code, reason=reason))
    return Outcome(findings=tuple(findings), not_run=tuple(not_run))


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
    """The layers whose statistics were not read."""
    return [layer for layer in case.layers if layer.statistics.state is State.UNREAD]
