"""What a probe is asked beside both modes: do images mix, and which preset fits.

These runs have the model as it serves when it is asked for inference, beside it in training mode. Layers that
the file fixes to training mode stay in it: that is what is to be found out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bninspect.batchnorm.mode import Mode
from bninspect.errors import BninspectError
from bninspect.inputs.pictures import Images
from bninspect.measure import auto
from bninspect.measure.both_modes import both_modes
from bninspect.measure.companions.companions import CompanionTest, companion_test, judge
from bninspect.measure.presets import PresetTrial
from bninspect.run.running import Running
from bninspect.steps import step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Tensor
    from bninspect.inputs.inputs import Inputs
    from bninspect.inputs.request import Request
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.companions.companions import Run
    from bninspect.measure.facts import Probe, Question

Runs = Callable[[Mode], "Run"]
"""A mode -> what runs tensors of the model in it."""

AUTO = "auto"
"""The preset that is to be found out."""
_FED = {Mode.TRAINING: Mode.INFERENCE, Mode.INFERENCE: Mode.INFERENCE}
"""Whatever else reads the predicate's source (dropout) is served inference in both."""


def bound_first(request: Request, bound: Callable[[Request], Inputs]) -> Inputs:
    """What to feed, as far as is known before anything runs: pixels stay raw if their preset is `auto`."""
    return bound(replace(request, preprocess="raw") if request.preprocess == AUTO else request)


def prepared(
    inputs: Inputs,
    request: Request,
    bound: Callable[[Request], Inputs],
    fit: Callable[[Inputs], PresetTrial],
) -> tuple[Inputs, PresetTrial | None]:
    """What to feed, after what was bound first; if the preset is `auto`, by the one that fits best, and how
    all of them fit.

    `bound` makes inputs of a request, `fit` tries every preset. If none can be chosen, pixels stay raw.
    """
    if request.preprocess != AUTO:
        return inputs, None
    trial = fit(inputs)
    best = trial.best
    if best is None:
        return inputs, trial
    channels = request.channels or best.channels
    return bound(replace(request, preprocess=best.preset, channels=channels)), trial


def examined(
    found: Probe,
    question: Question,
    inputs: Inputs,
    outputs: Sequence[Tensor],
    trial: PresetTrial | None,
    runs: Runs,
) -> Probe:
    """The probe with what was asked besides; `runs` runs the model as it serves."""
    if (
        question.presets
        and trial is None
        and isinstance(inputs.pictures, Images)
        and _first_is_off(found, inputs)
    ):
        recipe = inputs.pictures.recipe
        fitted = fitting(found.report, inputs, runs).given_as(recipe.preset, bgr=recipe.bgr)
        trial = fitted if fitted.given is not None else None
    test = mixed(inputs, outputs, runs) if question.companions else None
    return replace(found, presets=trial, companions=test)


def _first_is_off(found: Probe, inputs: Inputs) -> bool:
    """Whether the first layer's statistics do not fit the images, or too few images say so."""
    first = first_layer(found.report, inputs)
    own = next((one.own_staleness for one in found.layers if one.layer is first), None)
    return own is not None and own.verdict != "fine"


def mixed(inputs: Inputs, outputs: Sequence[Tensor], runs: Runs) -> CompanionTest:
    """The companion test of these outputs; one that could not be made says why."""
    tensors = tuple(dict.fromkeys(judge(tensor) for tensor in outputs))
    if not tensors:
        return CompanionTest(reason="there is no output to compare")
    step("testing whether the images of a batch mix")
    try:
        return companion_test(runs(Mode.INFERENCE), inputs, tensors, runs(Mode.TRAINING))
    except BninspectError as error:
        return CompanionTest(reason=str(error))


def fitting(report: Report, inputs: Inputs, runs: Runs) -> PresetTrial:
    """Every preset at the first layer; a trial that could not be made says why."""
    layer = first_layer(report, inputs)
    if layer is None:
        return PresetTrial(reason="no batch norm sees an image")
    step("trying every --preprocess")
    try:
        return auto.trial(report, inputs, runs(Mode.INFERENCE))
    except BninspectError as error:
        return PresetTrial(layer=layer.name, reason=str(error))


def first_layer(report: Report, inputs: Inputs) -> BatchNorm | None:
    """The first layer that sees the images; None if there is none."""
    return None if inputs.place is None else auto.first_layer(report, inputs.place.tensor)


def fitting_alone(report: Report, inputs: Inputs, allowed: Collection[str]) -> PresetTrial:
    """Every preset at the first layer, in a session of its own."""

    layer = first_layer(report, inputs)
    try:
        both = as_served(report, inputs, ())
        with Running(both.program(allowed)) as running:
            return fitting(report, inputs, running_as_served(both, running))
    except BninspectError as error:
        return PresetTrial(layer=None if layer is None else layer.name, reason=str(error))


def as_served(report: Report, inputs: Inputs, outputs: Sequence[Tensor]) -> BothModes:
    """The model as it serves when it is asked for inference, beside it in training mode: what is judged of
    these outputs, and x of the first layer. Raises RewriteError.
    """
    layer = first_layer(report, inputs)
    wanted = [*map(judge, outputs), *([] if layer is None else [layer.x])]
    return both_modes(report, _served_mode, wanted).cut(inputs.names)


def _served_mode(mode: Mode, layer: BatchNorm) -> Mode:
    """The mode a layer runs in: training in the copy for training, else what the file leaves it."""
    return Mode.TRAINING if Mode.TRAINING in (mode, layer.mode) else Mode.INFERENCE


def running_as_served(both: BothModes, running: Running) -> Runs:
    """What runs tensors of the model as it serves, in either mode."""

    def runs(mode: Mode) -> Run:
        def run(tensors: Sequence[Tensor], feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
            return running.run([both.fetch(mode, tensor) for tensor in tensors], both.feeds(feeds, _FED))

        return run

    return runs
