"""Which preset fits the first layer: by the numbers, and on networks trained on PNGs in the scale `unit`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.request import Request
from bninspect.measure.auto import _fit, _moments
from bninspect.measure.examined import prepared
from bninspect.measure.facts import Question
from bninspect.measure.presets import ranked
from bninspect.measure.run import probe
from bninspect.options import Channels, Preprocess
from bninspect.statistics.pooling import ImageMoments
from tests.support.measuring import NOTHING
from tests.support.places import FIXTURES
from tests.support.probes import wrong
from tests.support.probing import fit
from tests.support.reports import held, layer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.batchnorm import BatchNorm
    from bninspect.measure.facts import Probe
    from tests.networks import Trained


def test_the_best_is_named_where_the_next_is_far() -> None:
    found = ranked("bn", 16, [fit("raw", 9.0), fit("tf", 0.1), fit("torch", 0.5)])
    assert found.clear
    assert found.best == fit("tf", 0.1)
    assert [one.preset for one in found.fits] == ["tf", "torch", "raw"]


def test_two_that_fit_alike_are_not_told_apart() -> None:
    found = ranked("bn", 16, [fit("torch", 0.12), fit("tf", 0.1)])
    assert not found.clear
    assert found.reason == "--preprocess tf and --preprocess torch fit about as well"


def test_none_that_fits_is_none() -> None:
    found = ranked("bn", 16, [fit("tf", 1.0), fit("raw", 9.0)])
    assert not found.clear
    assert "none fits" in (found.reason or "")


def test_one_image_may_be_as_far_off_as_one_image_is() -> None:
    assert ranked("bn", 1, [fit("tf", 0.9, floor=1.5), fit("raw", 9.0)]).clear


@pytest.mark.parametrize(
    ("images", "swapped", "chosen"), [(16, 0.4, "bgr"), (2, 0.4, "rgb"), (16, 0.11, "rgb")]
)
def test_the_order_of_colours_takes_several_images(images: int, swapped: float, chosen: str) -> None:
    found = ranked("bn", images, [fit("tf", 0.1, "bgr"), fit("tf", swapped, "rgb"), fit("raw", 9.0)])
    assert found.clear
    assert found.best is not None
    assert found.best.channels == chosen
    assert found.best.options == "--preprocess tf" + (" --channels bgr" if chosen == "bgr" else "")


def auto(path: Path, images: Path, preset: Preprocess = "auto") -> Probe:
    report = inspect(load(str(path)))
    question = Question(layers=report.layers, verify=False, companions=False)
    return probe(report, question, Request(images=(str(images),), preprocess=preset))


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", ["fused", "decomposed"])
def test_a_trained_network_names_its_preset(kind: str, network: Callable[[str], Trained]) -> None:
    trained = network(kind)
    for model in (trained.path, trained.unfinished):
        found = auto(model, trained.test_pngs)
        assert found.presets is not None
        assert found.presets.clear, found.presets
        assert [one.preset for one in found.inputs] == ["unit"]
    assert [one.code for one in wrong(found)] == ["BN404"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("preset", ["raw", "tf"])
def test_another_preset_than_in_training_is_diagnosed(
    preset: Preprocess, network: Callable[[str], Trained]
) -> None:
    found = auto(network("fused").path, network("fused").test_pngs, preset)
    assert [one.code for one in wrong(found)] == ["BN405"]
    fix = wrong(found)[0].fix
    assert fix is not None
    assert fix.startswith(f"bninspect probe {network('fused').path} --image ")
    assert fix.endswith(" --preprocess unit")


@pytest.mark.parametrize(("asked", "fed"), [(None, "bgr"), ("rgb", "rgb"), ("bgr", "bgr")])
def test_the_order_of_colours_that_was_asked_for_is_fed(asked: Channels | None, fed: Channels) -> None:
    """And else that of the preset that fits best."""
    trial = ranked("bn", 16, [fit("tf", 0.1, "bgr"), fit("tf", 0.4, "rgb"), fit("raw", 9.0)])
    bound: list[Request] = []

    def bind(request: Request) -> Inputs:
        bound.append(request)
        return NOTHING

    request = Request(images=("x.png",), preprocess="auto", channels=asked)
    prepared(NOTHING, request, bind, lambda _: trial)
    assert [(one.preprocess, one.channels) for one in bound] == [("tf", fed)]


@pytest.mark.tensorflow
def test_initial_statistics_cannot_tell() -> None:
    found = auto(FIXTURES / "classic.pb", FIXTURES / "image.jpg")
    assert found.presets is not None
    assert "are initial" in (found.presets.reason or "")
    assert [one.preset for one in found.inputs] == ["raw"]


@pytest.mark.parametrize(("kept", "over"), [((-2, -1), (1,)), ((-3, -1), (2,)), ((-3, -2, -1), ())])
def test_moments_along_the_axes_with_statistics_of_their_own(
    kept: tuple[int, ...], over: tuple[int, ...]
) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    moments = _moments(x, cast("BatchNorm", SimpleNamespace(kept_axes=kept, data_format="NHWC")), 2)
    np.testing.assert_allclose(moments.mean, x.mean(axis=over).reshape(2, -1))
    np.testing.assert_allclose(moments.variance, x.var(axis=over).reshape(2, -1))
    assert moments.values == np.prod([x.shape[axis] for axis in over])


@pytest.mark.parametrize(("order", "over"), [("NHWC", (1, 2)), ("NCHW", (2, 3)), (None, (1, 2))])
def test_moments_of_the_channels_of_a_data_format(order: str | None, over: tuple[int, ...]) -> None:
    """Of two images, each in two rows."""
    x = np.random.default_rng(0).normal(size=(4, 3, 4, 5))
    moments = _moments(x, cast("BatchNorm", SimpleNamespace(kept_axes=(), data_format=order)), 2)
    pairs = x.reshape(2, 2, 3, 4, 5)
    axes = (1, *(axis + 1 for axis in over))
    np.testing.assert_allclose(moments.mean, pairs.mean(axis=axes))
    np.testing.assert_allclose(moments.variance, pairs.var(axis=axes))
    assert moments.values == 2 * x.shape[over[0]] * x.shape[over[1]]


IMAGES = ImageMoments.of(np.full((64, 3), 2.0), np.full((64, 3), 3.0), 9)


@pytest.mark.parametrize(
    ("average", "share", "ended"),
    [
        (None, 1.0, False),
        ({"holds": False, "a": 0.5, "start": "0/1"}, 1.0, False),
        ({"holds": True, "a": 0.049, "start": "0/1"}, 1.0, False),
        ({"holds": True, "a": 0.05, "start": "0/0"}, 0.05, True),
        ({"holds": True, "a": 0.5, "start": "0/1"}, 0.5, True),
    ],
    ids=["nothing to fit", "no average", "too little", "just enough", "half-way"],
)
def test_only_an_average_that_came_far_enough_is_brought_to_its_end(
    average: dict[str, Any] | None, share: float, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its end it fits: the gap is 0."""
    start = (1 - share) * (average is not None and average["start"] == "0/1")
    stored = held([2.0 * share] * 3, [3.0 * share + start] * 3)
    made = None if average is None else SimpleNamespace(**average)
    monkeypatch.setattr("bninspect.measure.auto.average_fit", lambda *_: made)
    recipe = SimpleNamespace(preset="tf", bgr=False)
    found = _fit(layer("bn", epsilon=0.0), stored if ended else held([1.0] * 3, [1.0] * 3), recipe, IMAGES)  # type: ignore[arg-type]
    assert found.share == share
    assert (found.gap == pytest.approx(0.0, abs=1e-5)) is ended
