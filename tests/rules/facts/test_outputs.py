"""Whether the modes of an output disagree, and in which words: at the thresholds and on both sides."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bninspect.measure.facts import OutputDifference
from bninspect.rules.facts.outputs import distance, effect, worst_output
from bninspect.statistics import thresholds
from bninspect.statistics.distance import Difference
from tests.support.measuring import difference
from tests.support.probes import net, probe


def apart(relative: float, agreement: float | None, name: str = "logits:0") -> OutputDifference:
    """An output whose modes are as far apart."""
    told = Difference(
        values=10, max_abs=1.0, mean_abs=1.0, rms=1.0, relative_l2=relative, cosine=None,
        top1_agreement=agreement,
    )  # fmt: skip
    return OutputDifference(name=name, difference=told)


def worst_of(*outputs: OutputDifference, images: int = 64) -> str | None:
    """The name of the output that disagrees most."""
    found = worst_output(probe(*net(images=images), outputs=outputs))
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("relative", "agreement", "disagrees"),
    [
        (0.0, 1.0, False),
        (0.49, None, False),
        (thresholds.OUTPUTS_APART, None, True),
        (0.0, 1 - thresholds.TOP1_FLIPPED, True),
        (0.0, 0.91, False),
        (0.6, 1.0, True),
        (math.nan, None, True),
    ],
)
def test_outputs_disagree_from_the_threshold_on(
    relative: float, agreement: float | None, disagrees: bool
) -> None:
    assert (worst_of(apart(relative, agreement)) is not None) == disagrees


def test_the_worst_is_the_one_furthest_apart() -> None:
    assert worst_of(apart(0.7, None, "a"), apart(3.0, None, "b"), apart(0.1, 0.2, "c")) == "b"


def test_an_effect_is_told_by_size_and_by_flips() -> None:
    t = np.array([[3.0, 4.0], [3.0, 4.0], [3.0, 4.0], [3.0, 4.0]])
    i = t + np.array([[0, 0], [0, 0], [0, 0], [6, 0]])
    told = OutputDifference(name="logits:0", difference=difference(t, i))
    assert effect(told) == (
        "logits:0 differs by 60 % of its training-mode RMS, and its top-1 changes for 25 % of the images"
    )
    assert effect(apart(0.8, 1.0)) == "logits:0 differs by 80 % of its training-mode RMS"
    assert effect(apart(165.0, None)) == "logits:0 differs by 165x its training-mode RMS"
    assert effect(apart(10.0, None)) == "logits:0 differs by 10x its training-mode RMS"
    assert effect(apart(math.inf, None)) == "logits:0 is not finite in one of the modes"


def test_classes_disagree_where_a_tenth_of_them_changes() -> None:
    few, many = (OutputDifference(name="map:0", difference=None, agreement=share) for share in (0.91, 0.9))
    assert worst_of(few) is None
    assert worst_of(many) == "map:0"
    assert effect(many) == "map:0 agrees in 90 % of its values"


def test_one_value_per_channel_compares_nothing() -> None:
    """Training mode then gives beta whatever the input."""
    layers = net()
    far = apart(3.0, None)
    assert worst_output(probe(*layers, outputs=(far,))) is far
    layers[2] = replace(layers[2], single=True)
    assert worst_output(probe(*layers, outputs=(far,))) is None


def test_classes_are_ordered_by_the_share_that_differs() -> None:
    """Beside an output of real numbers, too; one that was not compared is none of them."""
    agree = [
        OutputDifference(name=f"map{share}:0", difference=None, agreement=share) for share in (0.8, 0.3, None)
    ]
    assert [distance(output) for output in agree] == pytest.approx([0.2, 0.7, 0.0])
    assert worst_of(*agree) == "map0.3:0"
    assert worst_of(*agree, apart(0.6, None)) == "map0.3:0"
    assert worst_of(*agree, apart(0.75, None)) == "logits:0"
    assert worst_of(agree[2]) is None


def test_a_top_1_that_changes_for_all() -> None:
    assert effect(apart(0.8, 0.0)).endswith(", and its top-1 changes for every image")
