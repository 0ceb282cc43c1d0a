"""TensorRT, which reads models through ONNX. Reported, untested: it runs on its own hardware alone."""

from __future__ import annotations

from bninspect.converters.fact import Converter, Fact, Serves

_KEEPS_INFERENCE = Fact(
    serves=Serves.INFERENCE,
    when=lambda one: one.infers and one.is_fixed,
    reason="inference mode is kept",
    test="",
)

NEW = Converter(name="tensorrt", title="TensorRT", versions="8.5.2 and later", tested=False)
NEW_FACTS = (
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_fused and one.is_fixed and one.trains,
        reason="its parser of ONNX refuses training_mode=1 since 2022-12",
        test="",
    ),
    _KEEPS_INFERENCE,
)

OLD = Converter(name="tensorrt", title="TensorRT", versions="8.5.1 and older", tested=False)
OLD_FACTS = (
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.is_fused and one.is_fixed and one.trains and one.has_statistics,
        reason="its parser of ONNX does not read training_mode, and takes the stored statistics",
        test="",
    ),
    _KEEPS_INFERENCE,
)
