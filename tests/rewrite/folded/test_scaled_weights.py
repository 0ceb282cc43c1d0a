"""Both modes of batch norm folded into a convolution, against TensorFlow and NumPy.

Tolerance: 1e-5 of outputs of size 1 where both compute the same in another order; a step of the rounding
(6 / 255 for activations) where what is rounded was summed in another order.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.errors import RewriteError
from bninspect.graph import load
from bninspect.graphdef.writer import serialized
from bninspect.rewrite.statistics.inserted import inserted
from bninspect.rewrite.statistics.slots import find_slots
from bninspect.rewrite.strip import strip
from bninspect.run.session import Session
from tests.batchnorm.recognition.quantization.test_scaled_weights import FOLDED
from tests.support import text
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.graphdef import GraphDef

    Array = NDArray[Any]

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]
CASES = FIXTURES / "cases"
STEP = 6 / 255


def _report(name: str) -> Report:
    return inspect(load(str(CASES / name)), outputs=("output",))


def _images(count: int = 6) -> Array:
    return np.random.default_rng(3).normal(size=(count, 8, 8, 3)).astype(np.float32)


def _run(graphdef: GraphDef, images: Array, output: str = "output:0") -> Array:
    with Session(serialized(graphdef)) as session:
        (found,) = session.run([output], {"image:0": images})
        return found


def test_a_training_graph_stripped_is_the_graph_for_inference() -> None:
    images = _images()
    expected = _run(load(str(CASES / "quantized_eval.pb")).graphdef, images)
    found = strip(_report("quantized_frozen_step.pb")).pruned.graphdef
    assert {node.op for node in found.nodes}.isdisjoint({"Switch", "Merge", "FusedBatchNormV3", "Assign"})
    np.testing.assert_allclose(_run(found, images), expected, rtol=0, atol=1e-5)


def test_no_companion_changes_an_image_once_stripped() -> None:
    images = _images()
    found = strip(_report("quantized_frozen_step.pb")).pruned.graphdef
    np.testing.assert_array_equal(_run(found, images)[:1], _run(found, images[:1]))


def test_the_step_that_is_stored_says_whether_strip_rounds() -> None:
    early = strip(_report("quantized_early_step.pb")).pruned.graphdef
    late = strip(_report("quantized_frozen_step.pb")).pruned.graphdef
    rounding = "FakeQuantWithMinMaxVars"
    assert rounding not in {node.op for node in early.nodes}
    assert rounding in {node.op for node in late.nodes}


def test_inference_made_to_train_is_the_training_graph() -> None:
    images = _images()
    ours = strip(_report("quantized_eval.pb"), Mode.TRAINING).pruned.graphdef
    theirs = strip(_report("quantized_training.pb"), Mode.TRAINING).pruned.graphdef
    np.testing.assert_allclose(_run(ours, images), _run(theirs, images), rtol=0, atol=STEP)
    alone = np.abs(_run(ours, images)[:1] - _run(ours, images[:1])).max()
    assert alone > STEP


def test_training_mode_by_its_formula() -> None:
    x = np.random.default_rng(5).normal(size=(32, 2)).astype(np.float32)
    exact = re.sub(r"conv = .*", "conv = MatMul(x, scaled, T=float)", FOLDED)
    exact = exact.replace("[-1, 8, 8, 2]", "[-1, 2]").replace("[1, 1, 2, 2]", "[2, 2]")
    exact = re.sub(r"((Add|Sub|Mul|Rsqrt|Relu)\(.*)\)", r"\1, T=float)", exact)
    stripped = strip(inspect(text.graph(exact)), Mode.TRAINING)
    with Session(serialized(stripped.pruned.graphdef)) as session:
        (found,) = session.run(["out:0"], {"x:0": x})
    convolved = x.astype(np.float64) @ np.array([[1.0, 2.0], [3.0, 4.0]])
    root = 1 / np.sqrt(convolved.var(0) + 0.001)
    expected = (convolved - convolved.mean(0)) * root * [1.5, 0.5] + [0.1, 0.2]
    np.testing.assert_allclose(found, np.maximum(expected, 0), rtol=0, atol=1e-5)


def test_statistics_that_are_in_no_file_are_named() -> None:
    with pytest.raises(RewriteError, match=r"both layers .* their stored statistics are not in the file"):
        strip(_report("quantized_training.pb"))


def test_new_statistics_of_rounded_weights_need_another_range() -> None:
    report = _report("quantized_eval.pb")
    slots, left = find_slots(report, create=False)
    assert slots == ()
    assert [one.what for one in left] == ["conv/BatchNorm", "depthwise/BatchNorm"]
    assert all("rounded within a range that was learned" in one.reason for one in left)
    slots, left = find_slots(report, create=True)
    assert [slot.is_new for slot in slots] == [True, True]
    assert left == ()


def test_inserted_statistics_round_within_their_own_range() -> None:
    images = _images()
    tiny = {
        layer.name: (np.zeros(4, np.float32), np.full(4, 1e-4, np.float32))
        for layer in _report("quantized_eval.pb").layers[:1]
    }
    found = inserted(_report("quantized_eval.pb"), tiny)
    with Session(serialized(found)) as session:
        rounded, scaled = session.run(
            ["conv/weights_quant/FakeQuantWithMinMaxVars:0", "conv/add_fold/bninspect/scaled_weights:0"],
            {"image:0": images},
        )
    assert np.abs(scaled).max() > 6  # the range that was learned
    np.testing.assert_allclose(rounded, scaled, rtol=0, atol=np.ptp(scaled) / 254)
