"""When two normalizations belong together: by x, by parameters, by statistics, each apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.site import Batch, Site, Stored
from bninspect.batchnorm.wiring.likeness import does_the_same, is_alike, one_layer
from tests.support.text import graph

if TYPE_CHECKING:
    from bninspect.graph import Tensor

NODES = graph(
    "x = Placeholder(dtype=float, shape=[-1, 3])\nhalf = Cast(x, SrcT=float, DstT=half)\n"
    "to = Const([-1, 3])\nflat = Reshape(x, to)\nz = Placeholder(dtype=float, shape=[-1, 3])\n"
    "gamma = Const([1.0, 2.0])\nread = Identity(gamma)\nbeta = Const([0.5, 0.5])\nother = Const([3.0, 4.0])\n"
    "mean = Const([0.0, 1.0])\nvariance = Const([1.0, 1.0])\nkept = Identity(mean)\nn = Mean(x, to)\n"
)


def tensor(name: str) -> Tensor:
    return NODES.node(name).output()


STORED = Site(
    form=Form.DECOMPOSED,
    op="Mul",
    node=NODES.node("n"),
    mode=Mode.INFERENCE,
    x=tensor("x"),
    gamma=tensor("gamma"),
    beta=tensor("beta"),
    mean=tensor("mean"),
    variance=tensor("variance"),
    mean_origin=Stored(node=NODES.node("mean"), source=tensor("mean")),
    variance_origin=Stored(node=NODES.node("variance"), source=tensor("variance")),
    epsilon=0.001,
    output=tensor("n"),
    data_format=None,
)
MOMENTS = Batch(node=NODES.node("n"), axes=(0,))
TRAINING = replace(STORED, mode=Mode.TRAINING, mean_origin=MOMENTS, variance_origin=MOMENTS)
SAME: dict[str, dict[str, Any]] = {
    "all the same": {},
    "x as another type": {"x": tensor("half")},
    "gamma as it is read": {"gamma": tensor("read")},
}
OF_ONE_X: dict[str, dict[str, Any]] = {
    "no gamma": {"gamma": None},
    "no beta": {"beta": None},
    "another beta": {"beta": tensor("other")},
    "no parameters": {"gamma": None, "beta": None},
}
ELSEWHERE: dict[str, Any] = {"x": tensor("z")}


@pytest.mark.parametrize("changed", [*SAME.values(), *OF_ONE_X.values()], ids=[*SAME, *OF_ONE_X])
def test_of_one_x_is_alike(changed: dict[str, Any]) -> None:
    """Laid out anew, x is still one; parameters have no say then."""
    second = replace(STORED, **changed)
    assert is_alike(STORED, second)
    assert is_alike(replace(STORED, x=tensor("flat")), second)


@pytest.mark.parametrize("changed", [*SAME.values(), *OF_ONE_X.values()], ids=[*SAME, *OF_ONE_X])
def test_of_two_x_is_alike_with_the_same_parameters(changed: dict[str, Any]) -> None:
    second = replace(STORED, **{**changed, **ELSEWHERE})
    assert is_alike(STORED, second) is (changed in SAME.values())


@pytest.mark.parametrize("first", [Mode.TRAINING, Mode.INFERENCE, Mode.SWITCHED])
@pytest.mark.parametrize("second", [Mode.TRAINING, Mode.INFERENCE, Mode.SWITCHED])
@pytest.mark.parametrize("apart", [False, True])
def test_one_layer_has_both_modes(first: Mode, second: Mode, apart: bool) -> None:
    one = replace(STORED, mode=first)
    other = replace(STORED, mode=second, **({**OF_ONE_X["no gamma"], **ELSEWHERE} if apart else {}))
    assert one_layer(one, other) is ({first, second} == {Mode.TRAINING, Mode.INFERENCE} and not apart)


OTHER: dict[str, dict[str, Any]] = {
    "epsilon": {"epsilon": 0.01},
    "gamma": {"gamma": tensor("other")},
    "beta": {"beta": tensor("other")},
}
OTHER_STATISTICS: dict[str, dict[str, Any]] = {
    "mean": {"mean": tensor("other")},
    "variance": {"variance": tensor("other")},
}


def test_a_site_does_what_itself_does() -> None:
    """Even one whose epsilon is no number."""
    one = replace(STORED, epsilon=float("nan"))
    assert does_the_same(one, one)
    assert not does_the_same(one, replace(one))


@pytest.mark.parametrize(
    "changed", [*SAME.values(), {"mean": tensor("kept")}], ids=[*SAME, "mean as it is read"]
)
def test_of_stored_statistics_the_same(changed: dict[str, Any]) -> None:
    assert does_the_same(STORED, replace(STORED, **changed))


def test_of_stored_statistics_and_parameters_the_x_does_not_matter() -> None:
    assert does_the_same(STORED, replace(STORED, **ELSEWHERE))


@pytest.mark.parametrize(
    "changed", [*OTHER.values(), *OTHER_STATISTICS.values()], ids=[*OTHER, *OTHER_STATISTICS]
)
def test_of_stored_statistics_another(changed: dict[str, Any]) -> None:
    assert not does_the_same(STORED, replace(STORED, **changed))


def test_of_stored_statistics_neither_x_nor_parameters_in_common() -> None:
    assert not does_the_same(STORED, replace(STORED, **ELSEWHERE, gamma=None, beta=None))


@pytest.mark.parametrize(
    "changed", [*SAME.values(), *OTHER_STATISTICS.values()], ids=[*SAME, *OTHER_STATISTICS]
)
def test_of_the_moments_of_one_x_the_same(changed: dict[str, Any]) -> None:
    """Whatever tensors hold them."""
    assert does_the_same(TRAINING, replace(TRAINING, **changed))


MOMENTS_APART: dict[str, dict[str, Any]] = {
    **OTHER,
    "x": ELSEWHERE,
    "axes of the mean": {"mean_origin": replace(MOMENTS, axes=(0, 1))},
    "axes of the variance": {"variance_origin": replace(MOMENTS, axes=(0, 1))},
    "no moments": {"variance_origin": STORED.variance_origin},
    "mode": {"mode": Mode.INFERENCE},
}


@pytest.mark.parametrize("changed", MOMENTS_APART.values(), ids=MOMENTS_APART)
def test_of_the_moments_another(changed: dict[str, Any]) -> None:
    assert not does_the_same(TRAINING, replace(TRAINING, **changed))
