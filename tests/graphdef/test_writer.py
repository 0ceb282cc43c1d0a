"""What is written anew is what TensorFlow writes, down to fields that it does not need itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.graphdef import GraphDef, TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import copy, new_node, rewritten, serialized, write

if TYPE_CHECKING:
    from pathlib import Path

SCALAR = TensorValue(message_class("TensorProto")(dtype=1, float_val=[0.001]))


@pytest.mark.parametrize("value", [np.array(0.001, np.float32), SCALAR], ids=["array", "tensor"])
def test_a_scalar_states_its_shape(value: np.ndarray | TensorValue) -> None:
    """OpenVINO takes one without a shape for 0: an epsilon would be lost."""
    node = new_node("epsilon", "Const", (), {"dtype": "float", "value": value})
    written = message_class("NodeDef").FromString(node.span.bytes())
    assert written.attr["value"].tensor.HasField("tensor_shape")
    assert node.attributes["value"].array() == np.float32(0.001)


NODE = new_node("y", "Add", ("a", "b"), {"T": "float", "N": 2})
GIVEN = {"name": "y", "inputs": ("a", "b")}


@pytest.mark.parametrize(
    "changes", [{}, {"op": "Add"}, {"attributes": {}}, {"without": frozenset({"other"})}]
)
def test_a_record_to_which_nothing_happens_is_itself(changes: dict[str, Any]) -> None:
    assert rewritten(NODE, **{**GIVEN, **changes}) is NODE


@pytest.mark.parametrize(
    ("changes", "head", "attributes"),
    [
        ({"name": "z"}, ("z", "Add", ("a", "b")), {"T": "float", "N": 2}),
        ({"inputs": ("a",)}, ("y", "Add", ("a",)), {"T": "float", "N": 2}),
        ({"op": "Mul"}, ("y", "Mul", ("a", "b")), {"T": "float", "N": 2}),
        ({"attributes": {"N": 3}}, ("y", "Add", ("a", "b")), {"T": "float", "N": 3}),
        ({"attributes": {"M": 3}}, ("y", "Add", ("a", "b")), {"T": "float", "N": 2, "M": 3}),
        ({"without": frozenset({"T"})}, ("y", "Add", ("a", "b")), {"N": 2}),
    ],
    ids=["name", "inputs", "op", "an attribute", "a new one", "without one"],
)
def test_what_changes_is_written_and_all_else_stays(
    changes: dict[str, Any], head: tuple[Any, ...], attributes: dict[str, Any]
) -> None:
    found = rewritten(NODE, **{**GIVEN, **changes})
    assert (found.name, found.op, found.inputs) == head
    assert dict(found.attributes) == attributes


def test_a_graph_is_written_with_its_size(tmp_path: Path) -> None:
    graphdef = GraphDef(path="m", format="graphdef", size=0, nodes=(NODE,), functions={}, producer=None)
    size = write(graphdef, tmp_path / "m.pb")
    data = serialized(graphdef)
    assert (size, (tmp_path / "m.pb").read_bytes()) == (len(data), data)
    stream = io.BytesIO()
    assert copy(graphdef, stream) == len(data)
    assert stream.getvalue() == data
