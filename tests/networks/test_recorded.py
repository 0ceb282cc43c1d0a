"""The measurements that docs/few-images.md is written from: of the scripts as they stand, which do what
`refresh` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.commands.refresh.plan import RefreshOptions
from bninspect.commands.refresh.refresh import refresh
from bninspect.inputs.request import Request
from tests.networks import certainty, faults, few_images, measuring, priors, recorded, restored
from tests.networks.refreshing import SEED, as_bytes, drawn, refreshed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.networks import Trained

    Network = Callable[[str], Trained]

ROUNDING = 1e-4
"""Of float32 in TensorFlow against float64."""


def test_the_records_are_of_the_scripts_as_they_stand() -> None:
    sure, few = recorded.read("certainty"), recorded.read("few_images")
    assert (sure["orders"], sure["batch"]) == (certainty.ORDERS, certainty.BATCH)
    assert tuple(sure["networks"]) == certainty.NETWORKS
    for one in sure["networks"].values():
        assert tuple(map(int, one["said_over_seen"])) == certainty.SETS
        assert tuple(map(int, one["within_one"])) == tuple(map(int, one["most"])) == certainty.RIGHT
    assert few["draws"] == few_images.DRAWS
    assert {tuple(map(int, near)) for near in few["near"].values()} == {few_images.COUNTS}
    lost = recorded.read("restored")
    assert (lost["seed"], lost["draws"]) == (SEED, restored.DRAWS)
    assert tuple(lost["networks"]) == restored.NETWORKS
    assert {tuple(map(int, one["after"])) for one in lost["networks"].values()} == {restored.COUNTS}


def test_the_record_of_priors_is_of_the_script_as_it_stands() -> None:
    found = recorded.read("priors")
    assert (found["seed"], found["draws"]) == (SEED, priors.DRAWS)
    assert tuple(found["networks"]) == priors.NETWORKS
    cells = [(count, prior) for count in priors.COUNTS for prior in priors.PRIORS]
    for corruptions in found["networks"].values():
        assert list(corruptions) == list(priors.CORRUPTIONS)
        for one in corruptions.values():
            assert [(cell["images"], cell["prior"]) for cell in one["after"]] == cells
            assert {len(cell["right"]) for cell in one["after"]} == {priors.DRAWS}


@pytest.mark.tensorflow
@pytest.mark.parametrize(("count", "prior"), [(8, 32), (8, 0), (64, 0)])
def test_sets_in_one_session_give_what_the_command_writes(
    count: int, prior: int, network: Network, tmp_path: Path
) -> None:
    trained = network("fused")
    images = drawn(as_bytes(priors.noisy(trained.train.images)), count, 2)
    found = refreshed(trained.path, images, count, tmp_path, prior)
    assert len(found) == 2
    serving, after = measuring.Serving(trained.path), tmp_path / "after.pb"
    for number, one in enumerate(found):
        np.save(tmp_path / "one.npy", images[number * count : (number + 1) * count])
        request = Request(data=(str(tmp_path / "one.npy"),), preprocess="unit", batch_size=32)
        done = refresh(trained.path, after, request, RefreshOptions(prior=prior or None, checked=False))
        assert one.warns is done.old_were_good
        for layer, stored in faults.statistics(after).items():
            np.testing.assert_array_equal(one.statistics[layer].mean, stored.mean)
            np.testing.assert_array_equal(one.statistics[layer].variance, stored.variance)
        right = measuring.Serving(after).right(trained.test, {})
        assert serving.right(trained.test, one.statistics) == right
        assert right > len(trained.test.labels) / 2


@pytest.mark.tensorflow
def test_the_network_in_numpy_takes_statistics_as_refresh_does(network: Network, tmp_path: Path) -> None:
    trained = network(few_images.KIND)
    images = drawn(as_bytes(trained.train.images), 64, 1)
    (found,) = refreshed(trained.path, images, 64, tmp_path)
    in_numpy = few_images.Network(trained.path)
    pooled = few_images.pooled(in_numpy, images.reshape(64, -1) / 255)
    for (mean, variance), stored in zip(pooled, found.statistics.values(), strict=True):
        np.testing.assert_allclose(stored.mean, mean, rtol=ROUNDING, atol=ROUNDING)
        np.testing.assert_allclose(stored.variance, variance, rtol=ROUNDING, atol=ROUNDING)
    test = trained.test.images.reshape(-1, 64).astype(np.float64)
    right = (in_numpy.classes(test, in_numpy.healthy) == trained.test.labels).sum()
    assert right == measuring.Serving(trained.path).right(trained.test, {})
