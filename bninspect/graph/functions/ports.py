"""Which output `node:argument:index` means in a function body: the arguments of multi-output ops.

Source: the op registry of TensorFlow 2.21 (the `output_arg` lists of REGISTER_OP), less the ops of
accelerators and those with lists among several outputs. An op that is not listed has one output argument, so
the index alone says which output: that also reads files whose freezer replaced a node by another op and kept
the old name.
"""

from __future__ import annotations

_TABLE = """
SparseAddGrad: a_val_grad b_val_grad
DecodeWav: audio sample_rate
RaggedFillEmptyRowsGrad SparseFillEmptyRowsGrad: d_values d_default_value
BatchSelfAdjointEigV2 Eig SelfAdjointEigV2: e v
TensorArrayGradV3 TensorArrayGradWithShape: grad_handle flow_out
TensorArrayV3: handle flow
StatelessRandomGetKeyCounter: key counter
ReaderRead ReaderReadV2: key value
LookupTableExport LookupTableExportV2 ReaderReadUpTo ReaderReadUpToV2: keys values
SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits: loss backprop
CTCLoss CTCLossV2: loss gradient
Lu: lu p
NearestNeighbors: nearest_center_indices nearest_center_distances
StringNGrams: ngrams ngrams_splits
ListDiff: out idx
MaxPoolWithArgmax: output argmax
IsotonicRegression: output segments
SparseSegmentMeanGradV2 SparseSegmentSqrtNGradV2 SparseSegmentSumGradV2: output sorted_unique_indices
Merge RefMerge: output value_index
RefSwitch Switch: output_false output_true
TensorListPopBack: output_handle tensor
SparseReshape: output_indices output_shape
SparseReorder SparseSparseMaximum SparseSparseMinimum: output_indices output_values
RequantizationRange RequantizationRangePerChannel: output_min output_max
RaggedCross: output_values output_row_splits
Qr: q r
BroadcastGradientArgs: r0 r1
GenerateBoundingBoxProposals: rois roi_probabilities
UnicodeDecode: row_splits char_values
RaggedRange: rt_nested_splits rt_dense_values
NonMaxSuppressionV4: selected_indices valid_outputs
LogMatrixDeterminant: sign log_abs_determinant
TensorListConcat TensorListConcatV2: tensor lengths
TopKUnique TopKWithUnique: topk topk_indices
TensorArrayConcat TensorArrayConcatV2 TensorArrayConcatV3: value lengths
ApproxTopK TopK TopKV2: values indices
Unique UniqueV2: y idx
QuantizedRelu QuantizedRelu6 QuantizedReluX: activations min_activations max_activations
FakeQuantWithMinMaxVarsGradient: backprops_wrt_input backprop_wrt_min backprop_wrt_max
FakeQuantWithMinMaxVarsPerChannelGradient: backprops_wrt_input backprop_wrt_min backprop_wrt_max
SampleDistortedBoundingBox SampleDistortedBoundingBoxV2: begin size bboxes
StatelessSampleDistortedBoundingBox: begin size bboxes
ComputeAccidentalHits: indices ids weights
CSRSparseMatrixToSparseTensor: indices values dense_shape
SparseAccumulatorTakeGradient StringSplit StringSplitV2: indices values shape
QuantizeAndDequantizeV4Grad: input_backprop input_min_backprop input_max_backprop
StatelessRandomGetKeyCounterAlg: key counter alg
QuantizedMatMul QuantizedMatMulWithBias QuantizedMatMulWithBiasAndRelu: out min_out max_out
QuantizedMatMulWithBiasAndReluAndRequantize QuantizedMatMulWithBiasAndRequantize: out min_out max_out
QuantizedBiasAdd: output min_out max_out
QuantizedAvgPool QuantizedConv2D QuantizedConv2DAndRelu: output min_output max_output
QuantizedConv2DAndReluAndRequantize QuantizedConv2DAndRequantize: output min_output max_output
QuantizedConv2DPerChannel QuantizedConv2DWithBias: output min_output max_output
QuantizedConv2DWithBiasAndRelu QuantizedConv2DWithBiasAndReluAndRequantize: output min_output max_output
QuantizedConv2DWithBiasAndRequantize: output min_output max_output
QuantizedConv2DWithBiasSignedSumAndReluAndRequantize: output min_output max_output
QuantizedConv2DWithBiasSumAndRelu: output min_output max_output
QuantizedConv2DWithBiasSumAndReluAndRequantize QuantizedDepthwiseConv2D: output min_output max_output
QuantizedDepthwiseConv2DWithBias QuantizedDepthwiseConv2DWithBiasAndRelu: output min_output max_output
QuantizedDepthwiseConv2DWithBiasAndReluAndRequantize QuantizedMaxPool: output min_output max_output
QuantizeDownAndShrinkRange QuantizeV2 QuantizedConcat QuantizedConcatV2: output output_min output_max
QuantizedReshape Requantize RequantizePerChannel: output output_min output_max
FractionalAvgPool FractionalMaxPool: output row_pooling_sequence col_pooling_sequence
SparseConcat SparseCross SparseCrossHashed SparseCrossV2: output_indices output_values output_shape
SparseReduceMaxSparse SparseReduceSumSparse SparseSlice: output_indices output_values output_shape
QuantizedResizeBilinear: resized_images out_min out_max
QuantizedBatchNormWithGlobalNormalization: result result_min result_max
DenseToDenseSetOperation DenseToSparseSetOperation: result_indices result_values result_shape
SparseToSparseSetOperation: result_indices result_values result_shape
CSRSparseMatrixComponents: row_ptrs col_inds values
UnicodeDecodeWithOffsets: row_splits char_values char_to_byte_starts
BatchSvd Svd: s u v
AllCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
FixedUnigramCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
LearnedUnigramCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
LogUniformCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
ThreadUnsafeUnigramCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
UniformCandidateSampler: sampled_candidates true_expected_count sampled_expected_count
NonMaxSuppressionV5: selected_indices selected_scores valid_outputs
RaggedTensorToSparse: sparse_indices sparse_values sparse_dense_shape
DeserializeManySparse DeserializeSparse: sparse_indices sparse_values sparse_shape
TakeManySparseFromTensorsMap: sparse_indices sparse_values sparse_shape
SparseAdd: sum_indices sum_values sum_shape
UniqueWithCounts UniqueWithCountsV2: y idx count
QuantizedInstanceNorm: y y_min y_max
QuantizedAdd QuantizedMul: z min_z max_z
GRUBlockCellGrad: d_x d_h_prev d_c_bar d_r_bar_u_bar
CTCGreedyDecoder: decoded_indices decoded_values decoded_shape log_probability
CudnnRNNBackprop CudnnRNNBackpropV2: input_backprop input_h_backprop input_c_backprop params_backprop
CudnnRNNBackpropV3: input_backprop input_h_backprop input_c_backprop params_backprop
CombinedNonMaxSuppression: nmsed_boxes nmsed_scores nmsed_classes valid_detections
CustomAggregator: output min max histogram
CudnnRNN: output output_h output_c reserve_space
SparseFillEmptyRows: output_indices output_values empty_row_indicator reverse_index_map
RaggedFillEmptyRows: output_value_rowids output_values empty_row_indicator reverse_index_map
GRUBlockCell: r u c h
LSTMBlockCellGrad: cs_prev_grad dicfo wci_grad wcf_grad wco_grad
BatchNormWithGlobalNormalizationGrad: dx dm dv db dg
CudnnRNNV2 CudnnRNNV3: output output_h output_c reserve_space host_reserved
FusedBatchNormGrad: x_backprop scale_backprop offset_backprop reserve_space_3 reserve_space_4
FusedBatchNormGradV2: x_backprop scale_backprop offset_backprop reserve_space_3 reserve_space_4
FusedBatchNormGradV3: x_backprop scale_backprop offset_backprop reserve_space_4 reserve_space_5
FusedBatchNorm FusedBatchNormV2: y batch_mean batch_variance reserve_space_1 reserve_space_2
FusedBatchNormV3: y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3
_FusedBatchNormEx: y batch_mean batch_variance reserve_space_1 reserve_space_2 reserve_space_3
BlockLSTM BlockLSTMV2 LSTMBlockCell: i cs f o ci co h
BlockLSTMGrad BlockLSTMGradV2: x_grad cs_prev_grad h_prev_grad w_grad wci_grad wcf_grad wco_grad b_grad
"""


def _parsed() -> dict[str, tuple[str, ...]]:
    table = {}
    for line in _TABLE.strip().splitlines():
        ops, _, arguments = line.partition(": ")
        for op in ops.split():
            table[op] = tuple(arguments.split())
    return table


_OUTPUTS = _parsed()


def outputs_of(op: str) -> int | None:
    """How many outputs an op has that has several; None of any other."""
    arguments = _OUTPUTS.get(op)
    return None if arguments is None else len(arguments)


def port(op: str, argument: str, index: int) -> int:
    """The flat output number of output `index` of an argument of this op."""
    arguments = _OUTPUTS.get(op)
    if arguments is not None and argument in arguments:
        return arguments.index(argument)
    return index
