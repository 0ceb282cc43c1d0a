"""`--layer`: which layers a glob, or a name pasted from TensorBoard or from our own table, stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.errors import SelectionError
from bninspect.text import common_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.layer import BatchNorm

_SHOWN = 3


def select(layers: Sequence[BatchNorm], globs: Sequence[str]) -> tuple[BatchNorm, ...]:
    """The layers that any of the globs matches, in their order; all of them where there is no glob.

    A glob is compared with the layers' names, also as the table shows them (without the scope all layers
    stand in), and, where it matches none, with the names of their nodes and tensors.

    Raises SelectionError for a glob that matches nothing.
    """
    if not globs:
        return tuple(layers)
    chosen: set[int] = set()
    for glob in globs:
        found = _matching(layers, glob)
        if not found:
            raise SelectionError(_nothing_matches(layers, glob))
        chosen.update(found)
    return tuple(layer for index, layer in enumerate(layers) if index in chosen)


def _matching(layers: Sequence[BatchNorm], glob: str) -> set[int]:
    """Indices of the layers that the glob stands for."""
    from fnmatch import fnmatchcase

    pattern = glob.removeprefix("^")
    scope = common_scope([layer.name for layer in layers])
    named = {index for index, layer in enumerate(layers) if layer.name in (pattern, scope + pattern)}
    if named:
        return named
    nodes = [_node_names(layer) for layer in layers]
    pasted = {index for index, names in enumerate(nodes) if pattern in names}
    if pasted:  # a name may hold brackets, which a glob would read as a choice of letters
        return pasted
    for known in ([{layer.name, layer.name[len(scope) :]} for layer in layers], nodes):
        matched = {
            index for index, names in enumerate(known) if any(fnmatchcase(name, pattern) for name in names)
        }
        if matched:
            return matched
    return set()


def _node_names(layer: BatchNorm) -> set[str]:
    """Every name of a node or tensor by which a person may know the layer."""
    tensors = [layer.output, layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]
    nodes = [tensor.node for tensor in tensors if tensor is not None]
    nodes += [branch.node for branch in layer.wiring.served]
    nodes += layer.merges
    names = {name for node in nodes for name in (node.name, node.label)}
    return names | {tensor.name for tensor in tensors if tensor is not None} | {f"{name}:0" for name in names}


def _nothing_matches(layers: Sequence[BatchNorm], glob: str) -> str:
    """One line: what matches nothing, and what would."""
    names = [layer.name for layer in layers]
    if not names:
        return f"--layer {glob}: there is no batch-norm layer in this model"
    below = sum(name.startswith(glob.rstrip("/") + "/") for name in names)
    if below:
        return f"--layer {glob} matches no layer; {glob.rstrip('/')}/* matches {below}"
    from difflib import get_close_matches

    close = get_close_matches(glob, names, n=_SHOWN, cutoff=0.0)
    return f"--layer {glob} matches none of the {len(names)} layers; the closest: {', '.join(close)}"
