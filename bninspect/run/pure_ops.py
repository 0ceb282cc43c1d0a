"""The ops a probed model may hold: those that only compute a value from their inputs.

A list of what is allowed rather than of what is forbidden, so that an op nobody thought of is refused. Left
out on purpose, though TensorFlow calls some of them stateless: whatever touches files (ReadFile,
ImmutableConst, checkpoints, datasets), the network, Python, other processes or the screen (Print, summaries,
debug ops), and whatever keeps state between runs (variables, tables, queues). Random ops and stacks keep
theirs within the session, which is ours. `tests/run/test_safety.py` compares the list with TensorFlow's own
registry.
"""

from __future__ import annotations

_STRUCTURE = """
    Const HostConst Placeholder PlaceholderV2 PlaceholderWithDefault NoOp Identity IdentityN Snapshot
    StopGradient PreventGradient EnsureShape CheckNumerics CheckNumericsV2 Assert Bitcast Cast OnesLike
    ZerosLike Fill DeepCopy Shape ShapeN Size Rank
"""

_CONTROL_FLOW = """
    Switch Merge Enter Exit NextIteration LoopCond ControlTrigger If StatelessIf Case StatelessCase While
    StatelessWhile For PartitionedCall StatefulPartitionedCall FakeParam ToBool OptionalNone
    OptionalFromValue OptionalHasValue OptionalGetValue TensorArray TensorArrayV2 TensorArrayV3
    TensorArrayRead TensorArrayReadV2 TensorArrayReadV3 TensorArrayWrite TensorArrayWriteV2
    TensorArrayWriteV3 TensorArrayGather TensorArrayGatherV2 TensorArrayGatherV3 TensorArrayScatter
    TensorArrayScatterV2 TensorArrayScatterV3 TensorArrayConcat TensorArrayConcatV2 TensorArrayConcatV3
    TensorArraySplit TensorArraySplitV2 TensorArraySplitV3 TensorArraySize TensorArraySizeV2
    TensorArraySizeV3 TensorArrayClose TensorArrayCloseV2 TensorArrayCloseV3 TensorArrayPack
    TensorArrayUnpack Stack StackV2 StackPush StackPushV2 StackPop StackPopV2 StackClose StackCloseV2
    EmptyTensorList TensorListReserve TensorListPushBack TensorListPushBackBatch TensorListPopBack
    TensorListGetItem TensorListSetItem TensorListFromTensor TensorListStack TensorListGather
    TensorListScatter TensorListScatterV2 TensorListScatterIntoExistingList TensorListConcat
    TensorListConcatV2 TensorListConcatLists TensorListSplit TensorListLength TensorListElementShape
    TensorListResize
"""

_MATH = """
    Abs AccumulateNV2 Acos Acosh Add AddN AddV2 Angle ApproximateEqual Asin Asinh Atan Atan2 Atanh Betainc
    Ceil ClipByValue Complex ComplexAbs Conj Cos Cosh Cross Cumprod Cumsum CumulativeLogsumexp Dawsn
    Digamma Div DivNoNan Equal Erf Erfc Erfinv EuclideanNorm Exp Expint Expm1 Floor FloorDiv FloorMod
    FresnelCos FresnelSin Greater GreaterEqual Igamma IgammaGradA Igammac Imag Inv Invert IsFinite IsInf
    IsNan L2Loss LeftShift Less LessEqual Lgamma Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum
    Mod Mul MulNoNan Ndtri Neg NextAfter NotEqual Polygamma PopulationCount Pow Real RealDiv Reciprocal
    RightShift Rint Round Rsqrt Sigmoid Sign Sin Sinh Spence Sqrt Square SquaredDifference Sub Tan Tanh
    TruncateDiv TruncateMod Xdivy Xlog1py Xlogy Zeta BitwiseAnd BitwiseOr BitwiseXor BesselI0 BesselI0e
    BesselI1 BesselI1e InvGrad ReciprocalGrad RsqrtGrad SigmoidGrad SqrtGrad TanhGrad All Any ArgMax
    ArgMin Max Mean Min Prod Sum Bincount DenseBincount Bucketize HistogramFixedWidth SegmentMax
    SegmentMean SegmentMin SegmentProd SegmentSum UnsortedSegmentMax UnsortedSegmentMin
    UnsortedSegmentProd UnsortedSegmentSum SparseSegmentMean SparseSegmentSqrtN SparseSegmentSum
"""

_LINEAR_ALGEBRA = """
    BatchMatMul BatchMatMulV2 BatchMatMulV3 MatMul SparseMatMul SparseTensorDenseMatMul Einsum Cholesky
    Eig Lu Qr LogMatrixDeterminant MatrixDeterminant MatrixExponential MatrixInverse MatrixLogarithm
    MatrixSolve MatrixSolveLs MatrixSquareRoot MatrixTriangularSolve SelfAdjointEig SelfAdjointEigV2 Svd
    TridiagonalMatMul TridiagonalSolve FFT FFT2D FFT3D IFFT IFFT2D IFFT3D RFFT RFFT2D RFFT3D IRFFT IRFFT2D
    IRFFT3D
"""

_ARRAYS = """
    BatchMatrixBandPart BatchMatrixDiag BatchMatrixDiagPart BatchMatrixSetDiag BatchToSpace BatchToSpaceND
    BroadcastArgs BroadcastGradientArgs BroadcastTo Concat ConcatOffset ConcatV2 DepthToSpace Diag
    DiagPart DynamicPartition DynamicStitch ParallelDynamicStitch ExpandDims ExtractImagePatches
    ExtractVolumePatches Gather GatherNd GatherV2 Empty InplaceAdd InplaceSub InplaceUpdate
    InvertPermutation LinSpace ListDiff LowerBound MatrixBandPart MatrixDiag MatrixDiagPart
    MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixSetDiag MatrixSetDiagV2
    MatrixSetDiagV3 MirrorPad MirrorPadGrad OneHot Pack Pad PadV2 ParallelConcat Range Reshape Reverse
    ReverseSequence ReverseV2 Roll ScatterNd ScatterNdNonAliasingAdd Select SelectV2 Slice SpaceToBatch
    SpaceToBatchND SpaceToDepth SparseToDense Split SplitV Squeeze StridedSlice StridedSliceGrad
    TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate
    TensorStridedSliceUpdate Tile Transpose ConjugateTranspose Unique UniqueV2 UniqueWithCounts
    UniqueWithCountsV2 Unpack UnravelIndex UpperBound Where SparseReorder SparseReshape SparseSlice
    SparseConcat SparseFillEmptyRows RaggedRange RaggedTensorToTensor RaggedGather
"""

_NEURAL = """
    AvgPool AvgPool3D AvgPoolGrad BatchNormWithGlobalNormalization BiasAdd BiasAddGrad BiasAddV1 Conv
    Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv2DBackpropInputV2 Conv3D Conv3DBackpropInput
    Conv3DBackpropInputV2 DataFormatDimMap DataFormatVecPermute DepthwiseConv2dNative
    DepthwiseConv2dNativeBackpropInput Dilation2D Elu EluGrad FractionalAvgPool FractionalMaxPool
    FusedBatchNorm FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3 FusedBatchNormV2
    FusedBatchNormV3 FusedPadConv2D FusedResizeAndPadConv2D InTopK InTopKV2 IsotonicRegression LRN LRNGrad
    LeakyRelu LeakyReluGrad LogSoftmax MaxPool MaxPool3D MaxPoolGrad MaxPoolGradV2 MaxPoolV2
    MaxPoolWithArgmax NthElement Relu Relu6 Relu6Grad ReluGrad Selu SeluGrad Softmax
    SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SoftsignGrad
    SparseSoftmaxCrossEntropyWithLogits TopK TopKV2 BlockLSTM BlockLSTMV2 LSTMBlockCell GRUBlockCell
    CTCGreedyDecoder CTCBeamSearchDecoder _FusedBatchNormEx _FusedConv2D _FusedDepthwiseConv2dNative
    _FusedMatMul
"""

_QUANTIZED = """
    Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
    QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4
    QuantizeDownAndShrinkRange QuantizeV2 QuantizedAdd QuantizedAvgPool
    QuantizedBatchNormWithGlobalNormalization QuantizedBiasAdd QuantizedConcat QuantizedConcatV2
    QuantizedConv2D QuantizedConv2DAndRelu QuantizedConv2DWithBias QuantizedConv2DWithBiasAndRelu
    QuantizedDepthwiseConv2D QuantizedInstanceNorm QuantizedMatMul QuantizedMaxPool QuantizedMul
    QuantizedRelu QuantizedRelu6 QuantizedReluX QuantizedReshape QuantizedResizeBilinear
    RequantizationRange RequantizationRangePerChannel Requantize RequantizePerChannel
"""

_IMAGES_AND_SOUND = """
    AdjustContrast AdjustContrastv2 AdjustHue AdjustSaturation CombinedNonMaxSuppression CropAndResize
    DecodeAndCropJpeg DecodeBmp DecodeGif DecodeImage DecodeJpeg DecodePng DecodeWebP DrawBoundingBoxes
    DrawBoundingBoxesV2 EncodeJpeg EncodePng ExtractGlimpse ExtractGlimpseV2 ExtractJpegShape
    GenerateBoundingBoxProposals HSVToRGB ImageProjectiveTransformV2 ImageProjectiveTransformV3
    NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5
    NonMaxSuppressionWithOverlaps RGBToHSV ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
    ScaleAndTranslate SampleDistortedBoundingBox SampleDistortedBoundingBoxV2
    StatelessSampleDistortedBoundingBox RandomCrop AudioSpectrogram DecodeWav Mfcc
"""

_RANDOM = """
    Multinomial ParameterizedTruncatedNormal RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle
    RandomStandardNormal RandomUniform RandomUniformInt TruncatedNormal StatelessMultinomial
    StatelessRandomBinomial StatelessRandomGammaV2 StatelessRandomGammaV3 StatelessRandomGetAlg
    StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg StatelessRandomNormal
    StatelessRandomNormalV2 StatelessRandomPoisson StatelessRandomUniform StatelessRandomUniformFullInt
    StatelessRandomUniformFullIntV2 StatelessRandomUniformInt StatelessRandomUniformIntV2
    StatelessRandomUniformV2 StatelessTruncatedNormal StatelessTruncatedNormalV2 StatelessShuffle
"""

_TEXT = """
    AsString DecodeBase64 DecodeCompressed DecodePaddedRaw DecodeRaw EncodeBase64 ParseExample
    ParseExampleV2 ParseSingleExample ParseTensor ReduceJoin RegexFullMatch RegexReplace
    StaticRegexFullMatch StaticRegexReplace StringJoin StringLength StringLower StringSplit StringSplitV2
    StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong StringToNumber
    StringUpper Substr
"""

PURE_OPS: frozenset[str] = frozenset(
    " ".join(
        (
            _STRUCTURE, _CONTROL_FLOW, _MATH, _LINEAR_ALGEBRA, _ARRAYS, _NEURAL,
            _QUANTIZED, _IMAGES_AND_SOUND, _RANDOM, _TEXT,
        )
    ).split()
)  # fmt: skip
"""Names of the ops that run without being asked about."""

RANDOM_OPS: frozenset[str] = frozenset(name for name in _RANDOM.split() if not name.startswith("Stateless"))
"""Names of those that give other values in every run."""
