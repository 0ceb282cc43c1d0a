"""Any model, opened: what every command begins with.

A file that holds a graph is read, and never run. A Keras file holds none: it is checked, loaded with Keras
under TensorFlow, and frozen in memory, and only then is TensorFlow imported.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.errors import RunError
from bninspect.graph import Graph, collector_held_off, flatten
from bninspect.graphdef import TensorValue
from bninspect.graphdef.reader import naming, records
from bninspect.graphdef.sniff import ArchiveError
from bninspect.graphdef.tensors import parse
from bninspect.models import restore as variables

if TYPE_CHECKING:
    from bninspect.graphdef import GraphDef


def path_of(model: str | os.PathLike[str] | Graph) -> str:
    """The path of a model, as it was given when it was loaded; `-` for standard input."""
    return model.graphdef.path if isinstance(model, Graph) else os.fspath(model)


def load(model: str | os.PathLike[str] | Graph) -> Graph:
    """The graph of the model at this path, with the values of its variables where they can be read; of a
    graph that is loaded already, itself.

    `.pb`, `.pbtxt`, `.meta`, a checkpoint, a SavedModel, `.keras`, `.h5`, each known by its content; `-` for
    standard input. Raises GraphDefError: one line that says what the file seems to be and what to do; of a
    Keras file also RunError, where TensorFlow or Keras is missing or does not load it.
    """
    if isinstance(model, Graph):
        return model
    path = path_of(model)
    try:
        return variables.load(path)
    except ArchiveError as found:
        archive = found
    graphdef = _of_keras(archive, path)
    with collector_held_off():
        return flatten(graphdef)


def _of_keras(archive: ArchiveError, path: str) -> GraphDef:
    """The records of the graph that Keras makes of the archive."""
    from bninspect.files import workplace
    from bninspect.models.keras.file import unpacked
    from bninspect.models.keras.session import frozen

    with naming(path), workplace() as folder:
        file = unpacked(archive, folder)
        try:
            made = frozen(file)
        except RunError as error:
            raise RunError(f"{path}: {error}") from error
        found = records(made.serialized, path)
        values = None
        if made.variables is not None:
            values = {name: TensorValue(parse("TensorProto", data)) for name, data in made.variables.items()}
        return replace(
            found,
            format=file.format,
            size=len(archive.buffer),
            signatures=(made.signature,),
            producer=None,
            variables=values,
        )
