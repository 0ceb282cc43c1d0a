"""What reads a variable reads the constant in its place, or is named where it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RewriteError
from bninspect.graph import Graph, flatten
from bninspect.graph.trace import stored_value
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.rewrite.freeze import frozen
from tests.support.text import graph

ROWS = """
table = VarHandleOp(dtype=float, shape=[3, 2])
rows = Placeholder(dtype=int32)
"""


def with_table(line: str) -> Graph:
    """The graph with this line, and six numbers for its variable."""
    value = message_class("TensorProto")(dtype=1, float_val=range(6))
    for size in (3, 2):
        value.tensor_shape.dim.add(size=size)
    record = graph(ROWS + line + "\ny = Relu(read)\n").graphdef
    return flatten(replace(record, variables={"table": TensorValue(value)}))


def test_a_gather_that_does_not_say_its_batch_dims() -> None:
    """TensorFlow before 1.14 had none: it gathers rows of axis 0."""
    found = frozen(
        inspect(with_table("read = ResourceGather(table, rows, dtype=float, Tindices=int32)"))
    ).graph
    gather = next(node for node in found if node.op == "GatherV2")
    axis = stored_value(gather.inputs[2].node)
    assert axis is not None
    assert axis.array() == np.array(0)
    assert gather.attr("batch_dims", 0) == 0


def test_an_op_that_is_not_known_to_read_a_variable() -> None:
    with pytest.raises(
        RewriteError, match=r"ResourceForeign read reads the variable table in a way that cannot"
    ):
        frozen(inspect(with_table("read = ResourceForeign(table, rows, dtype=float)")))


def test_an_op_that_is_known_to_read_it_is_no_obstacle() -> None:
    found = frozen(inspect(with_table("read = ReadVariableOp(table, dtype=float)"))).graph
    assert {node.op for node in found} == {"Const", "Relu"}
