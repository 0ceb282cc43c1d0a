"""Facts -> an overlay for Model Explorer: own score of each layer on its nodes, or its mode where nothing was
run.

    {"main": {"name": ..., "results": {"15": {"value": 0.6, "bgColor": "#b3241c"}}}, "function": {...}}

Its adapter of GraphDefs (0.2.1) names a graph `main` or by its function, and a node by its index in the file;
in a function the arguments stand before the body as one node.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bninspect.batchnorm.mode import Mode
from bninspect.commands.report.states import own_scores
from bninspect.errors import RewriteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.commands.report.facts import PageFacts
    from bninspect.graph import Node
    from bninspect.graphdef import GraphDef

_MAIN = "main"
_FORMATS = ("graphdef", "graphdef-text")
_GRADIENT = [{"stop": 0, "bgColor": "#ffffff"}, {"stop": 1, "bgColor": "#b3241c"}]
_STATES = {"error": "#b3241c", "warning": "#f3c651", "note": "#d9cdf2", "fine": "#d3ebe2"}
_MODES = {"training": "#f7c9a3", "inference": "#a9d8e8", "switched": "#e3e7ec"}


def overlay(facts: PageFacts) -> str:
    """The overlay as JSON.

    Raises RewriteError for a file that is no GraphDef, whose nodes Model Explorer names in another way.
    """
    graphdef = facts.report.graph.graphdef
    if graphdef.format not in _FORMATS:
        raise RewriteError(
            f"{graphdef.path}: an overlay names the nodes of a GraphDef by their place, and this is a "
            f"{graphdef.format} file; freeze it first"
        )
    places = _places(graphdef)
    scores = {name: score for name, score in own_scores(facts.probe).items() if score is not None}
    document: dict[str, Any] = {}
    for layer in facts.report.layers:
        for node, value, colour in _values(facts, layer, scores if facts.probe is not None else None):
            if (place := places.get(id(node.nodedef))) is not None:
                graph, key = place
                results = document.setdefault(graph, _graph(bool(scores)))["results"]
                results[key] = {"value": value, "bgColor": colour}
    return json.dumps(document or {_MAIN: _graph(bool(scores))}, indent=1) + "\n"


def _graph(measured: bool) -> dict[str, Any]:
    if not measured:
        return {"name": "batch norm: mode", "results": {}}
    return {"name": "batch norm: own score", "results": {}, "gradient": _GRADIENT}


def _places(graphdef: GraphDef) -> dict[int, tuple[str, str]]:
    """The identity of a record -> (graph, key of the node)."""
    found = {id(node): (_MAIN, str(index)) for index, node in enumerate(graphdef.nodes)}
    for name, function in graphdef.functions.items():
        first = 1 if function.arguments else 0
        found |= {id(node): (name, str(index)) for index, node in enumerate(function.nodes, first)}
    return found


def _values(
    facts: PageFacts, layer: BatchNorm, scores: dict[str, float] | None
) -> Iterator[tuple[Node, float | str, str]]:
    """(node of the layer, its value, its colour): the branches, and where they meet."""
    modes = (Mode.TRAINING, Mode.INFERENCE)
    nodes = [(branch.node, mode) for mode in modes if (branch := layer.branch(mode)) is not None]
    nodes += [(node, Mode.SWITCHED) for node in layer.merges]
    for node, mode in nodes:
        if scores is None:
            yield node, mode.value, _MODES[mode.value]
        elif layer.name in scores:
            colour = _STATES.get(facts.states[layer.name].standing, "#ffffff")
            yield node, scores[layer.name], colour
