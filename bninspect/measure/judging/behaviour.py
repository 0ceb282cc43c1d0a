"""What a model does wrong whatever its statistics are: it mixes images, draws numbers, its modes disagree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Form, Mode, State
from bninspect.measure.facts import Diagnosis
from bninspect.statistics import thresholds
from bninspect.text import counted, listed, number, percent, verb

if TYPE_CHECKING:
    from bninspect.measure.facts import OutputDifference, Probe
    from bninspect.statistics.distance import Difference


def dependent(probe: Probe) -> Diagnosis | None:
    """BN401: one image's output depends on its companions."""
    test = probe.companions
    if test is None or not test.dependent:
        return None
    worst = test.dependent[0]
    baked = [layer for layer in probe.report.layers if layer.mode is Mode.TRAINING]
    message = (
        "One image's output depends on the images beside it, though every layer that can be switched runs in "
        "inference mode"
    )
    command = "find what mixes them: bninspect graph MODEL"
    if baked:
        names = [layer.name for layer in baked]
        message += f": {listed(names)} {verb(names, 'normalize')} with the batch whatever is fed"
        command = "make them use their stored statistics: bninspect strip MODEL -o OUT"
        if all(layer.statistics.state is State.ABSENT for layer in baked):
            command = "freeze it anew in inference mode: the file holds no statistics for these layers"
        elif not any(layer.form is Form.FUSED or layer.untaken is not None for layer in baked):
            command = "freeze it anew in inference mode: nothing ties statistics of the file to these layers"
    others = "companion made of it" if test.made else "images beside it"
    share = (
        f"{percent(worst.change / worst.size)} of its largest value" if worst.size else "it is all 0 alone"
    )
    evidence = (
        f"{worst.name} moves by {number(worst.change)} ({share}) from alone to a batch of {test.images} with "
        f"the {others}; noise ends at {number(worst.floor)}"
    )
    return Diagnosis(
        code="BN401",
        layer=baked[0].name if len(baked) == 1 else None,
        title="one image's output depends on the images beside it",
        message=f"{message}.",
        evidence=evidence,
        command=command,
    )


def random(probe: Probe) -> Diagnosis | None:
    """BN402: two runs of one feed differ."""
    test = probe.companions
    if test is None or not test.random:
        return None
    worst = max(test.random, key=lambda output: output.rerun / max(output.size, 1e-30))
    drawn = (
        f"{probe.random} draws random numbers"
        if probe.random is not None
        else "no op on the way draws random numbers: its kernels add up in changing order"
    )
    return Diagnosis(
        code="BN402",
        layer=None,
        title="two runs of one feed differ",
        message=f"Two runs of one feed differ, in inference mode: {drawn}.",
        evidence=f"{worst.name} differs by {number(worst.rerun)}, its largest value is {number(worst.size)}",
        command="feed what switches it off (a keep probability of 1: --feed NAME=1.0), or export without it",
    )


def disagreeing(probe: Probe) -> Diagnosis | None:
    """BN406: the outputs of the two modes disagree although no layer's statistics explain it.

    Where some layer could not be measured, that may be it.
    """
    worst = _worst(probe)
    if worst is None:
        return None
    measured = [one.layer.name for one in probe.layers if one.own is not None and one.own.staleness]
    open_ = [layer.name for layer in probe.report.layers if layer.name not in measured]
    title = "the modes disagree at the outputs, and no single layer's statistics explain it"
    message = (
        "The modes disagree at the outputs, though the statistics of every layer fit these images: many "
        "small errors add up, or what depends on the mode is no batch norm."
    )
    was = "was" if len(open_) == 1 else "were"
    if open_:
        title = f"the modes disagree at the outputs, and {listed(open_)} {was} not measured"
        others = ", though the statistics of every other layer fit these images" if measured else ""
        message = (
            f"The modes disagree at the outputs{others}: whether {listed(open_)} {verb(open_, 'explain')} "
            f"it is open, {'it' if len(open_) == 1 else 'they'} {was} not measured."
        )
    return Diagnosis(
        code="BN406",
        layer=None,
        title=title,
        message=message,
        evidence=effect(worst),
        command="probe with --switch graph, and with more images in a batch (--batch-size)",
    )


def outputs(probe: Probe) -> str:
    """What the wrong statistics do to the output that suffers most; empty where the modes agree."""
    worst = _worst(probe)
    return "" if worst is None else effect(worst)


def effect(output: OutputDifference) -> str:
    """How far the two modes of an output are apart."""
    found = output.difference
    if not math.isfinite(found.relative_l2):
        return f"at {output.name} one of the modes is not finite"
    told = f"at {output.name} the modes are {relative(found.relative_l2)} apart"
    if found.top1_agreement is not None and found.top1_agreement < 1:
        told += f", and the top-1 flips for {percent(1 - found.top1_agreement)} of the images"
    return told


def _worst(probe: Probe) -> OutputDifference | None:
    """The output whose modes disagree most, if they do."""
    found = [output for output in probe.outputs if _apart(output.difference)]
    return max(found, key=lambda output: output.difference.relative_l2, default=None)


def _apart(difference: Difference) -> bool:
    """Whether the two modes disagree, where they are not finite too."""
    agreement = difference.top1_agreement
    flipped = agreement is not None and 1 - agreement >= thresholds.TOP1_FLIPPED
    return flipped or not difference.relative_l2 < thresholds.OUTPUTS_APART


def relative(share: float) -> str:
    """`80 % of its size`, `165 times its size`."""
    return f"{percent(share)} its size" if share >= 10 else f"{percent(share)} of its size"


def images(count: int) -> str:
    """`1 image`, `64 images`."""
    return counted(count, "image")
