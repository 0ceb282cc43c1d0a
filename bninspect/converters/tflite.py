"""TensorFlow Lite: the converter that TensorFlow brings, and its interpreter."""

from __future__ import annotations

from bninspect.converters.fact import Converter, Fact, Serves
from bninspect.converters.importing import REFUSED

CONVERTER = Converter(
    name="tflite",
    title="TFLite",
    versions="(TensorFlow 2.21)",
    facts=(
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
        Fact(
            serves=Serves.ASKS,
            when=lambda one: one.asks,
            reason="the conditional stays in the converted model",
            test="classic.pb",
        ),
        Fact(
            serves=Serves.TRAINING,
            when=lambda one: one.trains and not one.is_fixed,
            reason="the predicate is true unless something is fed, and the conditional is gone; no message",
            test="default_true.pb",
        ),
        Fact(
            serves=Serves.TRAINING,
            when=lambda one: one.trains,
            reason="training mode is kept",
            test="fixed_training_fused_2.pb",
        ),
        Fact(
            serves=Serves.INFERENCE,
            when=lambda one: one.infers,
            reason="inference mode is kept",
            test="fixed_inference_fused_115.pb",
        ),
    ),
)
