"""A probe in words: the sentence that matters most, the diagnosis, how it was checked, how presets fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bninspect.render.probe.numbers import percent, short
from bninspect.render.prose import Prose
from bninspect.rules import Severity, rules
from bninspect.text import counted, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from bninspect.commands.probe.diagnosis import Diagnosis
    from bninspect.measure.facts import Gap, Probe
    from bninspect.rules import Finding
    from bninspect.statistics.distance import Difference

_NOT_ACCURACY = (
    "Good statistics do not prove good accuracy: those of training in small batches may fit and be poor."
)


def headline(probe: Probe, diagnosis: Diagnosis) -> tuple[str, str]:
    """The most important sentence, and its style."""
    if not probe.report.layers:
        return "There is no batch norm in this model: nothing to compare.", "bold"
    if not probe.ran:
        return "Nothing was run: no layer of this model can be switched between the two modes.", "bold"
    if diagnosis.findings:
        first = diagnosis.findings[0]
        more = len(diagnosis.findings) - 1
        also = f" ({more} more below)" if more else ""
        return f"{sentence(first.title)}{also}. {apart(probe)}", _tone(first)
    style = "bold" if diagnosis.open else "bold green"
    return f"{diagnosis.conclusion} {apart(probe)}", style


def apart(probe: Probe) -> str:
    """How far the modes lie apart, and where."""
    if not any(one.has_both_modes for one in probe.layers):
        return "No layer could be compared in both modes."
    places: list[tuple[str, Difference | Gap]] = [(one.name, one.difference) for one in probe.outputs]
    layers: list[tuple[str, Difference | Gap]] = [
        (f"layer {one.layer.name}", one.difference) for one in probe.layers if one.difference is not None
    ]
    if not places and not layers:
        return "The outputs of the two modes could not be compared."
    if all(difference.max_abs == 0 for _, difference in (*places, *layers)):
        return "The two modes agree exactly, at every output and every layer."
    return f"The two modes differ {_apart(*max(places or layers, key=_size))}."


def print_diagnosis(console: Console, probe: Probe, diagnosis: Diagnosis) -> None:
    """Each finding with its evidence and the fix; or what a clean probe does not prove."""
    names = {rule.code: rule.name for rule in rules()}
    for one in diagnosis.findings:
        console.print()
        console.print(Prose(" ".join(filter(None, (one.code, names[one.code], one.layer))), _tone(one)))
        console.print(Prose(f"{sentence(one.title)}.", indent=2))
        if one.evidence:
            console.print(Prose(f"evidence: {one.evidence}", indent=2, hang=2))
        if one.fix is not None:
            console.print(Prose(f"fix: {one.fix}", indent=2, hang=2))
    if diagnosis.findings and diagnosis.open:
        console.print()
        console.print(Prose(diagnosis.open, "dim"))
    if probe.layers and not diagnosis.findings and not diagnosis.open:
        console.print()
        console.print(Prose(_NOT_ACCURACY, "dim"))


def checks(probe: Probe) -> Iterator[tuple[str, str]]:
    """(line, style) on how far the numbers can be trusted: verification, and the companion test."""
    checked = probe.verification
    if checked.state == "verified":
        exact = "exactly" if not checked.max_abs else f"to {short(checked.max_abs)}"
        yield f"verified: both modes agree with the original, fed by its own predicate, {exact}", ""
    elif checked.state == "differs":
        where = f" by {short(checked.max_abs)}" if checked.max_abs is not None else ""
        at = f" at {checked.tensor}" if checked.tensor else ""
        why = f": {checked.reason}" if checked.reason else ""
        yield f"NOT verified: what was measured differs from the original{where}{at}{why}", "bold red"
    else:
        yield f"not verified: {checked.reason}", "yellow" if checked.max_abs is not None else ""
    test = probe.companions
    if test is None or test.dependent:
        return
    if test.reason is not None:
        yield f"companions: not tested, {test.reason}", ""
        return
    floor = max((output.floor for output in test.outputs), default=0.0)
    who = "a companion made of it" if test.made else f"{counted(test.images - 1, 'other image')} beside it"
    yield f"companions: an image's output does not move with {who} (noise up to {short(floor)})", ""


def print_presets(console: Console, probe: Probe, diagnosis: Diagnosis) -> None:
    """What `--preprocess auto` chose and why, or the presets beside the given one where another fits."""
    trial = probe.presets
    if trial is None or (
        trial.given is not None and not any(one.code == "BN405" for one in diagnosis.findings)
    ):
        return
    console.print()
    if trial.given is None:
        best = trial.best
        if best is None:
            console.print(Prose(f"preprocess auto: undecidable, {trial.reason}; raw was used", "yellow"))
            return
        doubt = f"; not clearly: {trial.reason}" if trial.reason else ""
        console.print(Prose(f"preprocess auto: chose {best.options}, by {trial.layer}{doubt}"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    for title in ("preset", "channels", "gap", "W", "width"):
        table.add_column(title, justify="left" if title in ("preset", "channels") else "right")
    for fit in trial.fits:
        row = (fit.preset, fit.channels, short(fit.gap), short(fit.w), short(fit.r))
        table.add_row(*row, style="bold" if fit is trial.best else None)
    console.print(table)
    told = (
        "W: how far the first layer's input is from its stored statistics, in stored standard deviations; "
        "gap: in the narrower of both; width: measured over stored standard deviation."
    )
    console.print(Prose(told, "dim"))


def _tone(one: Finding) -> str:
    """Red where the model should not ship, yellow otherwise."""
    return "bold red" if one.severity is Severity.ERROR else "bold yellow"


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
