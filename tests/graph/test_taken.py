"""Too few inputs of a node or too many, and an attribute of another kind than its name has: one line each."""

from __future__ import annotations

from typing import Any

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph.ops import ASSIGNS, IDENTITIES, MERGES, NEXT_TURNS, RESHAPES, SELECTS, SWITCHES
from bninspect.graph.taken import INPUTS, of_its_kind
from bninspect.graphdef.attributes import attribute
from bninspect.graphdef.records import AttributePlaceholder
from bninspect.graphdef.schema import message_class
from tests.support.text import graph


def with_inputs(op: str, count: int) -> int:
    """How many inputs a node of this op has, given so many and a control input."""
    given = ["a"] * count
    return len(graph(f"a = Placeholder()\nn = {op}({', '.join([*given, '^a'])})").node("n").inputs)


@pytest.mark.parametrize("op", sorted(INPUTS))
def test_a_node_has_the_inputs_that_its_op_takes_or_is_refused(op: str) -> None:
    least, most = INPUTS[op]
    with pytest.raises(GraphDefError, match=f"damaged: {op} 'n' has {least - 1} of its {least} inputs"):
        with_inputs(op, least - 1)
    assert with_inputs(op, least) == least
    if most is None:
        assert with_inputs(op, least + 20) == least + 20
    else:
        with pytest.raises(
            GraphDefError, match=f"damaged: {op} 'n' has {most + 1} inputs, where {most} belong"
        ):
            with_inputs(op, most + 1)


def test_what_is_looked_through_has_something_to_hand_on() -> None:
    """Whoever walks back takes the first input of these without asking whether it is there."""
    looked_through = IDENTITIES | RESHAPES | MERGES | SELECTS | SWITCHES | NEXT_TURNS | ASSIGNS
    assert {op for op in looked_through if INPUTS[op][0] < 1} == set()


def value(kind: str) -> Any:
    """An AttrValue of a kind."""
    made = message_class("AttrValue")()
    if kind == "func":
        made.func.name = "f"
        made.func.attr["T"].type = 1
    elif kind == "list(func)":
        made.list.func.add(name="f")
    elif kind == "list(type)":
        made.list.type.append(1)
    elif kind == "type":
        made.type = 1
    elif kind == "s":
        made.s = b"NHWC"
    elif kind == "b":
        made.b = True
    else:
        made.i = 1
    return made


@pytest.mark.parametrize(
    ("name", "fitting"),
    [
        ("T", {"type", "list(type)"}),
        ("dtype", {"type"}),
        ("is_training", {"b"}),
        ("data_format", {"s"}),
        ("batch_dims", {"i"}),
    ],
)
@pytest.mark.parametrize("kind", ["func", "list(func)", "list(type)", "type", "s", "b", "i"])
def test_an_attribute_is_of_its_kind_or_refused(name: str, fitting: set[str], kind: str) -> None:
    message = message_class("GraphDef")()
    message.node.add(name="n", op="Placeholder").attr[name].CopyFrom(value(kind))
    from bninspect.graph import flatten
    from bninspect.graphdef.reader import records

    node = flatten(records(message.SerializeToString(), "text")).node("n")
    if kind in fitting:
        assert node.attr(name) is not None
    else:
        with pytest.raises(GraphDefError, match=f"damaged: attribute {name} of 'n' is .*, where .* belongs"):
            node.attr(name)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("T", "i", "a whole number, where a type"),
        ("T", "b", "true or false, where a type"),
        ("T", "func", "a function, where a type"),
        ("T", "list(func)", "a list, where a type"),
        ("dtype", "list(type)", "a list, where a type"),
        ("is_training", "type", "a type, where true or false"),
        ("exponential_avg_factor", "s", "text, where a number"),
        ("batch_dims", "b", "true or false, where a whole number"),
        ("data_format", "func", "a function, where text"),
    ],
)
def test_a_refusal_says_what_is_there_and_what_belongs(name: str, kind: str, words: str) -> None:
    with pytest.raises(GraphDefError) as caught:
        of_its_kind(name, attribute(value(kind)), "n")
    assert str(caught.value) == f"damaged: attribute {name} of 'n' is {words} belongs"


def test_what_is_left_to_a_call_or_not_there_is_of_any_kind() -> None:
    left = AttributePlaceholder("dtype")
    assert of_its_kind("T", left, "n") is left
    assert of_its_kind("is_training", None, "n") is None
    assert of_its_kind("strides", 3, "n") == 3
