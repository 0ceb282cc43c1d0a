"""Where mean and variance come from: moments of x in all their spellings, storage, or something undecided."""

from __future__ import annotations

import pytest

from tests.support.parts import BATCH, IMAGE, PHASE, STORED, only_layer, reasons, report

CHAIN = """
shifted = AddV2({variance}, epsilon)
root = Rsqrt(shifted)
inv = Mul(root, gamma)
a = Mul(x, inv)
b = Mul({mean}, inv)
c = Sub(beta, b)
y = Add(a, c)
"""
AXES = "axes = Const([0, 1, 2])\n"


def chain(mean: str = "batch_mean", variance: str = "batch_variance") -> str:
    """The chain of tf.nn.batch_normalization with these two statistics."""
    return CHAIN.format(mean=mean, variance=variance)


MOMENTS = {
    "tf.nn.moments": BATCH,
    "squeezed": BATCH.replace("batch_mean = Mean", "kept_mean = Mean").replace("(batch_mean)", "(kept_mean)")
    + "batch_mean = Squeeze(kept_mean)\n",
    "without StopGradient": BATCH.replace("(x, still)", "(x, batch_mean)"),
    "square of the difference": STORED
    + AXES
    + """
batch_mean = Mean(x, axes)
difference = Sub(x, batch_mean)
squared = Square(difference)
batch_variance = Mean(squared, axes)""",
    "difference times itself": STORED
    + AXES
    + """
batch_mean = Mean(x, axes)
difference = Sub(x, batch_mean)
squared = Mul(difference, difference)
batch_variance = Mean(squared, axes)""",
    "mean of squares less square of mean": STORED
    + AXES
    + """
batch_mean = Mean(x, axes)
squared = Square(x)
mean_square = Mean(squared, axes)
square_mean = Square(batch_mean)
batch_variance = Sub(mean_square, square_mean)""",
    "shifted, as before 2016": STORED
    + AXES
    + """
off = Sub(x, mean)
shifted_mean = Mean(off, axes)
squares = SquaredDifference(x, mean)
mean_square = Mean(squares, axes)
square_mean = Square(shifted_mean)
batch_variance = Sub(mean_square, square_mean)
batch_mean = Add(shifted_mean, mean)""",
    "sums over a count": STORED
    + AXES
    + """
count = Const(64.0)
sum = Sum(x, axes)
batch_mean = RealDiv(sum, count)
squared = Square(x)
squares = Sum(squared, axes)
mean_square = RealDiv(squares, count)
square_mean = Square(batch_mean)
batch_variance = Sub(mean_square, square_mean)""",
    "sums over a counted size": STORED
    + AXES
    + """
shape = Shape(x)
size = Prod(shape, axes)
count = Cast(size, SrcT=int32, DstT=float)
sum = Sum(x, axes)
batch_mean = RealDiv(sum, count)
squares = SquaredDifference(x, batch_mean)
total = Sum(squares, axes)
batch_variance = RealDiv(total, count)""",
    "clipped at zero": BATCH.replace("batch_variance = Mean", "raw = Mean")
    + "zero = Const(0.0)\nbatch_variance = Maximum(raw, zero)\n",
    "with Bessel's correction": BATCH.replace("batch_variance = Mean", "raw = Mean")
    + "factor = Const(1.02)\nbatch_variance = Mul(raw, factor)\n",
    "of a cast": STORED
    + AXES
    + """
wide = Cast(x, SrcT=half, DstT=float)
batch_mean = Mean(wide, axes)
difference = SquaredDifference(wide, batch_mean)
batch_variance = Mean(difference, axes)""",
    "of all replicas": BATCH.replace("batch_mean = Mean", "own_mean = Mean")
    .replace("(batch_mean)", "(own_mean)")
    .replace("batch_variance = Mean", "own_variance = Mean")
    + "batch_mean = CrossReplicaSum(own_mean)\nbatch_variance = CrossReplicaSum(own_variance)\n",
    "outputs of a fused op": STORED
    + "none = Const([])\n"
    + "bn = FusedBatchNormV3(x, gamma, beta, none, none, is_training=true)\n"
    + "batch_mean = Identity(bn:1)\nbatch_variance = Identity(bn:2)\n",
}


@pytest.mark.parametrize("case", MOMENTS, ids=lambda name: name)
def test_training(case: str) -> None:
    found = report(MOMENTS[case] + chain())
    assert [(layer.mode.value, layer.x.name) for layer in found.layers if layer.output.name == "y:0"] == [
        ("training", "x:0")
    ]
    assert (found.lookalikes, found.unrecognised) == ((), ())


STORAGE = {
    "constants": STORED,
    "variables": STORED.replace(
        "mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(dtype=float, shape=[3])"
    ).replace("variance = Const([1.5, 2.5, 0.5])", "variance = VariableV2(dtype=float, shape=[3])"),
    "read as resources": IMAGE
    + "gamma = Const([1.5, 2.0, 0.5])\nbeta = Const([0.1, 0.2, 0.3])\nepsilon = Const(0.001)\n"
    + "m = VarHandleOp(dtype=float, shape=[3])\nv = VarHandleOp(dtype=float, shape=[3])\n"
    + "mean = ReadVariableOp(m)\nvariance = ReadVariableOp(v)\n",
    "sums with their count": IMAGE
    + """
gamma = Const([1.5, 2.0, 0.5])
beta = Const([0.1, 0.2, 0.3])
epsilon = Const(0.001)
weight = Const([9.0])
total = Const([4.5, -4.5, 2.25])
totals = Const([13.5, 22.5, 4.5])
mean = RealDiv(total, weight)
variance = RealDiv(totals, weight)""",
    "fed": STORED.replace(
        "mean = Const([0.5, -0.5, 0.25])", "mean = Placeholder(dtype=float, shape=[3])"
    ).replace("variance = Const([1.5, 2.5, 0.5])", "variance = Placeholder(dtype=float, shape=[3])"),
}


@pytest.mark.parametrize("case", STORAGE, ids=lambda name: name)
def test_inference(case: str) -> None:
    layer = only_layer(STORAGE[case] + chain("mean", "variance"))
    assert layer.mode.value == "inference"


UNDECIDED = {
    "mixed": (
        BATCH
        + """
share = Const(0.5)
rest = Const(0.5)
a1 = Mul(batch_mean, share)
a2 = Mul(mean, rest)
both = Add(a1, a2)
b1 = Mul(batch_variance, share)
b2 = Mul(variance, rest)
either = Add(b1, b2)
"""
        + chain("both", "either"),
        "mix those of the batch with stored ones",
    ),
    "foreign": (
        BATCH.replace("Mean(x, axes)", "Mean(other, axes)").replace("(x, still)", "(other, still)")
        + "other = Placeholder(dtype=float, shape=[-1, 8, 8, 3])\n"
        + chain(),
        "computed from another tensor, other:0",
    ),
    "axes not constant": (
        BATCH.replace("Const([0, 1, 2])", "Placeholder(dtype=int32)") + chain(),
        "are not constant",
    ),
    "of one kind each": (
        BATCH + chain("mean", "batch_variance"),
        "the mean is stored, the variance is of the batch",
    ),
    "random": (
        STORED + "shape = Const([3])\nnoise = RandomUniform(shape)\n" + chain("noise", "variance"),
        "come from RandomUniform noise, neither a moment of x nor stored",
    ),
}


@pytest.mark.parametrize("case", UNDECIDED, ids=lambda name: name)
def test_undecided(case: str) -> None:
    text, reason = UNDECIDED[case]
    (found,) = reasons(text)
    assert reason in found


CHOSEN = """
chosen_mean = Select(phase, {0}, {1})
chosen_variance = Select(phase, {2}, {3})
"""


def test_chosen() -> None:
    choice = CHOSEN.format("batch_mean", "mean", "batch_variance", "variance")
    layer = only_layer(BATCH + PHASE + choice + chain("chosen_mean", "chosen_variance"))
    assert layer.mode.value == "switched"
    assert layer.switch is not None
    assert layer.switch.training_when is True
    assert [merge.name for merge in layer.merges] == ["chosen_mean", "chosen_variance"]
    assert layer.moving_mean is not None
    assert layer.moving_mean.name == "mean:0"


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (
            ("batch_mean", "mean", "variance", "batch_variance"),
            "for one value of the predicate the mean is stored",
        ),
        (
            ("batch_mean", "mean", "batch_variance", "batch_variance"),
            "is chosen by a predicate, the variance is of",
        ),
        (("batch_mean", "mean", "variance", "variance"), "is chosen by a predicate, the variance is stored"),
    ],
)
def test_chosen_in_disagreement(choice: tuple[str, ...], reason: str) -> None:
    (found,) = reasons(BATCH + PHASE + CHOSEN.format(*choice) + chain("chosen_mean", "chosen_variance"))
    assert reason in found


def test_chosen_by_different_predicates() -> None:
    choice = CHOSEN.format("batch_mean", "mean", "batch_variance", "variance")
    choice = choice.replace("chosen_variance = Select(phase", "chosen_variance = Select(other")
    text = BATCH + PHASE + PHASE.replace("phase", "other") + choice + chain("chosen_mean", "chosen_variance")
    (found,) = reasons(text)
    assert "chosen by different predicates, phase:0 and other:0" in found


def test_a_choice_between_two_stored_ones_is_inference() -> None:
    more = "old_mean = Const([0.1, 0.2, 0.3])\nold_variance = Const([0.4, 0.5, 0.6])\n"
    choice = CHOSEN.format("mean", "old_mean", "variance", "old_variance")
    layer = only_layer(STORED + PHASE + more + choice + chain("chosen_mean", "chosen_variance"))
    assert (layer.mode.value, layer.moving_mean) == ("inference", None)


NEST = """
one_{0} = Select(phase, batch_{0}, {1})
chosen_{0} = Select(other, one_{0}, {2})
"""


@pytest.mark.parametrize(("second", "layers"), [("", 1), ("old_", 0)])
def test_a_nest_chooses_between_one_stored_value_and_the_batch(second: str, layers: int) -> None:
    """Of two stored values, which of them serves is another choice."""
    more = "old_mean = Const([0.1, 0.2, 0.3])\nold_variance = Const([0.4, 0.5, 0.6])\n"
    nest = "".join(NEST.format(part, part, second + part) for part in ("mean", "variance"))
    text = BATCH + PHASE + PHASE.replace("phase", "other") + more + nest
    found = report(text + chain("chosen_mean", "chosen_variance"))
    assert len(found.layers) == layers
    assert len(found.unrecognised) == 1 - layers
