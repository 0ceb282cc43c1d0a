"""Core ML's ops in NumPy, against TensorFlow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bninspect.commands.forecast.running.converted import UnknownOpError
from bninspect.commands.forecast.running.mil import _apply
from bninspect.run.session import tensorflow

GENERATOR = np.random.default_rng(3)
TOLERANCE = 1e-6


@pytest.mark.tensorflow
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "stride", "size"), [(3, 2, 5), (4, 2, 4), (2, 3, 4), (3, 1, 5)])
def test_conv_transpose(padding: str, kernel: int, stride: int, size: int) -> None:
    pytest.importorskip("tensorflow", reason="the oracle")
    tf: Any = tensorflow()
    x = GENERATOR.normal(size=(2, size, size, 3)).astype(np.float32)
    weight = GENERATOR.normal(size=(kernel, kernel, 4, 3)).astype(np.float32)  # height, width, out, in
    long = size * stride if padding == "same" else (size - 1) * stride + kernel
    shape = (2, long, long, 4)
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        wanted = session.run(tf.nn.conv2d_transpose(x, weight, shape, stride, padding.upper()))
    made = _apply("conv_transpose", {
        "x": x.transpose(0, 3, 1, 2), "weight": weight.transpose(3, 2, 0, 1), "strides": [stride, stride],
        "pad_type": padding, "output_shape": [2, 4, long, long],
    })  # fmt: skip
    np.testing.assert_allclose(made.transpose(0, 2, 3, 1), wanted, atol=TOLERANCE * np.abs(wanted).max())


def test_a_half_is_rounded_to_the_even_number() -> None:
    assert _apply("round", {"x": np.array([0.5, 1.5, -0.5, 2.4])}).tolist() == [0, 2, 0, 2]


def test_gather() -> None:
    x = np.arange(6).reshape(2, 3)
    assert _apply("gather", {"x": x, "indices": [2, 0], "axis": 1}).tolist() == [[2, 0], [5, 3]]


def test_what_is_not_evaluated_is_said() -> None:
    with pytest.raises(UnknownOpError, match="its op lstm is not evaluated here"):
        _apply("lstm", {})
