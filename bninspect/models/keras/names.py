"""The names a Keras file may hold: Keras's own layers, operations and functions that only compute.

A list of what is allowed rather than of what is forbidden, so that a class nobody thought of is refused. Left
out on purpose, though they are Keras's own: what holds Python code (Lambda), another framework's pickled or
traced module (TorchModuleWrapper, JaxLayer, FlaxLayer), a path to load (TFSMLayer; StringLookup,
IntegerLookup and TextVectorization take one for their vocabulary), functions to call (Map, Scan, Cond,
DenseFeatures), and any method or symbol by its name (ClassMethod, InstanceMethod, TensorFlowOpLayer).
`tests/models/keras/test_safety.py` compares the list with Keras's own registry.
"""

from __future__ import annotations

_MODELS = "Functional Model Sequential InputLayer Layer Wrapper"

_LAYERS = """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
    AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D AveragePooling2D
    AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization BatchNormalizationV1
    BatchNormalizationV2 Bidirectional CategoryEncoding CenterCrop Concatenate
    ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
    Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose Convolution2D
    Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CuDNNGRU
    CuDNNLSTM CutMix Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense
    Embedding Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D
    GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity LSTM LSTMCell
    LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes MaxPool1D
    MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MixUp
    MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment
    RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
    RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue
    RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness
    RandomShear RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
    ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SeparableConvolution1D
    SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D
    SpatialDropout3D SpectralNormalization StackedRNNCells Subtract SyncBatchNormalization ThresholdedReLU
    TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D
    ZeroPadding3D SlicingOpLambda TFOpLambda
"""

_OPERATIONS = """
    Cast ConvertToTensor SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack Rearrange
    AffineTransform CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB MapCoordinates PadImages
    PerspectiveTransform RGBToGrayscale RGBToHSV Resize SSIM ScaleAndTranslate SobelEdges Cholesky
    CholeskyInverse Det Eig Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve SolveTriangular CDist
    Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt STFT
    SegmentMax SegmentMin SegmentProd SegmentReduction SegmentSum TopK ViewAsComplex ViewAsReal
    AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm BinaryCrossentropy CTCDecode CTCLoss
    CategoricalCrossentropy Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold
    Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool
    Moments MultiHot Normalize OneHot PSNR Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu
    SoftShrink Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid
    Sparsemax Squareplus TanhShrink Threshold Unfold Abs Absolute All AllClose Amax Amin Angle Any Append
    Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin Argpartition Argsort Array
    ArraySplit Bincount BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift
    BitwiseXor BroadcastTo Cbrt Ceil Clip Conj Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero Cross
    Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan Dsplit Dstack Einsum
    EmptyLike Equal Exp Exp2 ExpandDims Expm1 Fabs Flip Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Full
    FullLike Gcd Geomspace GetItem Greater GreaterEqual Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner
    IsIn Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron Lcm Ldexp LeftShift Less LessEqual
    Linspace Log Log10 Log1p Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Logspace
    Matmul Max Mean Median Meshgrid Min Mod Moveaxis NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax
    Nanmean Nanmedian Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter
    Nonzero NotEqual OnesLike Outer Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal
    Repeat RightShift Roll Rot90 Round SearchSorted Select Sign Signbit Sin Sinc Sinh Size Slogdet Sort Split
    Sqrt Square Squeeze Stack Std Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile Trace Transpose
    Trapezoid Tril Triu TrueDivide Trunc Unique UnravelIndex Vander Var Vdot View Vsplit Vstack Where
    ZerosLike
"""

_BESIDE_LAYERS = """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform IdentityInitializer LecunNormal LecunUniform Ones
    Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFTInitializer TruncatedNormal
    VarianceScaling Zeros L1 L1L2 L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm
    DTypePolicy FloatDTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy DTypePolicyMap Policy
    PolicyV1 SeedGenerator
"""

_VALUES = """
    __keras_tensor__ __tensor__ __numpy__ __bytes__ __tuple__ __ellipsis__ __slice__ TensorShape
"""

CLASSES = frozenset(f"{_MODELS} {_LAYERS} {_OPERATIONS} {_BESIDE_LAYERS} {_VALUES}".split())
"""Classes of objects, by the name a file gives them."""

_ACTIVATIONS = """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
    log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign
    sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    LeakyReLU ReLU ELU PReLU Softmax ThresholdedReLU
"""
FUNCTIONS = frozenset(_ACTIVATIONS.split())
"""Activations, of which some are layers, too."""

TENSORFLOW_FAMILIES = ("__operators__.", "math.", "nn.", "linalg.", "signal.", "image.", "bitwise.")
"""How names of TensorFlow's functions begin that a TFOpLambda may call (`tf.` left out): families that only
compute.
"""
_TENSORFLOW = """
    abs acos acosh add add_n argmax argmin argsort asin asinh atan atan2 atanh batch_to_space boolean_mask
    broadcast_to cast clip_by_norm clip_by_value complex concat cos cosh cumsum divide einsum ensure_shape
    equal exp expand_dims eye fill floor gather gather_nd greater greater_equal identity less less_equal
    linspace logical_and logical_not logical_or matmul maximum meshgrid minimum multiply negative norm
    not_equal one_hot ones ones_like pad pow range rank realdiv reduce_all reduce_any reduce_logsumexp
    reduce_max reduce_mean reduce_min reduce_prod reduce_sum repeat reshape reverse roll round
    saturate_cast shape sigmoid sign sin sinh size slice sort space_to_batch split sqrt square squeeze stack
    stop_gradient strided_slice subtract tan tanh tensordot tile transpose truediv unstack where zeros
    zeros_like
"""
TENSORFLOW_FUNCTIONS = frozenset(_TENSORFLOW.split())
"""Those that belong to no family."""
