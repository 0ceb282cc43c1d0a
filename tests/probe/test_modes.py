"""Both modes of real graphs, against batch norm written out in NumPy and float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.graphdef import load
from bninspect.probe import images
from bninspect.probe.facts import Question
from bninspect.probe.inputs import Request
from bninspect.probe.pictures import RandomImages
from bninspect.probe.preprocess import Recipe
from bninspect.probe.run import probe
from tests.probe.making import FIXTURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graphdef import Tensor
    from bninspect.probe.facts import Probe

pytestmark = pytest.mark.tensorflow


def _values(tensor: Tensor | None, otherwise: float) -> NDArray[np.float64] | float:
    """A parameter of the layer, as the file holds it."""
    if tensor is None:
        return otherwise
    values: NDArray[Any] = tensor.node.attr("value").array()
    return values.astype(np.float64)


def _reference(layer: BatchNorm, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Training and inference: gamma (x - mean) / sqrt(variance + epsilon) + beta."""
    x = np.moveaxis(x, 1, -1).astype(np.float64) if layer.data_format == "NCHW" else x.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    statistics = layer.statistics
    assert statistics.mean is not None
    assert statistics.variance is not None
    assert layer.epsilon is not None
    outputs = []
    for mean, variance in (
        (x.mean(axes), x.var(axes)),
        (statistics.mean.array().astype(np.float64), statistics.variance.array().astype(np.float64)),
    ):
        y = (x - mean) / np.sqrt(variance + layer.epsilon) * _values(layer.gamma, 1) + _values(layer.beta, 0)
        outputs.append(np.moveaxis(y, -1, 1) if layer.data_format == "NCHW" else y)
    return outputs[0], outputs[1]


def _probe(name: str, request: Request, outputs: tuple[str, ...] = ()) -> Probe:
    report = inspect(load(str(FIXTURES / f"{name}.pb")), outputs=outputs)
    return probe(report, Question(layers=report.layers, keep=True), request)


def test_the_classic_case_on_a_real_image() -> None:
    path = FIXTURES / "image.jpg"
    x = images.decode(images.read(path), path)[None]
    found = _probe("classic", Request(images=(str(path),)), ("output",))
    training, inference = found.kept["training/output:0"], found.kept["inference/output:0"]
    reference = _reference(found.report.layers[0], x)
    # TensorFlow sums 50,176 values a channel in float32: its own moments are good to some 5e-5.
    assert np.abs(training - reference[0]).max() < 2e-4
    assert np.abs(inference - reference[1]).max() < 1e-4
    assert np.abs(inference).max() > 200
    assert abs(training.mean()) < 1e-4
    gap = reference[1] - reference[0]
    assert found.outputs[0].difference.max_abs == pytest.approx(np.abs(gap).max(), rel=1e-6)
    assert found.outputs[0].difference.rms == pytest.approx(np.sqrt((gap**2).mean()), rel=1e-6)
    assert found.layers[0].values == 224 * 224
    assert found.decided == {"training:0": True}


@pytest.mark.parametrize(
    ("name", "dtype", "tolerance"),
    [
        ("layers_fused_14", "float32", 1e-4),
        ("layers_fused_115", "float32", 1e-4),
        ("layers_fused_2", "float32", 1e-4),
        ("layers_fused_if_2", "float32", 1e-4),
        ("layers_decomposed_14", "float32", 1e-4),
        ("layers_decomposed_115", "float32", 1e-4),
        ("negated", "float32", 1e-4),
        ("default_true", "float32", 1e-4),
        ("negated_default_false", "float32", 1e-4),
        ("int_cast", "float32", 1e-4),
        ("keras225_phase", "float32", 1e-4),
        ("no_beta", "float32", 1e-4),
        ("no_gamma", "float32", 1e-4),
        ("nchw_decomposed", "float32", 1e-4),
        ("half", "float16", 0.3),
    ],
)
def test_every_form_and_wiring(name: str, dtype: str, tolerance: float) -> None:
    """The images are whole numbers below 256, exact in float16, whose steps near 256 are 0.25."""
    found = _probe(name, Request(random=4, seed=3))
    (layer,) = found.report.layers
    order = "NCHW" if layer.data_format == "NCHW" else "NHWC"
    place = found.inputs[0]
    size = place.shape[2:] if order == "NCHW" else place.shape[1:3]
    recipe = Recipe(size=(size[0], size[1]), channels=3, layout=order, dtype=np.dtype(dtype))
    x = RandomImages(4, 3, recipe).batch(0, 4)
    training, inference = _reference(layer, x)
    kept = [tensor.removeprefix("training/") for tensor in found.kept if tensor.startswith("training/")]
    assert len(kept) == 1
    assert np.abs(found.kept[f"training/{kept[0]}"] - training).max() < tolerance
    assert np.abs(found.kept[f"inference/{kept[0]}"] - inference).max() < tolerance


def test_layers_that_cannot_be_switched_are_told_with_the_reason() -> None:
    for name, told in (
        ("tfkeras_inference", "fixed to inference in the file"),
        ("const_true", "is always true"),
        ("and_two", "no single value decides it"),
    ):
        found = _probe(name, Request(random=2))
        assert not found.ran
        assert told in found.skipped[0].reason


def test_a_model_of_two_nets_has_no_layer_in_both_modes_and_is_compared_at_its_output() -> None:
    found = _probe("cond_nets", Request(random=2))
    assert [output.name for output in found.outputs] == ["output:0"]
    assert any("a branch that is not taken" in skip.reason for skip in found.skipped)


def test_a_tensor_in_a_loop_is_told() -> None:
    found = _probe("while_inside_switched", Request(random=2))
    assert any("in a loop" in skip.reason for skip in found.skipped)


def test_batches_of_a_static_size_and_of_a_size_asked_for() -> None:
    whole = _probe("classic_net", Request(random=4, batch_size=4))
    parts = _probe("classic_net", Request(random=4, batch_size=2))
    assert whole.inputs[0].shape == parts.inputs[0].shape == (4, 224, 224, 3)
    one, other = whole.kept["inference/logits:0"], parts.kept["inference/logits:0"]
    assert np.allclose(one, other, rtol=1e-5)
    assert not np.allclose(whole.kept["training/logits:0"], parts.kept["training/logits:0"], rtol=1e-5)
