"""What a probe is asked beside both modes: do images mix, and which preset fits.

These runs have the model as it serves when it is asked for inference, beside it in training mode. Layers that
the file fixes to training mode stay in it: that is what is to be found out.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bninspect.batchnorm.mode import Mode
from bninspect.errors import BninspectError
from bninspect.inputs.pictures import Files
from bninspect.measure import auto
from bninspect.measure.both_modes import both_modes
from bninspect.measure.companions.companions import CompanionTest, companion_test, judge
from bninspect.measure.presets import PresetTrial
from bninspect.run.running import Running

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Tensor
    from bninspect.inputs.request import Inputs, Request
    from bninspect.measure.companions.companions import Run
    from bninspect.measure.facts import Probe, Question

AUTO = "auto"
"""The preset that is to be found out."""
_FED = {Mode.TRAINING: Mode.INFERENCE, Mode.INFERENCE: Mode.INFERENCE}
"""Whatever else reads the predicate's source (dropout) is served inference in both."""


def prepared(
    report: Report, question: Question, request: Request, bound: Callable[[Request], Inputs]
) -> tuple[Inputs, PresetTrial | None]:
    """What to feed; where the preset is `auto`, by the one that fits best, and how all of them fit.

    `bound` makes inputs of a request. Where nothing can be told, pixels stay raw.
    """
    if request.preset != AUTO:
        return bound(request), None
    inputs = bound(replace(request, preset="raw"))
    trial = fitting(report, inputs, question.allowed)
    best = trial.best
    if best is None:
        return inputs, trial
    channels = request.channels or best.channels
    return bound(replace(request, preset=best.preset, channels=channels)), trial


def examined(
    found: Probe,
    question: Question,
    inputs: Inputs,
    outputs: Sequence[Tensor],
    trial: PresetTrial | None,
) -> Probe:
    """The probe with what was asked besides."""
    if (
        question.presets
        and trial is None
        and isinstance(inputs.pictures, Files)
        and _first_is_off(found, inputs)
    ):
        recipe = inputs.pictures.recipe
        fitted = fitting(found.report, inputs, question.allowed).given_as(recipe.preset, bgr=recipe.bgr)
        trial = fitted if fitted.given is not None else None
    test = mixed(found.report, inputs, outputs, question.allowed) if question.companions else None
    return replace(found, presets=trial, companions=test)


def _first_is_off(found: Probe, inputs: Inputs) -> bool:
    """Whether the first layer's statistics do not fit the images, or too few images say so."""
    first = None if inputs.place is None else auto.first_layer(found.report, inputs.place.tensor)
    own = next((one.own for one in found.layers if one.layer is first), None)
    return own is not None and own.staleness is not None and own.staleness.verdict != "fine"


def mixed(
    report: Report, inputs: Inputs, outputs: Sequence[Tensor], allowed: Collection[str]
) -> CompanionTest:
    """The companion test of these outputs; one that could not be made says why."""
    tensors = tuple(dict.fromkeys(judge(tensor) for tensor in outputs))
    if not tensors:
        return CompanionTest(reason="there is no output to look at")
    try:
        with _running(report, inputs, tensors, allowed) as runs:
            return companion_test(runs(Mode.INFERENCE), inputs, tensors, runs(Mode.TRAINING))
    except BninspectError as error:
        return CompanionTest(reason=str(error))


def fitting(report: Report, inputs: Inputs, allowed: Collection[str]) -> PresetTrial:
    """Every preset at the first layer; a trial that could not be made says why."""
    layer = None if inputs.place is None else auto.first_layer(report, inputs.place.tensor)
    if layer is None:
        return PresetTrial(reason="no batch norm sees an image")
    try:
        with _running(report, inputs, [layer.x], allowed) as runs:
            return auto.trial(report, inputs, runs(Mode.INFERENCE))
    except BninspectError as error:
        return PresetTrial(layer=layer.name, reason=str(error))


def _serving(mode: Mode, layer: BatchNorm) -> Mode:
    """The mode a layer runs in: training in the copy for training, else what the file leaves it."""
    return Mode.TRAINING if Mode.TRAINING in (mode, layer.mode) else Mode.INFERENCE


@contextmanager
def _running(
    report: Report, inputs: Inputs, wanted: Sequence[Tensor], allowed: Collection[str]
) -> Iterator[Callable[[Mode], Run]]:
    """What runs these tensors in either mode, in one session. Raises RunError, RewriteError."""
    both = both_modes(report, _serving, wanted).cut(inputs.names)
    with Running(both.program(allowed)) as running:

        def runs(mode: Mode) -> Run:
            def run(tensors: Sequence[Tensor], feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
                return running.run([both.fetch(mode, tensor) for tensor in tensors], both.feeds(feeds, _FED))

            return run

        yield runs
