"""What the rules of values are shown of a model's statistics, and what a vector's length is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bninspect.batchnorm import State
from bninspect.graph.shapes import length
from bninspect.rules import Case
from bninspect.rules.facts.dead_channels import dead_channels
from bninspect.rules.facts.values import Values, stored
from tests.support.catching import found, fused, replaced
from tests.support.parts import IMAGE, report as read
from tests.support.reports import layer, report as made, tensor


@pytest.mark.parametrize(
    ("shape", "size"), [((3,), 3), ((2, 3), 6), ((-1, 3), None), ((3, -1), None), ((0,), None), ((), None)]
)
def test_the_length_of_a_variable_is_that_of_a_shape_known_throughout(
    shape: tuple[int, ...], size: int | None
) -> None:
    assert length(tensor("v", "VariableV2", shape=shape)) == size


def values(mean: str, variance: str) -> Values:
    """Of one layer that reads a placeholder."""
    (one,) = stored(Case(report=read(IMAGE + replaced(mean=mean, variance=variance) + fused())), State.STORED)
    return one


@pytest.mark.parametrize("variance", ["[1e-20, 2.0, 4.0]", "[0.0, 2.0, 4.0]", "[2.0, 0.0, 4.0, 0.0]"])
def test_the_median_is_that_of_the_channels_that_vary(variance: str) -> None:
    assert values(str([0.5] * (variance.count(",") + 1)), variance).median() == 3.0


@pytest.mark.parametrize(
    ("mean", "variance", "dead"),
    [
        ("[0.5, 0.25, 0.5]", "[0.0, 2.0, 4.0]", False),  # a variance that was lost
        ("[0.0, 0.25, 0.5]", "[0.0, 2.0, 4.0]", True),  # a ReLU that never opens
        ("[0.0019, 0.25, 0.5]", "[0.0, 2.0, 6.0]", True),  # hardly a thousandth of a usual deviation
        ("[0.0021, 0.25, 0.5]", "[0.0, 2.0, 6.0]", False),
        ("[0.02, 0.25, 0.5]", "[0.0001, 2.0, 4.0]", True),  # one that seldom does
        ("[0.05, 0.25, 0.5]", "[0.0001, 2.0, 4.0]", False),
    ],
)
def test_a_collapsed_channel_is_dead_where_its_mean_is_small_too(
    mean: str, variance: str, dead: bool
) -> None:
    assert np.array_equal(dead_channels(values(mean, variance), {}), [dead, False, False])


@pytest.mark.parametrize(("dead", "all_of_them"), [(38, True), (37, False)])
def test_a_layer_that_training_has_emptied_holds_no_lost_variance(dead: int, all_of_them: bool) -> None:
    """Of 40 collapsed channels so many have a mean of 0; those of the others are constants. Two live."""
    mean = [0.0] * dead + [0.5] * (40 - dead) + [0.25, 0.5]
    flags = dead_channels(values(str(mean), str([0.0] * 40 + [2.0, 4.0])), {})
    quiet = 40 if all_of_them else dead
    assert np.array_equal(flags, [True] * quiet + [False] * (42 - quiet))


LOST = {"mean": "[0.5, 0.25, 0.5]", "variance": "[0.0, 2.0, 4.0]"}
SECOND = "mean2 = Const([0.5, 0.25, 0.5])\nvariance2 = Const([0.0, 2.0, 4.0])\n"


@pytest.mark.parametrize(("weight", "dead"), [(1e-18, True), (0.006, True), (0.5, False)])
def test_a_collapsed_channel_is_dead_where_its_weights_are_0(weight: float, dead: bool) -> None:
    """Three channels in, three out; the first of those that come out has weights like this."""
    convolution = f"w = Const({[weight, 1.0, 0.5] * 3})\nc = Conv2D(x, w)\nb = Relu(c)\n"
    text = IMAGE + replaced(**LOST) + convolution + fused(x="b")
    (one,) = stored(Case(report=read(text)), State.STORED)
    assert np.array_equal(dead_channels(one, {}), [dead, False, False])
    assert bool(found("BN204", text)) is not dead


@pytest.mark.parametrize(("variance", "dead"), [("[0.0, 2.0, 4.0]", True), ("[3.0, 2.0, 4.0]", False)])
def test_a_depthwise_channel_is_dead_where_the_one_before_it_is(variance: str, dead: bool) -> None:
    before = IMAGE + replaced(mean="[0.0, 0.25, 0.5]", variance=variance) + fused()
    depthwise = f"r = Relu6(y)\nw = Const({[0.7] * 27})\nd = DepthwiseConv2dNative(r, w)\n"
    text = before + depthwise + SECOND + fused("z", "d", "mean2", "variance2")
    first, second = stored(Case(report=read(text)), State.STORED)
    outputs = {one.layer.output: one for one in (first, second)}
    assert np.array_equal(dead_channels(second, outputs), [dead, False, False])
    assert [finding.layer for finding in found("BN204", text)] == ([] if dead else ["z"])


@pytest.mark.parametrize(
    ("made", "weights", "dead"),
    [
        ("c = Conv2D(x, w)", "flat", True),
        ("c = MatMul(x, w)", "flat", True),
        ("c = MatMul(x, w)", "rows", False),
        ("c = MatMul(x, w, transpose_b=true)", "rows", True),
        ("c = MatMul(x, w, transpose_b=true)", "flat", False),
        ("a = Conv2D(x, w)\nb = BiasAdd(a, beta)\nc = Identity(b)", "flat", True),
        ("a = Conv2D(x, w)\nc = Softmax(a)", "flat", False),  # which mixes channels
        ("c = Sigmoid()", "flat", False),
        ("c = Conv2D(x, w)", "fed", False),
        ("c = Conv2D(x, w)", "of another size", False),
        ("c = Conv2D(x, w)", "of text", False),
    ],
)
def test_what_makes_a_channel_tells_whether_it_is_dead(made: str, weights: str, dead: bool) -> None:
    """The first of three outputs has weights of all but 0."""
    written = {
        "flat": f"Const({[1e-18, 1.0, 0.5] * 3})",
        "rows": f"Const({[1e-18] * 3 + [1.0] * 3 + [0.5] * 3})",
        "fed": "Placeholder(dtype=float, shape=[3, 3])",
        "of another size": f"Const({[1e-18, 1.0, 0.5, 1.0]})",
        "of text": 'Const(["a", "b", "c"])',
    }
    text = IMAGE + replaced(**LOST) + f"w = {written[weights]}\n{made}\n" + fused(x="c")
    (one,) = stored(Case(report=read(text)), State.STORED)
    assert np.array_equal(dead_channels(one, {}), [dead, False, False])


@pytest.mark.parametrize(
    ("between", "channels", "dead"),
    [
        ("d = DepthwiseConv2dNative(y, w)", 3, [0]),
        ("i = Identity(y)\nr = Relu(i)\np = MaxPool(r)\nd = DepthwiseConv2dNative(p, w)", 3, [0]),
        ("d = DepthwiseConv2dNative(y, w)", 6, [0, 1]),
        ("d = DepthwiseConv2dNative(y, w)", 4, []),  # which is no whole number of outputs for each
        ("s = Softmax(y)\nd = DepthwiseConv2dNative(s, w)", 3, []),
        ("d = DepthwiseConv2dNative(x, w)", 3, []),
        ("d = Conv2D(y, w)", 3, []),
    ],
)
def test_a_depthwise_convolution_hands_on_what_is_dead(between: str, channels: int, dead: list[int]) -> None:
    """Of three channels before it the first is collapsed; behind it the first two."""
    first = IMAGE + replaced(mean="[0.0, 0.25, 0.5]", variance="[0.0, 2.0, 4.0]") + fused()
    variance = [0.0, 0.0, *[2.0] * (channels - 2)]
    second = f"mean2 = Const({[0.5] * channels})\nvariance2 = Const({variance})\n"
    for name in ("gamma", "beta"):
        second += f"{name}2 = Const({[1.0] * channels})\n"
    layer = fused("z", "d", "mean2", "variance2").replace("gamma", "gamma2").replace("beta", "beta2")
    text = first + f"w = Const({[0.7] * 9 * channels})\n{between}\n" + second + layer
    one, other = stored(Case(report=read(text)), State.STORED)
    outputs = {found.layer.output: found for found in (one, other)}
    expected = [channel in dead for channel in range(channels)]
    assert np.array_equal(dead_channels(other, outputs), expected)


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        ("[-2.0, 1.0, 0.5]", [2.0, 1.0, 0.5]),
        ("[-2.0]", [2.0, 2.0, 2.0]),
        ("[1.5, 2.0]", [1.0, 1.0, 1.0]),
        ('["a", "b", "c"]', [1.0, 1.0, 1.0]),
    ],
)
def test_gamma_is_its_size_per_channel_and_1_where_it_is_none(gamma: str, expected: list[float]) -> None:
    (one,) = stored(Case(report=read(IMAGE + replaced(gamma=gamma) + fused())), State.STORED)
    assert one.gamma.tolist() == expected
    np.testing.assert_allclose(one.gain(), one.gamma / np.sqrt(one.variance + 0.001))


def test_a_channel_is_alive_from_a_share_of_the_median_gamma_on() -> None:
    text = IMAGE + replaced(gamma="[0.00099, 1.0, 1.0]") + fused()
    text += "gamma2 = Const([0.0011, 1.0, 1.0])\nmean2 = Const([0.5, 1.0, 2.0])\n"
    text += fused("z", "y", "mean2").replace("gamma", "gamma2")
    one, other = stored(Case(report=read(text)), State.STORED)
    assert one.alive().tolist() == [False, True, True]
    assert other.alive().tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("variance", "epsilon", "gamma", "expected"),
    [
        ([1e-5, 1.0, 1.0], 1e-5, 1.0, [True, False, False]),  # not above epsilon
        ([2e-5, 1.0, 1.0], 1e-5, 1.0, [False, False, False]),
        ([1e-4, 1.0, 1.0], 0.0, 11.0, [True, False, False]),  # a gain above 1,000
        ([1.01e-4, 1.0, 1.0], 0.0, 11.0, [False, False, False]),  # not small beside the others
        ([1e-12, 1e-12, 1e-12], 0.0, 1e-9, [True, True, True]),  # all but 0 by itself
    ],
)
def test_what_a_collapsed_channel_is(
    variance: list[float], epsilon: float, gamma: float, expected: list[bool]
) -> None:
    """In float64: small beside the median of its layer, and below epsilon or multiplied by much."""
    one = values("[0.5, 0.25, 0.5]", "[1.0, 2.0, 4.0]")
    changed = replace(
        one,
        layer=replace(one.layer, epsilon=epsilon),
        variance=np.array(variance),
        gamma=np.full(3, gamma),
    )
    assert changed.collapsed().tolist() == expected


def test_every_layer_is_shown_but_none_whose_statistics_are_of_two_lengths() -> None:
    text = IMAGE + replaced() + fused() + fused("z", "y")
    assert [found.layer.name for found in stored(Case(report=read(text)), State.STORED)] == ["y", "z"]
    assert not list(stored(Case(report=read(text)), State.INITIAL, State.INVALID))
    ragged = IMAGE + replaced(mean="[0.5, 0.25]") + fused()
    assert not list(stored(Case(report=read(ragged)), State.STORED, State.INVALID))


def test_statistics_without_a_place_are_none() -> None:
    """Numbers alone: what keeps them is not known."""
    found = made(layer("a", moving=None), layer("b"))
    assert [one.layer.name for one in stored(Case(report=found), State.STORED)] == ["b"]
