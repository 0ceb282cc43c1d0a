"""strip, where a predicate is computed: one question that several nodes ask, and several that a nest asks.

The oracle is TensorFlow on the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.batchnorm.verdict import verdict
from bninspect.models.open import load
from tests.rewrite.conditionals import halved, layer, write
from tests.support.stripping import placeholders_of, run_file, same_numbers, strip

if TYPE_CHECKING:
    from pathlib import Path

SMALL = np.random.default_rng(6).standard_normal((4, 4, 4, 3)).astype(np.float32)
QUESTIONS: dict[str, tuple[str, Any, Any, Any]] = {
    "a step, below and at least": (
        "int32",
        lambda tf, step: tf.less(step, 100),
        lambda tf, step: tf.logical_not(tf.greater_equal(step, 100)),
        np.array(100, np.int32),
    ),
    "a text": (
        "string",
        lambda tf, mode: tf.equal(mode, "train"),
        lambda tf, mode: tf.equal("train", mode),
        np.array("eval"),
    ),
    "a remainder": (
        "int32",
        lambda tf, step: tf.equal(step % 2, 0),
        lambda tf, step: tf.equal(step % 2, 0),
        np.array(3, np.int32),
    ),
}
"""One question by nodes of its own: the type of what is asked, twice the same, what serves inference."""


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", QUESTIONS)
def test_every_node_that_asks_one_question_goes_with_the_layers(name: str, tmp_path: Path) -> None:
    """Two layers, and what halves: three nodes ask; the original is fed the answer at each of them."""
    dtype, first, second, serves = QUESTIONS[name]

    def build(tf: Any, x: Any) -> Any:
        asked = tf.compat.v1.placeholder(dtype, [], name="asked")
        y = layer(x, first(tf, asked), "a", trains_when=True)
        return halved(layer(y, second(tf, asked), "b", trains_when=True), first(tf, asked))

    model, target = write(tmp_path / "model.pb", build), tmp_path / "out.pb"
    found = inspect(load(str(model)))
    (group,) = found.switches
    assert len(group.layers) == 2
    assert verdict(found).text.startswith("2 batch norms, all switched by")
    result = strip(model, target)
    assert result.verification is not None
    assert (result.verification.state, result.verification.max_abs) == ("verified", 0.0)
    assert placeholders_of(target) == {"x"}
    assert {node.op for node in load(str(target))}.isdisjoint({"Switch", "Merge"})
    same_numbers(run_file(target, "y:0", x=SMALL), run_file(model, "y:0", x=SMALL, asked=serves))


@pytest.mark.tensorflow
@pytest.mark.parametrize("by_function", [False, True])
def test_exclusive_or_that_a_nest_decides(by_function: bool, tmp_path: Path) -> None:
    """With functions, four branches of two Ifs hold the layer."""

    def build(tf: Any, x: Any) -> Any:
        one, other = (tf.compat.v1.placeholder(tf.bool, [], name=name) for name in ("one", "other"))
        row = tf.constant(np.linspace(0.5, 2.0, 3, dtype=np.float32))
        switch_v2 = (
            tf.compat.v1.enable_control_flow_v2 if by_function else tf.compat.v1.disable_control_flow_v2
        )

        def norm(trains: bool) -> Any:
            kept = {} if trains else {"mean": row, "variance": row}
            fused = tf.compat.v1.nn.fused_batch_norm
            return lambda: fused(x, row, row, is_training=trains, epsilon=1e-3, **kept)[0]

        def asks(yes: bool) -> Any:
            return lambda: tf.compat.v1.cond(other, norm(yes), norm(not yes))

        switch_v2()
        try:
            return tf.compat.v1.cond(one, asks(False), asks(True))
        finally:
            tf.compat.v1.enable_control_flow_v2()

    model, target = write(tmp_path / "model.pb", build), tmp_path / "out.pb"
    result = strip(model, target)
    assert result.verification is not None
    assert result.verification.state == "verified"
    assert placeholders_of(target) == {"x"}
    for value in (False, True):
        given = {"one": np.array(value), "other": np.array(value)}
        same_numbers(run_file(target, "y:0", x=SMALL), run_file(model, "y:0", x=SMALL, **given))
