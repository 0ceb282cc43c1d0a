"""Models whose weights stand beside the graph: a MetaGraph with its checkpoint, a SavedModel with its
variables.

`load` opens whatever holds a graph, with the values of its variables where they can be read, and imports no
TensorFlow; `models.open` adds what has to be loaded first.
"""

from __future__ import annotations

from dataclasses import replace

from bninspect.errors import GraphDefError, one_line
from bninspect.graph import Graph, collector_held_off, flatten
from bninspect.graph.ops import VARIABLES
from bninspect.graphdef import GraphDef, read
from bninspect.models.checkpoint.locate import checkpoint_of, graph_of


def load(path: str) -> Graph:
    """The graph of the model at this path, with the values of its variables where a checkpoint stands
    beside it.

    `.pb`, `.pbtxt`, `.meta`, the prefix of a checkpoint, its `checkpoint` file or folder, a SavedModel; `-`
    for standard input. Raises GraphDefError: one line that says what the file seems to be and what to do; a
    checkpoint that is there and cannot be read is one, too.
    """
    with collector_held_off():
        file = graph_of(path)
        graphdef = replace(read(file), path=path)
        prefix = checkpoint_of(file, graphdef.format) if _has_variables(graphdef) else None
        if prefix is not None:
            graphdef = with_checkpoint(graphdef, prefix)
        return flatten(graphdef)


def with_checkpoint(graphdef: GraphDef, prefix: str) -> GraphDef:
    """The records, with the values that the checkpoint of this prefix has for their variables.

    Raises GraphDefError where it cannot be read, or is another model's.
    """
    from bninspect.models.checkpoint.checkpoint import Checkpoint
    from bninspect.models.checkpoint.keys import values_of

    try:
        values = values_of(graphdef, Checkpoint.open(prefix))
    except GraphDefError as error:
        raise GraphDefError(f"{graphdef.path}: {one_line(error)}") from None
    return replace(graphdef, variables=values, checkpoint=prefix)


def _has_variables(graphdef: GraphDef) -> bool:
    return not VARIABLES.isdisjoint([node.op for node in graphdef.nodes])
