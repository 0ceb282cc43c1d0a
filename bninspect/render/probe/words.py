"""A probe in words: the sentence that matters most, the diagnosis, how it was checked, how presets fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.render.line import Line
from bninspect.render.table import Cell, Column, Table
from bninspect.rules import Severity, rules
from bninspect.text import counted, percent, sentence, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.probe.diagnosis import Diagnosis
    from bninspect.measure.facts import Gap, Probe
    from bninspect.measure.presets import PresetTrial
    from bninspect.render.line import Item, Tone
    from bninspect.rules import Finding
    from bninspect.statistics.distance import Difference

_NOT_ACCURACY = (
    "Good statistics do not prove good accuracy: those of training in small batches may fit and be poor."
)


def headline(probe: Probe, diagnosis: Diagnosis) -> Line:
    """The most important sentence."""
    if not probe.report.layers:
        return Line("There is no batch norm in this model: nothing to compare.", "bold", hang=0)
    if not probe.ran:
        told = "Nothing was run: no layer of this model can be switched between the two modes."
        return Line(told, "bold", hang=0)
    if diagnosis.findings:
        first = diagnosis.findings[0]
        more = len(diagnosis.findings) - 1
        also = f" ({more} more below)" if more else ""
        return Line(f"{sentence(first.title)}{also}. {apart(probe)}", _tone(first), hang=0)
    return Line(f"{diagnosis.conclusion} {apart(probe)}", "bold" if diagnosis.open else "good", hang=0)


def apart(probe: Probe) -> str:
    """How far the modes lie apart, and where."""
    if not any(one.has_both_modes for one in probe.layers):
        return "No layer could be compared in both modes."
    places: list[tuple[str, Difference | Gap]] = [
        (one.name, one.difference) for one in probe.outputs if one.difference is not None
    ]
    layers: list[tuple[str, Difference | Gap]] = [
        (f"layer {one.layer.name}", one.difference) for one in probe.layers if one.difference is not None
    ]
    if not places and not layers:
        return "The outputs of the two modes could not be compared."
    if all(difference.max_abs == 0 for _, difference in (*places, *layers)):
        return "The two modes agree exactly, at every output and every layer."
    return f"The two modes differ {_apart(*max(places or layers, key=_size))}."


def render_diagnosis(probe: Probe, diagnosis: Diagnosis) -> Iterator[Line]:
    """Each finding with its evidence and the fix; or what a clean probe does not prove."""
    names = {rule.code: rule.name for rule in rules()}
    for one in diagnosis.findings:
        yield Line()
        yield Line(" ".join(filter(None, (one.code, names[one.code], one.layer))), _tone(one))
        yield Line(f"{sentence(one.title)}.", indent=2)
        if one.evidence:
            yield Line(f"evidence: {one.evidence}", indent=2)
        if one.fix is not None:
            yield Line(f"fix: {one.fix}", indent=2)
    if diagnosis.findings and diagnosis.open:
        yield Line()
        yield Line(diagnosis.open, "dim")
    if probe.layers and not diagnosis.findings and not diagnosis.open:
        yield Line()
        yield Line(_NOT_ACCURACY, "dim")


def checks(probe: Probe) -> Iterator[Line]:
    """How far the numbers can be trusted: verification, and the companion test."""
    checked = probe.verification
    if checked.state == "verified":
        exact = "exactly" if not checked.max_abs else f"to {short(checked.max_abs)}"
        yield Line(f"verified: both modes agree with the original, fed by its own predicate, {exact}")
    elif checked.state == "differs":
        where = f" by {short(checked.max_abs)}" if checked.max_abs is not None else ""
        at = f" at {checked.tensor}" if checked.tensor else ""
        why = f": {checked.reason}" if checked.reason else ""
        yield Line(f"NOT verified: what was measured differs from the original{where}{at}{why}", "error")
    else:
        yield Line(f"not verified: {checked.reason}", "plain" if checked.max_abs is None else "warning")
    test = probe.companions
    if test is None or test.dependent:
        return
    if test.reason is not None:
        yield Line(f"companions: not tested, {test.reason}")
        return
    floor = max((output.floor for output in test.outputs), default=0.0)
    who = "a companion made of it" if test.made else f"{counted(test.images - 1, 'other image')} beside it"
    yield Line(f"companions: an image's output does not move with {who} (noise up to {short(floor)})")


def render_presets(probe: Probe, diagnosis: Diagnosis) -> Iterator[Item]:
    """What `--preprocess auto` chose and why, or the presets beside the given one where another fits."""
    trial = probe.presets
    if trial is None or (
        trial.given is not None and not any(one.code == "BN405" for one in diagnosis.findings)
    ):
        return
    yield Line()
    if trial.given is None:
        best = trial.best
        if best is None:
            yield Line(f"preprocess auto: undecidable, {trial.reason}; raw was used", "warning")
            return
        doubt = f"; not clearly: {trial.reason}" if trial.reason else ""
        yield Line(f"preprocess auto: chose {best.options}, by {trial.layer}{doubt}")
    yield _fits(trial)
    told = (
        "W: how far the first layer's input is from its stored statistics, in stored standard deviations; "
        "gap: in the narrower of both; width: measured over stored standard deviation."
    )
    yield Line(told, "dim", hang=0)


def _fits(trial: PresetTrial) -> Table:
    """A row for each preset, the best one bold."""
    tones: list[Tone] = ["bold" if fit is trial.best else "plain" for fit in trial.fits]
    columns: dict[str, list[str]] = {
        "preset": [fit.preset for fit in trial.fits],
        "channels": [fit.channels for fit in trial.fits],
        "gap": [short(fit.gap) for fit in trial.fits],
        "W": [short(fit.w) for fit in trial.fits],
        "width": [short(fit.r) for fit in trial.fits],
    }
    return Table(
        [
            Column(title, tuple(map(Cell, texts, tones)), right=title not in ("preset", "channels"))
            for title, texts in columns.items()
        ]
    )


def _tone(one: Finding) -> Tone:
    """Red where the model should not ship, yellow otherwise."""
    return "error" if one.severity is Severity.ERROR else "warning"


def _size(place: tuple[str, Difference | Gap]) -> float:
    """What to sort by: what is not finite is the farthest apart."""
    return place[1].max_abs if math.isfinite(place[1].max_abs) else math.inf


def _apart(name: str, difference: Difference | Gap) -> str:
    if not math.isfinite(difference.max_abs):
        return f"beyond all numbers at {name} (one of them is not finite there)"
    return f"by up to {short(difference.max_abs)} at {name} ({_relative(difference)})"


def _relative(difference: Difference | Gap) -> str:
    """The root mean square difference beside that of training mode."""
    if difference.relative_l2 >= 10:
        return f"{difference.relative_l2:,.0f} times its size in training"
    return f"{percent(difference.relative_l2)} of its size in training"
