"""Networks trained on real data, with faults of known place: guilty is the layer at fault, and no other.

Six batch norms, written three ways. The images are 64 of the test set, as PNG files, in batches of 32: none
was seen in training. Every fault is far above a warning (S of 0.5 and more; of statistics never updated S is
what the weights make it), so that no test hangs on a threshold.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.cli import run
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.statistics.average import average_fit
from tests.networks import KINDS, Trained, faults, measuring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.measure.facts import Probe

    Network = Callable[[str], Trained]

pytestmark = pytest.mark.tensorflow

IMAGES = 64
BATCH = 32


@pytest.fixture(params=KINDS)
def trained(request: pytest.FixtureRequest, network: Network) -> Trained:
    return network(request.param)


def probed(trained: Trained, path: Path, *, verify: bool = False, batch: int = BATCH) -> Probe:
    """What the program finds on the first of the test images."""
    report = inspect(load(str(path)))
    question = Question(layers=report.layers, momentum=trained.momentum, verify=verify)
    return probe(report, question, Request(images=files(trained), preprocess="unit", batch_size=batch))


def files(trained: Trained) -> tuple[str, ...]:
    """The first of the test images."""
    return tuple(map(str, sorted(trained.test_pngs.iterdir())[:IMAGES]))


def test_healthy_statistics_have_no_guilty_layer(trained: Trained) -> None:
    found = probed(trained, trained.path, verify=True)
    assert found.guilty == ()
    assert found.verification.state == "verified"


def test_images_one_by_one_blame_no_healthy_layer(trained: Trained) -> None:
    """Alone, an image leaves the fifth layer 4 values of a channel: what the sixth sees is not what it saw in
    training, however many images there are.
    """
    found = probed(trained, trained.path, batch=1)
    assert found.guilty == ()
    verdicts = [one.own.staleness.verdict for one in found.layers if one.own and one.own.staleness]
    assert verdicts[:3] == ["fine"] * 3
    assert verdicts[5] == "inconclusive"


def test_with_the_updates_forgotten_every_layer_is_guilty(trained: Trained) -> None:
    assert probed(trained, trained.forgotten).guilty == trained.layers


@pytest.mark.parametrize("fault", ["never updated", "widened"])
def test_the_one_stale_layer_is_guilty_and_no_other(trained: Trained, fault: str, tmp_path: Path) -> None:
    """Each layer in turn; for the other faults see tests/networks/test_networks.py."""
    found = {}
    for layer in trained.layers:
        path = faults.inject(trained.path, tmp_path / "stale.pb", faults.STALE[fault], layer)
        found[layer] = probed(trained, path).guilty
    assert found == {layer: (layer,) for layer in trained.layers}


def test_two_layers_that_hold_each_other_s_statistics_are_guilty(trained: Trained, tmp_path: Path) -> None:
    pair = trained.layers[4], trained.layers[5]
    path = faults.swap(trained.path, tmp_path / "swapped.pb", *pair)
    assert probed(trained, path).guilty == pair


def test_an_inherited_error_is_no_guilt(trained: Trained, tmp_path: Path) -> None:
    """Behind a stale first layer the others' deployed errors are large, and their own are what they were."""
    path = faults.inject(trained.path, tmp_path / "stale.pb", faults.rescaled, trained.layers[0])
    healthy, stale = probed(trained, trained.path), probed(trained, path)
    inherited = []
    for before, after in zip(healthy.layers[1:], stale.layers[1:], strict=True):
        assert before.own is not None
        assert before.own.staleness is not None
        assert after.own is not None
        assert after.own.staleness is not None
        assert after.deployed is not None
        assert after.deployed.staleness is not None
        assert after.own.staleness.mean_w2 == pytest.approx(before.own.staleness.mean_w2, rel=1e-6)
        inherited.append(after.deployed.staleness.score or 0.0)
    assert inherited[0] > 0.3


def test_an_unfinished_average_tells_its_steps(trained: Trained) -> None:
    """Within 10 %, at every layer whose moments 64 images tell."""
    steps = {}
    for one in probed(trained, trained.unfinished).layers:
        assert one.own is not None
        assert one.moving_mean is not None
        assert one.moving_variance is not None
        fit = average_fit(
            one.moving_mean, one.moving_variance, one.own.moments.pooled(), momentum=trained.momentum
        )
        assert fit is not None
        assert fit.holds
        steps[one.layer.name] = fit.steps
    assert steps == pytest.approx(dict.fromkeys(trained.layers, trained.unfinished_steps), rel=0.1)


def test_the_command_line_tells_the_same(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layer = trained.layers[3]
    path = faults.inject(trained.path, tmp_path / "stale.pb", faults.never_updated, layer)
    images = [part for file in files(trained)[:BATCH] for part in ("--image", file)]
    assert run(["probe", str(path), *images, "--preprocess", "unit", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["guilty"] == [layer]
    assert [one["name"] for one in told["layers"]] == list(trained.layers)
    assert {one["images"] for one in told["layers"]} == {BATCH}


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE], ids=lambda mode: mode.value)
def test_moments_are_those_of_numpy(trained: Trained, mode: Mode) -> None:
    """TensorFlow takes them in float32: to a 1e-4 of a standard deviation they are the same."""
    reference = measuring.moments(trained.path, mode, trained.test.images[:IMAGES], BATCH)
    for one in probed(trained, trained.path).layers:
        measured = one.own if mode is Mode.TRAINING else one.deployed
        assert measured is not None
        known = reference[one.layer.name]
        assert measured.moments.values == known.values
        spread = np.sqrt(known.pooled().variance)
        assert np.abs((measured.moments.mean - known.mean) / spread).max() < 1e-4
        assert np.abs((measured.moments.variance - known.variance) / spread**2).max() < 1e-4
