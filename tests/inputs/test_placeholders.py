"""A place to feed, by its attributes as the file has them, damaged ones too."""

from __future__ import annotations

import pytest

from bninspect.inputs.placeholders import of
from tests.support.text import graph


@pytest.mark.parametrize(
    ("attribute", "shape"),
    [
        ("", None),
        (", shape=[-1, 8]", (None, 8)),
        (", shape=3", None),
        (", shape=2.5", None),
        (", shape=true", None),
        (', shape="wide"', None),
        (", shape=@function", None),
        (", shape=float", None),
    ],
)
def test_a_shape_that_is_none_is_not_known(attribute: str, shape: tuple[int | None, ...] | None) -> None:
    assert of(graph(f"x = Placeholder(dtype=float{attribute})\n").node("x").output()).shape == shape
