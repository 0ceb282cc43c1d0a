"""What a predicate is while some of what decides it has values: known as soon as these are enough."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.wiring.deciding import value_of
from tests.support.text import graph

LEAVES = (
    "p = Placeholder(dtype=bool)\nq = Placeholder(dtype=bool)\nr = Placeholder(dtype=bool)\n"
    "m = Placeholder(dtype=int32)\nthree = Const(3)\nyes = Const(true)\nsome = Const([true, false])\n"
    "n = LogicalNot(p)\nboth = LogicalAnd(p, q)\nany = LogicalOr(p, q)\nnever = LogicalNot(both)\n"
    "is_three = Equal(m, three)\nwith_yes = LogicalAnd(p, yes)\nwith_some = LogicalAnd(some, p)\n"
    "deep = LogicalOr(both, r)\nhanded = Identity(n)\n"
)
T, F = True, False


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("p", {"p": T}, T),
        ("p", {"p": F}, F),
        ("p", {"q": T}, None),
        ("p", {}, None),
        ("n", {"p": T}, F),
        ("handed", {"p": F}, T),
        ("both", {"p": F}, F),
        ("both", {"q": F}, F),
        ("both", {"p": T}, None),
        ("both", {"p": T, "q": T}, T),
        ("both", {"both": T}, T),
        ("never", {"both": T}, F),
        ("never", {"p": F}, T),
        ("any", {"p": T}, T),
        ("any", {"q": T}, T),
        ("any", {"p": F}, None),
        ("any", {"p": F, "q": F}, F),
        ("is_three", {"m": 3}, T),
        ("is_three", {"m": 2}, F),
        ("with_yes", {"p": T}, T),
        ("with_some", {"p": T}, None),
        ("with_some", {"p": F}, F),
        ("deep", {"p": F}, None),
        ("deep", {"p": F, "r": F}, F),
        ("deep", {"r": T}, T),
        ("deep", {"both": T}, T),
        ("deep", {"both": F, "r": F}, F),
        ("yes", {"p": T}, None),
    ],
)
def test_the_value_as_soon_as_it_is_known(name: str, values: dict[str, int], found: bool | None) -> None:
    nodes = graph(LEAVES)
    given = {nodes.node(key).output(): value for key, value in values.items()}
    assert value_of(nodes.node(name).output(), given) is found
