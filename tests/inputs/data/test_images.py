"""Image files: which are meant, and what comes out of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.errors import InputError
from bninspect.inputs.data import exif, images
from bninspect.inputs.data.files import find_images
from tests.support.pictures import PIXELS, bmp, gif, png, tensorflow, tiff, with_exif

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PALETTE = np.random.default_rng(3).integers(0, 256, (256, 3)).astype(np.uint8)


def _decoded(path: Path, data: bytes) -> NDArray[np.generic]:
    path.write_bytes(data)
    return images.decode(images.read(path), path)


@pytest.mark.tensorflow
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_of_every_number_of_channels(tmp_path: Path, channels: int) -> None:
    pixels = np.concatenate([PIXELS, PIXELS], axis=-1)[..., :channels]
    assert np.array_equal(_decoded(tmp_path / "a.png", png(pixels)), pixels)


@pytest.mark.tensorflow
def test_png_of_16_bits_keeps_what_8_would_lose(tmp_path: Path) -> None:
    deep = PIXELS.astype(np.uint16) * 257 + 100
    found = _decoded(tmp_path / "a.png", png(deep.clip(max=65535)))
    assert found.dtype == np.float32
    assert np.allclose(found, deep.clip(max=65535) / 257, rtol=0, atol=1e-4)


@pytest.mark.tensorflow
def test_png_with_a_palette_gives_its_colours(tmp_path: Path) -> None:
    indices = PIXELS[..., :1]
    assert np.array_equal(_decoded(tmp_path / "a.png", png(indices, PALETTE)), PALETTE[indices[..., 0]])


@pytest.mark.tensorflow
def test_bmp_of_colours_and_of_a_palette(tmp_path: Path) -> None:
    assert np.array_equal(_decoded(tmp_path / "a.bmp", bmp(PIXELS)), PIXELS)
    indices = PIXELS[..., :1]
    assert np.array_equal(_decoded(tmp_path / "b.bmp", bmp(indices, PALETTE)), PALETTE[indices[..., 0]])


@pytest.mark.tensorflow
def test_the_first_frame_of_a_gif(tmp_path: Path) -> None:
    indices = PIXELS[..., 0] % 4
    found = _decoded(tmp_path / "a.gif", gif(indices, PALETTE[:4]))
    assert np.array_equal(found, PALETTE[:4][indices])


@pytest.mark.tensorflow
def test_jpeg_is_what_tensorflow_decodes_and_always_coloured(tmp_path: Path) -> None:
    tf = tensorflow()
    for pixels in (PIXELS, PIXELS[..., :1]):
        data = tf.io.encode_jpeg(pixels).numpy()
        found = _decoded(tmp_path / "a.jpg", data)
        assert np.array_equal(found, tf.io.decode_jpeg(data, channels=3).numpy())


@pytest.mark.tensorflow
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_turns_jpeg_and_png(tmp_path: Path, order: str) -> None:
    tf = tensorflow()
    data = tf.io.encode_jpeg(PIXELS).numpy()
    lying = tf.io.decode_jpeg(data).numpy()
    found = _decoded(tmp_path / "a.jpg", with_exif(data, tiff(6, order)))
    assert np.array_equal(found, np.rot90(lying, -1))
    found = _decoded(tmp_path / "a.png", png(PIXELS, exif=tiff(8, order)))
    assert np.array_equal(found, np.rot90(PIXELS, 1))


def test_the_eight_orientations() -> None:
    transposed = PIXELS.swapaxes(0, 1)
    upright = {
        1: PIXELS,
        2: np.fliplr(PIXELS),
        3: np.rot90(PIXELS, 2),
        4: np.flipud(PIXELS),
        5: transposed,
        6: np.rot90(PIXELS, -1),
        7: np.rot90(transposed, 2),
        8: np.rot90(PIXELS, 1),
    }
    for value, pixels in upright.items():
        assert np.array_equal(exif.upright(PIXELS, value), pixels), value


@pytest.mark.parametrize("block", [b"", b"II", tiff(9), tiff(6)[:12], b"II*\0\xff\xff\xff\xff", b"XX" * 20])
def test_damaged_exif_is_an_image_as_it_lies(block: bytes) -> None:
    assert exif.orientation(with_exif(b"\xff\xd8\xff\xd9", block)) == 1
    assert exif.orientation(png(PIXELS, exif=block)) == 1


def test_files_folders_and_globs_are_sorted_and_taken_once(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "c.txt", "d.gif"):
        (tmp_path / name).write_bytes(b"x")
    everything = [tmp_path / name for name in ("a.JPG", "b.png", "d.gif")]
    assert list(find_images([str(tmp_path)])) == everything
    assert list(find_images([str(tmp_path / "d.gif"), str(tmp_path / "*.[pg]*"), str(tmp_path)])) == [
        tmp_path / "d.gif",
        tmp_path / "b.png",
        tmp_path / "a.JPG",
    ]


def test_a_name_with_brackets_is_a_name_first(tmp_path: Path) -> None:
    (tmp_path / "a[1].png").write_bytes(b"x")
    assert find_images([str(tmp_path / "a[1].png")]) == (tmp_path / "a[1].png",)


def test_what_stands_for_no_file(tmp_path: Path) -> None:
    for pattern, told in (
        ("no.png", "does not exist"),
        ("*.png", "matches no file"),
        ("", "name another, or a glob"),
    ):
        with pytest.raises(InputError, match=told):
            find_images([str(tmp_path / pattern)])


def test_what_is_no_image(tmp_path: Path) -> None:
    for data, told in ((b"", "is empty"), (b"%PDF-1.7", "is no JPEG")):
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(InputError, match=told):
            images.read(tmp_path / "a.png")


@pytest.mark.tensorflow
@pytest.mark.parametrize("data", [png(PIXELS)[:40], b"\xff\xd8\xff\xe0abc", b"GIF89a", b"BM" + b"\0" * 60])
def test_damaged_images_are_named(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError, match=r"bad\.png is damaged") as error:
        _decoded(tmp_path / "bad.png", data)
    assert "\n" not in str(error.value)
