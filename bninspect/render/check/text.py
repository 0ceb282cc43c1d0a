"""The result of a check for a person: a line of verdict per model, findings grouped by rule, what was not
looked at.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bninspect.render.line import Line
from bninspect.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.commands.check.result import CheckResult, Found, ModelResult

_SHOWN = 5
"""Layers of one rule that are listed before the rest is counted."""


def lines(result: CheckResult, statistics: bool = False) -> Iterator[Line]:
    """The report. With `statistics`, the counts per rule over all models behind it."""
    everywhere = _everywhere(result)
    foreign = {(skip.code, skip.reason) for model in result.models for skip in model.not_run if skip.foreign}
    space = False
    for model in result.models:
        head, *body = _model(model, everywhere)
        if space or (body and model is not result.models[0]):
            yield Line("")
        yield head
        yield from body
        space = bool(body)
    if result.models:
        yield Line("")
    if statistics:
        yield from _statistics(result)
    for (reason, _), codes in result.not_run_by_reason.items():
        said = [code for code in codes if (code, reason) in everywhere and (code, reason) not in foreign]
        if said:
            yield Line(f"not looked at in any model: {', '.join(said)} ({reason})", "dim")
    if codes_elsewhere := sorted(code for code, _ in everywhere & foreign):
        yield Line(f"not for files of these kinds: {', '.join(codes_elsewhere)}", "dim")
    for entry in result.stale:
        yield Line(f"baseline: no longer found, and can go: {entry}", "dim")
    yield _summary(result)


def _everywhere(result: CheckResult) -> frozenset[tuple[str, str]]:
    """(code, reason) of what did not run in any of several models: that is said once, at the end."""
    checked = [model for model in result.models if model.error is None]
    return frozenset(
        what for what, models in result.not_run.items() if len(models) == len(checked) and len(models) > 1
    )


def _model(model: ModelResult, everywhere: frozenset[tuple[str, str]]) -> Iterator[Line]:
    """The verdict, then what is behind it; of what did not run, only what is not said for all models."""
    if model.error is not None:
        what = f"{verdict(model)}; it could not be run" if model.modes else "could not be checked"
        yield Line(f"{model.path}: {what}", "bold")
        yield Line(model.error.removeprefix(f"{model.path}: "), "error", indent=2)
    else:
        yield Line(f"{model.path}: {verdict(model)}", "bold")
    yield from findings(model)
    if model.allowed:
        allowed = [f"{code} at {layer} ({reason})" for code, layer, reason in model.allowed]
        yield Line(f"allowed: {listed(allowed)}", "dim", indent=2)
    own = [skip for skip in model.not_run if (skip.code, skip.reason) not in everywhere]
    reasons: dict[str, list[str]] = {}
    for skip in own:
        if not skip.foreign:
            reasons.setdefault(skip.reason, []).append(skip.code)
    for reason, codes in reasons.items():
        # A reason may be a sentence or two.
        yield Line(f"not looked at: {', '.join(codes)} ({reason.removesuffix('.')})", "dim", indent=2)
    if elsewhere := [skip.code for skip in own if skip.foreign]:
        yield Line(f"not for a file of this kind: {', '.join(elsewhere)}", "dim", indent=2)


def findings(model: ModelResult) -> Iterator[Line]:
    """What was found in a model, rule by rule, the gravest first."""
    by_rule: dict[str, list[Found]] = {}
    for found in model.found:
        by_rule.setdefault(found.finding.code, []).append(found)
    for group in sorted(by_rule.values(), key=lambda found: -max(one.finding.severity.rank for one in found)):
        yield from _group(group)


def verdict(model: ModelResult) -> str:
    """`53 layers: 51 inference, 2 TRAINING; 1 error`."""
    modes = [
        f"{count} {mode.upper() if mode == 'training' else mode}"
        for mode, count in sorted(model.modes.items(), key=lambda item: -item[1])
    ]
    layers = f"{counted(model.layers, 'layer')}: {', '.join(modes)}" if modes else "no batch norm"
    fresh = [one for one in model.found if not one.known]
    known = len(model.found) - len(fresh)
    old = f", {known} known from the baseline" if known else ""
    return f"{layers}; {_counts(fresh) or 'no findings'}{old}"


def _counts(group: Sequence[Found]) -> str:
    """`2 errors, 1 note`; empty where there is none."""
    counts = Counter(one.finding.severity.value for one in group)
    return ", ".join(counted(counts[each], each) for each in ("error", "warning", "note") if counts[each])


def _group(group: Sequence[Found]) -> Iterator[Line]:
    """The findings of one rule: a head, then layer and evidence each, then what mends them."""
    group = sorted(group, key=lambda one: (one.known, -one.finding.severity.rank))
    first = group[0].finding
    old = " (in the baseline)"
    all_old = all(one.known for one in group)
    mixed = len({one.finding.severity for one in group}) > 1
    grave = _counts(group) if mixed else first.severity.value
    yield Line(
        f"{first.code} {group[0].name} ({grave})" + old * all_old,
        "dim" if all_old else first.severity.value,
        indent=2,
    )
    for one in group[:_SHOWN]:
        where = one.finding.layer or one.finding.node
        where = f"{where} ({one.finding.severity.value})" if where and mixed else where
        told = f"{where}: {one.finding.message}" if where else one.finding.message
        yield Line(told + old * (one.known and not all_old), indent=4)
    if len(group) > _SHOWN:
        yield Line(f"and {len(group) - _SHOWN:,} more", "dim", indent=4)
    remedies = dict.fromkeys(one.finding.remedy for one in group if one.finding.remedy)
    for remedy in remedies:
        yield Line(f"to mend it: {remedy}", "dim", indent=4)


def _statistics(result: CheckResult) -> Iterator[Line]:
    """How often each rule fired, most often first."""
    counts: dict[tuple[str, str], int] = {}
    for model in result.models:
        for found in model.found:
            key = found.finding.code, found.name
            counts[key] = counts.get(key, 0) + 1
    for (code, name), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield Line(f"{count:>6,}  {code} {name}")
    if counts:
        yield Line("")


def _summary(result: CheckResult) -> Line:
    """One line over all models."""
    fresh = [one for model in result.models for one in model.found if not one.known]
    failed = sum(model.error is not None for model in result.models)
    parts = [counted(len(result.models), "model"), *filter(None, [_counts(fresh)])]
    if failed:
        parts.append(f"{failed} could not be checked")
    known = sum(len(model.found) for model in result.models) - len(fresh)
    if known:
        parts.append(f"{known:,} known from the baseline")
    elif not fresh and not failed:
        parts.append("no findings")
    return Line(", ".join(parts), "bold")
