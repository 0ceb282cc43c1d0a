"""What a path names: which file holds the graph, and which checkpoint stands beside it.

A checkpoint is named by its prefix, which is text: `folder/model.ckpt-20`, or `folder/` where its base name
is empty.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from bninspect.errors import GraphDefError
from bninspect.graphdef.schema import from_text
from bninspect.models.checkpoint import MAGIC

if TYPE_CHECKING:
    from pathlib import Path

SAVED = ("saved_model.pb", "saved_model.pbtxt")
PARTS = frozenset({
    *SAVED, "fingerprint.pb", "keras_metadata.pb", "tfhub_module.pb", "variables", "assets", "assets.extra",
})  # fmt: skip
"""What a SavedModel, or a module of TensorFlow Hub, is made of; all else in its folder is a model."""
_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}\Z")
_STATE = re.compile(rb"\s*(?:#.*\n\s*)*model_checkpoint_path\s*:")
_MOST_STATE = 1 << 20


def graph_of(path: str) -> str:
    """The file with the graph: the path itself, or the `.meta` beside the checkpoint that the path names.

    Raises GraphDefError where the path names a checkpoint and no graph is beside it.
    """
    prefix = _named(path)
    if prefix is None:
        return path
    meta = f"{prefix}.meta"
    if not _has_graph(prefix):
        raise GraphDefError(
            f"{path}: a checkpoint without its graph: {os.path.basename(meta)} is not beside it; name the "
            ".meta file of the graph, or a SavedModel"
        )
    return meta


def is_no_part(path: str) -> bool:
    """Whether the path is a file that is no part of a SavedModel, by its name and those of its folders."""
    return os.path.isfile(path) and PARTS.isdisjoint(re.split(r"[\\/]", path))


def bare_checkpoint(path: str) -> str | None:
    """The prefix of the checkpoint that the path names, where no graph is beside it; else None.

    Raises GraphDefError where it names a `checkpoint` file whose checkpoint is gone.
    """
    prefix = _named(path)
    return None if prefix is None or _has_graph(prefix) else prefix


def names_checkpoint(path: str) -> bool:
    """Whether the path names a checkpoint rather than a graph: its prefix, its folder, a file of it.

    Raises GraphDefError as `bare_checkpoint` does.
    """
    return _named(path) is not None


def _named(path: str) -> str | None:
    """The prefix of the checkpoint that a path names; None where it names a graph, or nothing."""
    if path == "-" or not path:
        return None
    try:
        if os.path.isfile(path) and not _is_of_checkpoint(path):
            return None
        from pathlib import Path

        return _prefix_of(Path(path))
    except (OSError, ValueError):
        return None  # the reader says what is wrong with it


def checkpoint_of(file: str, kind: str) -> str | None:
    """The prefix of the checkpoint that belongs to a file of this format; None where none is beside it."""
    if file == "-" or kind.startswith("graphdef"):
        return None
    from pathlib import Path

    path = Path(file)
    if kind.startswith("savedmodel"):
        folder = path if path.is_dir() else path.parent
        found = str(folder / "variables" / "variables")
    else:
        _, dot, ending = path.name.rpartition(".")
        found = file.removesuffix(dot + ending) or "./"
    return found if found != file and _is_there(found) else None


def _prefix_of(path: Path) -> str | None:
    """The prefix of a checkpoint, where the path names a checkpoint rather than a graph."""
    if path.is_dir():
        state = path / "checkpoint"
        if any((path / name).is_file() for name in SAVED):
            return None
        if state.is_file():
            return _stated(state)
        nameless = f"{path}/"
        return nameless if _has_graph(nameless) or _is_there(nameless) else None
    if not path.exists():
        return str(path) if _has_graph(str(path)) or _is_there(str(path)) else None
    if not path.is_file():
        return None
    head, tail = _ends(path)
    if _STATE.match(head):
        return _stated(path)
    if tail == MAGIC:
        return re.sub(r"-\d{5}-of-\d{5}\Z", "", str(path).removesuffix(".index"))
    return _SHARD.sub("", str(path)) if _SHARD.search(path.name) else None


def _is_of_checkpoint(file: str) -> bool:
    """Whether the file is one of those that a checkpoint consists of, or names one."""
    head, tail = _ends(file)
    return bool(_STATE.match(head) or tail == MAGIC or _SHARD.search(os.path.basename(file)))


def _ends(file: str | Path) -> tuple[bytes, bytes]:
    """The first bytes of a file, which tell a state from a graph, and its last: a magic number."""
    with open(file, "rb") as stream:
        head = stream.read(4096)
        stream.seek(-min(len(MAGIC), os.fstat(stream.fileno()).st_size), os.SEEK_END)
        return head, stream.read(len(MAGIC))


def _has_graph(prefix: str) -> bool:
    return os.path.isfile(f"{prefix}.meta")


def _is_there(prefix: str) -> bool:
    """Whether a checkpoint of this prefix stands there, be it whole or not."""
    from bninspect.models.checkpoint.checkpoint import packed_files, shard_files

    return os.path.isfile(f"{prefix}.index") or bool(packed_files(prefix) or shard_files(prefix))


def _stated(state: Path) -> str:
    """The prefix that a `checkpoint` file names, from the folder it stands in.

    For an empty base name TensorFlow writes `.`, and then does not find the checkpoint. A checkpoint that was
    moved or copied with its folder is found there, and not where an absolute path says that it was. Raises
    GraphDefError where the file names none that is there.
    """
    try:
        message = from_text("CheckpointState", state.read_bytes()[:_MOST_STATE], lenient=True)
    except GraphDefError as error:
        raise GraphDefError(f"{state}: {error}") from None
    named = message.model_checkpoint_path
    if not named:
        raise GraphDefError(f"{state}: names no checkpoint")
    base = re.split(r"[\\/]", named)[-1]
    folder, base = named.removesuffix(base), "" if base == "." else base
    places = [f"{state.parent / folder}/{base}", f"{state.parent}/{base}"]
    for prefix in reversed(places) if os.path.isabs(named) else places:
        if _has_graph(prefix) or _is_there(prefix):
            return prefix
    raise GraphDefError(f"{state}: names the checkpoint {named!r}, which is not there")
