"""Nothing is lost without a word: damage that looks like a shorter file; and loaders as people write them."""

from __future__ import annotations

import io
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.errors import InputError
from bninspect.inputs.data.spec import open_data
from tests.support.data_sets import example, images, parquet as write_parquet, record, shard
from tests.support.messages import field
from tests.support.pictures import png

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = images(3)


def read(path: Path | str) -> None:
    """Every element."""
    source = open_data((str(path),)).source
    for index in range(source.count):
        source.values(index)


def refused(path: Path | str) -> str:
    """The line with which it is refused."""
    with pytest.raises(InputError) as found:
        read(path)
    assert "\n" not in str(found.value)
    return str(found.value)


def test_a_shard_without_its_end_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    shard(path, PIXELS)
    whole = path.read_bytes()
    first = 512 + -(-len(png(PIXELS[0])) // 512) * 512
    for size in (first, first + 100, 2 * first):  # behind a member, within a header, behind the second
        path.write_bytes(whole[:size])
        assert "is cut short" in refused(path)
    broken = bytearray(whole)
    broken[first + 3] ^= 1  # of the second header
    path.write_bytes(broken)
    assert f"no member begins at byte {first}" in refused(path)


def test_shards_joined_to_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    shard(path, PIXELS)
    path.write_bytes(path.read_bytes() * 2)
    assert "goes on behind its end" in refused(path)


def test_members_that_are_links_or_come_twice(tmp_path: Path) -> None:
    data, path = png(PIXELS[0]), tmp_path / "x.tar"

    def add(archive: tarfile.TarFile, name: str, kind: bytes = tarfile.REGTYPE) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "a.png"
        info.size = len(data) if kind == tarfile.REGTYPE else 0
        archive.addfile(info, io.BytesIO(data))

    for name, kind in (("b.png", tarfile.LNKTYPE), ("b.png", tarfile.SYMTYPE), ("a.png", tarfile.REGTYPE)):
        with tarfile.open(path, "w") as archive:
            add(archive, "a.png")
            add(archive, name, kind)
        if kind == tarfile.LNKTYPE:  # holds what it leads to
            source = open_data((str(path),)).source
            assert [source.values(index)["png"] for index in range(source.count)] == [data, data]
            source.release()
        else:
            said = "b.png is a link" if kind == tarfile.SYMTYPE else "holds a.png twice"
            assert said in refused(path)


def test_a_row_group_with_fewer_rows_than_it_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    read_group = parquet.ParquetFile.read_row_group

    def shortened(file: Any, number: int, **given: Any) -> Any:
        return read_group(file, number, **given).slice(1)

    monkeypatch.setattr(parquet.ParquetFile, "read_row_group", shortened)
    assert "row group 0 lacks rows" in refused(write_parquet(tmp_path / "x.parquet", PIXELS))


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f4', (",
        b"[" * 300,
        b"{[]: 1}",
        b"{'descr': '|V0', 'fortran_order': False, 'shape': (2,)}",
    ],
)
def test_the_header_of_an_array_is_no_header(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    refused(path)


def test_rows_without_values_are_no_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((10**6, 0)))
    assert "holds no rows of values" in refused(tmp_path / "x.npy")


@pytest.mark.parametrize(
    "held", [field(2, field(1, b"123")), field(3, field(1, b"\xff" * 9 + b"\x7f")), b"\x0a\x50"]
)
def test_a_damaged_feature_below_a_right_checksum(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "x.tfrecord"
    path.write_bytes(record(example({"image/encoded": held})))
    assert "a feature is damaged" in refused(path)


def test_a_loader_is_run_as_python_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies beside it is found, and a dataclass may stand in it."""
    (tmp_path / "beside_the_loader.py").write_text("ROWS = [[1.0], [2.0]]\n")
    (tmp_path / "loader.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
        "\n\n@dataclass\nclass Row:\n    kind: ClassVar[int] = 1\n"
        "    value: list[float]\n\n\ndef load_data():\n"
        "    from beside_the_loader import ROWS\n    yield {'x': [Row(row).value for row in ROWS]}\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    source = open_data((f"{tmp_path}/loader.py:load_data",)).source
    assert [float(source.values(index)["x"][0]) for index in range(source.count)] == [1.0, 2.0]


def test_a_loader_that_ends_the_process_or_changes_its_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import sys\nsys.exit(0)\n")
    assert "SystemExit" in refused(f"{tmp_path}/ends.py:load_data")
    (tmp_path / "names.py").write_text("def load_data():\n    yield {'x': [1]}\n    yield {'y': [1]}\n")
    assert "other names from batch to batch: x, then y" in refused(f"{tmp_path}/names.py:load_data")


def test_an_address_under_which_nothing_is() -> None:
    pytest.importorskip("fsspec")
    assert refused("memory://nothing.npy").endswith("nothing.npy cannot be read: it does not exist")
