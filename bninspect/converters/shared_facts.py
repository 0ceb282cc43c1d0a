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
