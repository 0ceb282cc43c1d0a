"""What the rules of values are shown of a model's statistics, and what a vector's length is."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.batchnorm import State
from bninspect.graph.shapes import length
from bninspect.rules import Case
from bninspect.rules.facts.dead_channels import dead_channels
from bninspect.rules.facts.values import Values, stored
from tests.support.catching import found, fused, replaced
from tests.support.parts import IMAGE, report as read
from tests.support.reports import tensor


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
