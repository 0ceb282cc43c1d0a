"""The networks are what they are said to be, and on them the thresholds hold, whatever `probe` makes of it.

The moments are the reference's (`measuring`); of the product only the verdict on them is tested. A fault
changes no moment of a pass in training mode, so one pass serves every fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Form, Mode, inspect
from bninspect.graph import load
from bninspect.inputs.data import images as image_files
from bninspect.statistics.average import average_fit
from bninspect.statistics.staleness import Staleness, staleness
from tests.networks import KINDS, Store, Trained, faults, measuring, store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bninspect.statistics.pooling import ImageMoments
    from tests.networks.faults import Stored

    Network = Callable[[str], Trained]

pytestmark = pytest.mark.tensorflow

DRAWS = 150
"""How many sets of images are drawn, of a fixed seed, to count false alarms."""


@pytest.fixture(scope="module", params=KINDS)
def trained(request: pytest.FixtureRequest, network: Network) -> Trained:
    return network(request.param)


@pytest.fixture(scope="module")
def own(trained: Trained) -> Mapping[str, ImageMoments]:
    """Of 128 test images, all layers in training mode."""
    return measuring.moments(trained.path, Mode.TRAINING, trained.test.images[:128])


def judged(stored: Mapping[str, Stored], moments: Mapping[str, ImageMoments]) -> dict[str, Staleness]:
    """The verdict on each layer; epsilon is that of every layer of the networks."""
    return {
        name: staleness(one.mean, one.variance, 1e-3, None, moments[name]) for name, one in stored.items()
    }


def guilty(stored: Mapping[str, Stored], moments: Mapping[str, ImageMoments]) -> list[str]:
    return [name for name, one in judged(stored, moments).items() if one.verdict in ("warning", "error")]


def test_what_the_networks_are(trained: Trained) -> None:
    print(f"{trained.kind}: trained in {trained.seconds:.1f} s, {trained.accuracy}")
    report = inspect(load(str(trained.path)))
    assert tuple(layer.name for layer in report.layers) == trained.layers
    assert len(trained.layers) == 6
    form = Form.DECOMPOSED if trained.kind == "decomposed" else Form.FUSED
    assert {(layer.form, layer.mode) for layer in report.layers} == {(form, Mode.SWITCHED)}
    assert {bool(layer.functions) for layer in report.layers} == {trained.kind == "if"}
    assert trained.accuracy["healthy"] >= 0.95
    assert trained.accuracy["forgotten"] < trained.accuracy["unfinished"] < trained.accuracy["healthy"]


def test_an_image_file_holds_the_pixels_of_the_image(trained: Trained) -> None:
    path = trained.test_pngs / "0003.png"
    pixels = image_files.decode(image_files.read(path), path)
    assert np.array_equal(pixels.astype(np.float32) / np.float32(255), trained.test.images[3])


def test_a_fault_changes_the_statistics_of_its_layer_and_nothing_else(
    trained: Trained, tmp_path: Path
) -> None:
    layer = trained.layers[2]
    path = faults.inject(trained.path, tmp_path / "stale.pb", faults.widened, layer)
    before, after = faults.statistics(trained.path), faults.statistics(path)
    for name, stored in before.items():
        factor = 4 if name == layer else 1
        assert np.array_equal(after[name].mean, stored.mean)
        assert np.allclose(after[name].variance, factor * stored.variance, rtol=1e-6)
    assert np.array_equal(
        faults.statistics(faults.inject(path, tmp_path / "all.pb", faults.never_updated))[layer].mean,
        faults.statistics(trained.forgotten)[layer].mean,
    )


def test_healthy_statistics_are_fine(trained: Trained, own: Mapping[str, ImageMoments]) -> None:
    verdicts = judged(faults.statistics(trained.path), own)
    assert {one.verdict for one in verdicts.values()} == {"fine"}


@pytest.mark.parametrize("fault", faults.STALE)
def test_a_stale_layer_is_found_and_no_other(
    trained: Trained, own: Mapping[str, ImageMoments], fault: str
) -> None:
    stored = faults.statistics(trained.path)
    found = {
        layer: guilty({**stored, layer: faults.STALE[fault](stored[layer])}, own) for layer in trained.layers
    }
    assert found == {layer: [layer] for layer in trained.layers}


def test_statistics_that_were_never_updated_are_found_everywhere(
    trained: Trained, own: Mapping[str, ImageMoments]
) -> None:
    assert guilty(faults.statistics(trained.forgotten), own) == list(trained.layers)


def test_an_unfinished_average_tells_its_steps(trained: Trained, own: Mapping[str, ImageMoments]) -> None:
    steps = {}
    for name, stored in faults.statistics(trained.unfinished).items():
        fit = average_fit(stored.mean, stored.variance, own[name].pooled(), trained.momentum)
        assert fit is not None
        assert fit.holds
        steps[name] = fit.steps
    assert steps == pytest.approx(dict.fromkeys(trained.layers, trained.unfinished_steps), rel=0.1)


@pytest.mark.parametrize("count", [2, 4, 8, 32])
def test_few_images_raise_no_false_alarm(trained: Trained, count: int) -> None:
    """Whichever images are drawn: at most 2 of 150 sets blame any of six healthy layers; 0.6 are expected of
    two images, and fewer of more.
    """
    stored = faults.statistics(trained.path)
    drawn = np.random.default_rng(count)
    order = np.concatenate(
        [drawn.choice(len(trained.test.images), count, replace=False) for _ in range(DRAWS)]
    )
    moments = measuring.moments(trained.path, Mode.TRAINING, trained.test.images[order], count)
    alarms = 0
    for start in range(0, len(order), count):
        alarms += bool(guilty(stored, measuring.part(moments, start, count)))
    assert alarms <= 2


def test_a_training_that_fails_is_told_to_all_who_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_train", lambda kind, place: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        Store(tmp_path).network("fused")
    with pytest.raises(RuntimeError, match="by zero"):
        Store(tmp_path).network("fused")
