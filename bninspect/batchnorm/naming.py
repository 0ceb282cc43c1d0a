"""What a layer is called: the scope its output stands in, less the parts that every batch norm has.

Names decide nothing here; they are only what people know a layer by.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.graph import Node, Tensor

_GENERIC = re.compile(
    r"(cond|batchnorm|smart_cond|If|StatelessIf|Switch|Merge|FusedBatchNorm(V[23])?|_FusedBatchNormEx|Identity)(_\d+)?\Z"
)
"""Parts that say nothing: `batchnorm` of tf.nn (not the BatchNorm of slim), and those of conditionals."""


def layer_name(output: Tensor, nodes: Sequence[Node], parameters: Sequence[Tensor | None]) -> str:
    """The name of the layer with this output, these normalizing nodes and these parameters."""
    for node in (output.node, *nodes):
        scope = _scope(_plain(node))
        if scope:
            return scope
    return parameter_scope(parameters) or _plain(output.node).rsplit("/", 1)[0]


def parameter_scope(parameters: Sequence[Tensor | None]) -> str | None:
    """The scope of the first parameter that stands in one; None where none does. What is folded into another
    layer is known by it: its nodes have that layer's scope.
    """
    for parameter in parameters:
        if parameter is not None and "/" in (name := _plain(parameter.node)):
            return name.rsplit("/", 1)[0]
    return None


def _plain(node: Node) -> str:
    """The node's own name, without the library function it stands in."""
    if node.functions and node.label.startswith(node.functions[-1] + "/"):
        return node.label[len(node.functions[-1]) + 1 :]
    return node.label


def _scope(name: str) -> str:
    """The scope of a name, less generic parts at its end; empty at the top level."""
    parts = name.split("/")[:-1]
    if parts[-1:] == ["output"] and len(parts) > 1 and _GENERIC.match(parts[-2]):
        parts.pop()  # TensorFlow lowers an If to Merges named `cond/output/_10`
    while parts and _GENERIC.match(parts[-1]):
        parts.pop()
    return "/".join(parts)


def unique(names: Sequence[str], nodes: Sequence[str]) -> list[str]:
    """The names, those that occur more than once distinguished by their node's own name, else by a number."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    distinct = [name if counts[name] == 1 else node for name, node in zip(names, nodes, strict=True)]
    seen: dict[str, int] = {}
    result = []
    for name in distinct:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} (call {seen[name]})")
    return result


def named_as(original: Report, report: Report) -> Report:
    """The report with its layers called as in the original, which is of the same model with other calls
    written out: a name is made unique among the layers of one report, so that one layer may have two.
    """
    known = by_place(original)
    return with_layers(report, lambda layer: replace(layer, name=known.get(place(layer), layer).name))


def with_layers(report: Report, changed: Callable[[BatchNorm], BatchNorm]) -> Report:
    """The report with its layers changed, in its groups, too."""
    layers = {layer.name: changed(layer) for layer in report.layers}
    switches = tuple(
        replace(group, layers=tuple(layers[layer.name] for layer in group.layers))
        for group in report.switches
    )
    return replace(report, layers=tuple(layers.values()), switches=switches)


def by_place(report: Report) -> dict[tuple[str, int], BatchNorm]:
    """The layers, each under its place."""
    return {place(layer): layer for layer in report.layers}


def place(layer: BatchNorm) -> tuple[str, int]:
    """Where its output stands, which is the same however much of the model is written out."""
    return layer.output.node.name, layer.output.port
