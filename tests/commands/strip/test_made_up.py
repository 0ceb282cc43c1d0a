"""What is made up to compare a stripped model with its original: a value for all that nobody gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import bninspect
from tests.rewrite.conditionals import CHANNELS, layer, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow


def _reading(tf: Any, kind: str) -> Any:
    """An image that is fed, or else read as `kind` says."""
    shape = [None, 4, 4, CHANNELS]
    if kind == "an iterator":
        handle = tf.compat.v1.placeholder(tf.string, [], name="handle")
        read = tf.compat.v1.data.Iterator.from_string_handle(
            handle, tf.float32, tf.TensorShape(shape)
        ).get_next()
    elif kind == "a file":
        name = tf.compat.v1.placeholder(tf.string, [], name="name")
        read = tf.reshape(tf.io.decode_raw(tf.io.read_file(name), tf.float32), [-1, *shape[1:]])
    else:
        read = tf.compat.v1.placeholder(tf.float32, shape, name="other")
    return tf.compat.v1.placeholder_with_default(read, shape, name="image")


@pytest.mark.parametrize("kind", ["an iterator", "a file", "another input"])
def test_an_image_that_is_read_where_none_is_fed(kind: str, tmp_path: Path) -> None:
    """Nothing that its default is read from is run, or has to be given."""

    def build(tf: Any, x: Any) -> Any:
        training = tf.compat.v1.placeholder_with_default(True, [], name="training")
        return layer(_reading(tf, kind), training, "bn", trains_when=True) + 0.0 * tf.reduce_sum(x)

    model = write(tmp_path / "model.pb", build)
    verification = bninspect.strip(str(model), tmp_path / "out.pb").verification
    assert verification is not None
    assert (verification.state, verification.reason, verification.max_abs) == ("verified", None, 0.0)
