"""tf2onnx, and onnxruntime, which runs what it made."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.commands.forecast.running.converted import Converted, node_of
from bninspect.run.session import tensorflow

if TYPE_CHECKING:
    from bninspect.commands.forecast.running.converted import Array, Asked, Feeds


def convert(asked: Asked) -> Converted:
    """The model of a frozen graph. Raises what the converter and onnxruntime raise."""
    import onnxruntime
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)
    graphdef = tensorflow().compat.v1.GraphDef.FromString(Path(asked.path).read_bytes())
    model, _ = tf2onnx.convert.from_graph_def(
        graphdef, input_names=list(asked.feeds), output_names=list(asked.outputs)
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = {place.name for place in session.get_inputs()}

    def run(values: Feeds) -> list[Array]:
        given: list[Array] = session.run(
            list(asked.outputs), {name: value for name, value in values.items() if name in wanted}
        )
        return given

    return Converted(run, frozenset(node_of(name) for name in wanted))
