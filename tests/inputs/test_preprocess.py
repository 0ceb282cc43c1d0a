"""Pixels -> what an input takes, against the presets of keras.applications written out in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bninspect.inputs.preprocess import Recipe, prepare, resized, sized, with_channels
from bninspect.options import Preprocess, Resize
from tests.support.pictures import PIXELS

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def _recipe(
    preset: Preprocess = "raw",
    *,
    bgr: bool = False,
    layout: str = "NHWC",
    dtype: str = "float32",
    channels: int = 3,
) -> Recipe:
    return Recipe(size=None, channels=channels, layout=layout, dtype=np.dtype(dtype), preset=preset, bgr=bgr)


def test_presets() -> None:
    pixels = PIXELS.astype(np.float64)
    wanted: dict[Preprocess, Any] = {
        "raw": pixels,
        "unit": pixels / 255,
        "tf": pixels / 127.5 - 1,
        "caffe": pixels - [123.68, 116.779, 103.939],
        "torch": (pixels / 255 - MEAN) / STD,
    }
    for preset, values in wanted.items():
        found = prepare(PIXELS, _recipe(preset))
        assert found.dtype == np.float32
        assert np.allclose(found, values, rtol=0, atol=2e-5), preset


def test_blue_first_turns_the_scaled_colours() -> None:
    for preset in ("raw", "caffe", "torch"):
        assert np.array_equal(
            prepare(PIXELS, _recipe(preset, bgr=True)), prepare(PIXELS, _recipe(preset))[..., ::-1]
        )


def test_blue_first_leaves_alpha_last() -> None:
    found = prepare(PIXELS, _recipe(bgr=True, channels=4))
    assert np.array_equal(found[..., :3], PIXELS[..., ::-1])
    assert (found[..., 3] == 255).all()


def test_channels_first() -> None:
    assert np.array_equal(prepare(PIXELS, _recipe(layout="NCHW")), PIXELS.transpose(2, 0, 1))


def test_whole_pixels_are_rounded_and_stay_in_range() -> None:
    found = prepare(np.array([[[-3.0, 0.6, 256.2]]], np.float32), _recipe(dtype="uint8"))
    assert found.dtype == np.uint8
    assert found.tolist() == [[[0, 1, 255]]]


def test_grey_and_alpha() -> None:
    grey = PIXELS[..., :1]
    assert np.array_equal(
        with_channels(np.concatenate([grey, PIXELS[..., 1:2]], -1), 3), np.repeat(grey, 3, -1)
    )
    assert np.array_equal(with_channels(np.repeat(grey, 3, -1), 1), grey)
    luma = np.rint(PIXELS @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(with_channels(PIXELS, 1)[..., 0] - luma).max() <= 1
    assert np.array_equal(with_channels(with_channels(PIXELS, 4), 3), PIXELS)


@pytest.mark.tensorflow
def test_resizing_keeps_the_aspect_where_asked_to() -> None:
    image = np.full((10, 20, 3), 100, np.uint8)
    image[:, 5:15] = 200
    assert resized(image, (10, 20), "stretch") is image
    assert resized(image, (4, 4), "stretch").shape == (4, 4, 3)
    assert (resized(image, (10, 10), "crop") == 200).all()
    padded = resized(image, (20, 20), "pad")
    assert padded.shape == (20, 20, 3)
    assert (padded[:5] == 0).all()
    assert (padded[15:] == 0).all()
    assert np.array_equal(padded[5:15], image)


@pytest.mark.tensorflow
@pytest.mark.parametrize("size", [(1, 1), (3, 50), (50, 3), (7, 7), (224, 224)])
@pytest.mark.parametrize("how", ["stretch", "crop", "pad"])
def test_every_size_can_be_had(size: tuple[int, int], how: Resize) -> None:
    found = resized(PIXELS, size, how)
    assert found.shape == (*size, 3)
    assert np.isfinite(found).all()


@pytest.mark.tensorflow
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("how", ["stretch", "crop", "pad"])
def test_what_was_sized_already_is_prepared_alike(channels: int, how: Resize) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    recipe = Recipe(
        size=(5, 4), channels=channels, layout="NHWC", dtype=np.dtype(np.float32), preset="tf", bgr=False,
        resize=how,
    )  # fmt: skip
    assert np.array_equal(prepare(sized(pixels, recipe), recipe), prepare(pixels, recipe))
