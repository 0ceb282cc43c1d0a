"""Facts that several converters have in common, each measured on all of them."""

from __future__ import annotations

from bninspect.converters.fact import Fact, Serves

KEEPS_CONDITIONAL = Fact(
    serves=Serves.ASKS,
    when=lambda one: one.asks,
    reason="the conditional stays in the converted model",
    test="classic.pb",
)
TRAINS_UNLESS_FED = Fact(
    serves=Serves.TRAINING,
    when=lambda one: one.trains and not one.is_fixed,
    reason="the predicate is true unless something is fed, and the conditional is gone; no message",
    test="default_true.pb",
)
KEEPS_TRAINING = Fact(
    serves=Serves.TRAINING,
    when=lambda one: one.trains,
    reason="training mode is kept",
    test="fixed_training_fused_2.pb",
)
KEEPS_INFERENCE = Fact(
    serves=Serves.INFERENCE,
    when=lambda one: one.infers,
    reason="inference mode is kept",
    test="fixed_inference_fused_115.pb",
)
REFUSED = (
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.updates_constants,
        reason="TensorFlow, which reads the file, refuses updates of what freezing made a constant",
        test="cond_ema_115.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.has_lost_colocation,
        reason="TensorFlow, which reads the file, refuses a node placed with one that is gone",
        test="colocation_lost.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.is_refused_global,
        reason="TensorFlow, which reads the file, has no BatchNormWithGlobalNormalization from GraphDef 9 on",
        test="global_refused.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.by_if and bool({"ReadVariableOp"} & one.model.functions),
        reason="TensorFlow, which reads the file, finds no variable for a ReadVariableOp in a function",
        test="layers_decomposed_if_2.pb",
    ),
)
"""What TensorFlow itself refuses to import: of every converter that reads a file through it."""
