"""The names of a Keras model's graph as the author of the model knows them.

Keras opens the scope of a layer twice in a graph, so that TensorFlow numbers it: what the author calls `bn`
stands in `bn_1`, which may be the name of the next layer. While the model is traced, each layer notes the
scope that it is called in; afterwards the scope is named after the layer, and a variable as Keras has it
(`bn/gamma`).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(slots=True)
class Scopes:
    """What the layers of a model are called in its graph."""

    by_scope: dict[str, str] = field(default_factory=dict)
    """Scope of TensorFlow -> the path of the layer that was called in it, `model/block/bn`."""
    by_layer: dict[int, str] = field(default_factory=dict)
    """id of a layer -> its path, at its first call."""
    open: list[tuple[str, str]] = field(default_factory=list)
    """(scope, path) of the layers whose call is under way, outermost first."""
    graph: Any = None
    """The graph that is traced. What stands in the body of a loop has scopes of its own, and keeps them."""


@contextmanager
def noted(tf: Any, model: Any) -> Iterator[Scopes]:
    """The scopes of a model that is traced in this context: its layers note them, and are then as before."""
    scopes = Scopes()
    layers = model._flatten_layers()
    for layer in layers:
        layer.call = _noting(tf, layer, layer.call, scopes)
    try:
        yield scopes
    finally:
        for layer in layers:
            del layer.call


def _noting(tf: Any, layer: Any, call: Callable[..., Any], scopes: Scopes) -> Callable[..., Any]:
    @wraps(call)
    def noting(*inputs: Any, **options: Any) -> Any:
        graph, scope = tf.compat.v1.get_default_graph(), tf.get_current_name_scope()
        if scopes.graph is None:
            scopes.graph = graph
        outer = scopes.open[-1] if scopes.open else ("", "")
        path = f"{outer[1]}/{layer.name}" if outer[1] else str(layer.name)
        scopes.by_layer.setdefault(id(layer), path)
        if graph is not scopes.graph or scope == outer[0]:
            return call(*inputs, **options)
        scopes.by_scope.setdefault(scope, _unused(path, scopes))
        scopes.open.append((scope, path))
        try:
            return call(*inputs, **options)
        finally:
            scopes.open.pop()

    return noting


def _unused(path: str, scopes: Scopes) -> str:
    """The path; of a layer that is called again, with the number of the call."""
    taken, number, name = set(scopes.by_scope.values()), 1, path
    while name in taken:
        number += 1
        name = f"{path}/call_{number}"
    return name


def variable_names(model: Any, traced: Any, scopes: Scopes) -> dict[str, str]:
    """Node that captures a variable -> its name in Keras: the path of its layer and its own."""
    owners = {}
    for layer in model._flatten_layers():
        path = scopes.by_layer.get(id(layer))
        inner = {id(one) for part in layer._flatten_layers(include_self=False) for one in part.variables}
        for variable in layer.variables if path is not None else ():
            if id(variable) not in inner:
                own = str(variable.name).partition(":")[0].rpartition("/")[2]
                owners[id(_handle(variable))] = f"{path}/{own}"
    return {inner.op.name: owners[id(outer)] for outer, inner in traced.graph.captures if id(outer) in owners}


def _handle(variable: Any) -> Any:
    """What a graph captures of a variable: of Keras 3's own, that of TensorFlow's variable in it."""
    return variable.handle if hasattr(variable, "handle") else getattr(variable.value, "handle", None)


def new_names(nodes: Iterable[str], scopes: Scopes, variables: dict[str, str]) -> dict[str, str]:
    """Name of a node -> its name in the words of the author; none twice, and none that another node keeps."""
    nodes = list(nodes)
    wanted = {name: variables.get(name) or _in_scope(name, scopes) for name in nodes}
    taken = {name for name in nodes if wanted[name] == name}
    found = {}
    for name, new in wanted.items():
        if new == name:
            continue
        unique, number = new, 0
        while unique in taken:
            number += 1
            unique = f"{new}_{number}"
        taken.add(unique)
        found[name] = unique
    return found


def _in_scope(name: str, scopes: Scopes) -> str:
    """The name with the innermost scope that a layer noted in the words of its author."""
    scope = name
    while scope := scope.rpartition("/")[0]:
        if scope in scopes.by_scope:
            return scopes.by_scope[scope] + name[len(scope) :]
    return name


def rename(graphdef: Any, names: dict[str, str]) -> None:
    """Gives the nodes of a GraphDef other names, wherever they are named."""
    for node in graphdef.node:
        node.name = names.get(node.name, node.name)
        for place, text in enumerate(node.input):
            control, name = text[: text.startswith("^")], text.removeprefix("^")
            base, colon, port = name.partition(":")
            if base in names:
                node.input[place] = f"{control}{names[base]}{colon}{port}"
