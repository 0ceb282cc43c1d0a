"""Both modes of a model on the same inputs, and how far they lie apart, layer by layer and at the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.batchnorm.layer import Mode
from bninspect.errors import RunError
from bninspect.probe import patch
from bninspect.probe.facts import Gap, InputFact, OutputDifference, Patch, Probe, ProbedLayer, Question
from bninspect.probe.inputs import Inputs, Request, bind
from bninspect.probe.passes import Passes
from bninspect.probe.placeholders import NUMPY
from bninspect.probe.pure_ops import RANDOM_OPS
from bninspect.probe.runnable import Unprobed, fetchable, switching

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graphdef import Tensor


def probe(report: Report, question: Question, request: Request) -> Probe:
    """Runs the model in both modes and compares them.

    Raises InputError for inputs and patches that do not fit, RunError where TensorFlow is missing, an op is
    refused or the run fails.
    """
    switched = switching(report)
    layers = tuple(layer for layer in question.layers if layer in switched.layers)
    listed = {layer.name for layer in question.layers}
    skipped = [skip for skip in switched.skipped if skip.what in listed]
    if not switched.layers:
        return _nothing(report, skipped)
    outputs, unread = fetchable(report.outputs)
    wanted = _patched(question, layers or switched.layers)
    fetched = tuple(dict.fromkeys((*(layer.output for layer in layers), *outputs, *wanted)))
    inputs = bind(report.graph, fetched, report.layers, request, switched.decided)
    passes = Passes(fetched, keep={*wanted, *(outputs if question.keep else ())})
    passes.run(report, switched, inputs, question.allowed)
    compared = [tensor for tensor in outputs if tensor not in passes.incomparable]
    lost = [Unprobed(what=tensor.name, reason=reason) for tensor, reason in passes.incomparable.items()]
    return Probe(
        report=report,
        inputs=_input_facts(inputs, passes.shapes),
        fed=inputs.said,
        layers=tuple(_layer(layer, inputs, passes) for layer in layers if layer.output in passes.meters),
        outputs=tuple(
            OutputDifference(name=tensor.name, difference=passes.meters[tensor].difference())
            for tensor in compared
        ),
        patches=tuple(_cut(tensor, question.patch, passes) for tensor in wanted) if question.patch else (),
        skipped=(*skipped, *unread, *lost),
        ran=True,
        decided={source.name: value for source, value in switched.training.items()},
        random=_random_node(report, fetched),
        kept=_kept(compared, passes) if question.keep else {},
    )


def _nothing(report: Report, skipped: Sequence[Unprobed]) -> Probe:
    """A probe of a model of which no layer can be switched: it is not run."""
    return Probe(
        report=report,
        inputs=(),
        fed={},
        layers=(),
        outputs=(),
        patches=(),
        skipped=tuple(skipped),
        ran=False,
    )


def _patched(question: Question, layers: Sequence[BatchNorm]) -> tuple[Tensor, ...]:
    """The tensors whose patch is wanted. Raises InputError, RunError where a patch cannot be had."""
    if question.patch is None:
        return ()
    patch.parse(question.patch)
    chosen = question.patched or (layers[0].output,)
    found, unread = fetchable(chosen)
    if unread:
        raise RunError(f"--patch of {unread[0].what}: {unread[0].reason}")
    return found


def _random_node(report: Report, fetched: Sequence[Tensor]) -> str | None:
    """The first node that draws random numbers and that a fetched tensor depends on."""
    reached = report.graph.ancestors(tensor.node for tensor in fetched)
    return next((node.label for node in report.graph if node in reached and node.op in RANDOM_OPS), None)


def _layer(layer: BatchNorm, inputs: Inputs, passes: Passes) -> ProbedLayer:
    found = passes.meters[layer.output].difference()
    gap = Gap(max_abs=found.max_abs, rms=found.rms, relative_l2=found.relative_l2)
    values = found.values // (layer.channels or 1)
    return ProbedLayer(
        layer=layer, values=values, images=inputs.count, own=None, deployed=None, difference=gap
    )


def _output(tensor: Tensor, passes: Passes) -> OutputDifference:
    return OutputDifference(name=tensor.name, difference=passes.meters[tensor].difference())


def _cut(tensor: Tensor, text: str, passes: Passes) -> Patch:
    """The patch of one tensor, of all its batches together."""
    training, inference = (
        patch.cut(passes.together(mode, tensor), text, tensor.name)
        for mode in (Mode.TRAINING, Mode.INFERENCE)
    )
    return Patch(tensor=tensor.name, slice=text, training=training, inference=inference)


def _kept(outputs: Sequence[Tensor], passes: Passes) -> dict[str, NDArray[Any]]:
    return {
        f"{mode.value}/{tensor.name}": passes.together(mode, tensor)
        for mode in (Mode.TRAINING, Mode.INFERENCE)
        for tensor in outputs
    }


def _input_facts(inputs: Inputs, shapes: Mapping[str, tuple[int, ...]]) -> tuple[InputFact, ...]:
    """The image input, where there is one; what is fed by hand is told by `fed`."""
    place, pictures = inputs.place, inputs.pictures
    if place is None or pictures is None:
        return ()
    return (
        InputFact(
            name=place.name,
            dtype="string" if place.dtype == "string" else NUMPY[place.dtype].name,
            shape=shapes.get(place.name, ()),
            source=pictures.names,
            preset=inputs.preset,
        ),
    )
