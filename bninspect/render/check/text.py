"""The result of a check for a person: the models that fail and why, each rule once with its fix, and a last
line that counts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bninspect.batchnorm.stored import UNREAD_VARIABLES
from bninspect.render.check.groups import Group, groups, of_layers
from bninspect.render.check.words import counts, headline, summary
from bninspect.render.line import Line, fix_line
from bninspect.rules.rule import Severity
from bninspect.text import by_reason, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.check.result import CheckResult, ModelResult
    from bninspect.render.line import Tone
    from bninspect.rules import NotRun

_MOST_GROUPS = 10
"""Rules of one model that are shown; with three lines each no model fills more than a screen or two."""
_MOST_ENTRIES = 5
IN_CHECK = "bninspect check --verbose"
"""What shows all findings to a reader of another command."""
TONES: dict[Severity, Tone] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}
_INDENT = 11
"""Columns of what belongs to a finding: behind `  warning  `."""


def lines(result: CheckResult, *, statistics: bool = False, verbose: bool = False) -> Iterator[Line]:
    """The report. Of several models those that fail or were not judged; with `verbose` all of them, every
    layer, and every rule that did not run. With `statistics`, the counts per rule over all models behind it.
    """
    shown = _shown(result, verbose)
    everywhere = _everywhere(result)
    space = False
    for model in shown:
        body = [*findings(model, verbose=verbose, rest="--verbose"), *_notes(model, everywhere, verbose)]
        if space or (body and model is not shown[0]):
            yield Line("")
        yield Line(headline(model), "bold")
        yield from body
        space = bool(body)
    if shown:
        yield Line("")
    if statistics:
        yield from _statistics(result)
    yield from _of_all(result, everywhere, verbose)
    yield summary(result)


def findings(
    model: ModelResult, *, verbose: bool = False, most: int = _MOST_GROUPS, rest: str = IN_CHECK
) -> Iterator[Line]:
    """What was found in a model, rule by rule, the gravest first; known findings are counted. Of the rules at
    most so many, unless `verbose`; `rest`: what shows the others.
    """
    fresh = groups(model.fresh)
    shown = fresh if verbose else fresh[:most]
    said: dict[str, str] = {}
    for group in shown:
        yield from _group(group, model, said, verbose)
    if fresh[len(shown) :]:
        more = [f"{group.code} ({len(group.found):,})" for group in fresh[len(shown) :]]
        yield Line(f"and {listed(more, 5)}: {rest} shows them", "dim", indent=2)
    known = groups([one for one in model.found if one.known])
    if known:
        codes = ", ".join(f"{group.code} {len(group.found):,}" for group in known)
        yield Line(
            f"baseline: {counts([one for group in known for one in group.found], 'known')} ({codes})",
            "dim",
            2,
        )
        for group in known if verbose else ():
            yield from _group(group, model, said, verbose)


def _shown(result: CheckResult, verbose: bool) -> list[ModelResult]:
    """The models that are worth a look: those that fail, those of which something is new, the others."""
    several = len(result.models) > 1 and not verbose
    wanted = ("fail", "not judged")
    shown = [model for model in result.models if not several or result.verdict(model) in wanted]
    return sorted(shown, key=lambda model: (result.verdict(model) != "fail", not model.fresh))


def _group(group: Group, model: ModelResult, said: dict[str, str], verbose: bool) -> Iterator[Line]:
    """The findings of one rule: how grave and where, the evidence, the fix."""
    gravest = group.found[0]
    who = of_layers(group.layers, model.layers)
    head = f"{group.code} {gravest.name}" + (f"  {who}" if who else "")
    grave = gravest.finding.severity.value
    yield Line(head, TONES[gravest.finding.severity], 2, _INDENT - 2, f"{grave:<{_INDENT - 2}}")
    for one in group.found if verbose else group.found[:1]:
        where = one.finding.layer if len(group.found) > 1 else None
        yield Line(f"{where}: {one.finding.message}" if where else one.finding.message, indent=_INDENT)
    for fix in group.fixes if verbose else group.fixes[:1]:
        yield fix_line(fix, group.code, said, _INDENT)


def _notes(model: ModelResult, everywhere: frozenset[tuple[str, str]], verbose: bool) -> Iterator[Line]:
    """What was allowed, and what could not be judged, each reason once."""
    if model.allowed:
        allowed = [f"{code} at {layer} ({reason})" for code, layer, reason in model.allowed]
        yield Line(f"allowed: {listed(allowed, len(allowed) if verbose else 3)}", "dim", 2)
    if model.error is not None and not verbose:
        return
    skips = [skip for skip in model.not_run if not skip.foreign and (verbose or not _is_quiet(skip, model))]
    pairs = [(skip.code, skip.reason) for skip in skips]
    for reason, codes in by_reason(pair for pair in pairs if pair not in everywhere).items():
        # A reason may be a sentence or two.
        yield Line(f"not judged: {', '.join(codes)} ({reason.removesuffix('.')})", "dim", 2)
    if verbose and (foreign := [skip.code for skip in model.not_run if skip.foreign]):
        yield Line(f"not for a file of this kind: {', '.join(foreign)}", "dim", 2)


def _is_quiet(skip: NotRun, model: ModelResult) -> bool:
    """Whether it goes without saying that the rule did not run, or another finding says it."""
    return skip.unasked or (model.weightless and UNREAD_VARIABLES in skip.reason)


def _everywhere(result: CheckResult) -> frozenset[tuple[str, str]]:
    """(code, reason) of what did not run in any of several models: that is said once, at the end."""
    checked = [model for model in result.models if model.error is None]
    return frozenset(
        what for what, models in result.not_run.items() if len(models) == len(checked) and len(models) > 1
    )


def _of_all(result: CheckResult, everywhere: frozenset[tuple[str, str]], verbose: bool) -> Iterator[Line]:
    """What was judged in no model, and what the baseline holds that is gone."""
    quiet = {
        (skip.code, skip.reason)
        for model in result.models
        for skip in model.not_run
        if skip.unasked and not verbose
    }
    for (reason, _), codes in result.not_run_by_reason.items():
        said = [code for code in codes if (code, reason) in everywhere - quiet]
        if said:
            yield Line(f"not judged in any model: {', '.join(said)} ({reason})", "dim")
    entries = result.stale if verbose else result.stale[:_MOST_ENTRIES]
    for entry in entries:
        yield Line(f"baseline: no longer found: {entry}", "dim")
    if more := len(result.stale) - len(entries):
        yield Line(f"baseline: {more:,} more are no longer found: --update-baseline removes them", "dim")


def _statistics(result: CheckResult) -> Iterator[Line]:
    """How often each rule fired, most often first."""
    fired = Counter((found.finding.code, found.name) for model in result.models for found in model.found)
    for (code, name), count in sorted(fired.items(), key=lambda item: (-item[1], item[0])):
        yield Line(f"{count:>6,}  {code} {name}")
    if fired:
        yield Line("")
