"""coremltools. What it made runs on a Mac alone: here its program (MIL) is evaluated in NumPy (`mil.py`)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.commands.forecast.running.converted import Converted, RefusedError, node_of
from bninspect.commands.forecast.running.mil import evaluate
from bninspect.run.session import tensorflow

if TYPE_CHECKING:
    from bninspect.commands.forecast.running.converted import Array, Asked, Feeds


def convert(asked: Asked) -> Converted:
    """The program of a frozen graph. Raises what the converter raises."""
    import coremltools

    logging.getLogger("coremltools").setLevel(logging.CRITICAL)
    shaped = {name: value for name, value in asked.feeds.items() if value.ndim}
    program = coremltools.convert(
        tensorflow().compat.v1.GraphDef.FromString(Path(asked.path).read_bytes()),
        source="tensorflow",
        inputs=[
            coremltools.TensorType(name=node_of(name), shape=value.shape) for name, value in shaped.items()
        ],
        outputs=[node_of(name) for name in asked.outputs],
        convert_to="milinternal",
        compute_precision=coremltools.precision.FLOAT32,
    )
    function = program.functions["main"]
    taken = frozenset(function.inputs)
    if not function.outputs:
        raise RefusedError("its program has no output")

    def run(values: Feeds) -> list[Array]:
        return evaluate(
            function, {node_of(name): value for name, value in values.items() if node_of(name) in taken}
        )

    return Converted(run, taken)
