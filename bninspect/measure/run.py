"""Both modes of a model on the same inputs: how far they lie apart, and how far stored statistics are off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import source_value
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.errors import Absent
from bninspect.graph.loops import in_loops
from bninspect.inputs.bind import bind
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.request import Request
from bninspect.measure.both_modes import MODES, BothModes, both_modes
from bninspect.measure.examined import bound_first, examined, fitting, prepared
from bninspect.measure.facts import Probe, ProbedLayer, Question, Verification
from bninspect.measure.left_out import (
    other_sets,
    qualified,
    undecided,
    unmeasured,
    without_both_modes,
    without_own_error,
    without_value,
)
from bninspect.measure.measured import probed_layers, served_by
from bninspect.measure.outputs import (
    cut,
    empty,
    kept,
    output_differences,
    patched_tensors,
    random_node,
    seen_image,
)
from bninspect.measure.passes import GAP, OUTPUT, Passes
from bninspect.measure.sharing.experiment import experiment
from bninspect.measure.verify import run_by
from bninspect.measure.whole_loops import without_loops
from bninspect.run.running import Wish
from bninspect.steps import step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Tensor

_SERVED: dict[str, dict[Mode, Mode]] = {
    "layers": {Mode.TRAINING: Mode.INFERENCE, Mode.INFERENCE: Mode.INFERENCE},
    "graph": {mode: mode for mode in MODES},
}
"""`--switch` -> for the copy of each mode, the mode that other readers of what decides are served."""


def probe(
    report: Report, question: Question, request: Request, progress: Callable[[int, int], None] | None = None
) -> Probe:
    """Runs the model in both modes and compares them; `progress` is called with (images done, images in all).

    Raises InputError for inputs and patches that do not fit, RunError where TensorFlow is missing, an op is
    refused or the run fails, RewriteError where the model cannot be rewritten.
    """
    report, question, skipped = without_loops(report, question)
    if not report.layers:
        return _not_run(report, skipped)
    loops = in_loops(report.graph)
    outputs = tuple(tensor for tensor in report.outputs if tensor.node not in loops)
    patched = patched_tensors(question, loops)
    both = both_modes(report, lambda mode, _: mode, (*outputs, *patched), question.layers, question.layers)
    reached = both.reached(report.graph)
    decided = {source.name for source in both.sources}
    later = run_by(report) if request.feeds else set()

    def bound(asked: Request) -> Inputs:
        return bind(report.graph, reached, report.layers, asked, decided, later)

    first = bound_first(request, bound)
    both = both.cut(first.names)
    served = served_by(question.layers, first, both)
    skipped = (*skipped, *other_sets(question.layers, served))
    question = replace(question, layers=served)
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
        found = _result(report, question, both, inputs, passes, (outputs, patched), skipped, checked)
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


def _result(
    report: Report,
    question: Question,
    both: BothModes,
    inputs: Inputs,
    passes: Passes,
    tensors: tuple[Sequence[Tensor], Sequence[Tensor]],
    skipped: Sequence[Absent],
    checked: Verification | None,
) -> Probe:
    """The probe, of what the passes measured."""
    outputs, patched = tensors
    layers = probed_layers(
        (layer for layer in question.layers if unmeasured(layer, both, passes) is None),
        both,
        passes,
        inputs.count,
    )
    return Probe(
        report=report,
        inputs=passes.input_facts(inputs),
        fed={**inputs.said, **({} if question.switch == "graph" else both.fed_for_others())},
        layers=layers,
        outputs=output_differences(outputs, passes, inputs.count) if both.differ else (),
        patches=tuple(cut(tensor, question.patch, passes) for tensor in patched) if question.patch else (),
        skipped=(
            *skipped,
            *without_both_modes(question.layers, both, passes),
            *undecided(report, both),
            *without_value(passes),
            *empty(outputs, passes),
            *without_own_error(layers),
        ),
        ran=True,
        decided={source.name: _written(source, serving) for source, serving in both.sources.items()},
        random=random_node(report.graph, both),
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


def _written(source: Tensor, serving: Mapping[Mode, bool]) -> tuple[str, str]:
    training, inference = (source_value(source, serving[mode]) for mode in MODES)
    return training, inference
