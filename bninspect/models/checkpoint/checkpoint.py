"""A checkpoint: every tensor it holds by its key, read when asked for, of either format.

V2 (a TensorBundle: `prefix.index` and `prefix.data-00000-of-00001`, ...) lays the values out as they are, so
that they stay in the file; V1 (one file named by the prefix, or its shards) packs them into tables.
Source: tensorflow/core/util/tensor_bundle (tensor_bundle.cc), tensorflow/core/protobuf/tensor_bundle.proto
and tensorflow/core/util/tensor_slice_{reader,writer}.cc. Values are not checked against their checksums; that
the files hold as many bytes as they claim is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from bninspect.errors import GraphDefError, one_line
from bninspect.graphdef import TensorValue
from bninspect.graphdef.source import FileBytes
from bninspect.models.checkpoint import bundle, saved_slices
from bninspect.models.checkpoint.sorted_table import SortedTable

if TYPE_CHECKING:
    from collections.abc import Iterator


class Checkpoint(Mapping[str, TensorValue]):
    """The tensors of one checkpoint by key, in the order of the keys; strings and the like are left out."""

    def __init__(
        self,
        prefix: str,
        tensors: Mapping[str, TensorValue],
        objects: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self.prefix = prefix
        self.objects = objects
        """Number of an object -> the key of its value; none in a checkpoint of names."""
        self._tensors = dict(sorted(tensors.items()))

    @classmethod
    def open(cls, prefix: str) -> Checkpoint:
        """The checkpoint whose files begin with this prefix.

        Raises GraphDefError, naming the file, where one is missing, cut short, damaged or none.
        """
        index = Path(f"{prefix}.index")
        if index.is_file():
            with _naming(index):
                return _bundle(prefix, index)
        files = packed_files(prefix)
        if not files:
            raise GraphDefError(f"checkpoint {Path(prefix).name}: {index.name} is missing")
        tensors: dict[str, TensorValue] = {}
        for file in files:
            with _naming(file):
                _all_there(file, len(files))
                tensors.update(saved_slices.tensors(SortedTable(FileBytes(file))))
        return cls(prefix, tensors)

    def __getitem__(self, key: str) -> TensorValue:
        return self._tensors[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def packed_files(prefix: str) -> list[Path]:
    """The files of a V1 checkpoint of this prefix; none where there is none."""
    path = Path(prefix)
    return [path] if path.is_file() else _beside(prefix, "-?????-of-?????")


def shard_files(prefix: str) -> list[Path]:
    """The files with the values of a V2 checkpoint of this prefix; none where there is none."""
    return _beside(prefix, ".data-?????-of-?????")


def _beside(prefix: str, ending: str) -> list[Path]:
    """The files whose names are the prefix and this ending.

    A prefix is text and no Path, which would lose the slash of `folder/`: its base name may be empty.
    """
    folder, base = os.path.split(prefix)
    return sorted(Path(folder).glob(escape(base) + ending))


def _all_there(file: Path, count: int) -> None:
    """Raises GraphDefError where the name of a file of a V1 checkpoint tells of another number of files."""
    numbered = re.search(r"-of-(\d{5})\Z", file.name)
    if numbered is not None and int(numbered[1]) != count:
        raise GraphDefError(f"of its {int(numbered[1])} files {count} are there")


def _bundle(prefix: str, index: Path) -> Checkpoint:
    table = SortedTable(FileBytes(index))
    header = bundle.header(table)
    shards = []
    for number in range(header.num_shards):
        shard = Path(f"{prefix}.data-{number:05d}-of-{header.num_shards:05d}")
        if not shard.is_file():
            raise GraphDefError(f"its shard {shard.name} is missing")
        try:
            shards.append(bundle.Shard(shard.name, FileBytes(shard)))
        except OSError as error:
            raise GraphDefError(f"its shard {shard.name}: {error.strerror or error}") from None
    return Checkpoint(prefix, bundle.tensors(table, shards), bundle.object_keys(table, shards))


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Puts the name of the file in front of what is wrong with it."""
    try:
        yield
    except GraphDefError as error:
        raise GraphDefError(f"checkpoint {file.name}: {one_line(error)}") from None
    except OSError as error:
        raise GraphDefError(f"checkpoint {file.name}: {error.strerror or error}") from None
