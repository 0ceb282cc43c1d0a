"""TensorFlow Lite: TensorFlow's own converter and interpreter."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from bninspect.commands.forecast.running.converted import Converted, node_of
from bninspect.run.session import tensorflow

if TYPE_CHECKING:
    from bninspect.commands.forecast.running.converted import Array, Asked, Feeds


def convert(asked: Asked) -> Converted:
    """The model of a frozen graph. Raises what the converter raises."""
    tf = tensorflow()
    shapes = {node_of(name): list(value.shape) for name, value in asked.feeds.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make = tf.compat.v1.lite.TFLiteConverter.from_frozen_graph
        data = make(asked.path, list(shapes), [node_of(name) for name in asked.outputs], shapes).convert()
        interpreter = tf.lite.Interpreter(model_content=data)
    interpreter.allocate_tensors()
    places = {place["name"].removesuffix(":0"): place["index"] for place in interpreter.get_input_details()}
    given = [place["index"] for place in interpreter.get_output_details()]

    def run(values: Feeds) -> list[Array]:
        for name, value in values.items():
            if node_of(name) in places:
                interpreter.set_tensor(places[node_of(name)], value)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in given]

    return Converted(run, frozenset(places))
