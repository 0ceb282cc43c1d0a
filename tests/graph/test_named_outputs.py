"""The outputs of a model that are asked for or that a signature says; tensors by the name people write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.errors import SelectionError
from bninspect.graph import Graph, flatten
from bninspect.graph.outputs import find_tensor, model_outputs, served_signatures
from bninspect.graphdef.records import SignatureDef
from tests.support.text import graph

TEXT = """
x = Placeholder(dtype=float)
scope/y = Relu(x)
z = Split(x)
t = Neg(z:1)
call = PartitionedCall(x, f=@inner)
w = While(x, body=@loop, cond=@cond)
u = Abs(call)
def inner(a) -> first=r:y:0, second=k:y:0
    r = Rsqrt(a)
    k = Unpack(a)
def loop(a) -> b=r:y:0
    r = Rsqrt(a)
def cond(a) -> b=a
"""


def signed(**outputs: dict[str, str]) -> Graph:
    """The graph with these signatures, by key."""
    signatures = tuple(
        SignatureDef(key=key, inputs={"in": "x:0"}, outputs=named) for key, named in outputs.items()
    )
    return flatten(replace(graph(TEXT).graphdef, signatures=signatures))


def names(found: Graph, *asked: str, signature: str | None = None) -> list[str]:
    return [tensor.name for tensor in model_outputs(found, asked, signature)]


UNREAD = ["scope/y:0", "t:0", "w:0", "u:0", "call:1"]
SERVING = {"a": "t:0", "b": "z:1", "again": "t"}
OTHER = {"c": "scope/y:0"}
HIDDEN = {"d": "u:0"}


@pytest.mark.parametrize(
    ("signatures", "expected"),
    [
        ({}, UNREAD),
        ({"serving_default": SERVING}, ["t:0", "z:1"]),
        ({"other": OTHER, "serving_default": SERVING}, ["t:0", "z:1"]),
        ({"other": OTHER, "another": SERVING}, ["scope/y:0", "t:0", "z:1"]),
        ({"__init": HIDDEN}, UNREAD),
        ({"__init": HIDDEN, "other": OTHER}, ["scope/y:0"]),
        ({"serving_default": {}}, UNREAD),
        ({"serving_default": {"a": "nowhere:0"}}, UNREAD),
    ],
)
def test_the_outputs_by_signature(signatures: dict[str, dict[str, str]], expected: list[str]) -> None:
    found = signed(**signatures)
    assert sorted(names(found)) == sorted(expected)
    assert [one.key for one in served_signatures(found)] == [
        key for key, named in signatures.items() if key != "__init" and named != {"a": "nowhere:0"}
    ]


def test_the_signature_that_is_asked_for() -> None:
    found = signed(other=OTHER, serving_default=SERVING)
    assert names(found, signature="other") == ["scope/y:0"]
    assert names(found, signature="serving_default") == ["t:0", "z:1"]
    assert names(found, "x", signature="other") == ["x:0"]
    with pytest.raises(SelectionError, match=r"no signature 'none'; it has other, serving_default\Z"):
        names(found, signature="none")
    with pytest.raises(SelectionError, match=r"no signature '__init'; it has none\Z"):
        names(signed(__init=HIDDEN), signature="__init")


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("x", ("x", 0)),
        (" x:0 ", ("x", 0)),
        ("^x", ("x", 0)),
        ("z:1", ("z", 1)),
        ("scope/y:0", ("scope/y", 0)),
        ("call", ("call/r", 0)),
        ("call:1", ("call/Result_1", 0)),
        ("inner/k", ("call/k", 0)),
        ("inner/k:0", ("call/k", 0)),
        ("inner/k:2", ("call/k", 2)),
        ("call/r", ("call/r", 0)),
        ("w:0", ("w/Exit_0", 0)),
        ("w", ("w/Exit_0", 0)),
        ("w/Exit_0", ("w/Exit_0", 0)),
    ],
)
def test_a_tensor_by_name(name: str, tensor: tuple[str, int]) -> None:
    found = find_tensor(graph(TEXT), name)
    assert (found.node.name, found.port) == tensor


def test_the_names_that_are_asked_for_in_their_order_each_once() -> None:
    assert names(signed(serving_default=SERVING), "z:1", "x", "x:0", "z:1", "call:1") == [
        "z:1",
        "x:0",
        "call:1",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("scope/z", "no node is named 'scope/z'; near it: scope/y"),
        ("nothing:of", "no node is named 'nothing:of'"),
        ("call:2", "'call' has no output 2"),
        ("x:9", "'x' has no output 9"),
        ("cal", "no node is named 'cal'; near it: call"),
        ("w:1", "'w' has no output 1"),
        ("inner", "no node is named 'inner'; near it: inner/r, inner/k"),
        ("q", "no node is named 'q'"),
    ],
)
def test_a_name_that_nothing_has(name: str, line: str) -> None:
    with pytest.raises(SelectionError) as raised:
        find_tensor(graph(TEXT), name)
    assert str(raised.value) == line


def test_of_the_names_that_are_near_three_are_shown() -> None:
    nodes = graph("".join(f"layer{letter} = Placeholder()\n" for letter in "abcde"))
    with pytest.raises(SelectionError, match=r"near it: layer\w, layer\w, layer\w\Z"):
        find_tensor(nodes, "layer")


def test_a_result_inside_a_function_by_the_name_that_is_shown() -> None:
    text = "p = Placeholder()\nx = Placeholder()\nc = PartitionedCall(p, x, f=@outer)\ny = Add(c, c:1)\n"
    text += "def outer(p, x) -> y=i:output:0, z=i:output:1\n"
    text += "    i = If(p, x, then_branch=@both, else_branch=@both)\n"
    text += "def both(a) -> y=r:y:0, z=a\n    r = Rsqrt(a)\n"
    found = graph(text)
    assert [tensor.name for tensor in found.node("y").inputs] == ["outer/i:0", "outer/i:1"]
    for tensor in found.node("y").inputs:
        assert find_tensor(found, tensor.name) == tensor
