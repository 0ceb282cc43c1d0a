"""OpenVINO: `openvino.convert_model` of a frozen graph, run by its CPU plugin.

It keeps a conditional as it is, and takes a placeholder with a default for its default: the input is gone.
"""

from __future__ import annotations

from bninspect.converters.fact import Converter, Fact, Serves
from bninspect.converters.shared_facts import KEEPS_CONDITIONAL, KEEPS_INFERENCE, KEEPS_TRAINING

_UNSUPPORTED = frozenset({"_FusedBatchNormEx", "BatchNormWithGlobalNormalization"})

CONVERTER = Converter(
    name="openvino",
    title="OpenVINO",
    versions="2026.4.1",
)
FACTS = (
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: bool(one.model.ops & _UNSUPPORTED),
        reason="it has no BatchNormWithGlobalNormalization and no _FusedBatchNormEx",
        test="global_stored.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_fused and "OptionalFromValue" in one.model.functions,
        reason="it has no OptionalFromValue, which stands in a branch",
        test="layers_fused_if_2.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_folded and one.model.updates_constants,
        reason="it refuses updates of what freezing made a constant",
        test="cases/quantized_frozen_step.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.asks and one.model.has_unranked_input,
        reason="its CPU plugin takes no input that states no rank, unless a Switch alone reads it",
        test="names_lie.pb",
    ),
    Fact(
        serves=Serves.UNKNOWN,
        when=lambda one: len(one.layer.merges) == 3 or (one.is_computed and len(one.layer.merges) == 1),
        reason="it takes some conditionals in conditionals, and refuses others",
        test="cases/case_of_equal_cases.pb",
    ),
    KEEPS_CONDITIONAL,
    Fact(
        serves=Serves.TRAINING,
        when=lambda one: one.trains and one.has_default,
        reason="the default is true, and the converted model no longer takes it as an input; no message",
        test="default_true.pb",
    ),
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.infers and one.has_default,
        reason="the default is false, and the converted model no longer takes it as an input",
        test="default_false.pb",
    ),
    KEEPS_TRAINING,
    KEEPS_INFERENCE,
)
