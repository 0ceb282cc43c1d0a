"""Every format gives the same elements, and a file that is not as it has to be gives one line."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.errors import InputError
from bninspect.inputs.data.spec import open_data
from tests.support.data_sets import (
    example,
    feature,
    images,
    parquet,
    png_folder,
    record,
    script,
    shard,
    tfrecord,
)
from tests.support.pictures import png
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bninspect.inputs.data.spec import Data

PIXELS = images(7)
LABELS = [3, 1, 4, 1, 5, 9, 2]


def elements(data: Data) -> list[Mapping[str, Any]]:
    return [data.source.values(index) for index in range(data.source.count)]


def refused(*specs: str) -> str:
    """The line with which these are refused, when they are opened or when they are read."""
    with pytest.raises(InputError) as found:
        elements(open_data(specs))
    assert "\n" not in str(found.value)
    return str(found.value)


def test_encoded_images_are_the_bytes_of_the_files(tmp_path: Path) -> None:
    files = [png(image) for image in PIXELS]
    for spec, field in (
        (png_folder(tmp_path / "png", PIXELS), ""),
        (tfrecord(tmp_path / "x.tfrecord", PIXELS), "image/encoded"),
        (shard(tmp_path / "x.tar", PIXELS), "png"),
        (parquet(tmp_path / "x.parquet", PIXELS), "image"),
    ):
        data = open_data((spec,))
        assert [values[field] for values in elements(data)] == files, spec
        assert data.inputs == {field: None}


def test_rows_of_arrays_are_the_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PIXELS)
    np.save(tmp_path / "columns.npy", np.asfortranarray(PIXELS))
    np.savez(tmp_path / "unnamed.npz", PIXELS)
    np.savez_compressed(tmp_path / "named.npz", image=PIXELS, label=np.array(LABELS))
    for spec, field, inputs in (
        (str(tmp_path / "x.npy"), "", {"": None}),
        (str(tmp_path / "columns.npy"), "", {"": None}),
        (str(tmp_path / "unnamed.npz"), "", {"": None}),
        (str(tmp_path / "named.npz"), "image", {"image": "image", "label": "label"}),
        (f"{tmp_path}/named.npz#image=x:0", "image", {"image": "x:0"}),
        (script(tmp_path / "loader.py", PIXELS, "image"), "image", {"image": "image"}),
    ):
        data = open_data((spec,))
        np.testing.assert_array_equal([values[field] for values in elements(data)], PIXELS)
        assert data.inputs == inputs


def test_labels_come_with_their_images(tmp_path: Path) -> None:
    records = tfrecord(tmp_path / "x.tfrecord", PIXELS, LABELS)
    for spec, field in (
        (f"{records}#image/encoded,image/class/label=label", "image/class/label"),
        (shard(tmp_path / "x.tar", PIXELS, LABELS) + "#png,cls=label", "cls"),
    ):
        data = open_data((spec,))
        assert [int(np.squeeze(values[field])) for values in elements(data)] == LABELS
        assert data.inputs[field] == "label"


def test_features_of_every_kind_are_read(tmp_path: Path) -> None:
    features = {"text": feature(b"cat"), "whole": feature([-1, 2**40]), "numbers": feature([0.5, -2.0])}
    (tmp_path / "x.tfrecord").write_bytes(record(example(features)))
    (values,) = elements(open_data((f"{tmp_path}/x.tfrecord#text,whole=w,numbers=n",)))
    assert values["text"] == b"cat"
    assert values["whole"].tolist() == [-1, 2**40]
    assert values["numbers"].tolist() == [0.5, -2.0]
    assert values["numbers"].dtype == np.float32


def test_many_files_are_one_data_set_in_order(tmp_path: Path) -> None:
    for number in range(12):  # more than are open at a time
        np.save(tmp_path / f"{number:02d}.npy", PIXELS + np.uint8(number))
    for spec in (str(tmp_path), f"{tmp_path}/*.npy"):
        source = open_data((spec,)).source
        assert source.count == 12 * 7
        for index in (83, 0, 50, 6, 7):  # in any order
            np.testing.assert_array_equal(source.values(index)[""], PIXELS[index % 7] + np.uint8(index // 7))
        assert source.name(50).endswith("07.npy[1]")
        source.release()


def test_a_file_cut_short_is_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PIXELS)
    np.savez(tmp_path / "x.npz", PIXELS)
    tfrecord(tmp_path / "x.tfrecord", PIXELS)
    shard(tmp_path / "x.tar", PIXELS)
    parquet(tmp_path / "x.parquet", PIXELS)
    for name in ("x.npy", "x.npz", "x.tfrecord", "x.tar", "x.parquet"):
        path = tmp_path / name
        whole = path.read_bytes()
        # A tar file may end behind any member: it is cut within the first one.
        path.write_bytes(whole[: 600 if name == "x.tar" else len(whole) * 2 // 3])
        assert name in refused(str(path))
        path.write_bytes(b"")
        assert "is empty" in refused(str(path))


def test_a_flipped_bit_in_a_record_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.tfrecord"
    tfrecord(path, PIXELS)
    data = bytearray(path.read_bytes())
    data[100] ^= 4
    path.write_bytes(data)
    assert "does not match its checksum" in refused(str(path))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{}/nowhere.npy", "does not exist"),
        ("{}/*.npz", "matches no file"),
        ("{}/x.tfrecord#label", "has no feature label; it has image/encoded"),
        ("{}/x.tar#cls", "has no .cls; it has png"),
        ("{}/x.parquet#nothing", "has no column nothing; it has image, label"),
        ("{}/x.npz#y", "has no key y; it has arr_0"),
        ("{}/x.npy#y", "leave out #y"),
        ("{}/x.tfrecord#=label", "write PATH#FIELD"),
        ("{}/x.parquet#image,label", "say which input takes label"),
        ("{}/loader.py:nothing", "has no function nothing"),
        ("{}/broken.py:load_data", "ValueError: as it happens"),
        ("{}/wrong.py:load_data", "yields int: yield dicts of input name -> array"),
        ("{}/uneven.py:load_data", "without the same number of rows: a [2], b [3]"),
        ("{}/x.gz", "is packed with gzip: unpack it"),
        ("{}/x.txt", "is none of .npy, .npz, TFRecord, tar, parquet"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, spec: str, said: str) -> None:
    np.save(tmp_path / "x.npy", PIXELS)
    if "*" not in spec:
        np.savez(tmp_path / "x.npz", PIXELS)
    tfrecord(tmp_path / "x.tfrecord", PIXELS)
    shard(tmp_path / "x.tar", PIXELS)
    parquet(tmp_path / "x.parquet", PIXELS)
    script(tmp_path / "loader.py", PIXELS, "x")
    (tmp_path / "broken.py").write_text("def load_data():\n    raise ValueError('as it happens')\n")
    (tmp_path / "wrong.py").write_text("def load_data():\n    yield 5\n")
    (tmp_path / "uneven.py").write_text("def load_data():\n    yield {'a': [1, 2], 'b': [1, 2, 3]}\n")
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8b" + bytes(600))
    (tmp_path / "x.txt").write_text("text " * 200)
    assert said in refused(spec.format(tmp_path))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)
    assert "Python objects, which are not loaded" in refused(str(tmp_path / "x.npy"))


def test_a_function_that_does_not_give_the_same_twice_is_said(tmp_path: Path) -> None:
    path = tmp_path / "loader.py"
    path.write_text(
        "calls = []\n\n\ndef load_data():\n    calls.append(1)\n"
        "    for _ in range(4 - len(calls)):\n        yield {'x': [[1.0]]}\n"
    )
    assert "did not yield the same twice" in refused(f"{path}:load_data")


def test_addresses_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PIXELS)
    source = open_data((f"file://{tmp_path}/x.npy",)).source
    np.testing.assert_array_equal(source.values(3)[""], PIXELS[3])
    source.release()
    assert "nosuch" in refused("nosuch://bucket/x.npy")


@pytest.mark.parametrize("module", ["tensorflow", "pyarrow", "fsspec"])
def test_records_and_shards_need_none_of_these(tmp_path: Path, module: str) -> None:
    tfrecord(tmp_path / "x.tfrecord", PIXELS)
    shard(tmp_path / "x.tar", PIXELS)
    np.save(tmp_path / "x.npy", PIXELS)
    code = (
        "import sys\nsys.modules[sys.argv[1]] = None\n"
        "from bninspect.inputs.data.spec import open_data\n"
        "for path in sys.argv[2:]:\n"
        "    source = open_data((path,)).source\n"
        "    assert len([source.values(index) for index in range(source.count)]) == 7\n"
        "    source.release()\n"
    )
    paths = [str(tmp_path / name) for name in ("x.tfrecord", "x.tar", "x.npy")]
    subprocess.run([sys.executable, "-c", code, module, *paths], check=True, cwd=ROOT)


@pytest.mark.parametrize(("module", "spec"), [("pyarrow", "x.parquet"), ("fsspec", "s3://bucket/x.tar")])
def test_what_an_extra_is_needed_for_is_said(tmp_path: Path, module: str, spec: str) -> None:
    parquet(tmp_path / "x.parquet", PIXELS)
    code = (
        "import sys\nsys.modules[sys.argv[1]] = None\n"
        "from bninspect.errors import InputError\n"
        "from bninspect.inputs.data.spec import open_data\n"
        "try:\n    open_data((sys.argv[2],))\n"
        "except InputError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, module, spec], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert f"the extra `{'parquet' if module == 'pyarrow' else 'remote'}`" in done.stdout
