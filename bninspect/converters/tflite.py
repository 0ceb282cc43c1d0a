"""TensorFlow Lite: the converter that TensorFlow brings, and its interpreter."""

from __future__ import annotations

from bninspect.converters.fact import Converter, Fact, Serves
from bninspect.converters.shared_facts import (
    KEEPS_CONDITIONAL,
    KEEPS_INFERENCE,
    KEEPS_TRAINING,
    REFUSED,
    TRAINS_UNLESS_FED,
)

CONVERTER = Converter(
    name="tflite",
    title="TFLite",
    versions="(TensorFlow 2.21)",
)
FACTS = (
    *REFUSED,
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "_FusedBatchNormEx" in one.model.ops,
        reason="it has no _FusedBatchNormEx",
        test="fused_relu.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "TensorArrayV3" in one.model.ops,
        reason="it has no TensorArrayV3, which the loop needs",
        test="cases/map_fn_fused.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "OptionalFromValue" in one.model.functions,
        reason="it has no OptionalFromValue, which stands in a branch",
        test="layers_fused_if_2.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_half,
        reason="it does not normalize float16",
        test="half.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.reads_batch_moments,
        reason="it has no fused op whose batch mean and variance are read",
        test="cases/fused_moments.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_fused and one.asks and one.factor != 1,
        reason="it has no fused op in training mode with exponential_avg_factor under a conditional",
        test="tfkeras_lowered.pb",
    ),
    KEEPS_CONDITIONAL,
    TRAINS_UNLESS_FED,
    KEEPS_TRAINING,
    KEEPS_INFERENCE,
)
