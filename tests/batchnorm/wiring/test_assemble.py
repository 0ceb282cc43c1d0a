"""The record of a layer: its branches, its switch, its channels, and what is known of its statistics."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import BatchNorm, Mode, State, inspect
from bninspect.graph import flatten
from bninspect.graphdef.reader import records
from tests.support.parts import BATCH, EMPTY, IMAGE, PARAMETERS, PHASE, STORED, fused_cond, only_layer
from tests.support.text import graph, graphdef

STATISTICS = (
    "kept_mean = VariableV2(shape=[3])\nkept_variance = VariableV2(shape=[3])\n"
    "fed_mean = Placeholder(dtype=float)\nfed_variance = Placeholder(dtype=float)\n"
    "made_mean = AddV2(kept_mean, mean)\nmade_variance = Mul(kept_variance, variance)\n"
    "none = Const([])\nlost = Const([9.0])\nof_one = Const([2.0])\n"
)
HEAD = IMAGE + PARAMETERS + STATISTICS


def layer(mean: str, variance: str, *, training: bool = False, gamma: str = "gamma") -> BatchNorm:
    """A fused layer of one mode with these statistics; the constant `lost` has no value."""
    mode = str(training).lower()
    line = f"y = FusedBatchNormV3(x, {gamma}, beta, {mean}, {variance}, is_training={mode})\n"
    message = graphdef(HEAD + line)
    for node in message.node:
        if node.name == "lost":
            del node.attr["value"]
    found = inspect(flatten(records(message.SerializeToString(), "text")))
    assert (len(found.layers), found.unrecognised) == (1, ())
    return found.layers[0]


UNREAD, ABSENT = State.UNREAD, State.ABSENT
IN_VARIABLES = "they are in variables, which were not read"
HOLDS_NOTHING = "what should hold them is empty"
COMPUTED = "they are computed by {} when the model runs"
NO_VALUE = "a constant without a value"
KNOWN: dict[tuple[str, str], tuple[bool, State, str | None]] = {
    ("mean", "variance"): (True, State.STORED, None),
    ("of_one", "of_one"): (True, State.STORED, None),
    ("kept_mean", "kept_variance"): (True, UNREAD, IN_VARIABLES),
    ("fed_mean", "variance"): (True, UNREAD, "they are given by Placeholder fed_mean when the model runs"),
    ("mean", "fed_variance"): (
        True,
        UNREAD,
        "they are given by Placeholder fed_variance when the model runs",
    ),
    ("made_mean", "made_variance"): (False, UNREAD, COMPUTED.format("AddV2 made_mean")),
    ("made_mean", "variance"): (False, UNREAD, COMPUTED.format("AddV2 made_mean")),
    ("mean", "made_variance"): (False, UNREAD, COMPUTED.format("Mul made_variance")),
    ("kept_mean", "made_variance"): (False, UNREAD, COMPUTED.format("Mul made_variance")),
    ("none", "none"): (False, ABSENT, HOLDS_NOTHING),
    ("none", "variance"): (False, ABSENT, HOLDS_NOTHING),
    ("mean", "none"): (False, ABSENT, HOLDS_NOTHING),
    ("made_mean", "none"): (False, ABSENT, HOLDS_NOTHING),
    ("lost", "lost"): (False, UNREAD, NO_VALUE),
    ("lost", "variance"): (False, UNREAD, NO_VALUE),
    ("mean", "lost"): (False, UNREAD, NO_VALUE),
}
"""Mean and variance -> whether they are kept there, what is known of them, and why not more."""


@pytest.mark.parametrize(("mean", "variance"), KNOWN)
def test_what_is_known_of_the_statistics(mean: str, variance: str) -> None:
    kept, state, reason = KNOWN[mean, variance]
    found = layer(mean, variance)
    names = found.moving and (found.moving.mean.node.name, found.moving.variance.node.name)
    assert names == ((mean, variance) if kept else None)
    assert (found.statistics.state, found.statistics.reason) == (state, reason)


@pytest.mark.parametrize(
    ("mean", "variance", "state", "kept"),
    [
        ("none", "none", ABSENT, None),
        ("mean", "variance", State.STORED, ("mean", "variance")),
        ("mean", "none", ABSENT, None),
        ("made_mean", "variance", ABSENT, None),
    ],
)
def test_of_training_mode_alone_what_it_is_wired_to(
    mean: str, variance: str, state: State, kept: tuple[str, str] | None
) -> None:
    found = layer(mean, variance, training=True)
    names = found.moving and (found.moving.mean.node.name, found.moving.variance.node.name)
    assert (names, found.statistics.state) == (kept, state)
    assert found.statistics.reason == (None if kept else "training mode needs none, and none are in the file")


MADE = "made_mean, made_variance"
SIZES = {
    "the statistics": ("five = VariableV2(shape=[5])\n", "five", "beta", "mean, variance", 3),
    "gamma": ("five = VariableV2(shape=[5])\n", "five", "beta", MADE, 5),
    "a gamma of rank 4": ("g = VarHandleOp(shape=[1, 2, 1, 3])\n", "g", "beta", MADE, 6),
    "an empty gamma": ("g = VariableV2(shape=[0])\n", "g", "beta", MADE, 3),
    "a gamma that does not say": ("g = VariableV2(shape=[-1])\n", "g", "beta", MADE, 3),
    "a gamma of one number": ("g = VariableV2(shape=[])\n", "g", "beta", MADE, 3),
    "a gamma that says nothing": ("g = VariableV2()\n", "g", "beta", MADE, 3),
    "a gamma that is fed": ("g = Placeholder(shape=[5])\n", "g", "beta", MADE, 3),
    "the mean": ("g = Placeholder()\n", "g", "g", "kept_mean, kept_variance", 3),
    "the variance": (
        "g = Placeholder()\nlong = VariableV2(shape=[4])\n", "g", "g", "fed_mean, long", 4
    ),
    "nothing": ("g = Placeholder()\n", "g", "g", MADE, None),
}  # fmt: skip
"""What tells the channels: lines, gamma, beta, mean and variance; and how many they are."""


@pytest.mark.parametrize("by", SIZES)
def test_how_many_channels(by: str) -> None:
    lines, gamma, beta, statistics, channels = SIZES[by]
    text = HEAD + lines + f"y = FusedBatchNormV3(x, {gamma}, {beta}, {statistics}, is_training=false)\n"
    assert only_layer(text).channels == channels


def branches(layer: BatchNorm) -> dict[str, tuple[bool | None, str, str, str, str]]:
    """Of each mode the value that takes its branch, its node and output, its mean and its variance."""
    found = {mode: layer.branch(mode) for mode in (Mode.TRAINING, Mode.INFERENCE)}
    return {
        mode.value: (one.taken_when, one.node.name, one.output.name, one.mean.name, one.variance.name)
        for mode, one in found.items()
        if one is not None
    }


def parts(layer: BatchNorm) -> tuple[str | None, ...]:
    """x, gamma, beta and output, by name."""
    tensors = (layer.x, layer.gamma, layer.beta, layer.output)
    return tuple(tensor and tensor.node.name for tensor in tensors)


def test_two_nodes_of_one_layer() -> None:
    """Parameters at their source; what is read of the statistics is the branch's own."""
    layer = only_layer(STORED + PHASE + fused_cond("phase"))
    assert parts(layer) == ("x", "gamma", "beta", "y")
    assert branches(layer) == {
        "training": (True, "y_train", "y_train:0", "y_none:0", "y_none:0"),
        "inference": (False, "y_infer", "y_infer:0", "y_mean:0", "y_variance:0"),
    }
    assert (layer.form.value, layer.op, layer.again) == ("fused", "FusedBatchNormV3", ())


def test_a_layer_without_parameters() -> None:
    text = HEAD + "shifted = AddV2(kept_variance, epsilon)\nroot = Rsqrt(shifted)\n"
    layer = only_layer(text + "centred = Sub(x, kept_mean)\ny = Mul(centred, root)\n")
    assert (parts(layer), layer.channels) == (("x", None, None, "y"), 3)
    assert branches(layer) == {"inference": (None, "y", "y:0", "kept_mean:0", "kept_variance:0")}


CHAIN = (
    "shifted = AddV2(v, epsilon)\nroot = Rsqrt(shifted)\nscale = Mul(root, gamma)\n"
    "scaled = Mul(x, scale)\nmoved = Mul(m, scale)\noffset = Sub(beta, moved)\ny = AddV2(scaled, offset)\n"
)
CHOSEN = {
    "training where true": (
        "m = Select(phase, batch_mean, read)",
        "v = Select(phase, batch_variance, variance)",
    ),
    "training where false": (
        "m = Select(phase, read, batch_mean)",
        "v = Select(phase, variance, batch_variance)",
    ),
    "the variance asks the opposite": (
        "m = Select(phase, batch_mean, read)",
        "v = Select(not, variance, batch_variance)",
    ),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_one_chain_whose_statistics_are_chosen(case: str) -> None:
    lines = "\n".join(("read = Identity(mean)", "not = LogicalNot(phase)", *CHOSEN[case])) + "\n"
    layer = only_layer(BATCH + PHASE + lines + CHAIN)
    trains = case != "training where false"
    assert branches(layer) == {
        "training": (trains, "batch_mean", "y:0", "batch_mean:0", "batch_variance:0"),
        "inference": (not trains, "mean", "y:0", "read:0", "variance:0"),
    }
    assert layer.switch is not None
    assert (layer.switch.predicate.tensor.name, layer.switch.training_when) == ("phase:0", trains)
    assert [node.name for node in layer.merges] == ["m", "v"]


@pytest.mark.parametrize("training", [True, False])
def test_beside_what_it_was_folded_into_training_mode_tells_the_layer(training: bool) -> None:
    sides = ("train", "folded") if training else ("folded", "train")
    text = STORED + PHASE + EMPTY + (
        "train = FusedBatchNormV3(x, gamma, beta, none, none, epsilon=0.25)\n"
        "by = Const([0.5, 0.25, 0.125])\nscaled = Mul(x, by)\nfolded = Add(scaled, beta)\n"
        f"y = Select(phase, {sides[0]}, {sides[1]})\n"
    )  # fmt: skip
    layer = only_layer(text)
    assert (layer.op, layer.epsilon, parts(layer)) == ("FusedBatchNormV3", 0.25, ("x", "gamma", "beta", "y"))
    assert {mode: branch[:3] for mode, branch in branches(layer).items()} == {
        "training": (training, "train", "train:0"),
        "inference": (not training, "folded", "folded:0"),
    }
    assert (layer.moving, layer.statistics.state) == (None, UNREAD)
    assert layer.statistics.reason == "they were folded into weights (Add folded)"


def test_the_conditionals_around_a_layer_in_the_order_of_their_names() -> None:
    names = ["d", "a", "e", "c", "b"]
    text, x = STORED, "x"
    for at, name in enumerate(names):
        text += f"{name} = Placeholder(dtype=bool)\n{name}_x = Switch({x}, {name})\n"
        x = f"{name}_x:{at % 2}" if at % 2 else f"{name}_x"
    found = inspect(
        graph(text + f"y = FusedBatchNormV3({x}, gamma, beta, mean, variance, is_training=false)\n")
    )
    (layer,) = found.layers
    assert [(source.name, value) for source, value in layer.runs_when] == [
        (f"{name}:0", names.index(name) % 2 == 1) for name in sorted(names)
    ]


NAMED = {
    "by its output": ("s/y", "m", "v", "p/gamma", "s"),
    "by the mean": ("y", "k/m", "l/v", "p/gamma", "k"),
    "by gamma": ("y", "m", "l/v", "p/gamma", "p"),
    "by nothing but its output": ("y", "m", "l/v", "gamma", "y"),
}
"""Names of output, mean, variance and gamma -> the layer's."""


@pytest.mark.parametrize("case", NAMED)
def test_what_it_is_called(case: str) -> None:
    output, mean, variance, gamma, name = NAMED[case]
    values = "".join(f"{one} = Const([1.0, 2.0, 3.0])\n" for one in (mean, variance, gamma, "b"))
    line = f"{output} = FusedBatchNormV3(x, {gamma}, b, {mean}, {variance}, is_training=false)\n"
    assert only_layer(IMAGE + values + line).name == name
