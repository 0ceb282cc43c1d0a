"""What is written anew is what TensorFlow writes, down to fields that it does not need itself."""

from __future__ import annotations

import numpy as np
import pytest

from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import new_node

SCALAR = TensorValue(message_class("TensorProto")(dtype=1, float_val=[0.001]))


@pytest.mark.parametrize("value", [np.array(0.001, np.float32), SCALAR], ids=["array", "tensor"])
def test_a_scalar_states_its_shape(value: np.ndarray | TensorValue) -> None:
    """OpenVINO takes one without a shape for 0: an epsilon would be lost."""
    node = new_node("epsilon", "Const", (), {"dtype": "float", "value": value})
    written = message_class("NodeDef").FromString(node.span.bytes())
    assert written.attr["value"].tensor.HasField("tensor_shape")
    assert node.attributes["value"].array() == np.float32(0.001)
