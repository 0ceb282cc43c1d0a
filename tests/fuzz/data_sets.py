"""Damaged data sets: a file of each format that `--data` reads, changed blindly, or below its checksums.

Blind damage ends at the first checksum. So the content of a record, of a member of an archive or of a tar
header is changed, too, and what was checked is summed again.
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bninspect.inputs.data.spec import open_data
from tests.fuzz import scripts
from tests.support.data_sets import example, feature, images, parquet, record, shard
from tests.support.pictures import png

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Damage = Callable[[bytes, random.Random], bytes]

KINDS = ("npy", "npz", "tfrecord", "tar", "parquet", "script")
_MOST = 64
"""Elements that are read of a mutant."""
_FIELDS = {
    "npy": ("",),
    "npz": ("", "#image", "#image=x,label=y"),
    "tfrecord": ("", "#image", "#text", "#numbers,whole=w,image=i", "#whole"),
    "tar": ("", "#png", "#png,cls=y", "#cls"),
    "parquet": ("", "#image", "#label", "#image,label=y"),
    "py": (*[":load_data"] * 12, ":load_data#image", ":calls", ":Odd", ""),
}
"""Ending -> what may stand behind its path."""
_WRONG = "#nothing"
_BLOCK, _SUM = 512, slice(148, 156)


@cache
def files() -> dict[str, Path]:
    """Kind -> a small file of it, made once."""
    folder = Path(tempfile.mkdtemp(prefix="bninspect-fuzz-data-"))
    pixels, labels = images(3, (4, 4)), [3, 1, 4]
    np.save(folder / "x.npy", pixels)
    np.savez_compressed(folder / "x.npz", image=pixels, label=np.array(labels))
    parquet(folder / "x.parquet", pixels, 2)
    shard(folder / "x.tar", pixels, labels)
    (folder / "x.tfrecord").write_bytes(b"".join(record(_example(image)) for image in pixels))
    (folder / "x.py").write_text(scripts.GOOD, encoding="utf-8")
    return {kind: folder / ("x.py" if kind == "script" else f"x.{kind}") for kind in KINDS}


def _example(image: np.ndarray) -> bytes:
    held = {"image/encoded": png(image), "image": png(image), "text": b"cat", "whole": [-1, 2**40]}
    return example({**{name: feature(value) for name, value in held.items()}, "numbers": feature([0.5, 2.0])})


def damaged(kind: str, data: bytes, generator: random.Random, change: Damage) -> bytes:
    """The bytes of a file of this kind, damaged by `change`: as a whole, or where a checksum covers it."""
    if generator.random() < 0.4:
        return change(data, generator)
    match kind:
        case "tfrecord":
            return b"".join(record(change(_example(image), generator)) for image in images(3, (4, 4)))
        case "npz":
            return _repacked(data, generator, change)
        case "script":
            return scripts.drawn(generator).encode()
        case "tar":
            return _summed(data, generator, change)
        case "npy":  # its header alone
            return change(data[:128], generator) + data[128:]
        case _:  # what describes it stands at the end
            return data[:-600] + change(data[-600:], generator)


def _repacked(data: bytes, generator: random.Random, change: Damage) -> bytes:
    """A zip archive, of which one member is damaged."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(packed, "w") as after:
        names = before.namelist()
        chosen = generator.choice(names)
        for name in names:
            held = before.read(name)
            if name == chosen:
                held = change(held[:128], generator) + held[128:]
            after.writestr(name, held)
    return packed.getvalue()


def _summed(data: bytes, generator: random.Random, change: Damage) -> bytes:
    """A tar file, of which one header is damaged and summed again."""
    headers = [at for at in range(0, len(data), _BLOCK) if data[at + 257 : at + 262] == b"ustar"]
    at = generator.choice(headers)
    header = bytearray((change(data[at : at + _BLOCK], generator) + bytes(_BLOCK))[:_BLOCK])
    header[_SUM] = b" " * 8
    header[_SUM] = b"%06o\0 " % sum(header)
    return data[:at] + bytes(header) + data[at + _BLOCK :]


def read(path: Path, generator: random.Random) -> int:
    """How many elements there are; the first of them are read. Raises as `open_data` and the source do."""
    fields = generator.choice((*_FIELDS[path.suffix[1:]] * 4, _WRONG))
    before = sys.path.copy()
    try:
        source = open_data((f"{path}{fields}",)).source
        for index in range(min(source.count, _MOST)):
            source.name(index)
            source.values(index)
        source.release()
    finally:
        sys.path[:] = before  # a script has its folder there
    return source.count
