"""What was measured at tensors that were fetched whole: how far the modes differ, patches, arrays to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import Absent, RunError
from bninspect.inputs import patch
from bninspect.measure.both_modes import MODES
from bninspect.measure.facts import OutputDifference, Patch, SeenImage
from bninspect.run.pure_ops import RANDOM_OPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bninspect.graph import Graph, Node, Tensor
    from bninspect.inputs.inputs import Inputs
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.facts import Question
    from bninspect.measure.passes import Passes


def random_node(graph: Graph, both: BothModes) -> str | None:
    """The first node of the original that draws random numbers on the way to what was compared."""
    reached = both.reached(graph)
    return next((node.label for node in graph if node in reached and node.op in RANDOM_OPS), None)


def output_differences(
    outputs: Sequence[Tensor], passes: Passes, images: int
) -> tuple[OutputDifference, ...]:
    """The outputs that have values in both modes; `images` were run, 0 if everything was fed by hand."""
    meters = {tensor.name: passes.meters[tensor] for tensor in outputs if tensor in passes.meters}
    return tuple(
        OutputDifference(
            name=name,
            difference=meter.difference(),
            agreement=meter.agreement(),
            top=meter.top() if images in (0, meter.rows) else None,
        )
        for name, meter in meters.items()
        if meter.values
    )


def empty(outputs: Sequence[Tensor], passes: Passes) -> list[Absent]:
    """The outputs that have no values on these inputs: a detector that detects nothing."""
    return [
        Absent(what=tensor.name, reason="it is empty on these inputs")
        for tensor in outputs
        if tensor in passes.meters and not passes.meters[tensor].values
    ]


def patched_tensors(question: Question, loops: set[Node]) -> tuple[Tensor, ...]:
    """The tensors whose patch is wanted. Raises InputError, RunError where a patch cannot be had."""
    if question.patch is None or not question.layers:
        return ()
    patch.parse(question.patch)
    chosen = question.patched or (question.layers[0].output,)
    for tensor in chosen:
        if tensor.node in loops:
            raise RunError(f"--patch of {tensor.name}: it stands in a loop, where it has many values")
    return chosen


def cut(tensor: Tensor, text: str, passes: Passes) -> Patch:
    """The patch of one tensor, of all its batches together."""
    training, inference = (patch.cut(passes.together(mode, tensor), text, tensor.name) for mode in MODES)
    return Patch(tensor=tensor.name, slice=text, training=training, inference=inference)


def seen_image(outputs: Sequence[Tensor], inputs: Inputs, passes: Passes) -> SeenImage | None:
    """The first image and its row of each of the outputs; None if nobody took it."""
    pixels = None if inputs.pictures is None else inputs.pictures.photo()
    if inputs.pictures is None or pixels is None:
        return None
    rows = {tensor.name: passes.first[tensor] for tensor in outputs if tensor in passes.first}
    return SeenImage(source=inputs.pictures.names[0], pixels=pixels, outputs=rows)


def kept(outputs: Sequence[Tensor], passes: Passes) -> dict[str, NDArray[Any]]:
    return {
        f"{mode.value}/{tensor.name}": passes.together(mode, tensor)
        for mode in MODES
        for tensor in outputs
        if tensor in passes.meters
    }
