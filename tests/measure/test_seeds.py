"""A number drawn behind a layer is the same in both copies of a model, and in the original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import bninspect
from bninspect.batchnorm import inspect
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.rewrite.conditionals import layer, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.tensorflow


def test_noise_of_the_shape_of_an_output(tmp_path: Path) -> None:
    """It stands behind the layer, so each copy has a node of its own that draws it."""

    def build(tf: Any, x: Any) -> Any:
        training = tf.compat.v1.placeholder(tf.bool, [], name="training")
        first = layer(x, training, "first", trains_when=True)
        return layer(first * tf.random.uniform(tf.shape(first)), training, "second", trains_when=True)

    found = inspect(bninspect.load(str(write(tmp_path / "noise.pb", build))))
    question = Question(layers=found.layers, companions=False, presets=False)
    verification = probe(found, question, Request(random=4)).verification
    assert (verification.state, verification.max_abs) == ("verified", 0.0)
