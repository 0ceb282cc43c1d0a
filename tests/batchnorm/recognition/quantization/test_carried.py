"""The batch norm in the weights of a convolution, written by hand: its mode and its parts."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.batchnorm.recognition.quantization.scaled_weights import carried
from bninspect.batchnorm.recognition.quantization.unscaled import Unscaled
from bninspect.batchnorm.site import Chosen, Site, Stored
from bninspect.batchnorm.wiring.conditions import Conditions
from tests.support.carried import PARTS, UNSCALED, folded, site
from tests.support.parts import names_of_parts, only_layer, report
from tests.support.text import graph

BY_FUSED = """
plain = Conv2D(image, kernel)
none = Const([])
moments = FusedBatchNormV3(plain, gamma, beta, none, none)
batch_mean = Identity(moments:1)
batch_variance = Identity(moments:2)
"""


CHOICE = "m = Select({0}, batch_mean, mean)\nv = Select({0}, batch_variance, variance)\n"


@pytest.mark.parametrize("moments", [UNSCALED, BY_FUSED], ids=["reductions", "a fused op"])
def test_in_training_x_is_what_the_file_computes_without_the_scale(moments: str) -> None:
    layer = only_layer(PARTS + moments + folded("batch_mean", "batch_variance"))
    assert (layer.mode.value, layer.form.value, layer.op) == ("training", "folded", "Conv2D")
    assert names_of_parts(layer) == ["plain:0", "gamma:0", "beta:0", None, None]
    assert (layer.output.name, layer.data_format) == ("y:0", "NHWC")


@pytest.mark.parametrize(
    ("predicate", "training_when"), [("phase", True), ("not_phase", False)], ids=["true", "its negation"]
)
def test_statistics_that_a_predicate_chooses(predicate: str, training_when: bool) -> None:
    negated = "not_phase = LogicalNot(phase)\n"
    layer = only_layer(PARTS + UNSCALED + negated + CHOICE.format(predicate) + folded("m", "v"))
    assert (layer.mode.value, layer.switch is not None) == ("switched", True)
    assert layer.switch is not None
    assert layer.switch.training_when is training_when
    assert names_of_parts(layer) == ["plain:0", "gamma:0", "beta:0", "mean:0", "variance:0"]
    origins = layer.wiring.served[0].site.mean_origin, layer.wiring.served[0].site.variance_origin
    for origin, nodes in zip(origins, (("batch_mean", "mean"), ("batch_variance", "variance")), strict=True):
        assert isinstance(origin, Chosen)
        assert (origin.join.node.name, origin.join.predicate.name) == ("v", f"{predicate}:0")
        assert (origin.if_true.node.name, origin.if_false.node.name) == nodes
        assert (origin.join.if_true.node.name, origin.join.if_false.node.name) == nodes
        assert tuple(tensor.node.name for tensor in origin.tensors) == nodes


def test_statistics_that_are_stored_whatever_is_chosen() -> None:
    lines = "m = Select(phase, other, mean)\n" + folded("m")
    layer = only_layer(PARTS + lines)
    assert (layer.mode.value, layer.switch) == ("inference", None)


def test_where_its_parts_stand() -> None:
    written = graph(PARTS + folded())
    found = carried(written.node("conv"), written, Conditions(written))
    assert found is not None
    assert isinstance(found.found, Site)
    parts = found.found.carried
    assert parts is not None
    assert found.parts == {written.node("root")}
    assert (parts.convolution, parts.merges) == (written.node("conv"), ())
    tensors = (parts.weights, parts.scaled, parts.convolved, found.found.mean, found.found.variance)
    assert [one.node.name for one in tensors] == ["kernel", "scaled", "conv", "mean", "variance"]


ROUNDED = """
low = Const(-6.0)
rounded = FakeQuantWithMinMaxVars(scaled, low, low)
"""


def test_the_scaled_weights_are_those_before_they_are_rounded() -> None:
    text = folded().replace("conv = Conv2D(image, scaled)", ROUNDED + "conv = Conv2D(image, rounded)")
    found = site(PARTS + text)
    assert isinstance(found, Site)
    assert found.carried is not None
    assert found.carried.scaled.node.name == "scaled"


def test_a_gamma_of_ones_may_be_left_out_in_one_place() -> None:
    ones = "ones = Const([1.0, 1.0])\n"
    both = site(PARTS + ones + folded(scale="Mul(ones, root)"))
    once = site(PARTS + ones + folded(scale="Mul(ones, root)").replace("Mul(mean, scale)", "Mul(mean, root)"))
    assert isinstance(both, Site)
    assert isinstance(once, Site)
    assert both.gamma is not None
    assert (both.gamma.node.name, once.gamma) == ("ones", None)


OTHER_STATISTICS = {
    "each image by its own": (
        UNSCALED.replace("axes", "own_axes").replace("\nplain", "\nown_axes = Const([1, 2])\nplain", 1),
        "its moments are taken over axes [1, 2], per image: not over the batch",
    ),
    "of random numbers": (
        "batch_variance = Identity(variance)\nbatch_mean = RandomUniform(axes)\n",
        "the statistics come from RandomUniform batch_mean, neither a moment of x nor stored",
    ),
    "of one kind each": (
        UNSCALED.replace("batch_variance =", "unused =") + "batch_variance = Identity(variance)\n",
        "the mean is of the batch, the variance is stored",
    ),
}


@pytest.mark.parametrize("case", OTHER_STATISTICS)
def test_statistics_of_another_kind_are_said(case: str) -> None:
    lines, reason = OTHER_STATISTICS[case]
    assert site(PARTS + lines + folded("batch_mean", "batch_variance")) == reason


CHOSEN = {
    "undecided if true": (
        "random",
        "mean",
        "the statistics come from RandomUniform random, neither a moment of",
    ),
    "undecided if false": (
        "mean",
        "random",
        "the statistics come from RandomUniform random, neither a moment of",
    ),
    "of the batch if true": (
        "batch_mean",
        "mean",
        "the mean is chosen by a predicate, the variance is stored",
    ),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_a_mean_that_is_chosen_alone_is_said(case: str) -> None:
    if_true, if_false, reason = CHOSEN[case]
    lines = f"random = RandomUniform(axes)\nm = Select(phase, {if_true}, {if_false})\n"
    found = site(PARTS + UNSCALED + lines + folded("m"))
    assert isinstance(found, str)
    assert found.startswith(reason)


NESTS = {
    "if true": ("Select(phase, batch_{0}, {0})", "Select(phase, {1}, mean)"),
    "if false": ("Select(phase, {0}, batch_{0})", "Select(phase, mean, {1})"),
}


@pytest.mark.parametrize("side", NESTS)
def test_a_choice_is_followed_through_eight_conditionals(side: str) -> None:
    choice, further = NESTS[side]
    lines = f"n1 = {choice.format('mean')}\nv = {choice.format('variance')}\n"
    lines += "".join(f"n{i + 1} = {further.format('', f'n{i}')}\n" for i in range(1, 9))
    eight, nine = (site(PARTS + UNSCALED + lines + folded(mean, "v")) for mean in ("n8", "n9"))
    assert isinstance(eight, Site)
    assert eight.mode is Mode.SWITCHED
    assert nine == "its statistics are chosen by several predicates"


BEHIND = """
by_itself = Mul(plain, scale)
end = Add(by_itself, offset)
"""
"""What folding leaves behind: the same normalization of the convolution without the scale."""
TRAINED = PARTS + UNSCALED + folded("batch_mean", "batch_variance")
ENDS = {
    "nobody reads it": ("", "end"),
    "it is handed on": ("handed = Identity(end)\n", "handed"),
    "it is laid out": ("to = Const([-1, 2])\nlaid = Reshape(end, to)\n", "laid"),
    "its shape is read": ("handed = Identity(end)\nshape = Shape(handed)\nsize = Size(end)\n", "handed"),
    "it is computed with": ("positive = Relu(end)\n", None),
    "two hand it on": ("one = Identity(end)\ntwo = Identity(end)\n", None),
    "it is the layout of another": ("laid = Reshape(beta, end)\n", None),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_normalization_that_folding_left_behind(case: str) -> None:
    lines, end = ENDS[case]
    written = graph(TRAINED + BEHIND + lines)
    found = inspect(written)
    forms = ["folded"] if end else ["folded", "decomposed"]
    assert sorted(layer.form.value for layer in found.layers) == sorted(forms)
    if end is not None:
        assert end not in {tensor.node.name for tensor in found.outputs}
        asked = inspect(written, ["y", end])
        assert sorted(layer.form.value for layer in asked.layers) == ["decomposed", "folded"]
        assert [tensor.node.name for tensor in asked.outputs] == ["y", end]


def test_an_inference_graph_has_an_x_of_our_own() -> None:
    written = graph(PARTS + folded())
    found = carried(written.node("conv"), written, Conditions(written))
    assert found is not None
    assert isinstance(found.found, Site)
    assert isinstance(found.found.mean_origin, Stored)
    assert (found.found.x.node.name, found.found.x.name) == ("conv/unscaled", "conv:0")
    assert Unscaled(written.node("conv"), written).convolved.name == "conv:0"


def test_another_chain_that_nobody_reads_is_a_layer_of_its_own() -> None:
    """Folding left nothing behind: what has other parts is an output."""
    other = "shifted_2 = Add(other, epsilon)\nroot_2 = Rsqrt(shifted_2)\ncentred = Sub(image, mean)\n"
    found = report(TRAINED + other + "z = Mul(centred, root_2)\n")
    assert sorted(layer.form.value for layer in found.layers) == ["decomposed", "folded"]
    assert [tensor.node.name for tensor in found.outputs] == ["y", "z"]
