"""Types of inputs and outputs, held against TensorFlow's own declarations: every op of the tables."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from bninspect.graph import types
from bninspect.graph.types import given_type, taken_type
from bninspect.graphdef.reader import records
from tests.support.text import graph, graphdef

WRITTEN = {
    "T": "half", "U": "float", "dtype": "double", "SrcT": "int32", "DstT": "bfloat16", "out_type": "int64",
}  # fmt: skip
"""A type of its own for every attribute, so that one taken for another is noticed."""
LOGIC = {"LogicalNot", "LogicalAnd", "LogicalOr"}
WHOLE = types._ALIKE | types._TESTS | types._FUSED | {"Cast"}
"""Ops of which every input is known."""
OTHERS = {"Shape", "Size", "Merge", "RefMerge"}
KNOWN = sorted(WHOLE | types._FIRST | types._GIVE | types._SOURCES | LOGIC | OTHERS)


def node_of(op: str, written: dict[str, str] = WRITTEN) -> Any:
    """A node of this op: all that is asked of it are its op and its attributes."""
    message = graphdef("n = Any(" + ", ".join(f"{name}={value}" for name, value in written.items()) + ")\n")
    message.node[0].op = op
    return records(message.SerializeToString(), "text").nodes[0]


def declared(argument: Any) -> str:
    """The type that a declaration gives an argument, by what is written."""
    return WRITTEN[argument.type_attr] if argument.type_attr else {10: "bool", 3: "int32"}[argument.type]


@pytest.mark.tensorflow
@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_as_tensorflow_declares_them() -> None:
    from tensorflow.python.framework import op_def_registry

    for op in KNOWN:
        declaration = op_def_registry.get(op)
        node = node_of(op)
        for port, argument in enumerate(declaration.output_arg):
            told = given_type(node, port)
            is_index = op in ("Merge", "RefMerge") and port == 1
            assert told == (None if is_index else declared(argument)), (op, port)
        for slot, argument in enumerate(declaration.input_arg):
            taken = taken_type(node, slot)
            if op in WHOLE or (op in types._FIRST and slot == 0):
                assert taken == (argument.type_attr, declared(argument)), (op, slot)
            else:
                assert taken is None, (op, slot)


def test_of_other_ops_and_unwritten_attributes_nothing_is_said() -> None:
    assert (given_type(node_of("ArgMax"), 0), taken_type(node_of("ArgMax"), 0)) == (None, None)
    assert taken_type(node_of("FusedBatchNormV3"), 5) is None
    for op in ("Add", "FusedBatchNormV3", "Cast", "Placeholder", "Shape", "Mean"):
        bare = node_of(op, {})
        assert (given_type(bare, 0), taken_type(bare, 0)) == (None, None), op


def test_a_reference_to_a_variable_counts_as_its_value() -> None:
    node = graph("v = VariableV2(dtype=float, shape=[3])\n").node("v")
    assert given_type(node, 0) == "float"


X = "x = Placeholder(dtype=float)\n"
GIVEN = [
    ("Relu(x, T=half)", ["half"]),
    ("Reshape(x, x, T=half)", ["half"]),
    ("ConcatV2(x, x, T=half)", ["half"]),
    ("Merge(x, T=half)", ["half", None]),
    ("RefMerge(x, T=half)", ["half", None]),
    ("FusedBatchNormV3(x, x, x, x, x, T=half, U=float)", ["half", "float", "float"]),
    ("Placeholder(dtype=double, T=half)", ["double"]),
    ("ReadVariableOp(x, dtype=double)", ["double"]),
    ("Less(x, x, T=half)", ["bool"]),
    ("LogicalNot(x)", ["bool"]),
    ("LogicalAnd(x, x)", ["bool"]),
    ("Shape(x, T=half, out_type=int64)", ["int64"]),
    ("Size(x, T=half, out_type=int32)", ["int32"]),
    ("Cast(x, SrcT=half, DstT=float)", ["float"]),
    ("ArgMax(x, x, T=half, DstT=float, dtype=float)", [None]),
    ("Relu(x)", [None]),
]


@pytest.mark.parametrize(("line", "expected"), GIVEN, ids=[line for line, _ in GIVEN])
def test_the_types_that_a_node_gives(line: str, expected: list[str | None]) -> None:
    node = graph(f"{X}n = {line}").node("n")
    assert [given_type(node, port) for port in range(len(expected))] == expected


TAKEN = [
    ("Relu(x, T=half)", [("T", "half")]),
    ("Less(x, x, T=half)", [("T", "half"), ("T", "half")]),
    ("Add(x, x, T=half)", [("T", "half"), ("T", "half")]),
    ("Reshape(x, x, T=half)", [("T", "half"), None]),
    ("FusedBatchNormV2(x, x, x, x, x, T=half, U=float)", [("T", "half"), *[("U", "float")] * 4, None]),
    ("FusedBatchNorm(x, x, x, x, x, T=half)", [("T", "half")] * 5),
    ("Cast(x, SrcT=half, DstT=float)", [("SrcT", "half")]),
    ("ConcatV2(x, x, T=half)", [None, None]),
    ("Relu(x)", [None]),
]


@pytest.mark.parametrize(("line", "expected"), TAKEN, ids=[line for line, _ in TAKEN])
def test_the_types_that_an_op_takes(line: str, expected: list[tuple[str, str] | None]) -> None:
    node = graph(f"{X}n = {line}").node("n")
    assert [taken_type(node, slot) for slot in range(len(expected))] == expected
