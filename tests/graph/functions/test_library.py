"""Which ops call functions, which functions may hold a normalization; ports; messages that survive whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from bninspect.graph.functions.library import Library, called
from bninspect.graph.functions.ports import port
from bninspect.graphdef import read
from bninspect.graphdef.schema import message_class
from tests.support.messages import models, written
from tests.support.places import FIXTURES
from tests.support.text import graphdef

TEXT = """
x = Placeholder()
a = PartitionedCall(x, f=@calls)
b = StatefulPartitionedCall(x, f=@plain)
d = Case(x, branches=[@fused, @plain])
def calls(a) -> y=c:output:0
    c = PartitionedCall(a, f=@fused)
def fused(a) -> y=b:y:0
    b = FusedBatchNormV3(a, a, a, a, a)
def plain(a) -> y=r:y:0
    r = Relu(a)
def steered(a) -> y=i:output:0
    i = If(a, a, then_branch=@yes, else_branch=@plain)
def yes(a) -> y=a
"""

BODIES = """
def outer(a) -> y=a
def inner(a) -> y=c:output:0
    c = PartitionedCall(a, f=@innermost)
def innermost(a) -> y=a
def unused(a) -> y=a
"""


def library(folder: Path) -> Library:
    return Library(read(written(folder, graphdef(TEXT))))


def test_ops_that_call_functions(tmp_path: Path) -> None:
    calls = library(tmp_path).calls
    assert {"PartitionedCall", "StatefulPartitionedCall", "If", "fused", "plain"} <= calls
    assert not {"Relu", "Placeholder", "FusedBatchNormV3"} & calls


def test_functions_that_may_hold_a_normalization(tmp_path: Path) -> None:
    """By an op of their own, by a call at any depth, or as a branch of an If."""
    assert library(tmp_path).candidates == {"fused", "calls", "yes", "plain", "steered"}


@pytest.mark.parametrize(
    ("ops", "found"),
    [(("Log", "Exp"), {"f"}), (("Log", "Log"), set()), (("Exp", "Exp"), set()), (("Rsqrt", "Relu"), {"f"})],
    ids=["a power by its logarithm", "logarithms", "exponentials", "a root"],
)
def test_a_root_may_be_taken_by_a_logarithm(ops: tuple[str, str], found: set[str], tmp_path: Path) -> None:
    body = f"def f(a) -> y=two:y:0\n    one = {ops[0]}(a)\n    two = {ops[1]}(one:y:0)\n"
    text = "x = Placeholder()\nc = PartitionedCall(x, f=@f)\n" + body
    assert Library(read(written(tmp_path, graphdef(text)))).candidates == found


def test_a_function_named_in_the_attributes_of_a_function_is_called(tmp_path: Path) -> None:
    """As a function given to another one: no node names it, and the run needs it all the same."""
    message = graphdef("x = Placeholder()\ncall = MapDefun(x, f=@outer)\nother = Relu(x)" + BODIES)
    message.node[1].attr["f"].func.attr["inner"].list.func.add().name = "inner"
    read_back = read(written(tmp_path, message))
    assert list(called(read_back.nodes, read_back.functions)) == ["outer", "inner", "innermost"]
    assert called(read_back.nodes[2:], read_back.functions) == {}


def test_without_functions_there_are_no_calls() -> None:
    found = Library(read(str(FIXTURES / "classic.pb")))
    assert (found.calls, found.candidates) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("op", "argument", "index", "expected"),
    [
        ("FusedBatchNormV3", "y", 0, 0),
        ("FusedBatchNormV3", "batch_variance", 0, 2),
        ("FusedBatchNormGradV3", "reserve_space_5", 0, 4),
        ("Switch", "output_true", 0, 1),
        ("Merge", "value_index", 0, 1),
        ("Split", "output", 2, 2),
        ("Identity", "output", 0, 0),
        ("Identity", "value", 0, 0),
        ("NoSuchOp", "anything", 3, 3),
    ],
)
def test_the_output_that_an_argument_means(op: str, argument: str, index: int, expected: int) -> None:
    assert port(op, argument, index) == expected


@pytest.mark.parametrize("path", models(), ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_messages_survive_a_parse_whole(path: Path) -> None:
    """Bytes -> message -> bytes -> message are equal, and nothing but the object graph is unknown."""
    if path.suffix == ".pbtxt":
        pytest.skip("text has no unknown fields")
    kind = {"savedmodel": "SavedModel", "metagraph": "MetaGraphDef", "graphdef": "GraphDef"}
    name = kind[read(str(path)).format]
    message = message_class(name).FromString(path.read_bytes())
    assert message_class(name).FromString(message.SerializeToString()) == message
    assert message.ByteSize() == path.stat().st_size


def test_fields_that_the_table_does_not_name_survive() -> None:
    """Field 99 of a NodeDef and of a GraphDef, both length-delimited, both unknown."""
    unknown = b"\x9a\x06\x03abc"
    node = message_class("NodeDef")(name="x", op="Placeholder").SerializeToString() + unknown
    data = b"\x0a" + bytes([len(node)]) + node + unknown
    message = message_class("GraphDef").FromString(data)
    message.node[0].name = "renamed"
    written_again = message.SerializeToString()
    assert written_again.count(unknown) == 2
    assert b"renamed" in written_again


def test_the_pool_is_our_own() -> None:
    """No message of ours is in the default pool, where TensorFlow's live."""
    from google.protobuf import descriptor_pool

    assert message_class("GraphDef").DESCRIPTOR.full_name == "bninspect.GraphDef"
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("bninspect.GraphDef")
