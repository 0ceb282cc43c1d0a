"""What TensorFlow itself refuses to import: facts of every converter that reads a file through it."""

from __future__ import annotations

from bninspect.converters.fact import Fact, Serves

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
