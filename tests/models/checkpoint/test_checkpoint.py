"""Checkpoints read without TensorFlow hold what TensorFlow's own reader finds in them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.errors import GraphDefError
from bninspect.models.checkpoint.checkpoint import Checkpoint
from bninspect.models.checkpoint.locate import checkpoint_of, graph_of
from bninspect.models.restore import load
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Saved = tuple[str, dict[str, Any]]

PREFIXES = sorted(
    str(path)[: -len(".meta")]
    for path in FIXTURES.rglob("*.meta")
    if path.parent != FIXTURES and path.with_suffix(".index").exists()
)
PREFIXES += [
    str(path)[: -len(".index")] for path in sorted(FIXTURES.glob("saved_*/variables/variables.index"))
]


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow", reason="TensorFlow's own reader is the truth")


def same(prefix: str, tf: Any, known: Mapping[str, NDArray[Any]] = MappingProxyType({})) -> int:
    """Asserts that every tensor of numbers is the same bit for bit; how many there are. `known` holds those
    that TensorFlow's reader does not give.
    """
    theirs = tf.train.load_checkpoint(prefix)
    ours = Checkpoint.open(prefix)
    numbers = {key: dtype for key, dtype in theirs.get_variable_to_dtype_map().items() if dtype != tf.string}
    assert set(ours) == set(numbers)
    for key, value in ours.items():
        expected = known[key] if key in known else theirs.get_tensor(key)
        assert list(value.shape) == theirs.get_variable_to_shape_map()[key]
        found = value.array()
        assert found.dtype == (np.float32 if expected.dtype.name == "bfloat16" else expected.dtype)
        assert found.astype(expected.dtype).tobytes() == expected.tobytes(), key
    return len(numbers)


@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda path: path[len(str(FIXTURES)) + 1 :])
def test_every_tensor_of_the_fixtures(prefix: str, tf: Any) -> None:
    assert same(prefix, tf) > 0


@pytest.fixture(scope="module", params=["V1", "V2"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tf: Any) -> Saved:
    """A checkpoint with many types, a tensor of many blocks, one that packs well, and two in parts: its
    prefix, and the values of the two.
    """
    random = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp(request.param)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for dtype in (
            "float32",
            "float64",
            "float16",
            "bfloat16",
            "int8",
            "int32",
            "int64",
            "bool",
            "complex64",
        ):
            start = tf.cast(random.integers(0, 2, (3, 1, 5)), dtype)
            tf.compat.v1.Variable(start, name=f"of/{dtype}", use_resource=False)
        tf.compat.v1.Variable(random.normal(size=(700, 300)), name="blocks", dtype=tf.float32)
        tf.compat.v1.Variable(np.tile(np.arange(50.0), 4000), name="packs", dtype=tf.float32)
        tf.compat.v1.Variable(7, name="number", dtype=tf.int64)
        parts = tf.compat.v1.get_variable(
            "parts", (11, 4), partitioner=tf.compat.v1.fixed_size_partitioner(3), use_resource=False
        )
        long = tf.compat.v1.get_variable(
            "long", (900, 2), partitioner=tf.compat.v1.fixed_size_partitioner(2), use_resource=False
        )
        unread = ("bfloat16", "float16", "bool", "complex64")  # by TensorFlow, in the first format
        skip = {f"of/{dtype}" for dtype in unread} if request.param == "V1" else set()
        variables = [one for one in tf.compat.v1.global_variables() if one.op.name not in skip]
        session.run(tf.compat.v1.global_variables_initializer())
        version = getattr(tf.compat.v1.train.SaverDef, request.param)
        saver = tf.compat.v1.train.Saver(variables, write_version=version)
        prefix = str(saver.save(session, str(folder / "model.ckpt"), write_meta_graph=False))
        return prefix, {
            "parts": session.run(tf.convert_to_tensor(parts)),
            "long": session.run(tf.convert_to_tensor(long)),
        }


@pytest.fixture(scope="module")
def large(saved: Saved) -> str:
    """The prefix alone."""
    return saved[0]


def test_types_blocks_and_parts(saved: Saved, tf: Any) -> None:
    assert same(saved[0], tf, saved[1]) >= 10


def copied(source: str, folder: Path) -> Path:
    for path in Path(source).parent.glob(f"{Path(source).name}*"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder / Path(source).name


def test_cut_anywhere_it_is_refused(tmp_path: Path, large: str) -> None:
    prefix = copied(large, tmp_path)
    for path in sorted(tmp_path.iterdir()):
        data = path.read_bytes()
        for size in (0, 1, 7, 47, 48, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:size])
            with pytest.raises(GraphDefError, match=f"^checkpoint {path.name.partition('.data')[0]}"):
                list(Checkpoint.open(str(prefix)).values())
        path.write_bytes(data)
    assert Checkpoint.open(str(prefix))


@pytest.mark.parametrize("folder", ["wired_115", "format_v1_14"])
def test_any_byte_changed_ends_in_one_line(folder: str, tmp_path: Path) -> None:
    """Damage is refused, or (in a value) read as another number; nothing else happens."""
    prefix = copied(str(FIXTURES / "training" / folder / "model.ckpt-20"), tmp_path)
    random = np.random.default_rng(1)
    files = [
        path for path in sorted(tmp_path.iterdir()) if path.suffix not in (".data-00000-of-00001", ".meta")
    ]
    refused = 0
    for path in files:
        data = path.read_bytes()
        for position in random.integers(0, len(data), 60):
            damaged = bytearray(data)
            damaged[position] ^= 1 << int(random.integers(8))
            path.write_bytes(damaged)
            try:
                for value in Checkpoint.open(str(prefix)).values():
                    value.array()
            except GraphDefError:
                refused += 1
        path.write_bytes(data)
    assert refused > 30  # most bytes there are under a checksum


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (".data-00000-of-00001", r"its shard model.ckpt-20.data-00000-of-00001 is missing"),
        (".index", r"^checkpoint model.ckpt-20: model.ckpt-20.index is missing$"),
    ],
)
def test_a_missing_file(ending: str, message: str, tmp_path: Path) -> None:
    prefix = copied(str(FIXTURES / "training" / "wired_115" / "model.ckpt-20"), tmp_path)
    Path(f"{prefix}{ending}").unlink()
    with pytest.raises(GraphDefError, match=message):
        Checkpoint.open(str(prefix))


def test_what_is_left_of_a_checkpoint_is_not_passed_over(tmp_path: Path) -> None:
    """Without its index, it is no graph without a checkpoint."""
    prefix = copied(str(FIXTURES / "training" / "wired_115" / "model.ckpt-20"), tmp_path)
    Path(f"{prefix}.index").unlink()
    for ending in ("", ".meta", ".data-00000-of-00001"):
        with pytest.raises(GraphDefError, match=r"model.ckpt-20.index is missing$"):
            load(f"{prefix}{ending}")


def test_a_file_of_the_first_format_is_missing(tmp_path: Path) -> None:
    source = (FIXTURES / "training" / "format_v1_14" / "model.ckpt-20").read_bytes()
    (tmp_path / "model.ckpt-00001-of-00002").write_bytes(source)
    with pytest.raises(GraphDefError, match=r"^checkpoint model.ckpt-00001-of-00002: of its 2 files 1 are"):
        Checkpoint.open(str(tmp_path / "model.ckpt"))
    (tmp_path / "model.ckpt-00000-of-00002").write_bytes(source)
    assert Checkpoint.open(str(tmp_path / "model.ckpt"))


def test_a_shard_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the shard that is named, not the index that led to it."""
    prefix = copied(str(FIXTURES / "training" / "wired_115" / "model.ckpt-20"), tmp_path)
    opened = os.open

    def refusing(path: Path, *given: Any) -> Any:
        if ".data-" in path.name:
            raise PermissionError(13, "Permission denied")
        return opened(path, *given)

    monkeypatch.setattr("bninspect.graphdef.source.os.open", refusing)
    with pytest.raises(GraphDefError, match=r"its shard model.ckpt-20.data-\S+: Permission denied$"):
        Checkpoint.open(str(prefix))


@pytest.mark.parametrize("data", [b"", b"no table", b"\0" * 100, b"PK\x03\x04" * 40])
def test_a_foreign_file(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.ckpt.index").write_bytes(data)
    with pytest.raises(GraphDefError, match=r"^checkpoint model.ckpt.index: no checkpoint, or cut short"):
        Checkpoint.open(str(tmp_path / "model.ckpt"))


@pytest.mark.parametrize(
    "name", ["", "checkpoint", "model.ckpt-20", "model.ckpt-20.index", "model.ckpt-20.meta",
             "model.ckpt-20.data-00000-of-00001"],
)  # fmt: skip
def test_every_way_to_name_it(name: str) -> None:
    folder = FIXTURES / "training" / "wired_14"
    found = graph_of(str(folder / name))
    assert found == str(folder / "model.ckpt-20.meta")
    assert checkpoint_of(found, "metagraph") == str(folder / "model.ckpt-20")


@pytest.fixture
def nameless(tmp_path: Path) -> Path:
    """The folder of a checkpoint with an empty base name, as `saver.save(session, "folder/")` writes it,
    between checkpoints that begin with the name of the folder.
    """
    folder = tmp_path / "folder"
    folder.mkdir()
    for ending in (".meta", ".index", ".data-00000-of-00001"):
        shutil.copy(FIXTURES / "training" / "wired_14" / f"model.ckpt-20{ending}", folder / ending)
    (tmp_path / "folder-00000-of-00002").touch()
    return folder


@pytest.mark.parametrize("state", [None, ".", "", "/elsewhere/folder/"])
@pytest.mark.parametrize("name", ["", "checkpoint", ".index", ".meta", ".data-00000-of-00001"])
def test_an_empty_base_name(name: str, state: str | None, nameless: Path) -> None:
    """What TensorFlow writes to the file `checkpoint` of it: `.`, or the folder."""
    if state is not None:
        (nameless / "checkpoint").write_text(f'model_checkpoint_path: "{state or f"{nameless}/"}"\n')
    elif name == "checkpoint":
        pytest.skip("no such file")
    graph = load(str(nameless / name))
    assert graph.graphdef.checkpoint == f"{nameless}/"
    assert graph.graphdef.variables


def test_an_empty_base_name_in_the_current_folder(nameless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(nameless)
    assert load(".meta").graphdef.checkpoint == load(".").graphdef.checkpoint == "./"


def test_an_empty_base_name_without_its_values(nameless: Path) -> None:
    (nameless / ".index").unlink()
    with pytest.raises(GraphDefError, match=r"\.index is missing"):
        load(str(nameless))
    (nameless / ".data-00000-of-00001").unlink()
    assert load(str(nameless)).graphdef.checkpoint is None


def test_a_folder_that_was_moved(tmp_path: Path) -> None:
    copied(str(FIXTURES / "training" / "wired_14" / "model.ckpt-20"), tmp_path)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/model.ckpt-20"\n')
    assert graph_of(str(tmp_path)) == str(tmp_path / "model.ckpt-20.meta")
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-30"\n')
    with pytest.raises(GraphDefError, match=r"names the checkpoint 'model.ckpt-30', which is not there"):
        graph_of(str(tmp_path))


def test_a_folder_that_was_copied(tmp_path: Path) -> None:
    """What is asked about is the copy, though an absolute path leads to the original."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    for folder in (source, copy):
        folder.mkdir()
        prefix = copied(str(FIXTURES / "training" / "wired_14" / "model.ckpt-20"), folder)
        (folder / "checkpoint").write_text(f'model_checkpoint_path: "{source / prefix.name}"\n')
    assert graph_of(str(copy)) == str(copy / "model.ckpt-20.meta")
    for path in copy.glob("model.ckpt-20*"):
        path.unlink()
    assert graph_of(str(copy)) == str(source / "model.ckpt-20.meta")


@pytest.mark.parametrize("text", ["", 'model_checkpoint_path: ""', 'all_model_checkpoint_paths: "x"'])
def test_a_checkpoint_file_that_names_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text(text)
    with pytest.raises(GraphDefError, match=r"checkpoint: names no checkpoint$"):
        graph_of(str(tmp_path))


def test_without_its_graph(tmp_path: Path) -> None:
    prefix = copied(str(FIXTURES / "training" / "wired_14" / "model.ckpt-20"), tmp_path)
    Path(f"{prefix}.meta").unlink()
    with pytest.raises(GraphDefError, match=r"a checkpoint without its graph: model.ckpt-20.meta is not"):
        graph_of(str(prefix))
