"""What is written anew is what TensorFlow writes, down to fields that it does not need itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.graphdef import GraphDef, TensorValue, read
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import copy, new_node, rewritten, serialized, write
from tests.support.messages import field, written

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


def test_a_new_node_has_attributes_of_every_kind() -> None:
    matrix = np.arange(6, dtype=np.int32).reshape(2, 3)
    given: dict[str, Any] = {
        "flag": True, "count": 3, "share": 0.5, "text": b"NHWC", "T": "half", "value": matrix,
        "shape": (2, 3),
    }  # fmt: skip
    node = new_node("n", "Any", ("a", "^b"), given)
    assert (node.name, node.op, node.inputs) == ("n", "Any", ("a", "^b"))
    found = dict(node.attributes)
    value = found.pop("value")
    assert (value.dtype, value.shape, value.array().tolist()) == ("int32", (2, 3), matrix.tolist())
    assert found == {key: part for key, part in given.items() if key != "value"}
    assert [type(found[key]) for key in ("flag", "count", "share")] == [bool, int, float]


DEBUG = field(6, field(1, b"T"))
"""What a node was made of, field 6: a message that begins as an entry of the attributes does."""
UNNAMED = field(5, field(2, b"\x18\x07"))
"""An entry of the attributes whose key is not written: the empty one."""


def test_only_attributes_are_left_out(tmp_path: Path) -> None:
    head = field(1, b"y") + field(2, b"Relu")
    typed = field(5, field(1, b"T") + field(2, b"\x30\x01"))
    (node,) = read(written(tmp_path, field(1, head + DEBUG + typed + UNNAMED))).nodes
    assert dict(node.attributes) == {"T": "float", "": 7}
    for key, kept in {"T": DEBUG + UNNAMED, "": DEBUG + typed}.items():
        new = rewritten(node, name="y", inputs=(), without=frozenset({key}))
        assert new.span.bytes() == head + kept


GRADIENT = field(2, field(1, b"f") + field(2, b"g"))
FUNCTION = field(1, field(1, field(1, b"f")))
X = field(1, field(1, b"x") + field(2, b"Placeholder"))


@pytest.mark.parametrize(
    "rest",
    [b"", field(2, FUNCTION), field(2, FUNCTION + GRADIENT), field(2, GRADIENT), b"\x22\x02\x08\x1b"],
    ids=["nodes alone", "a function", "with its gradient", "a gradient alone", "versions"],
)
def test_what_is_read_is_written_byte_for_byte(rest: bytes, tmp_path: Path) -> None:
    graphdef = read(written(tmp_path, X + rest))
    assert serialized(graphdef) == X + rest
    stream = io.BytesIO()
    assert (copy(graphdef, stream), stream.getvalue()) == (len(X + rest), X + rest)
