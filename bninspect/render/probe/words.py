"""A probe in words: the verdict, what is wrong with its fix, how it was checked, how presets fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.batchnorm.verdict import without_layers
from bninspect.render.line import Line, fix_line
from bninspect.rules import Severity, rules
from bninspect.rules.facts.outputs import distance, effect, relative
from bninspect.statistics.thresholds import MOST_GAP
from bninspect.text import counted, listed, number, sentence, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.probe.diagnosis import Diagnosis
    from bninspect.measure.companions.companions import CompanionTest
    from bninspect.measure.facts import Gap, Probe
    from bninspect.measure.presets import PresetFit, PresetTrial
    from bninspect.render.line import Tone
    from bninspect.rules import Finding

_NOT_ACCURACY = (
    "Good statistics do not prove good accuracy: those of training in small batches may fit and be poor."
)


def verdict(probe: Probe, diagnosis: Diagnosis) -> Line:
    """The most important sentence."""
    path = probe.report.graph.graphdef.path
    name = "standard input" if path == "-" else path
    if not probe.report.layers:
        return Line(f"{name}: {without_layers(probe.report, 'compare')}", "bold")
    if not probe.ran:
        reason = "nothing was run: no layer of this model can be switched between the two modes"
        return Line(f"{name}: {reason}", "bold")
    if diagnosis.findings:
        first = diagnosis.findings[0]
        more = len(diagnosis.findings) - 1
        also = f" (and {counted(more, 'more finding')})" if more else ""
        return Line(f"{name}: {first.title}{also}", _tone(first))
    return Line(f"{name}: {diagnosis.conclusion}", "bold" if diagnosis.open else "good")


def gap_sentence(probe: Probe) -> str:
    """How far the two modes differ: at the output where they differ most, else at such a layer."""
    if not any(one.has_both_modes for one in probe.layers):
        return "No layer could be compared in both modes."
    gaps = {one.layer.name: one.difference for one in probe.layers if one.difference is not None}
    if not probe.outputs and not gaps:
        return "The outputs of the two modes could not be compared."
    if all(distance(one) == 0 for one in probe.outputs) and all(gap.max_abs == 0 for gap in gaps.values()):
        return "The two modes agree exactly, at every output and every layer."
    if probe.outputs:
        worst = max(probe.outputs, key=distance)
        between = "Between the two modes, " if math.isfinite(distance(worst)) else ""
        return f"{between}{effect(worst)}."
    return f"Between the two modes, {_of_layer(*max(gaps.items(), key=lambda item: item[1].max_abs))}."


def _of_layer(name: str, gap: Gap) -> str:
    return f"the output of layer {name} differs by {relative(gap.relative_l2)}"


def render_findings(diagnosis: Diagnosis, reasons: int) -> Iterator[Line]:
    """Each finding with its fix, the first so many with the evidence; and what is left open."""
    names = {rule.code: rule.name for rule in rules()}
    said: dict[str, str] = {}
    for place, one in enumerate(diagnosis.findings):
        yield Line(f"{sentence(one.title)}.", _tone(one), label=f"{one.code} {names[one.code]}: ")
        if one.evidence and place < reasons:
            yield Line(f"because: {one.evidence}", indent=2)
        if one.fix is not None:
            yield fix_line(one.fix, one.code, said, 2)
    if diagnosis.findings and diagnosis.open:
        yield Line(f"not judged: {diagnosis.open.removeprefix('not judged: ')}")
    if not diagnosis.findings and not diagnosis.open:
        yield Line(_NOT_ACCURACY, "dim", hang=0)


def render_setting(probe: Probe) -> Iterator[Line]:
    """What was run: the inputs, and what was fed for each mode."""
    for fact in probe.inputs:
        shape = "x".join(map(str, fact.shape)) or "a scalar"
        made = f", --preprocess {fact.preset}" if fact.preset else ""
        yield Line(f"input: {fact.name} ({fact.dtype} {shape}) from {listed(fact.source, 1)}{made}")
    for name, value in probe.fed.items():
        others = " for its other readers (--switch graph: for each mode its own)"
        yield Line(f"fed: {name} = {str(value).lower()}{others if name in probe.decided else ''}")
    alike: dict[tuple[str, str], list[str]] = {}
    for name, values in probe.decided.items():
        alike.setdefault(values, []).append(name)
    for (training, inference), names in alike.items():
        yield Line(f"mode: {listed(names)} = {training} is training, {inference} is inference")
    if probe.random is not None:
        yield Line(f"random: {probe.random} draws random numbers, new ones in every run")


def render_checks(probe: Probe) -> Iterator[Line]:
    """How far the numbers can be trusted: verification, and the companion test."""
    checked = probe.verification
    if checked.state == "verified":
        exact = "bit for bit" if not checked.max_abs else f"to within {short(checked.max_abs)}"
        yield Line(f"verified: each mode gives what the original gives when it is fed for that mode, {exact}")
    elif checked.state == "impossible":
        yield Line(f"not verified: {checked.reason}", "plain" if checked.max_abs is None else "warning")
    if probe.companions is not None and not probe.companions.dependent:
        yield _companions(probe.companions)


def render_alarm(probe: Probe) -> Iterator[Line]:
    """That what was measured is not the model, which comes before anything else."""
    checked = probe.verification
    if checked.state == "differs":
        where = f" by {short(checked.max_abs)}" if checked.max_abs is not None else ""
        at = f" at {checked.tensor}" if checked.tensor else ""
        why = f": {checked.reason}" if checked.reason else ""
        yield Line(f"NOT verified: what was measured differs from the original{where}{at}{why}", "error")


def _companions(test: CompanionTest) -> Line:
    """That an image's output is its own, which the test showed; or why it was not tested."""
    if test.reason is not None:
        return Line(f"batch-independent: not tested, {test.reason}")
    floor = max((output.floor for output in test.outputs), default=0.0)
    up_to = f", to within {number(floor)}" if floor else ""
    return Line(f"batch-independent: an image gives the same output alone and in a batch{up_to}")


def render_presets(probe: Probe, diagnosis: Diagnosis) -> Iterator[Line]:
    """What `--preprocess auto` chose and why, or the presets beside the given one if another fits better."""
    trial = probe.presets
    if trial is None or (
        trial.given is not None and not any(one.code == "BN405" for one in diagnosis.findings)
    ):
        return
    if trial.given is None:
        best = trial.best
        if best is None:
            yield Line(f"--preprocess auto: raw was used, because {trial.reason}", "warning")
            return
        doubt = f", though not clearly: {trial.reason}" if trial.reason else ""
        yield Line(f"--preprocess auto: {best.options} was used{doubt}")
    most = f"a channel counts as {MOST_GAP:g} at most"
    yield Line(f"--preprocess, and how far it leaves {trial.layer} off ({most}): {_fits(trial)}")


def _fits(trial: PresetTrial) -> str:
    """The gap of each preset in its better order of colours, in standard deviations; the best first."""
    best: dict[str, PresetFit] = {}
    for fit in trial.fits:
        best.setdefault(fit.preset, fit)
    return ", ".join(
        f"{fit.preset}{'' if fit.usual else f' {fit.channels}'} {short(fit.gap)}" for fit in best.values()
    )


def _tone(one: Finding) -> Tone:
    """Red if the model should not ship, yellow otherwise."""
    return "error" if one.severity is Severity.ERROR else "warning"
