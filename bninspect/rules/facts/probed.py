"""What the rules that need a probe share: the layers it judged, and how a diagnosis becomes a finding.

What is wrong is decided by the probe's own diagnosis, so that `probe` and `check` say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.measure.judging import causes, stale
from bninspect.measure.judging.judged import judged as all_judged
from bninspect.rules.catalogue import bn204
from bninspect.statistics.average import average_fit

if TYPE_CHECKING:
    from bninspect.measure.companions import CompanionTest
    from bninspect.measure.facts import Diagnosis, Probe
    from bninspect.measure.judging.judged import Judged
    from bninspect.measure.presets import PresetTrial
    from bninspect.rules.rule import Case, Finding, Rule


def probe_of(case: Case) -> Probe:
    """The probe; a rule that needs one is not asked without."""
    assert case.probe is not None
    return case.probe


def found(rule: Rule, told: Diagnosis) -> Finding:
    """The diagnosis as a finding of the rule."""
    return rule.finding(
        f"{told.title}: {told.evidence}" if told.evidence else told.title,
        layer=told.layer,
        remedy=told.command,
    )


def judged(probe: Probe) -> list[Judged]:
    """The layers whose statistics were measured, but for those that values alone condemn (BN201, BN203)."""
    return [one for one in all_judged(probe) if not one.known]


def average(case: Case) -> tuple[Diagnosis, list[Judged]] | None:
    """The averages of the model that have not converged, and the layers whose statistics that explains."""
    probe = probe_of(case)
    layers = judged(probe)
    told = causes.average(layers, probe.momentum if case.momentum is None else case.momentum)
    if told is None:
        return None
    fits = ((one, average_fit(one.mean, one.variance, one.moments.pooled())) for one in layers)
    return told[0], [one for one, fit in fits if fit is not None and fit.holds]


def suspects(case: Case) -> list[Judged]:
    """The judged layers that nothing else explains: neither the input's scale (BN405), nor averages that have
    not converged (BN404), nor collapsed channels (BN204).
    """
    probe = probe_of(case)
    left = judged(probe)
    if stale.presets(left, probe) is not None:
        return []
    unfinished = average(case)
    if unfinished is not None:
        explained = {one.name for one in unfinished[1]}
        left = [one for one in left if one.name not in explained]
    told = causes.collapsed(left)
    if told is None:
        return left
    said = {finding.layer for finding in bn204.check(case)}
    return [one for one in left if one.name not in told[1] & said]


def unjudged(case: Case, test: CompanionTest | PresetTrial | None, otherwise: str) -> str | None:
    """Why a test of the probe tells nothing, `otherwise` where it was not made; None where it tells."""
    if test is None:
        return not_run(case) or otherwise
    return test.reason


def not_run(case: Case) -> str | None:
    """Why there is nothing to judge; None where the model was run."""
    probe = probe_of(case)
    if probe.ran:
        return None
    reasons = dict.fromkeys(one.reason for one in probe.skipped)
    return "the model was not run" + (f": {'; '.join(reasons)}" if reasons else "")
