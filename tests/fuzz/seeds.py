"""What the mutants are made of: the fixtures, read once, each with what kind of file it is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bninspect.errors import BninspectError
from bninspect.graphdef.reader import read
from bninspect.graphdef.schema import message_class
from tests.fuzz import data_sets
from tests.support.places import FIXTURES

MOST = 200_000
"""Bytes of a seed: larger ones are slow and hold no other structure."""
KINDS = (
    *("graphdef", "metagraph", "savedmodel", "text", "checkpoint", "hdf5", "configuration"),
    *data_sets.KINDS,
)
CONFIGURATIONS = Path(__file__).parent / "configurations"
_MESSAGES = {"graphdef": "GraphDef", "metagraph": "MetaGraphDef", "savedmodel": "SavedModel"}


class Seed(NamedTuple):
    """A file that a mutant is made of."""

    path: Path
    kind: str
    """One of KINDS: a binary message, protobuf text, a checkpoint beside its graph, a file of Keras, a
    configuration or a baseline, a data set.
    """

    @property
    def message(self) -> str:
        """The name of the message that the file holds."""
        return _MESSAGES[self.kind]


def seeds() -> list[Seed]:
    """Every fixture that is small enough, in a fixed order, the configurations and the data sets."""
    found = [Seed(path, "configuration") for path in sorted(CONFIGURATIONS.iterdir())]
    found += [Seed(path, kind) for kind, path in data_sets.files().items()]
    for path in sorted(FIXTURES.rglob("*")):
        if not path.is_file() or path.stat().st_size > MOST or path.parent.name == "variables":
            continue
        if path.suffix in (".index",) or ".data-" in path.name:
            continue
        if path.suffix in (".h5", ".keras"):
            found.append(Seed(path, "hdf5"))
        elif path.suffix in (".pb", ".meta", ".pbtxt"):
            found += _graph(path)
    return found


def _graph(path: Path) -> list[Seed]:
    """The seeds of a file with a graph: of a checkpoint's two, itself and its values."""
    try:
        kind = read(str(path)).format
    except BninspectError:
        return []
    if kind.endswith("-text"):
        return [Seed(path, "text")]
    made = [Seed(path, kind)]
    if path.with_suffix(".index").is_file():
        made.append(Seed(path, "checkpoint"))
    return made


def parsed(seed: Seed) -> object:
    """The message of a binary seed."""
    message = message_class(seed.message)()
    message.ParseFromString(seed.path.read_bytes())
    return message
