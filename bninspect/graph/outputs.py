"""The outputs of a model: those asked for, those of the serving signature, else what nobody reads."""

from __future__ import annotations

from functools import cache, cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from bninspect.errors import SelectionError
from bninspect.graph.functions.library import FUSED_OPS, ROOT_OPS
from bninspect.graph.graph import Tensor
from bninspect.graph.loops import in_loops
from bninspect.graph.ops import mutates
from bninspect.graph.search import dependencies, downstream, end, producers, reach, upstream
from bninspect.graph.types import gives

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bninspect.graph.graph import Graph, Node, Signature

_NOT_OUTPUTS = (
    "NoOp", "Save", "Restore", "MergeV2Checkpoints", "ShardedFile", "Assert", "Print",
    "IsVariableInitialized", "VarIsInitializedOp", "InitializeTable", "LookupTable", "QueueEnqueue",
    "QueueClose", "Stack", "DestroyResource", "WriteFile", "TensorArrayClose", "Optional",
)  # fmt: skip
"""How ops begin that do something rather than give something, beside those that change a variable."""
_SAVERS = ("Save", "Restore", "MergeV2Checkpoints")
_SOURCES = frozenset(
    {"Const", "Variable", "VariableV2", "VarHandleOp", "HashTable", "HashTableV2", "ReadVariableOp"}
)
_PLUMBING = frozenset({
    "Switch", "RefSwitch", "Merge", "LoopCond", "NextIteration", "Shape", "ShapeN", "Size", "Rank",
    "ZerosLike", "OnesLike",
})  # fmt: skip
_NO_NUMBERS = frozenset({"bool", "variant", "resource"})
"""Types of what a conditional hands on beside its result; variants are what an If keeps for its gradient."""
_ENDS = frozenset({"Merge", "Exit"})
_MOST_TENSORS = 17
"""Tensors from a Merge of statistics back to their layer, through Identities and Switches."""
_MOST_NEAR = 64
"""Nodes before one that are looked at for an input, of the first few that are asked about."""
_MOST_LOOKS = 16
_INPUTS = ("Placeholder", "Iterator", "OneShotIterator", "Queue", "FIFOQueue", "Reader", "ParseExample")


def model_outputs(
    graph: Graph, names: Sequence[str] = (), signature: str | None = None
) -> tuple[Tensor, ...]:
    """The outputs of the model, in a stable order.

    `names` (a node or tensor name each) win over the signature that is asked for, that over the serving one,
    that over all others, and those over the nodes nobody reads. Raises SelectionError for a name that is not
    in the graph.
    """
    if names:
        return tuple(dict.fromkeys(find_tensor(graph, name) for name in names))
    known = served_signatures(graph)
    wanted = "serving_default" if signature is None else signature
    serving = [one for one in known if one.key == wanted]
    if signature is not None and not serving:
        keys = ", ".join(one.key for one in known) or "none"
        raise SelectionError(f"the model has no signature {signature!r}; it has {keys}")
    if known:
        chosen = serving or known
        outputs = [tensor for one in chosen for tensor in one.outputs.values()]
        if outputs:
            return tuple(dict.fromkeys(outputs))
    return _unread(graph)


def served_signatures(graph: Graph) -> tuple[Signature, ...]:
    """The signatures that a model is called by: not those by which TensorFlow initializes and restores it."""
    return tuple(one for one in graph.signatures if not one.key.startswith("__"))


def find_tensor(graph: Graph, name: str) -> Tensor:
    """The tensor a person names: `scope/op`, `scope/op:0`, or `function/op:0` as reports write it.

    Raises SelectionError with the nearest names where there is none.
    """
    name = name.strip().lstrip("^")
    base, colon, index = name.rpartition(":")
    if not colon or not index.isdecimal():
        base, index = name, "0"
    if base in graph and gives(graph.node(base), int(index)):
        return graph.node(base).output(int(index))
    if int(index) < len(graph.calls.get(base, ())):
        return graph.calls[base][int(index)]
    for node in graph:
        if node.stands_for == f"{base}:{index}":
            return node.output()
        if node.label == base and node.stands_for is None and gives(node, int(index)):
            return node.output(int(index))
    from difflib import get_close_matches

    known = dict.fromkeys((*(node.label for node in graph), *graph.calls))
    if base in known:
        raise SelectionError(f"{base!r} has no output {index}")
    near = get_close_matches(base, known, 3, 0.6)
    hint = f"; near it: {', '.join(near)}" if near else ""
    raise SelectionError(f"no node is named {base!r}{hint}")


def _unread(graph: Graph) -> tuple[Tensor, ...]:
    """Nodes that give something nobody reads, in file order; of those, the ones that depend on an input.

    In a training graph in which those see no normalization, the nodes that only summaries read (the loss).
    """
    gradients = downstream(graph, graph.where(_is_gradient))
    beside, does = gradients | _beside_results(graph), cache(_does)
    fed = _Fed(graph)
    ends = [
        node for node in _ends(graph) if node not in beside and not does(node.op) and not _is_plumbing(node)
    ]
    unread = _outside_loops(graph, _without_moments(graph, ends))
    chosen = [node for node in unread if node in fed]
    if gradients and not _sees_normalization(chosen):
        rest = [node for node in graph if node in fed and node not in beside and not does(node.op)]
        chosen += [
            node
            for node in rest
            if graph.uses(node)
            and all(_only_reports(use.node) for use in graph.uses(node))
            and not _is_plumbing(node)
        ]
    joins = [node for node in graph.where(_ENDS.__contains__) if not graph.uses(node)]
    merges = [node for node in joins if node in fed and node not in gradients and not _is_update(node)]
    chosen = chosen + _with_more_normalization(chosen, merges) if chosen else merges
    if not chosen:
        chosen = [node for node in graph if _is_held(node) and node in fed and not graph.uses(node)]
    return tuple(node.output() for node in chosen or unread)


class _Fed:
    """The nodes that depend on an input by data."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._looks = 0

    def __contains__(self, node: Node) -> bool:
        """Whether one is. As a rule few are asked about and an input is near, so that a look at what is near
        saves the walk over the whole graph.
        """
        self._looks += 1
        near = reach([node], producers, _MOST_NEAR) if self._looks <= _MOST_LOOKS else ()
        if any(_is_input(one.op) for one in near):
            return True
        return node in self._all

    @cached_property
    def _all(self) -> set[Node]:
        return downstream(self._graph, self._graph.where(_is_input))


def _ends(graph: Graph) -> list[Node]:
    """The nodes that give what nobody reads, in graph order; of a normalization, whose mean and variance go
    to updates, that is its result.
    """
    normalizing = [node for node in graph.where(FUSED_OPS.__contains__) if not graph.uses_of(node.output())]
    return sorted({*graph.unread(), *normalizing}, key=attrgetter("index"))


def _outside_loops(graph: Graph, ends: list[Node]) -> list[Node]:
    """The ends without those in the body of a loop, which have a value in every turn, and so none to give."""
    loops = in_loops(graph)
    return [node for node in ends if node not in loops] or ends


def _without_moments(graph: Graph, ends: list[Node]) -> list[Node]:
    """The ends without normalizations whose mean and variance another end is made of: such an op is there to
    take moments, and its own result is left over.
    """
    doubtful = [node for node in ends if node.op in FUSED_OPS and graph.uses(node)]
    if not doubtful:
        return ends
    needed = upstream((node for node in ends if node not in doubtful), controls=False)
    return [node for node in ends if node not in doubtful or node not in needed]


def _beside_results(graph: Graph) -> set[Node]:
    """What a While gives beside a result that is read: in the file they are one node, which has readers."""
    leaving = [node for node in graph.where("Exit".__eq__) if node.stands_for is not None]
    read = {_call(node) for node in leaving if graph.uses(node)}
    return {node for node in leaving if _call(node) in read and not graph.uses(node)}


def _call(node: Node) -> str:
    """The node of the file whose output it stands for."""
    return (node.stands_for or "").rpartition(":")[0]


def _is_update(merge: Node) -> bool:
    """Whether a conditional hands on what an update of a variable gave."""
    producers = (tensor.node for tensor in merge.inputs)
    return any(
        (node.inputs[0].node if node.op == "Identity" else node).op.startswith("Assign") for node in producers
    )


def _with_more_normalization(chosen: Iterable[Node], merges: Sequence[Node]) -> list[Node]:
    """The Merges that end a branch of the model: those that see a normalization nothing before them sees.

    A Merge nobody reads is a conditional's leftover as a rule (the batch mean, the momentum); those see none.
    """
    seen = upstream(chosen) if merges else set()

    def unseen(nodes: Iterable[Node]) -> Iterator[Node]:
        return (node for node in nodes if node not in seen)

    found = []
    for merge in merges:
        fresh = set(reach(unseen([merge]), lambda node: unseen(dependencies(node))))
        seen.update(fresh)
        if any(map(_may_normalize, fresh)):
            found.append(merge)
    return found


def _sees_normalization(nodes: Iterable[Node]) -> bool:
    return any(map(_may_normalize, upstream(nodes)))


def _may_normalize(node: Node) -> bool:
    return node.op in FUSED_OPS or node.op in ROOT_OPS


def _does(op: str) -> bool:
    """Whether the op is there for what it does: assigning, saving, checking, printing, summarizing."""
    return mutates(op) or op.startswith(_NOT_OUTPUTS) or "Summary" in op or op in _SOURCES or _is_input(op)


def _is_input(op: str) -> bool:
    return op.startswith(_INPUTS)


def _is_gradient(op: str) -> bool:
    """Whether only gradients are made of this op (a transposed convolution is a *BackpropInput*)."""
    if op in ("StopGradient", "PreventGradient"):
        return False
    return "Grad" in op or "BackpropFilter" in op


def _only_reports(node: Node) -> bool:
    """Whether reading a tensor here leaves it an output: a summary of it, the seed of its gradient."""
    return "Summary" in node.op or node.op in ("Shape", "Size", "Rank", "OnesLike", "ZerosLike")


def _is_plumbing(node: Node) -> bool:
    """Whether it only steers a conditional, asks for a shape, or hangs on the saver."""
    if node.op in _PLUMBING:
        return True
    if any(control.op.startswith(_SAVERS) for control in node.controls):
        return True
    if node.op == "Identity":
        producer = node.inputs[0].node
        passed = _is_held(node) or _is_statistic(producer) or producer.op == "Switch"
        return passed or node.attr("T") in _NO_NUMBERS
    return False


def _is_held(node: Node) -> bool:
    """Whether it hands a tensor on once others are there, too: an element of a `tf.tuple`, or the end of a
    function.
    """
    if node.op != "Identity":
        return False
    producer = node.inputs[0].node
    return any(control.op == "NoOp" and producer in control.controls for control in node.controls)


def _is_statistic(node: Node) -> bool:
    """Whether a conditional's output nobody reads is a mean or variance that a layer hands out beside its
    result.
    """
    if node.op != "Merge":
        return False
    sources = (end(tensor, _handed_on, _MOST_TENSORS) for tensor in node.inputs)
    return any(source.node.op in FUSED_OPS and source.port for source in sources)


def _handed_on(tensor: Tensor) -> Tensor | None:
    """What an Identity or a Switch was given; None for any other tensor."""
    return tensor.node.inputs[0] if tensor.node.op in ("Identity", "Switch") else None
