"""Which tensor of a checkpoint a variable is restored from: by the edges of the saver, not by names.

A saver writes its variables under keys that it chooses (an average's under the name of what it averages, an
object's under its path), so the graph is asked: RestoreV2 gives the tensor of a key, an Assign puts it into a
variable. A SavedModel of TensorFlow 2 tells besides which objects its functions are bound to. Where neither
tells of a variable, its own name is left, which is what a saver takes by default; but not where
another variable is restored from that key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.errors import GraphDefError
from bninspect.graph import flatten
from bninspect.graph.functions.scopes import data_inputs
from bninspect.graph.ops import REPLACES, VARIABLES
from bninspect.graph.search import upstream
from bninspect.graph.trace import content, declared_shape, same
from bninspect.graphdef import TensorValue
from bninspect.graphdef.schema import message_class
from bninspect.models.checkpoint import slices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bninspect.graph import Graph, Node, Tensor
    from bninspect.graphdef import GraphDef
    from bninspect.models.checkpoint.checkpoint import Checkpoint

_RESTORES = frozenset({"RestoreV2", "Restore", "RestoreSlice"})


class Key(NamedTuple):
    """What a variable is restored from."""

    name: str
    part: str
    """Which part of the tensor, as RestoreV2 is given it; empty for the whole."""


def values_of(graphdef: GraphDef, checkpoint: Checkpoint) -> Mapping[str, TensorValue]:
    """The values that the checkpoint has for the variables of this graph, by the name of the variable's node.

    Raises GraphDefError where one is of another shape or type than its variable, and where the checkpoint has
    none of them.
    """
    graph = flatten(graphdef, loops=False, only=_restoring(graphdef))
    restored, captured = _restored(graph), _captured(graphdef, checkpoint)
    others = {key.name for keys in (*restored.values(), *captured.values()) for key in keys}
    found = {}
    for node in graph:
        if node.op not in VARIABLES or node.functions:
            continue
        keys = [*restored.get(node, ()), *captured.get(node.name, ())]
        if not keys and (name := _own_key(node)) not in others:
            keys.append(Key(name, ""))
        key = next((key for key in keys if key.name in checkpoint), None)
        if key is not None:
            found[node.name] = _fitting(node, key, checkpoint[key.name])
    if checkpoint and not found:
        raise GraphDefError(
            f"the checkpoint holds none of its variables, but such as {next(iter(checkpoint))!r}: "
            "a checkpoint of another model"
        )
    return found


def _captured(graphdef: GraphDef, checkpoint: Checkpoint) -> Mapping[str, list[Key]]:
    """Name of a variable -> the key of the object that it is, by the functions that a SavedModel calls with
    it.

    A variable of Keras 3 may stand twice in the graph: what is restored, and what is served.
    """
    found: dict[str, list[Key]] = {}
    for node in graphdef.nodes if checkpoint.objects else ():
        objects = graphdef.captures.get(getattr(node.attr("f"), "name", ""), ())
        given = data_inputs(node)
        for name, number in zip(given[len(given) - len(objects) :], objects, strict=False):
            if number in checkpoint.objects:
                found.setdefault(name.partition(":")[0], []).append(Key(checkpoint.objects[number], ""))
    return found


def _restoring(graphdef: GraphDef) -> frozenset[str]:
    """The functions that restore variables, and those that call them."""
    wanted = {
        name
        for name, function in graphdef.functions.items()
        if any(node.op in _RESTORES for node in function.nodes)
    }
    callers = {
        name
        for name, function in graphdef.functions.items()
        if any(getattr(node.attr("f"), "name", None) in wanted for node in function.nodes if wanted)
    }
    return frozenset(wanted | callers)


def _restored(graph: Graph) -> Mapping[Node, list[Key]]:
    """Variable -> what the graph restores it from, in graph order. Where the file names the node that
    restores all, only what that one runs counts.
    """
    name = graph.graphdef.restore_op
    start = graph.node(name) if name is not None and name in graph else None
    nodes = graph if start is None else upstream([start])
    found: dict[Node, list[Key]] = {}
    for node in nodes:
        if node.op not in REPLACES:
            continue
        variable, source = same(node.inputs[0]).node, same(node.inputs[1])
        key = _key(source)
        if key is not None and variable.op in VARIABLES:
            found.setdefault(variable, []).append(key)
    return found


def _key(restored: Tensor) -> Key | None:
    """The key of a tensor that a RestoreV2 gives; None for any other, and where the keys are computed."""
    node, port = restored
    if node.op not in _RESTORES or len(node.inputs) < 2:
        return None
    names = _texts(node.inputs[1])
    parts = _texts(node.inputs[2]) if len(node.inputs) > 2 else ()
    if port >= len(names):
        return None
    return Key(names[port], parts[port] if port < len(parts) else "")


def _texts(tensor: Tensor) -> tuple[str, ...]:
    """The strings of a constant; none for anything else."""
    held = content(same(tensor).node)
    if held is None or held.dtype != "string":
        return ()
    return tuple(text.decode("utf-8", "replace") for text in held.array().reshape(-1))


def _own_key(node: Node) -> str:
    """The key a saver takes by default: the name of the variable."""
    shared = node.attr("shared_name")
    return shared.decode("utf-8", "replace") if isinstance(shared, bytes) and shared else node.name


def _fitting(node: Node, key: Key, value: TensorValue) -> TensorValue:
    """The value, or the part of it that the variable holds. Raises GraphDefError where it is of another shape
    or type than the variable.
    """
    extents = slices.parsed(key.part)
    if slices.is_part(extents):
        value = _part(value, extents)
    shape, dtype = declared_shape(node), str(node.attr("dtype") or value.dtype).removesuffix("_ref")
    if shape is not None and not _same_shape(shape, value.shape):
        raise GraphDefError(
            f"{key.name!r} is of shape {list(value.shape)} in the checkpoint, and its variable {node.name} "
            f"of {list(shape)}: a checkpoint of another model"
        )
    if dtype != value.dtype:
        raise GraphDefError(
            f"{key.name!r} is of type {value.dtype} in the checkpoint, and its variable {node.name} "
            f"of {dtype}: a checkpoint of another model"
        )
    return value


def _same_shape(declared: tuple[int, ...], stored: tuple[int, ...]) -> bool:
    """Whether a stored shape fits a declared one, in which -1 is any size."""
    return len(declared) == len(stored) and all(
        size in (-1, length) for size, length in zip(declared, stored, strict=True)
    )


def _part(value: TensorValue, extents: tuple[slices.Extent, ...]) -> TensorValue:
    """A part of a tensor as a tensor of its own."""
    if len(extents) != len(value.shape):
        raise GraphDefError(
            f"damaged: a part in {len(extents)} dimensions of a tensor with {len(value.shape)}"
        )
    array = value.array()[slices.region(extents)]
    message = message_class("TensorProto")(tensor_content=array.tobytes())
    message.dtype = value.type_number
    for size in array.shape:
        message.tensor_shape.dim.add(size=size)
    return TensorValue(message)
