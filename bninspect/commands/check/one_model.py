"""One model through the rules, as plain data; what goes wrong with one model is a line of its result."""

from __future__ import annotations

from collections import Counter
from dataclasses import field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.stored import UNREAD_VARIABLES
from bninspect.batchnorm.verdict import verdict
from bninspect.commands.check.result import Found, ModelResult
from bninspect.commands.check.sketch import sketch
from bninspect.errors import BninspectError, bug_of, described
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph import collector_held_off
from bninspect.models.open import load
from bninspect.rules import Case, judge, rules, select
from bninspect.rules.explain import FOLLOWS, FORMERLY
from bninspect.rules.facts.measurements import evidence, no_statistics
from bninspect.rules.remedies import inputs_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bninspect.batchnorm import Report
    from bninspect.commands.check.sketch import Sketch
    from bninspect.graph import Graph
    from bninspect.inputs.request import Request
    from bninspect.measure.facts import Probe
    from bninspect.rules import Finding, Severity


@frozen_dataclass
class Allowance:
    """A finding that is meant to be, and why."""

    code: str
    layer: str
    """A glob over layer names; `*` for all, and for findings about the model."""
    reason: str


@frozen_dataclass
class Settings:
    """How one model is checked."""

    path: str
    outputs: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    """Codes, beginnings of codes, or names of rules; empty: all."""
    ignore: tuple[str, ...] = ()
    deploy: bool = False
    momentum: float | None = None
    allowances: tuple[Allowance, ...] = ()
    request: Request | None = None
    """What to probe it with; None: no probe."""
    allowed_ops: tuple[str, ...] = ()
    converters: tuple[str, ...] = ()
    """Names of the converters that the model is meant for."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Code -> how grave its findings are here."""
    keep: bool = False
    """Keep what the model was judged on beside the result, for a page."""


def check(settings: Settings, graph: Graph | None = None) -> ModelResult:
    """The result for one model, read from its path unless its graph is given. Whatever goes wrong with it
    becomes its `error`, one line, and takes no other model with it: nothing is raised. A bug of ours keeps
    its traceback.
    """
    try:
        with collector_held_off():
            return _checked(settings, graph)
    except Exception as error:
        return ModelResult(path=settings.path, error=described(settings.path, error), bug=bug_of(error))


def _checked(settings: Settings, graph: Graph | None) -> ModelResult:
    report = inspect(load(graph or settings.path), outputs=settings.outputs)
    return judge_model(settings, *case_of(settings, report))


def case_of(
    settings: Settings,
    report: Report,
    *,
    patch: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Case, str | None]:
    """What the model is judged on, with a run of it where the settings have inputs for one; and why it could
    not be run, where it could not: then what the file alone shows stands. `patch` and `progress` are those
    of `run`.
    """
    case = Case(
        report=report,
        deploy=settings.deploy,
        momentum=settings.momentum,
        request=settings.request,
        allowed_ops=settings.allowed_ops,
    )
    if settings.request is None:
        return case, None
    try:
        return replace(case, probe=run(settings, report, patch=patch, progress=progress)), None
    except BninspectError as error:
        return replace(case, no_probe=f"the model could not be run: {error}"), str(error)


def run(
    settings: Settings,
    report: Report,
    *,
    patch: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Probe:
    """Both modes of a model on what the settings feed it, with the numbers of a patch; `progress` is called
    with (images done, images in all). Raises BninspectError where it cannot be run.
    """
    from bninspect.inputs.request import Request
    from bninspect.measure.facts import Question
    from bninspect.measure.run import probe
    from bninspect.rewrite.freeze import frozen

    held = frozen(report)
    question = Question(
        layers=held.layers,
        patch=patch,
        allowed=settings.allowed_ops,
        momentum=settings.momentum,
        seen=settings.keep,
    )
    return probe(held, question, settings.request or Request(), progress)


def judge_model(settings: Settings, case: Case, failure: str | None = None) -> ModelResult:
    """What the rules say of a model at hand; `failure` is why it could not be run, where it could not."""
    report, case = case.report, replace(case, severities=settings.severities, converters=settings.converters)
    selected = select(settings.select, settings.ignore)
    judgement = judge(case, selected)
    undecided = {skip.code for skip in judgement.not_run}
    names = {rule.code: rule.name for rule in rules()}
    findings, allowed = _allowed(judgement.findings, settings.allowances)
    return ModelResult(
        path=settings.path,
        error=failure,
        sentence=verdict(report, deploy=settings.deploy).text,
        modes=dict(sorted(Counter(layer.mode.value for layer in report.layers).items())),
        found=tuple(
            Found(finding=finding, name=names[finding.code], former=_former(finding, report))
            for finding in findings
        ),
        not_run=judgement.not_run,
        case=case if settings.keep else None,
        allowed=allowed,
        judged=tuple(rule.code for rule in selected if rule.code not in undecided),
        unmatched=_unmatched(settings.allowances, report),
        weightless=_is_weightless(report),
        wanted=_wanted(case),
        measured=_is_measured(case),
        sketch=_sketch(findings, report),
    )


def _is_weightless(report: Report) -> bool:
    unread = any(layer.statistics.reason == UNREAD_VARIABLES for layer in report.layers)
    return unread and missing_weights(report) is not None


def _wanted(case: Case) -> str:
    """The options that would have the model measured; random numbers do not."""
    report, given = case.report, case.request
    if not report.layers or missing_weights(report) is not None:
        return ""
    return inputs_wanted(report) if given is None or given.random is not None else ""


def _is_measured(case: Case) -> bool:
    """Whether stored statistics stood beside those of images; random numbers measure nothing."""
    return case.probe is not None and no_statistics(case.probe) is None and bool(evidence(case.probe))


def _sketch(findings: Sequence[Finding], report: Report) -> Sketch | None:
    """The wiring of the first layer that the gravest finding names."""
    named = [one for one in findings if one.layer is not None]
    if not named:
        return None
    gravest = max(named, key=lambda one: one.severity.rank)
    return next((sketch(layer) for layer in report.layers if layer.name == gravest.layer), None)


def _former(finding: Finding, report: Report) -> tuple[tuple[str, str], ...]:
    """What an older version said of the layers whose error the finding accounts for."""
    nodes = [
        layer.moving_mean.node.label
        for layer in report.layers
        if layer.name in finding.accounts_for and layer.moving_mean is not None
    ]
    return tuple((code, node) for code in FORMERLY.get(finding.code, ()) for node in nodes)


def _allowed(
    findings: Sequence[Finding], allowances: Sequence[Allowance]
) -> tuple[list[Finding], tuple[tuple[str, str, str], ...]]:
    """(findings that count, what is allowed as (code, layer, reason))."""
    kept: list[Finding] = []
    allowed: list[tuple[str, str, str]] = []
    for finding in findings:
        reason = next((one.reason for one in allowances if _covers(one, finding)), None)
        reason = reason or _allowed_cause(finding, kept, allowed)
        if reason is None:
            kept.append(finding)
        else:
            allowed.append((finding.code, finding.layer or "*", reason))
    return kept, tuple(allowed)


def _allowed_cause(
    finding: Finding, kept: Sequence[Finding], allowed: Sequence[tuple[str, str, str]]
) -> str | None:
    """Why a finding is allowed that follows from others, all of them allowed; None where it is not.

    Those stand before it: findings come by code.
    """
    causes = FOLLOWS.get(finding.code, frozenset())
    reasons = [reason for code, _, reason in allowed if code in causes]
    return reasons[0] if reasons and not any(one.code in causes for one in kept) else None


def _covers(allowance: Allowance, finding: Finding) -> bool:
    return allowance.code == finding.code and fnmatchcase(finding.layer or "", allowance.layer)


def _unmatched(allowances: Sequence[Allowance], report: Report) -> tuple[str, ...]:
    """The layer globs that match no layer; `*` asks for none."""
    globs = dict.fromkeys(one.layer for one in allowances if one.layer != "*")
    return tuple(glob for glob in globs if not any(fnmatchcase(layer.name, glob) for layer in report.layers))
