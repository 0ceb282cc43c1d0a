"""OpenCV: `cv2.dnn.readNetFromTensorflow`. It takes no boolean, and input 0 of every Merge."""

from __future__ import annotations

from bninspect.batchnorm.mode import Mode
from bninspect.converters.fact import Converter, Fact, Serves

_UNSUPPORTED = frozenset({"_FusedBatchNormEx", "BatchNormWithGlobalNormalization", "FusedBatchNormV2"})

CONVERTER = Converter(
    name="opencv",
    title="OpenCV",
    versions="5.0.0",
)
FACTS = (
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_fused and one.computes_constants,
        reason="it folds no arithmetic of constants, of which gamma, beta or the statistics are made",
        test="stateless_if_net.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: bool(one.model.calls),
        reason="it takes no call of a function",
        test="stateless_if.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.model.has_loop,
        reason="it takes no loop",
        test="while_inside.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: bool(one.model.ops & _UNSUPPORTED),
        reason="it has no FusedBatchNormV2, BatchNormWithGlobalNormalization and _FusedBatchNormEx",
        test="global_stored.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "Assert" in one.model.in_file,
        reason="it takes no Assert, whose message is text",
        test="unused_layer.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "NoOp" in one.model.ops and one.by_merge,
        reason="it takes no conditional whose nodes wait for others",
        test="tfkeras_lowered.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: "OnesLike" in one.model.ops or one.is_folded,
        reason="it folds no arithmetic of constants",
        test="cases/quantized_eval.pb",
    ),
    Fact(
        serves=Serves.UNKNOWN,
        when=lambda one: (
            bool({"Conv2DBackpropInput", "RandomUniform"} & one.model.ops)
            and bool({"Pack", "RealDiv"} & one.model.ops)
        ),
        reason="it takes some models with sizes or a dropout that are computed, and refuses others",
        test="cases/training_on_purpose.pb",
    ),
    Fact(
        serves=Serves.UNKNOWN,
        when=lambda one: one.model.updates_constants,
        reason="it takes some models with updates of constants, and refuses others",
        test="cases/blend_under_assign.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_fused and one.by_merge and one.is_output,
        reason="it crashes if the Merge of a layer is an output of the model",
        test="layers_fused_115.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.by_select or one.by_arithmetic,
        reason="it takes no boolean input, and here it would be a number",
        test="layers_decomposed_14.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_decomposed and one.is_fixed and one.trains,
        reason="it has no mean over these axes",
        test="fixed_training_decomposed_2.pb",
    ),
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.is_fused and not one.says_its_mode and one.has_statistics,
        reason="without the attribute is_training it takes false, and TensorFlow true; no message",
        test="is_training_absent.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_fused and one.trains and not one.says_its_mode,
        reason="without the attribute is_training it takes false, and there are no statistics to take",
        test="default_stripped.pb",
    ),
    Fact(
        serves=Serves.OTHER,
        when=lambda one: one.is_fused and one.is_fixed and one.trains,
        reason="it normalizes each image by itself, not the batch; no message",
        test="fixed_training_fused_2.pb",
    ),
    Fact(
        serves=Serves.REFUSES,
        when=lambda one: one.is_decomposed and (one.is_half or not one.is_textbook),
        reason="it knows no other chain than that of tf.nn.batch_normalization",
        test="formula_inference.pb",
    ),
    Fact(
        serves=Serves.OTHER,
        when=lambda one: len(one.layer.kept_axes) > 0,
        reason="it takes the statistics for those of channels, and they have other axes; no message",
        test="cases/axes_apart_inference.pb",
    ),
    Fact(
        serves=Serves.OTHER,
        when=lambda one: one.first_of_merge is Mode.TRAINING,
        reason="it takes input 0 of the Merge, the training branch, each image by itself; no message",
        test="names_lie.pb",
    ),
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.first_of_merge is Mode.INFERENCE,
        reason="it takes input 0 of the Merge, the inference branch, whatever decides; no message",
        test="const_true.pb",
    ),
    Fact(
        serves=Serves.INFERENCE,
        when=lambda one: one.infers and one.is_fixed,
        reason="inference mode is kept",
        test="fixed_inference_fused_115.pb",
    ),
)
