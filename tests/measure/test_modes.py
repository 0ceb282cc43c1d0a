"""Both modes of real graphs, against batch norm written out in NumPy and float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.data import images
from bninspect.inputs.pictures import RandomImages
from bninspect.inputs.preprocess import Recipe
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from tests.support.places import FIXTURES
from tests.support.probes import difference, wrong

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Tensor
    from bninspect.measure.facts import Probe

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
    assert layer.statistics.values is not None
    assert layer.epsilon is not None
    outputs = []
    for mean, variance in (
        (x.mean(axes), x.var(axes)),
        layer.statistics.values.numbers(),
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
    assert difference(found).max_abs == pytest.approx(np.abs(gap).max(), rel=1e-6)
    assert difference(found).rms == pytest.approx(np.sqrt((gap**2).mean()), rel=1e-6)
    assert found.layers[0].values == 224 * 224
    assert found.decided == {"training:0": ("true", "false")}


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


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("tfkeras_inference", ("flipped", "kept")),
        ("tfkeras_training", ("kept", "flipped")),
        ("const_true", ("branch", "branch")),
        ("and_two", ("branch", "branch")),
        ("fixed_inference_decomposed_115", ("flipped", "kept")),
    ],
)
def test_modes_are_had_by_a_branch_or_by_flipping(name: str, ways: tuple[str, str]) -> None:
    found = _probe(name, Request(random=2))
    assert found.ran
    assert {(one.training, one.inference) for one in found.layers} == {ways}


def test_a_layer_without_stored_statistics_is_measured_and_not_compared() -> None:
    """Its x has moments in both copies; of its own it has one mode."""
    found = _probe("mixed_modes", Request(random=2))
    assert [one.difference is None for one in found.layers] == [False, True, False]
    one = found.layers[1]
    assert (one.layer.name, one.training, one.inference) == ("bn2", "kept", "left")
    assert one.own is not None
    assert one.deployed is not None
    assert (one.own.staleness, one.deployed.staleness) == (None, None)
    assert not np.allclose(one.own.moments.pooled().mean, one.deployed.moments.pooled().mean)
    assert [skip.what for skip in found.skipped] == ["bn2"]
    assert "its stored statistics are not in the file" in found.skipped[0].reason


def test_outputs_are_not_said_to_agree_where_no_layer_has_both_modes() -> None:
    found = _probe("fixed_training_fused_115", Request(random=2))
    assert found.outputs == ()
    assert [one.difference for one in found.layers] == [None]
    assert "no inference mode" in found.skipped[0].reason


def test_a_model_of_two_nets_is_compared_layer_by_layer() -> None:
    found = _probe("cond_nets", Request(random=2))
    assert [output.name for output in found.outputs] == ["output:0"]
    assert all(one.difference is not None and one.difference.max_abs > 1 for one in found.layers)


@pytest.mark.parametrize(("name", "told"), [("while_inside_switched", "in a loop"), ("while_v2", "a While")])
def test_a_layer_in_a_loop_is_told(name: str, told: str) -> None:
    found = _probe(name, Request(random=2))
    assert not found.layers
    assert told in found.skipped[0].reason


@pytest.mark.parametrize("name", ["cond_ema_14", "cond_ema_115", "colocation_lost", "contrib_forced_updates"])
def test_files_that_tensorflow_refuses(name: str) -> None:
    found = _probe(name, Request(random=4, seed=3))
    assert len(found.layers) == 1
    assert difference(found).max_abs > 1
    assert found.verification.state == "impossible"


def test_dropout_stays_off_unless_the_graph_is_switched() -> None:
    report = inspect(load(str(FIXTURES / "dropout_decoy_115.pb")))
    layers, graph = (
        probe(report, Question(layers=report.layers, keep=True, switch=switch), Request(random=2))
        for switch in ("layers", "graph")
    )
    (output,) = report.outputs
    assert np.count_nonzero(layers.kept[f"training/{output.name}"] == 0) == 0
    assert np.count_nonzero(graph.kept[f"training/{output.name}"] == 0) > 10
    assert layers.kept[f"inference/{output.name}"] == pytest.approx(graph.kept[f"inference/{output.name}"])
    assert layers.fed == {"training:0": False}
    assert layers.verification.state == graph.verification.state == "verified"


def test_batches_of_a_static_size_and_of_a_size_asked_for() -> None:
    whole = _probe("classic_net", Request(random=4, batch_size=4))
    parts = _probe("classic_net", Request(random=4, batch_size=2))
    assert whole.inputs[0].shape == parts.inputs[0].shape == (4, 224, 224, 3)
    one, other = whole.kept["inference/logits:0"], parts.kept["inference/logits:0"]
    assert np.allclose(one, other, rtol=1e-5)
    assert not np.allclose(whole.kept["training/logits:0"], parts.kept["training/logits:0"], rtol=1e-5)


def test_the_other_side_of_a_pair_does_not_hinder_the_check(tmp_path: Path) -> None:
    """More images than are compared, and as many values fed beside them."""
    values = np.random.default_rng(1).normal(size=(5, 8, 8, 3)).astype(np.float32)
    np.save(tmp_path / "right.npy", values)
    request = Request(random=5, input="left:0", feeds=(f"right:0=@{tmp_path / 'right.npy'}",))
    report = inspect(load(str(FIXTURES / "siamese.pb")))
    found = probe(report, Question(layers=report.layers, companions=False), request)
    assert (found.verification.state, found.verification.reason) == ("verified", None)


def test_a_layer_without_an_own_error_says_why() -> None:
    """The second layer's statistics are computed when the model runs."""
    report = inspect(load(str(FIXTURES / "stateless_if_net.pb")))
    question = Question(layers=report.layers, companions=False, verify=False)
    found = probe(report, question, Request(random=2))
    assert [one.own is not None and one.own.staleness is None for one in found.layers] == [False, True]
    (skip,) = found.skipped
    assert skip.what == "cond"
    assert skip.reason.startswith("no own error: its stored statistics are unknown, they are computed by")


def test_values_that_are_no_numbers_are_told_without_a_warning(tmp_path: Path) -> None:
    """Any RuntimeWarning of NumPy fails a test; a user would see it on the screen."""
    np.save(tmp_path / "nan.npy", np.full((3, 8, 8, 3), np.nan, np.float32))
    report = inspect(load(str(FIXTURES / "slim_resnet.pb")))
    request = Request(feeds=(f"image=@{tmp_path / 'nan.npy'}",))
    found = probe(report, Question(layers=report.layers), request)
    assert {one.own.staleness.verdict for one in found.layers if one.own and one.own.staleness} == {
        "inconclusive"
    }
    assert not found.guilty
    assert not wrong(found)
    assert difference(found).top1_agreement == 0.0
