"""tf2onnx, and onnxruntime, which runs what it made."""

from __future__ import annotations

from bninspect.batchnorm.mode import Mode
from bninspect.converters.fact import Converter, Fact, Serves
from bninspect.converters.shared_facts import KEEPS_CONDITIONAL, KEEPS_INFERENCE, REFUSED, TRAINS_UNLESS_FED

_HANDED_ON = frozenset({"_FusedBatchNormEx", "BatchNormWithGlobalNormalization"})

CONVERTER = Converter(
    name="tf2onnx",
    title="tf2onnx",
    versions="1.17 (onnxruntime 1.32)",
)
FACTS = (
    *REFUSED,
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: bool(one.model.ops & _HANDED_ON),
        reason="it hands the op on, and onnxruntime has none of this name",
        test="global_stored.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.reads_batch_moments,
        reason="onnxruntime refuses a batch norm whose batch mean and variance are read",
        test="cases/fused_moments.pb",
    ),
    Fact(
        serves=Serves.UNKNOWN,
        when=lambda one: "Assert" in one.model.ops and one.by_merge,
        reason="onnxruntime takes some models with tf.case, and refuses others",
        test="cases/tf_case_without_default_115.pb",
    ),
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.is_fused and one.factor != 1 and one.layer.branch(Mode.TRAINING) is not None,
        reason="it takes a training op with exponential_avg_factor below 1 for inference",
        test="tfkeras_training.pb",
    ),
    KEEPS_CONDITIONAL,
    TRAINS_UNLESS_FED,
    Fact(
        serves=Serves.TRAINING,
        when=lambda one: one.trains,
        reason="batch statistics are computed; no message",
        test="fixed_training_fused_2.pb",
    ),
    KEEPS_INFERENCE,
)
