"""Names as files and people write them: of types, and of the nodes that inputs mean."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.graphdef.dtypes import dtype_name, name_of_numpy, spoken
from bninspect.graphdef.records import node_name


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "float"), (19, "half"), (33, "float4_e2m1fn"), (101, "float_ref"), (110, "bool_ref"),
     (77, "dtype 77"), (0, "invalid"), (100, "invalid_ref"), (150, "dtype 150")],
)  # fmt: skip
def test_the_name_of_a_number(number: int, name: str) -> None:
    assert dtype_name(number) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [("float", "float32"), ("double", "float64"), ("half", "float16"), ("bfloat16", "bfloat16"),
     ("int32", "int32"), ("string", "string"), ("resource", "resource")],
)  # fmt: skip
def test_people_know_floats_by_their_bits(name: str, said: str) -> None:
    assert spoken(name) == said


def test_the_name_of_a_type_of_numpy() -> None:
    assert name_of_numpy(np.dtype(np.float16)) == "half"
    with pytest.raises(KeyError):
        name_of_numpy(np.dtype(object))


@pytest.mark.parametrize("text", ["bn/op", "bn/op:1", "^bn/op"])
def test_an_input_means_a_node(text: str) -> None:
    assert node_name(text) == "bn/op"
