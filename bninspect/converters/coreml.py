"""Core ML: coremltools. What it made runs on a Mac alone; its program was evaluated in NumPy instead."""

from __future__ import annotations

from bninspect.converters.fact import Converter, Fact, Serves
from bninspect.converters.shared_facts import REFUSED

_UNSUPPORTED = frozenset({"_FusedBatchNormEx", "BatchNormWithGlobalNormalization", "FusedBatchNormV2"})

CONVERTER = Converter(
    name="coreml",
    title="Core ML",
    versions="(coremltools 9.0)",
)
FACTS = (
    *REFUSED,
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_half and one.is_decomposed and one.model.has_half_input,
        reason="it takes a float16 input for float32, and multiplies no float32 with float16",
        test="half_decomposed.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.has_scalar_input,
        reason="it takes no input of rank 0, such as the placeholder that decides",
        test="classic.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: bool(one.model.calls),
        reason="it takes no call of a function in a frozen graph",
        test="called_twice.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.has_loop,
        reason="it takes no graph with a loop",
        test="while_inside.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "Switch" in one.model.ops,
        reason="it has no Switch, not even under a constant",
        test="const_true.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: bool(one.model.ops & _UNSUPPORTED),
        reason="it has no FusedBatchNormV2, BatchNormWithGlobalNormalization and _FusedBatchNormEx",
        test="half_v2.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "OnesLike" in one.model.ops,
        reason="it has no OnesLike",
        test="lookalikes.pb",
    ),
    Fact(
        serves=Serves.OTHER,
        when=lambda one: one.is_fixed and one.model.quantizes_narrowly,
        reason="it moves weights that are quantized with narrow_range by half a step; no message",
        test="cases/quantized_eval.pb",
    ),
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.is_fused and one.trains and one.has_statistics,
        reason="it does not read is_training, and takes the stored statistics; no message",
        test="fixed_training_fused_2.pb",
    ),
    Fact(
        serves=Serves.TRAINING,
        when=lambda one: one.is_fused and one.trains,
        reason="no statistics are stored, and it computes those of the batch",
        test="fixed_training_fused_115.pb",
    ),
    Fact(
        serves=Serves.TRAINING,
        when=lambda one: one.trains and one.is_fixed,
        reason="the arithmetic of training mode is kept",
        test="fixed_training_decomposed_2.pb",
    ),
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.infers and one.is_fixed,
        reason="inference mode is kept",
        test="fixed_inference_fused_115.pb",
    ),
)
