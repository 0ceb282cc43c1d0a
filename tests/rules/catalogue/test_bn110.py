"""BN110 statistics-of-the-wrong-size."""

from __future__ import annotations

import pytest

from tests.support.catching import caught, found, fused, of_fixture, replaced
from tests.support.parts import IMAGE, STORED


@pytest.mark.parametrize("which", ["mean", "variance", "gamma", "beta"])
def test_catches_one_vector_of_another_length(which: str) -> None:
    finding = caught("BN110", IMAGE + replaced(**{which: "[1.0, 2.0]"}) + fused())
    assert (finding.layer, finding.node) == ("y", "mean")
    assert " 2" in finding.message


def test_catches_vectors_that_agree_and_are_not_of_the_channels() -> None:
    four = "[1.0, 2.0, 3.0, 4.0]"
    text = replaced(mean=four, variance=four, gamma=four, beta=four) + fused()
    assert caught("BN110", IMAGE + text).message.endswith("beta 4, input channels 3")


def test_catches_variables() -> None:
    text = IMAGE + replaced().replace("mean = Const([0.5, -0.5, 0.25])", "mean = VariableV2(shape=[5])")
    assert found("BN110", text + fused())


def test_does_not_catch_what_fits() -> None:
    assert not found("BN110", STORED + fused())


def test_does_not_catch_an_unknown_number_of_channels() -> None:
    image = "x = Placeholder(dtype=float, shape=[-1, 8, 8, -1])\n"
    assert not found("BN110", STORED.replace(IMAGE, image) + fused())


def test_does_not_catch_virtual_batches() -> None:
    """x behind a Reshape says nothing of its channels."""
    text = "shape = Const([4, 2, 8, 8, 3])\nr = Reshape(x, shape)\n" + fused("y", "r")
    assert not found("BN110", STORED + text)


def test_does_not_catch_statistics_of_several_axes() -> None:
    assert not of_fixture("BN110", "cases/axis_list.pb")


CHAIN = """
shifted = AddV2(variance, epsilon)
root = Rsqrt(shifted)
scale = Mul(root, gamma)
a = Mul(x, scale)
b = Mul(mean, scale)
c = Sub(beta, b)
y = AddV2(a, c)
"""


@pytest.mark.parametrize(
    ("which", "wrong"),
    [
        ({"gamma": "[2.0]"}, None),
        ({"gamma": "[2.0]", "beta": "[1.0]"}, None),
        ({"beta": "[1.0, 2.0]"}, "beta 2"),
        ({"mean": "[1.0]"}, "moving_mean 1"),
        ({"variance": "[1.0]"}, "moving_variance 1"),
    ],
    ids=str,
)
def test_in_a_formula_a_single_parameter_serves_all_channels(
    which: dict[str, str], wrong: str | None
) -> None:
    """Statistics of one value do not: TensorFlow broadcasts them, and no training leaves them."""
    text = IMAGE + replaced(**which) + CHAIN
    if wrong is None:
        assert not found("BN110", text)
    else:
        assert wrong in caught("BN110", text).message


@pytest.mark.parametrize(
    "file", ["renorm.pb", "nchw.pb", "nchw_decomposed.pb", "no_gamma.pb", "half.pb", "dense.pb"]
)
def test_does_not_catch(file: str) -> None:
    assert not of_fixture("BN110", file)
