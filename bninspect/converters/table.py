"""The converters, in the order in which they are shown."""

from __future__ import annotations

from bninspect.converters import coreml, opencv, openvino, tensorrt, tf2onnx, tflite

CONVERTERS = (
    openvino.CONVERTER,
    coreml.CONVERTER,
    tflite.CONVERTER,
    tf2onnx.CONVERTER,
    opencv.CONVERTER,
    *tensorrt.CONVERTERS,
)
NAMES = tuple(dict.fromkeys(converter.name for converter in CONVERTERS))
"""As `--for` and the configuration take them."""
