"""Where a tensor comes from: through the nodes that hand it on unchanged, or only reshape or cast it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.graphdef import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bninspect.graphdef import Graph, Node

IDENTITIES = frozenset({
    "Identity", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot", "DeepCopy", "Print",
    "EnsureShape", "Switch", "RefSwitch", "Enter", "RefEnter", "ReadVariableOp", "RefIdentity",
})  # fmt: skip
"""Ops whose output is their first input: what a Switch hands to either branch is what it was given."""
RESHAPES = frozenset({"Reshape", "Squeeze", "ExpandDims", "Cast", "BroadcastTo"})
"""Ops that change how a vector of parameters or statistics is laid out or stored, not its values."""
VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})
SELECTS = frozenset({"Select", "SelectV2"})
MERGES = frozenset({"Merge", "RefMerge"})


def same(tensor: Tensor) -> Tensor:
    """The tensor this one is, before any node that hands it on (Identity, Switch, Enter, a read)."""
    return _through(tensor, IDENTITIES)


def value(tensor: Tensor) -> Tensor:
    """The source of a vector (parameters, statistics): as `same`, and through Reshape, Cast and the like."""
    return _through(tensor, _VALUE)


def cast_free(tensor: Tensor) -> Tensor:
    """As `same`, and through Cast: what a float16 layer takes its moments of."""
    return _through(tensor, _CAST_FREE)


def shape_free(tensor: Tensor) -> Tensor:
    """As `same`, and through changes of shape: what a predicate is before it was made a scalar."""
    return _through(tensor, _SHAPE_FREE)


_SHAPE_FREE = IDENTITIES | {"Reshape", "Squeeze", "ExpandDims"}
_VALUE = IDENTITIES | RESHAPES
_CAST_FREE = IDENTITIES | {"Cast"}


def _through(tensor: Tensor, ops: frozenset[str]) -> Tensor:
    node = tensor.node
    while True:
        if node.op in ops and node.inputs:
            tensor = node.inputs[0]
        elif node.op == "IdentityN" and tensor.port < len(node.inputs):
            tensor = node.inputs[tensor.port]
        elif node.op in MERGES and (start := _loop_start(node)) is not None and _is_invariant(node):
            tensor = start
        else:
            return tensor
        node = tensor.node


def _loop_start(merge: Node) -> Tensor | None:
    """What a loop variable starts from, where the Merge is one; else None."""
    if len(merge.inputs) != 2 or merge.inputs[1].node.op != "NextIteration":
        return None
    return merge.inputs[0]


def is_loop_variable(merge: Node) -> bool:
    """Whether a Merge belongs to a while loop rather than to a conditional."""
    return any(tensor.node.op in ("NextIteration", "RefNextIteration") for tensor in merge.inputs)


def _is_invariant(merge: Node) -> bool:
    """Whether a loop hands the variable on unchanged in every turn."""
    back = merge.inputs[1].node.inputs
    for _ in range(8):
        if not back:
            return False
        node = back[0].node
        if node is merge:
            return True
        if node.op not in IDENTITIES:
            return False
        back = node.inputs
    return False


def constant(tensor: Tensor) -> Any:
    """The value of a constant, through Identity and the like; None where it is none or unreadable."""
    node = value(tensor).node
    found = node.attr("value") if node.op == "Const" else None
    if found is None or found.size > 1 << 20 or found.dtype in ("string", "resource", "variant"):
        return None
    return found.array()


def scalar(tensor: Tensor) -> float | None:
    """The value of a constant with exactly one element; None for anything else."""
    node = value(tensor).node
    found = node.attr("value") if node.op == "Const" else None
    if found is None or found.size != 1 or found.dtype in ("string", "resource", "variant"):
        return None
    return float(found.array().reshape(-1)[0])


def is_scalar(tensor: Tensor) -> bool:
    """Whether the tensor is a constant of one element."""
    node = value(tensor).node
    return node.op == "Const" and node.attr("value") is not None and node.attr("value").size == 1


_RANK = {
    "Conv2D": 4, "DepthwiseConv2dNative": 4, "MaxPool": 4, "AvgPool": 4, "Conv2DBackpropInput": 4,
    "FusedConv2D": 4, "FusedBatchNorm": 4, "FusedBatchNormV2": 4, "FusedBatchNormV3": 4, "_FusedConv2D": 4,
    "ResizeBilinear": 4, "ResizeNearestNeighbor": 4, "SpaceToDepth": 4, "DepthToSpace": 4, "LRN": 4,
    "MatMul": 2, "Conv3D": 5, "MaxPool3D": 5, "AvgPool3D": 5, "Conv3DBackpropInputV2": 5,
}  # fmt: skip
_RANK_KEEPING = frozenset({
    "BiasAdd", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Add", "AddV2", "Sub", "Mul",
    "Maximum", "RealDiv", "Pad", "PadV2", "MirrorPad", "ConcatV2", "BatchToSpaceND", "SpaceToBatchND",
    "Softmax", "Neg", "Cast", "Transpose", "Minimum", "AddN", "Softplus", "Abs", "Square", "Dropout",
})  # fmt: skip


def rank(tensor: Tensor) -> int | None:
    """The rank of a tensor as far as the ops before it tell; None where they do not."""
    for _ in range(64):
        tensor = same(tensor)
        node = tensor.node
        if node.op in _RANK:
            return _RANK[node.op]
        if node.op == "Reshape":
            shape = constant(node.inputs[1]) if len(node.inputs) > 1 else None
            if shape is not None:
                return int(shape.size)
            target = same(node.inputs[1]).node if len(node.inputs) > 1 else None
            return len(target.inputs) if target is not None and target.op == "Pack" else None
        declared = node.attr("shape") if node.op.startswith("Placeholder") else None
        if declared is not None and (declared or node.op != "Placeholder"):
            return len(declared)
        if node.op == "Const" and node.attr("value") is not None:
            return len(node.attr("value").shape)
        if node.op not in _RANK_KEEPING or not node.inputs:
            return None
        tensor = node.inputs[0]
    return None


def topological(roots: Iterable[Node]) -> dict[Node, int]:
    """A place for every node the roots depend on: behind all it reads. Loops are cut at NextIteration.

    The order follows the inputs from the roots, so it does not change with names or with the order in the
    file.
    """
    places: dict[Node, int] = {}
    started: set[Node] = set()
    waiting = list(roots)
    while waiting:
        backs: list[Node] = []
        for root in waiting:
            _visit(root, places, started, backs)
        waiting = [tensor.node for back in backs for tensor in back.inputs]
    return places


def _visit(root: Node, places: dict[Node, int], started: set[Node], backs: list[Node]) -> None:
    """Depth first from one root, inputs before the node; loops' NextIterations are gathered, not entered."""
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            places[node] = len(places)
            continue
        if node in started:
            continue
        started.add(node)
        stack.append((node, True))
        if node.op == "NextIteration":
            backs.append(node)
            continue
        for control in node.controls:
            stack.append((control, False))
        for tensor in reversed(node.inputs):
            stack.append((tensor.node, False))


def follow(
    graph: Graph, tensor: Tensor, ops: frozenset[str], stop: Callable[[Node], bool], hops: int = 8
) -> list[tuple[Node, int]]:
    """The (node, input slot) pairs where `stop` holds, forward from a tensor through nodes of these ops."""
    found: list[tuple[Node, int]] = []
    edge, seen = [tensor], {tensor}
    for _ in range(hops):
        ahead: list[Tensor] = []
        for current in edge:
            for use in graph.uses_of(current):
                if stop(use.node):
                    found.append((use.node, use.slot))
                elif use.node.op in ops and use.slot == 0:
                    ports = (0, 1) if use.node.op in ("Switch", "RefSwitch") else (0,)
                    ahead.extend(t for port in ports if (t := use.node.output(port)) not in seen)
                    seen.update(ahead)
        edge = ahead
        if not edge:
            break
    return found
