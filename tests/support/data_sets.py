"""The same images in every format that `--data` reads. TFRecords are written by their definition."""

from __future__ import annotations

import io
import struct
import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.checksum import masked_crc32c
from bninspect.graphdef.wire import to_varint
from tests.support.messages import field
from tests.support.pictures import png

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]


def images(count: int, size: tuple[int, int] = (8, 8), seed: int = 0) -> Array:
    """uint8, shape (count, height, width, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (count, *size, 3)).astype(np.uint8)


def png_folder(folder: Path, pixels: Array) -> str:
    """A folder of PNG files, named in order."""
    folder.mkdir()
    for number, image in enumerate(pixels):
        (folder / f"{number:05d}.png").write_bytes(png(image))
    return str(folder)


def feature(value: bytes | Sequence[int] | Sequence[float]) -> bytes:
    """A Feature: one text, whole numbers (packed), or other numbers."""
    if isinstance(value, bytes):
        return field(1, field(1, value))
    if all(isinstance(number, int) for number in value):
        return field(3, field(1, b"".join(to_varint(int(number) % 2**64) for number in value)))
    return field(2, field(1, np.asarray(value, "<f4").tobytes()))


def example(features: Mapping[str, bytes]) -> bytes:
    """A tf.train.Example of these Features."""
    entries = (field(1, field(1, name.encode()) + field(2, held)) for name, held in features.items())
    return field(1, b"".join(entries))


def record(data: bytes) -> bytes:
    """One record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return length + _sum(length) + data + _sum(data)


def tfrecord(path: Path, pixels: Array, labels: Sequence[int] | None = None) -> str:
    """A TFRecord file with `image/encoded`, and `image/class/label` where there are labels."""
    records = []
    for number, image in enumerate(pixels):
        features = {"image/encoded": feature(png(image))}
        if labels is not None:
            features["image/class/label"] = feature([labels[number]])
        records.append(record(example(features)))
    path.write_bytes(b"".join(records))
    return str(path)


def shard(path: Path, pixels: Array, labels: Sequence[int] | None = None) -> str:
    """A tar file with `N.png`, and `N.cls` where there are labels."""
    with tarfile.open(path, "w") as archive:
        for number, image in enumerate(pixels):
            _add(archive, f"part/{number:05d}.png", png(image))
            if labels is not None:
                _add(archive, f"part/{number:05d}.cls", str(labels[number]).encode())
    return str(path)


def parquet(path: Path, pixels: Array, group: int = 3) -> str:
    """A parquet file with a column `image` of structs with `bytes`, as hubs have it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    held = [{"bytes": png(image), "path": f"{number}.png"} for number, image in enumerate(pixels)]
    pq.write_table(pa.table({"image": held, "label": list(range(len(held)))}), path, row_group_size=group)
    return str(path)


def script(path: Path, pixels: Array, key: str, batch: int = 3) -> str:
    """A file with a function that yields the pixels in batches of this size."""
    np.save(path.with_suffix(".saved.npy"), pixels)
    path.write_text(
        "import numpy as np\n\n\ndef load_data():\n"
        f"    pixels = np.load({str(path.with_suffix('.saved.npy'))!r})\n"
        f"    for start in range(0, len(pixels), {batch}):\n"
        f"        yield {{{key!r}: pixels[start:start + {batch}]}}\n"
    )
    return f"{path}:load_data"


def all_formats(folder: Path, pixels: Array, key: str) -> dict[str, list[str]]:
    """Format -> the options that name these images; `key` is the input that takes them."""
    np.save(folder / "x.npy", pixels)
    arrays: dict[str, Any] = {key: pixels}
    np.savez(folder / "x.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", pixels)
    return {
        "png": ["--image", png_folder(folder / "png", pixels)],
        "folder": ["--data", str(folder / "png")],
        "npy": ["--data", str(folder / "x.npy")],
        "npz": ["--data", str(folder / "x.npz")],
        "packed": ["--data", str(folder / "packed.npz")],
        "tfrecord": ["--data", tfrecord(folder / "x.tfrecord", pixels)],
        "tar": ["--data", shard(folder / "x.tar", pixels)],
        "parquet": ["--data", parquet(folder / "x.parquet", pixels)],
        "script": ["--data", script(folder / "loader.py", pixels, key)],
    }


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _sum(data: bytes) -> bytes:
    return masked_crc32c(data).to_bytes(4, "little")
