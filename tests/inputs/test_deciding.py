"""What is fed to the tensor that decides the mode: its type, and the shape that the file states."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.deciding import fed_value
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.support.places import FIXTURES
from tests.support.stripping import strip
from tests.support.text import graph

SHAPES = {
    "p = Placeholder(dtype=bool, shape=[])": (),
    "p = Placeholder(dtype=bool)": (),
    "p = Placeholder(dtype=bool, shape=[1])": (1,),
    "p = Placeholder(dtype=bool, shape=[-1, 1])": (1, 1),
    "d = Const([true])\np = PlaceholderWithDefault(d, dtype=bool)": (1,),
    "d = Const([true])\np = PlaceholderWithDefault(d, dtype=bool, shape=[1, 1])": (1, 1),
    "s = Placeholder(dtype=int32, shape=[1])\nz = Const(0)\np = Equal(s, z, T=int32)": (1,),
    "p = Placeholder(dtype=bool, shape=[1000000, 1000000])": (),
}


@pytest.mark.parametrize("text", SHAPES)
def test_the_shape_that_is_fed(text: str) -> None:
    for value in (True, False):
        fed = fed_value(graph(text).node("p").output(), value)
        assert fed.shape == SHAPES[text]
        assert fed.dtype == np.bool_
        assert (fed == value).all()


def test_a_number_is_fed_as_one() -> None:
    fed = fed_value(graph("p = Placeholder(dtype=int32, shape=[1])").node("p").output(), True)
    assert fed.dtype == np.int32
    assert fed.tolist() == [1]


@pytest.mark.tensorflow
def test_a_predicate_of_shape_1_is_verified(tmp_path: object) -> None:
    path = FIXTURES / "cases" / "predicate_of_shape_1.pb"
    report = inspect(load(str(path)))
    found = probe(report, Question(layers=report.layers), Request(random=4))
    assert found.verification.state == "verified", found.verification.reason
    assert found.verification.max_abs == 0.0
    for mode in ("inference", "training"):
        verification = strip(path, f"{tmp_path}/{mode}.pb", mode=mode).verification
        assert verification is not None
        assert verification.state == "verified", verification.reason
