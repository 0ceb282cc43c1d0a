"""The converters, in the order in which they are shown, each with its facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.converters import coreml, opencv, openvino, tensorrt, tf2onnx, tflite

if TYPE_CHECKING:
    from bninspect.converters.fact import Converter, Fact

FACTS: dict[Converter, tuple[Fact, ...]] = {
    openvino.CONVERTER: openvino.FACTS,
    coreml.CONVERTER: coreml.FACTS,
    tflite.CONVERTER: tflite.FACTS,
    tf2onnx.CONVERTER: tf2onnx.FACTS,
    opencv.CONVERTER: opencv.FACTS,
    tensorrt.NEW: tensorrt.NEW_FACTS,
    tensorrt.OLD: tensorrt.OLD_FACTS,
}
"""Of the facts of a converter the first that is about a layer counts."""
NAMES = tuple(dict.fromkeys(converter.name for converter in FACTS))
"""As `--for` and the configuration take them."""
