"""A place to feed, by its attributes as the file has them, damaged ones too."""

from __future__ import annotations

import pytest

from bninspect.inputs.placeholders import needed_where_fed, of
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


@pytest.mark.parametrize(
    ("default", "read"),
    [
        ("Const(1.0)", set()),
        ("Placeholder(dtype=float)", {"image"}),
        ("IteratorGetNext(handle)", {"image"}),
        ("ReadFile(handle)", {"image"}),
    ],
)
def test_a_default_that_is_fed_or_read_is_easier_fed(default: str, read: set[str]) -> None:
    model = graph(
        f"handle = Placeholder(dtype=string)\nbefore = {default}\n"
        "image = PlaceholderWithDefault(before)\ny = Neg(image)"
    )
    nodes, found = needed_where_fed([model.node("y").output()], ())
    assert {node.name for node in found} == read
    names = {node.name for node in nodes}
    assert names == ({"image", "y"} if read else {"before", "image", "y"})
    assert needed_where_fed([model.node("y").output()], {"image"})[1] == frozenset()
