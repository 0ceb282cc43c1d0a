"""scikit-learn's digits as the networks see them: 1,797 real scans of 8x8 pixels, split once and for all.

A pixel is stored as the byte that a PNG holds (0 to 255), and fed as that byte over 255: what `--preprocess
unit` makes of the PNG. So a network sees the same numbers from memory and from files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.support.pictures import png

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TEST_SHARE = 3
"""Every image whose place in a shuffled order divides by it is a test image: 599 of 1,797."""
SEED = 4


class Digits(NamedTuple):
    """Images (float32, 0 to 1, [n, 8, 8, 1]) and what they show (int64, [n])."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


def digits() -> tuple[Digits, Digits]:
    """The training images and the test images. Needs scikit-learn, which holds them."""
    from sklearn.datasets import load_digits

    data: Any = load_digits()
    pixels = np.round(data.images[..., None] * (255 / 16)).astype(np.uint8)
    images = pixels.astype(np.float32) / np.float32(255)
    labels = data.target.astype(np.int64)
    order = np.random.default_rng(SEED).permutation(len(images))
    held_out = np.arange(len(order)) % TEST_SHARE == 0
    train, test = order[~held_out], order[held_out]
    return Digits(images[train], labels[train]), Digits(images[test], labels[test])


def write_pngs(images: NDArray[np.float32], folder: Path) -> tuple[Path, ...]:
    """One 8x8 grey PNG per image, `0000.png` and on, in a folder that is made for them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, image in enumerate(images):
        path = folder / f"{number:04}.png"
        path.write_bytes(png(np.round(image * 255).astype(np.uint8)))
        paths.append(path)
    return tuple(paths)
