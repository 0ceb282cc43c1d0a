"""What a mean or a variance is made of: the way back from it to the normalized x, and to what is stored.

The axes of moments are those of x, also where x is transposed before they are taken, or they are taken of
what x is the transpose of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.recognition.other_tensors import (
    PICKS,
    SPLITS,
    gives_another,
    is_a_square,
    lost_parts,
    operands,
)
from bninspect.graph.functions.library import FUSED_OPS
from bninspect.graph.ops import VARIABLES
from bninspect.graph.search import reach, way
from bninspect.graph.trace import cast_free, integers, is_scalar, same, value

if TYPE_CHECKING:
    from bninspect.graph import Node, Tensor

REDUCTIONS = frozenset({"Mean", "Sum"})
_ELEMENTWISE = frozenset({
    "Add", "AddV2", "AddN", "Sub", "Mul", "RealDiv", "Div", "DivNoNan", "Neg", "Square", "SquaredDifference",
    "Maximum", "Minimum", "Relu", "Pow", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Abs", "Cast",
})  # fmt: skip
_ARITHMETIC = _ELEMENTWISE | {
    "Squeeze", "ExpandDims", "Reshape", "Transpose", "BroadcastTo", "Tile", "Pack", "Unpack", "ConcatV2",
    "Concat", "Split", "SplitV", "StridedSlice", "Slice", "GatherV2", "Gather", "Bitcast", "Dequantize",
}  # fmt: skip
_REPLICAS = frozenset({
    "CrossReplicaSum", "CollectiveReduce", "CollectiveReduceV2", "CollectiveReduceV3", "NcclAllReduce",
    "XlaAllReduce",
})  # fmt: skip
"""Sums over replicas: their first input is the value, the others say among whom it is summed."""
_SHAPED = frozenset({
    "Reshape", "ExpandDims", "Squeeze", "BroadcastTo", "Tile", "Transpose", "StridedSlice", "Slice", "Pow",
    "SplitV", "Gather", "GatherV2", "Dequantize",
})  # fmt: skip
"""Ops whose first input is the value, the others shapes, places, an exponent or a range."""
_OF_THE_FIRST = _SHAPED | _REPLICAS
_PASSED = _ARITHMETIC | REDUCTIONS | _REPLICAS
"""Ops that the walk goes on through."""
_SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "Prod", "Range", "ZerosLike", "OnesLike", "Fill"})
_SHIFTS = frozenset({"Sub", "SquaredDifference"})
_BATCH_PORTS = (1, 2)
_MOST_NODES = 600
_WINDOWS = frozenset({"AvgPool", "AvgPool3D"})
_MOST_TRANSPOSES = 8

Order = tuple[int, ...] | None
"""Which axis of one tensor each axis of another is; () if each is the same, None if that is not known."""


class _Place(NamedTuple):
    """Where the walk is."""

    tensor: Tensor
    reduction: Node | None
    """The last reduction on the way; None before the first."""
    order: Order
    """The axes of what that reduces, in the tensor."""
    reduced: frozenset[int] | None
    """The axes that all reductions on the way are taken over; None where these may be no axes of x."""
    other: Node | None
    """The last op between x and the last reduction that makes another tensor of x, such as a Relu."""
    behind: frozenset[Tensor | float]
    """What is added or multiplied behind the reductions: what undoes a shift or a scale before them."""
    squared: bool
    """Whether there is a square on the way, which no shift of x changes but by what is taken off again."""


class Walk:
    """Everything a statistic depends on, up to x and to what is stored."""

    def __init__(self, x: Tensor) -> None:
        self._targets = {same(x), cast_free(x), value(x)}
        self._orders: dict[Tensor, Order] = dict.fromkeys(self._targets, ())
        """x, and what it is the transpose of -> their axes in x."""
        turned = same(x).node
        if turned.op == "Transpose":
            untransposed = same(turned.inputs[0])
            self._orders[untransposed] = self._orders[cast_free(untransposed)] = _inverse(_order(turned))
        self.reached_x = False
        self.unreduced = False
        """Whether x was reached by a way without a reduction, too: then there is a value for each place."""
        self.stored: list[Tensor] = []
        self.shifts: set[Tensor] = set()
        """Stored tensors only taken off x before its moments: they change nothing but the rounding."""
        self.reductions: dict[Node, set[Order]] = {}
        """Reduction -> the axes of what it reduces, in x; empty if only what other reductions give is."""
        self.fused: list[Node] = []
        self._of_each_image: set[int] = set()
        """The axes of a way to x on which no reduction takes the first: each image has a value of its own."""
        self._ports: dict[Node, set[int]] = {}
        """Op that splits what is reduced -> the parts that were reached."""
        self._reason: str | None = None

    def back_from(self, statistic: Tensor) -> str | None:
        """Walk; the reason where the walk meets what it cannot judge, else None."""
        start = _Place(statistic, None, (), frozenset(), None, frozenset(), squared=False)
        for passed, _ in enumerate(reach([start], self._before)):
            if passed == _MOST_NODES:
                return self._reason or f"the statistics of {statistic.name} depend on too many nodes to judge"
        lost = lost_parts(self._ports.items()) if self._ports and self.reached_x else None
        return self._reason if self._reason or lost is None else _of(lost)

    def _before(self, place: _Place) -> list[_Place]:
        """What a tensor on the way is made of; nothing where the walk ends or met what it cannot judge."""
        tensor = same(place.tensor)
        node = tensor.node
        if self._reason is not None:
            return []
        target = next((one for one in (tensor, cast_free(tensor)) if one in self._orders), None)
        if target is not None:
            self.reached_x = True
            if (other := place.other) is not None:
                self._reason = _of(other)
            if place.reduction is None:
                self.unreduced = True
            else:
                self.reductions[place.reduction].add(_behind(place.order, self._orders[target]))
                if place.reduced and min(place.reduced) > 0 and self._orders[target] == ():
                    self._of_each_image |= place.reduced
            return []
        if node.op.startswith("Placeholder"):
            self._reason = f"the statistics are computed from another tensor, {tensor.name}"
            return []
        if is_stored(node):
            if not is_scalar(tensor) and tensor not in self.stored:
                self.stored.append(tensor)
            return []
        if node.op in FUSED_OPS and node.inputs and tensor.port in _BATCH_PORTS:
            if self._in_x(node.inputs[0]) is not None:
                self.reached_x = True
                self.fused.append(node)
            else:
                self._reason = f"the statistics are computed from another tensor, {node.inputs[0].name}"
            return []
        if node.op in _SHAPES:
            return []
        if node.op not in _PASSED:
            self._reason = _foreign(node)
            return []
        if node.op in REDUCTIONS:
            self.reductions.setdefault(node, set())
            axes = integers(node.inputs[1])
            reduced = None if axes is None or place.reduced is None else place.reduced.union(axes)
            other = place.other if place.reduction is None else None
            return [
                place._replace(tensor=node.inputs[0], reduction=node, order=(), reduced=reduced, other=other)
            ]
        if node.op in SPLITS and place.reduction is not None:
            self._ports.setdefault(node, set()).add(tensor.port)
        order = _behind(place.order, _order(node)) if node.op == "Transpose" else place.order
        inner = place.reduction is not None
        onward = place._replace(
            order=order,
            reduced=place.reduced if not inner or node.op in _ELEMENTWISE else None,
            other=node if _is_another(node, place) else place.other,
            behind=place.behind if inner else place.behind | operands(node),
            squared=place.squared or is_a_square(node),
        )
        return [onward._replace(tensor=one) for one in self._inputs(node)]

    def _inputs(self, node: Node) -> tuple[Tensor, ...]:
        """The inputs that carry values rather than shapes or places."""
        if node.op in _SHIFTS:
            first, second = node.inputs
            if cast_free(first) in self._targets:
                self.shifts.add(same(value(second)))
                self.shifts.add(same(second))
        if node.op in _OF_THE_FIRST:
            return node.inputs[:1]
        if node.op == "ConcatV2":
            return node.inputs[:-1]
        return node.inputs

    def _in_x(self, tensor: Tensor) -> Order:
        """The axes of a tensor in x; None if it is not x, transposed or not."""
        order: Order = ()
        for current in way(same(tensor), _untransposed, _MOST_TRANSPOSES):
            if current in self._orders:
                return _behind(order, self._orders[current])
            order = _behind(order, _order(current.node))
        return None

    def axes(self) -> tuple[int, ...] | None:
        """All axes of x that are reduced on the way to it (by a fused op: all but channels); None if they are
        not known.
        """
        if self.fused and not self.reductions:
            first = data_format_of(self.fused[0]) == "NCHW"
            return _placed((0, 2, 3) if first else (0, 1, 2), self._in_x(self.fused[0].inputs[0]))
        found: set[int] = set()
        for node, orders in self.reductions.items():
            written = integers(node.inputs[1])
            axes = None if written is None or len(orders) > 1 else _placed(written, *(orders or {()}))
            if axes is None:
                return None
            found.update(axes)
        return tuple(sorted(self._of_each_image or found))

    def is_of_x(self) -> bool:
        """Whether a single reduction was met, and what it reduces is x."""
        reduced = [cast_free(node.inputs[0]) for node in self.reductions]
        return len(reduced) == 1 and reduced[0] in self._targets


def _is_another(node: Node, place: _Place) -> bool:
    """Whether the node, met at this place, makes another tensor of x, or other statistics of those of x."""
    if place.reduction is None:
        return node.op in PICKS
    return gives_another(node, place.reduction, place.behind, squared=place.squared)


def _of(node: Node) -> str:
    """Why moments of what the node gives are no statistics of x."""
    return f"the statistics are those of {node.op} {node.label}, not of x"


def _foreign(node: Node) -> str:
    """Why statistics that come from this node cannot be judged."""
    if node.op in _WINDOWS:
        return (
            f"the statistics come from {node.op} {node.label}, averages over windows, and that one "
            "covers all of x is not known"
        )
    return f"the statistics come from {node.op} {node.label}, neither a moment of x nor stored"


def _order(node: Node) -> Order:
    """The axes of what a Transpose gives, in what it is given; None of any other node."""
    return integers(node.inputs[1]) if node.op == "Transpose" else None


def _untransposed(tensor: Tensor) -> Tensor | None:
    """What a Transpose is given; None of any other node."""
    return same(tensor.node.inputs[0]) if tensor.node.op == "Transpose" else None


def _behind(first: Order, second: Order) -> Order:
    """Axes in a tensor whose axes lie in another -> these axes in the other."""
    if first is None or second is None:
        return None
    return _placed(first, second) if first and second else first or second


def _inverse(order: Order) -> Order:
    """Which axis of the other tensor each axis of the one is."""
    if order is None or sorted(order) != list(range(len(order))):
        return None
    return tuple(order.index(axis) for axis in range(len(order)))


def _placed(axes: tuple[int, ...], order: Order) -> tuple[int, ...] | None:
    """These axes of one tensor, in the other; None if that is not known."""
    if not order:
        return None if order is None else axes
    within = all(-len(order) <= axis < len(order) for axis in axes)
    return tuple(order[axis] for axis in axes) if within else None


def is_stored(node: Node) -> bool:
    """Whether the node keeps a value, or is fed one that is no batch."""
    return node.op == "Const" or node.op in VARIABLES or node.op in ("Placeholder", "PlaceholderV2")


def data_format_of(node: Node) -> str:
    """NHWC or NCHW by the attribute of a fused op (NDHWC and NCDHW likewise); NHWC is its default."""
    written = node.attr("data_format", b"NHWC")
    text = written.decode("utf-8", "replace") if isinstance(written, bytes) else str(written)
    return "NCHW" if text.startswith("NC") and text != "NC" else "NHWC"
