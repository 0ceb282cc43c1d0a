"""Which output `node:argument:index` means in a function body: the arguments of multi-output ops.

Source: the op registry of TensorFlow 2.21 (the `output_arg` lists of REGISTER_OP). An op that is not listed
has one output argument, so the index alone says which output: that also reads files whose freezer replaced a
node by another op and kept the old argument name.
"""

from __future__ import annotations

_TABLE = """
FusedBatchNorm FusedBatchNormV2: y batch_mean batch_variance reserve_space_1 reserve_space_2
FusedBatchNormV3: y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3
_FusedBatchNormEx: y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3
FusedBatchNormGrad: x_backprop scale_backprop offset_backprop reserve_space_3 reserve_space_4
FusedBatchNormGradV2: x_backprop scale_backprop offset_backprop reserve_space_3 reserve_space_4
FusedBatchNormGradV3: x_backprop scale_backprop offset_backprop reserve_space_3 reserve_space_4
Switch RefSwitch: output_false output_true
Merge RefMerge: output value_index
TopK TopKV2 ApproxTopK: values indices
Unique UniqueV2: y idx
UniqueWithCounts UniqueWithCountsV2: y idx count
ListDiff: out idx
MaxPoolWithArgmax: output argmax
FractionalAvgPool FractionalMaxPool: output row_pooling_sequence col_pooling_sequence
NonMaxSuppressionV4: selected_indices valid_outputs
NonMaxSuppressionV5: selected_indices selected_scores valid_outputs
CombinedNonMaxSuppression: nmsed_boxes nmsed_scores nmsed_classes valid_detections
SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 StatelessSampleDistortedBoundingBox: begin size bboxes
GenerateBoundingBoxProposals: rois roi_probabilities
SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits: loss backprop
CTCLoss CTCLossV2: loss gradient
Svd: s u v
Qr: q r
Lu: lu p
SelfAdjointEigV2 Eig: e v
LogMatrixDeterminant: sign log_abs_determinant
TensorArrayV3: handle flow
TensorArrayConcat TensorArrayConcatV2 TensorArrayConcatV3: value lengths
TensorListConcat TensorListConcatV2: tensor lengths
TensorListPopBack: output_handle tensor
StatelessRandomGetKeyCounter: key counter
StatelessRandomGetKeyCounterAlg: key counter alg
StringSplit StringSplitV2: indices values shape
LookupTableExport LookupTableExportV2: keys values
QuantizeV2 Requantize RequantizePerChannel QuantizedConcat: output output_min output_max
GRUBlockCell: r u c h
LSTMBlockCell: i cs f o ci co h
BlockLSTM BlockLSTMV2: i cs f o ci co h
CudnnRNN: output output_h output_c reserve_space
CudnnRNNV2 CudnnRNNV3: output output_h output_c reserve_space host_reserved
SparseReshape: output_indices output_shape
SparseSlice SparseAdd SparseToSparseSetOperation DenseToDenseSetOperation: indices values shape
SparseFillEmptyRows: output_indices output_values empty_row_indicator reverse_index_map
"""


def _parsed() -> dict[str, tuple[str, ...]]:
    table = {}
    for line in _TABLE.strip().splitlines():
        ops, _, arguments = line.partition(": ")
        for op in ops.split():
            table[op] = tuple(arguments.split())
    return table


_OUTPUTS = _parsed()


def port(op: str, argument: str, index: int) -> int:
    """The flat output number of output `index` of an argument of this op."""
    arguments = _OUTPUTS.get(op)
    if arguments is not None and argument in arguments:
        return arguments.index(argument)
    return index
