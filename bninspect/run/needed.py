"""The part of a model that a run needs: what the fetches depend on, as far as what is fed, and the functions
those nodes call.

Only this part is checked, and only this part is handed to TensorFlow. So nothing runs that was not checked,
and a file that TensorFlow refuses for an update op nobody reads still runs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.graph.functions.library import called
from bninspect.graph.search import reach
from bninspect.graph.types import given_type
from bninspect.graphdef.records import node_name
from bninspect.graphdef.writer import new_node, rewritten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bninspect.graphdef import GraphDef, NodeDef

_TAKEN_APART = "_lower_using_switch_merge"


def needed(graphdef: GraphDef, tensors: Iterable[str]) -> GraphDef:
    """The part of the records that the tensors (`node`, `node:1`, `^node`) depend on, through data, control
    inputs and functions, in file order.

    A name that no node of the top level has is left for TensorFlow to complain about.
    """
    reads = {node.name: node.inputs for node in graphdef.nodes}
    wanted = set(reach(map(node_name, tensors), lambda name: map(node_name, reads.get(name, ()))))
    nodes = tuple(node for node in graphdef.nodes if node.name in wanted)
    functions = called(nodes, graphdef.functions)
    return replace(graphdef, nodes=nodes, functions=functions, library_rest=())


def cut(graphdef: GraphDef, fed: Collection[str], tensors: Iterable[str]) -> GraphDef:
    """The part that the tensors depend on with these names (`op:0`) fed: what stands before a fed tensor does
    not run, and its node is a Placeholder. One whose other outputs are read stays what it is.
    """
    given = {node_name(name) for name in fed}
    places = {name.removesuffix(":0") for name in fed if name.endswith(":0")}
    read = {text.partition(":")[0] for node in graphdef.nodes for text in node.inputs if ":" in text}
    nodes = tuple(
        _placeholder(node) if node.name in places and node.inputs and node.name not in read else node
        for node in graphdef.nodes
    )
    nodes = tuple(_whole(node) if node.name in given else node for node in nodes)
    return needed(replace(graphdef, nodes=nodes), (*tensors, *places))


def _whole(node: NodeDef) -> NodeDef:
    """The node, to be run as the one node that it is: TensorFlow takes an If or a While apart before it looks
    at what is fed, and then reads past that without a word (2.21).
    """
    return rewritten(node, name=node.name, inputs=node.inputs, without=frozenset({_TAKEN_APART}))


def _placeholder(node: NodeDef) -> NodeDef:
    """A Placeholder in place of the node; the node itself if its type is not known."""
    dtype = given_type(node, 0)
    return node if dtype is None else new_node(node.name, "Placeholder", (), {"dtype": dtype})
