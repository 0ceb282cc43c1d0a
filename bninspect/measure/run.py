"""Both modes of a model on the same inputs: how far they lie apart, and how far stored statistics are off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import source_value
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.errors import Absent, RunError
from bninspect.graph.loops import in_loops
from bninspect.graphdef.dtypes import NUMPY
from bninspect.inputs import patch
from bninspect.inputs.bind import bind
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.request import Request
from bninspect.measure.both_modes import MODES, BothModes, both_modes
from bninspect.measure.examined import bound_first, examined, fitting, prepared
from bninspect.measure.facts import (
    InputFact,
    Probe,
    ProbedLayer,
    Question,
    Verification,
)
from bninspect.measure.measured import probed_layers
from bninspect.measure.outputs import cut, empty, kept, output_differences, seen_image
from bninspect.measure.passes import GAP, OUTPUT, Passes
from bninspect.measure.sharing.experiment import experiment
from bninspect.measure.undecided import qualified, undecided
from bninspect.measure.verify import run_by
from bninspect.measure.whole_loops import without_loops
from bninspect.run.pure_ops import RANDOM_OPS
from bninspect.run.running import Wish
from bninspect.steps import step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Node, Tensor

_SERVED: dict[str, dict[Mode, Mode]] = {
    "layers": {Mode.TRAINING: Mode.INFERENCE, Mode.INFERENCE: Mode.INFERENCE},
    "graph": {mode: mode for mode in MODES},
}
"""`--switch` -> for the copy of each mode, the mode that other readers of what decides are served."""
_SINGLE = (
    "no own error: training mode has one value per channel in a batch, here or before it, and gives beta "
    "whatever the input; give a batch of several (--batch-size)"
)


def probe(
    report: Report, question: Question, request: Request, progress: Callable[[int, int], None] | None = None
) -> Probe:
    """Runs the model in both modes and compares them; `progress` is told (images done, images in all).

    Raises InputError for inputs and patches that do not fit, RunError where TensorFlow is missing, an op is
    refused or the run fails, RewriteError where the model cannot be rewritten.
    """
    report, question, skipped = without_loops(report, question)
    if not report.layers:
        return _not_run(report, skipped)
    loops = in_loops(report.graph)
    outputs = tuple(tensor for tensor in report.outputs if tensor.node not in loops)
    patched = _patched(question, loops)
    both = both_modes(report, lambda mode, _: mode, (*outputs, *patched), question.layers, question.layers)
    reached = both.reached(report.graph)
    later = run_by(report) if request.feeds else set()

    def bound(asked: Request) -> Inputs:
        return bind(report.graph, reached, report.layers, asked, _decided(both), later)

    first = bound_first(request, bound)
    both = both.cut(first.names)
    keep = {*patched, *(outputs if question.keep else ())}
    wishes = _wishes(report, question.layers, both, dict.fromkeys((*outputs, *patched)))
    passes = Passes(wishes, keep, _SERVED[question.switch])
    with experiment(report, question, both, first, outputs) as lab:
        inputs, trial = prepared(first, request, bound, lambda raw: fitting(report, raw, lab.served))
        if trial is not None:
            lab.running.anew()
        passes.run(lab.running, both, inputs, progress)
        step("comparing with the original")
        checked = lab.verify(inputs) if question.verify else None
        if checked is not None and question.switch == "layers":
            checked = qualified(checked, report, both)
        found = _found(report, question, both, inputs, passes, (outputs, patched), skipped, checked)
        compared = [tensor for tensor in outputs if tensor in passes.meters]
        found = examined(found, question, inputs, compared, trial, lab.served)
        better = None if found.presets is None else found.presets.better
        if better is None:
            return found
        fitter = bound(replace(request, preprocess=better.preset, channels=better.channels))
        again = Passes([wish for wish in wishes if wish.what[0] == Mode.TRAINING.value], (), passes.served)
        lab.running.anew()
        step(f"measuring with {better.options}")
        again.run(lab.running, both, fitter)
        return _with_refit(
            found, probed_layers((one.layer for one in found.layers), both, again, fitter.count)
        )


def _with_refit(found: Probe, better: Sequence[ProbedLayer]) -> Probe:
    """The probe with the own errors under another preset beside its own."""
    own = {one.layer.name: one.own for one in better}
    layers = tuple(replace(one, refit=own.get(one.layer.name)) for one in found.layers)
    return replace(found, layers=layers)


def _not_run(report: Report, skipped: tuple[Absent, ...]) -> Probe:
    """The probe of a model without a layer that can be run."""
    return Probe(
        report=report,
        inputs=(),
        fed={},
        layers=(),
        outputs=(),
        patches=(),
        skipped=skipped,
        ran=False,
        verification=Verification(state="impossible", reason="there is no layer to run in both modes"),
    )


def _found(
    report: Report,
    question: Question,
    both: BothModes,
    inputs: Inputs,
    passes: Passes,
    tensors: tuple[Sequence[Tensor], Sequence[Tensor]],
    skipped: Sequence[Absent],
    checked: Verification | None,
) -> Probe:
    """The facts, from what the passes gathered."""
    outputs, patched = tensors
    lost = {layer.name: _unmeasured(layer, both, passes) for layer in question.layers}
    skips = [
        Absent(what=layer.name, reason=reason)
        for layer in question.layers
        if (reason := _one_mode_alone(layer, both) or lost[layer.name]) is not None
    ]
    gone = [
        Absent(what=what.name, reason=reason)
        for (_, what), reason in passes.lost.items()
        if not isinstance(what, str)
    ]
    layers = probed_layers(
        (layer for layer in question.layers if lost[layer.name] is None), both, passes, inputs.count
    )
    return Probe(
        report=report,
        inputs=_input_facts(inputs, passes.shapes),
        fed={**inputs.said, **_fed_for_others(both, question)},
        layers=layers,
        outputs=output_differences(outputs, passes, inputs.count) if _both_modes_run(both) else (),
        patches=tuple(cut(tensor, question.patch, passes) for tensor in patched) if question.patch else (),
        skipped=(
            *skipped,
            *skips,
            *undecided(report, both),
            *gone,
            *empty(outputs, passes),
            *_without_own_error(layers),
        ),
        ran=True,
        decided={source.name: _written(source, serving) for source, serving in both.sources.items()},
        random=_random_node(report, both),
        kept=kept([tensor for tensor in outputs if tensor in passes.meters], passes) if question.keep else {},
        seen=seen_image(outputs, inputs, passes) if question.seen else None,
        verification=checked or Verification(state="impossible", reason="it was not asked for"),
        switch=question.switch,
        momentum=question.momentum,
    )


def _wishes(
    report: Report, layers: Sequence[BatchNorm], both: BothModes, tensors: Mapping[Tensor, None]
) -> list[Wish]:
    """What is fetched in one run: both modes of the tensors; moments and gap of the layers."""
    conditions = Conditions(report.graph)
    wishes = [
        Wish((OUTPUT, tensor), tuple(both.fetch(mode, tensor) for mode in MODES), (OUTPUT, tensor))
        for tensor in tensors
    ]
    for layer in layers:
        fate = conditions.of_tensor(layer.output)
        for mode in MODES:
            if (mode, layer.name) in both.moments:
                names = both.moments[mode, layer.name]
                wishes.append(Wish((mode.value, layer.name), names, (mode.value, fate)))
        if layer.name in both.gaps:
            wishes.append(Wish((GAP, layer.name), tuple(both.gaps[layer.name]), (GAP, fate)))
    return wishes


def _one_mode_alone(layer: BatchNorm, both: BothModes) -> str | None:
    """Why a layer ran in one mode in both copies; None if it ran in both modes."""
    for mode in MODES:
        change = both.changes[mode][layer.name]
        if change.what == "left":
            return f"no {mode.value} mode: {change.reason}"
    return None


def _unmeasured(layer: BatchNorm, both: BothModes, passes: Passes) -> str | None:
    """Why nothing was measured of what a layer normalizes; None if it was."""
    if layer.name in both.unmeasured:
        return both.unmeasured[layer.name]
    lost = [passes.lost.get((mode.value, layer.name)) for mode in MODES]
    return lost[0] if all(lost) else None


def _without_own_error(layers: Sequence[ProbedLayer]) -> list[Absent]:
    """The layers that ran in both modes, whose x was measured and could be set against nothing. Why another
    ran in one mode alone is said already.
    """
    return [
        Absent(
            what=one.layer.name,
            reason=_SINGLE
            if one.single
            else f"no own error: its stored statistics are unknown, {one.layer.statistics.reason}",
        )
        for one in layers
        if one.own is not None
        and one.own.staleness is None
        and (one.single or one.layer.statistics.reason)
        and one.has_both_modes
    ]


def _both_modes_run(both: BothModes) -> bool:
    """Whether any layer has both modes; if none has, both copies are the same model."""
    left = [{name for name, change in both.changes[mode].items() if change.what == "left"} for mode in MODES]
    return left[0] | left[1] != set(both.changes[Mode.TRAINING])


def _written(source: Tensor, serving: Mapping[Mode, bool]) -> tuple[str, str]:
    training, inference = (source_value(source, serving[mode]) for mode in MODES)
    return training, inference


def _decided(both: BothModes) -> set[str]:
    return {source.name for source in both.sources}


def _fed_for_others(both: BothModes, question: Question) -> dict[str, bool]:
    """What the other readers of each source got, where there are any and both modes got the same."""
    if question.switch == "graph":
        return {}
    held = {node.name for node in both.graphdef.nodes}
    return {
        source.name: value[Mode.INFERENCE]
        for source, value in both.sources.items()
        if source.node.name in held
    }


def _patched(question: Question, loops: set[Node]) -> tuple[Tensor, ...]:
    """The tensors whose patch is wanted. Raises InputError, RunError where a patch cannot be had."""
    if question.patch is None or not question.layers:
        return ()
    patch.parse(question.patch)
    chosen = question.patched or (question.layers[0].output,)
    for tensor in chosen:
        if tensor.node in loops:
            raise RunError(f"--patch of {tensor.name}: it stands in a loop, where it has many values")
    return chosen


def _random_node(report: Report, both: BothModes) -> str | None:
    """The first node of the original that draws random numbers on the way to what was compared."""
    reached = both.reached(report.graph)
    return next((node.label for node in report.graph if node in reached and node.op in RANDOM_OPS), None)


def _input_facts(inputs: Inputs, shapes: Mapping[str, tuple[int, ...]]) -> tuple[InputFact, ...]:
    """The image input, where there is one, and those fed beside it; what is fed by hand is told by `fed`."""
    return tuple(
        InputFact(
            name=place.name,
            dtype="string" if place.dtype == "string" else NUMPY[place.dtype].name,
            shape=shapes.get(place.name, ()),
            source=pictures.names,
            preset=inputs.preset if pictures is inputs.pictures else None,
            drawn=pictures.drawn,
        )
        for place, pictures in inputs.elements
    )
