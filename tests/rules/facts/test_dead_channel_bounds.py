"""Which collapsed channels are dead: numbers at a bound, and makers that say nothing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bninspect.batchnorm import State
from bninspect.rules import Case
from bninspect.rules.facts.dead_channels import dead_channels
from bninspect.rules.facts.values import Values, stored
from bninspect.statistics import thresholds
from tests.rules.facts.test_value_bounds import values
from tests.support.catching import fused, replaced
from tests.support.parts import IMAGE, report

LOST = {"mean": "[0.5, 0.25, 0.5]", "variance": "[0.0, 2.0, 4.0]"}
"""The first channel has lost its variance: its mean says that it lives."""


def read(lines: str, x: str, **parameters: str) -> Values:
    """The values of a layer that reads `x`, with these lines before it."""
    text = IMAGE + replaced(**{**LOST, **parameters}) + lines + "\n" + fused(x=x)
    (found,) = stored(Case(report=report(text)), State.STORED)
    return found


def dead(found: Values) -> list[int]:
    """The channels that are dead, where no other layer is known."""
    return [int(channel) for channel in np.flatnonzero(dead_channels(found, {}))]


@pytest.mark.parametrize(
    ("variance", "mean", "is_dead"),
    [
        (0.0, thresholds.DEAD_MEAN * 2.0, True),
        (0.0, thresholds.DEAD_MEAN * 2.001, False),
        (0.0, -thresholds.DEAD_MEAN * 2.0, True),
        (0.0, -thresholds.DEAD_MEAN * 2.001, False),
        (0.0001, thresholds.QUIET_MEAN * 0.01, True),
        (0.0001, thresholds.QUIET_MEAN * 0.01001, False),
        (-1.0, thresholds.DEAD_MEAN * 2.001, False),
    ],
    ids=[
        "a thousandth",
        "more",
        "below 0",
        "more below 0",
        "three of its own",
        "more of them",
        "no variance",
    ],
)
def test_a_mean_is_small_up_to_a_share_of_a_standard_deviation(
    variance: float, mean: float, is_dead: bool
) -> None:
    """That of the layer is 2; x is made by a convolution without weights."""
    found = replace(values([variance, 4.0, 4.0]), mean=np.array([mean, 0.0, 0.0]))
    assert found.layer.x.node.op == "Conv2D"
    assert dead(found) == ([0] if is_dead else [])


@pytest.mark.parametrize(
    ("weights", "is_dead"),
    [
        ([0.25, 1.0, 1.0], True),
        ([0.3, 1.0, 1.0], False),
        ([-0.25, 1.0, 1.0], True),
        ([0.25, 2.0, 0.5], True),
        ([0.3125, 2.0, 0.5], True),
        ([0.3126, 2.0, 0.5], False),
        ([0.0, 0.0, 0.0, 0.25, 1.0, 1.0], True),
        ([0.25, 0.0, 0.0, 0.25, 1.0, 1.0], False),
    ],
    ids=str,
)
def test_weights_are_dead_up_to_a_share_of_the_median_of_the_others(
    weights: list[float], is_dead: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root of the sum of squares of each channel, beside that of the channels which live."""
    monkeypatch.setattr(thresholds, "DEAD_WEIGHTS", 0.25)
    found = read(f"w = Const({weights})\nc = Conv2D(x, w)", "c")
    assert dead(found) == ([0] if is_dead else [])


@pytest.mark.parametrize(
    ("lines", "x"),
    [
        ("w = Const([])\nc = Conv2D(x, w)", "c"),
        ("w = Const([0.0, 1.0, 1.0])\nc = Conv2D(x, w)\nd = Softmax(c)", "d"),
        ("w = Const([0.5, 1.0, 1.0])\nz = Softmax(x)\nc = DepthwiseConv2dNative(z, w)", "c"),
        ("w = Const([0.5, 1.0, 1.0])\nz = Sigmoid()\nc = DepthwiseConv2dNative(z, w)", "c"),
    ],
    ids=["no weights", "mixed", "of what mixes", "of nothing"],
)  # fmt: skip
def test_what_cannot_be_seen_is_not_dead(lines: str, x: str) -> None:
    assert dead(read(lines, x)) == []


def test_a_layer_whose_channels_all_collapsed_has_no_usual_weights() -> None:
    """And none of them is dead by its weights, however small."""
    weights = "w = Const([0.0, 0.0, 0.0])\nc = Conv2D(x, w)"
    assert dead(read(weights, "c", mean="[0.5, 0.25, 0.5]", variance="[0.0, 0.0, 0.0]")) == []


def behind(between: str, *, before: dict[str, str]) -> tuple[Values, dict[Any, Values]]:
    """The values of a layer behind another with these parameters, and those of both by their outputs."""
    second = {"mean2": LOST["mean"], "variance2": LOST["variance"]}
    lines = IMAGE + replaced(**before) + fused()
    lines += "".join(f"{name} = Const({numbers})\n" for name, numbers in second.items())
    lines += "gamma2 = Const([1.0, 1.0, 1.0])\nbeta2 = Const([1.0, 1.0, 1.0])\n" + between + "\n"
    last = fused("z", "d", "mean2", "variance2").replace("gamma", "gamma2").replace("beta", "beta2")
    one, other = stored(Case(report=report(lines + last)), State.STORED)
    return other, {found.layer.output: found for found in (one, other)}


@pytest.mark.parametrize(
    ("before", "dies"),
    [
        ({"mean": "[0.5, 0.5, 0.5]", "variance": "[0.0, 2.0, 4.0]"}, [0]),
        ({"mean": "[0.5, 0.5, 0.5]", "variance": "[2.0, 0.0, 4.0]"}, []),
    ],
    ids=["of one that collapsed", "of one that lives"],
)
def test_a_channel_made_of_one_that_collapsed_is_constant(before: dict[str, str], dies: list[int]) -> None:
    weights = "w = Const([0.5, 0.5, 0.5])\nd = DepthwiseConv2dNative({}, w)"
    for between in (weights.format("y"), "r = Relu6(y)\ni = Identity(r)\n" + weights.format("i")):
        found, outputs = behind(between, before=before)
        assert np.flatnonzero(dead_channels(found, outputs)).tolist() == dies
        assert np.flatnonzero(dead_channels(found, {})).tolist() == []


@pytest.mark.parametrize(("share", "emptied"), [(0.5, True), (0.51, False)])
def test_a_layer_is_emptied_from_a_share_on(
    share: float, emptied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two collapsed channels is dead."""
    monkeypatch.setattr(thresholds, "EMPTIED", share)
    found = replace(values([0.0, 0.0, 4.0, 4.0]), mean=np.array([0.0, 0.5, 0.5, 0.0]))
    assert dead(found) == ([0, 1] if emptied else [0])
