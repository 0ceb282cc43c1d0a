"""Pixels -> what a model's input takes: size, channels, scale, order, dtype, layout.

The presets are those of `keras.applications.imagenet_utils`, computed in float32 in its order of operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.run import session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.options import Preprocess, Resize

PRESETS: tuple[Preprocess, ...] = ("raw", "unit", "tf", "caffe", "torch")
_COLOURED = frozenset({"caffe", "torch"})

_CAFFE_MEAN = np.array((123.68, 116.779, 103.939), np.float32)
_TORCH_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_TORCH_STD = np.array((0.229, 0.224, 0.225), np.float32)
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
"""Weights of red, green and blue in grey: ITU-R BT.601."""


@frozen_dataclass
class Recipe:
    """How pixels become one element of the input's batch."""

    size: tuple[int, int] | None
    """(height, width); None leaves each image as large as it is."""
    channels: int
    """1, 3 or 4."""
    layout: str
    """NHWC or NCHW."""
    dtype: np.dtype[Any]
    preset: Preprocess = "raw"
    bgr: bool = False
    """Blue first, as OpenCV gives pixels and the caffe preset wants them."""
    resize: Resize = "stretch"


def prepare(pixels: NDArray[Any], recipe: Recipe) -> NDArray[Any]:
    """One image as the input takes it: (height, width, channels), or channels first, in the recipe's dtype.

    `pixels` is (height, width, 1 to 4 channels), 0 to 255, RGB.
    """
    image = scaled(sized(pixels, recipe), recipe.preset)
    if recipe.bgr and recipe.channels >= 3:
        image = image[..., [2, 1, 0, *range(3, recipe.channels)]]
    if recipe.layout == "NCHW":
        image = np.moveaxis(image, -1, 0)
    if np.issubdtype(recipe.dtype, np.integer):
        limits = np.iinfo(recipe.dtype)
        image = np.clip(np.rint(image), limits.min, limits.max)
    return np.ascontiguousarray(image, recipe.dtype)


def sized(pixels: NDArray[Any], recipe: Recipe) -> NDArray[Any]:
    """The image with the channels and in the size of the recipe, still 0 to 255: what presets have in common.

    One that was sized already stays as it is.
    """
    image = with_channels(pixels, recipe.channels)
    return image if recipe.size is None else resized(image, recipe.size, recipe.resize)


def takes(preset: str, channels: int) -> bool:
    """Whether the preset is defined for that many channels."""
    return preset not in _COLOURED or channels == 3


def with_channels(pixels: NDArray[Any], channels: int) -> NDArray[Any]:
    """The image with that many channels: grey repeated, colours weighed to grey, alpha dropped or opaque."""
    image = pixels[..., :1] if pixels.shape[-1] == 2 else pixels
    if channels == 1:
        return _grey(image)
    if image.shape[-1] == 1:
        image = np.repeat(image, 3, axis=-1)
    if channels == 3:
        return image[..., :3]
    if image.shape[-1] == 4:
        return image
    return np.concatenate([image, np.full_like(image[..., :1], 255)], axis=-1)


def resized(image: NDArray[Any], size: tuple[int, int], how: str) -> NDArray[Any]:
    """The image in this (height, width), float32 where it had another.

    `stretch` ignores the aspect, `crop` covers the size and cuts what sticks out on both sides alike, `pad`
    fits inside it and fills up with black. Bilinear, without antialiasing: `tf.image.resize` as it comes.
    """
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    if how == "stretch":
        return session.resize(image, *size)
    ratios = (size[0] / height, size[1] / width)
    ratio = max(ratios) if how == "crop" else min(ratios)
    inner = max(1, round(height * ratio)), max(1, round(width * ratio))
    scaled_image = image.astype(np.float32) if inner == (height, width) else session.resize(image, *inner)
    if how == "crop":
        top, left = (inner[0] - size[0]) // 2, (inner[1] - size[1]) // 2
        return scaled_image[top : top + size[0], left : left + size[1]]
    canvas = np.zeros((*size, image.shape[-1]), np.float32)
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[0], left : left + inner[1]] = scaled_image
    return canvas


def scaled(image: NDArray[Any], preset: str) -> NDArray[Any]:
    """The RGB image 0..255 in the preset's scale, still RGB; `raw` as it is, the others float32."""
    if preset == "raw":
        return image
    values: NDArray[Any] = image.astype(np.float32)
    if preset == "tf":
        values = values / np.float32(127.5) - np.float32(1)
    elif preset == "caffe":
        values = values - _CAFFE_MEAN
    else:
        values = values / np.float32(255)
    if preset == "torch":
        values = (values - _TORCH_MEAN) / _TORCH_STD
    return values


def _grey(image: NDArray[Any]) -> NDArray[Any]:
    """One channel: the grey itself where there is no colour, else the luma, rounded for whole pixels."""
    if image.shape[-1] == 1 or (image[..., :1] == image[..., :3]).all():
        return image[..., :1]
    luma: NDArray[Any] = (image[..., :3].astype(np.float32) @ _LUMA)[..., None]
    return np.rint(luma).astype(image.dtype) if image.dtype == np.uint8 else luma
