"""Where statistics are kept: which constants hold those of which layers, and what else reads them.

A constant may serve several calls of one layer (a siamese pair, a function called twice): those are one slot,
and have one set of statistics. It may also be read by what is no place of a mean or of a variance; then
writing into it would change more than statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Form, Mode
from bninspect.errors import Absent
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import IDENTITIES, MERGES, RESHAPES
from bninspect.graph.search import readers, steps
from bninspect.graph.trace import content, value
from bninspect.rewrite.folded.scaled_weights import learned_range

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.batchnorm.layer import MovingStatistics
    from bninspect.graph import Node
    from bninspect.graphdef import NodeDef

    Place = tuple[NodeDef, NodeDef] | NodeDef
    """The constants of a mean and of a variance; or where there are none, the node that is to read some."""

_HANDING_ON = IDENTITIES | RESHAPES | MERGES | {"IdentityN", "Exit", "RefExit", "NextIteration"}


@frozen_dataclass
class Slot:
    """One place for a mean and a variance, and the layers that normalize with them."""

    layers: tuple[BatchNorm, ...]
    """At least one; several where one layer is called several times."""
    mean: NodeDef | None = None
    """The constant that is written anew; None where one is made."""
    variance: NodeDef | None = None
    reader: NodeDef | None = None
    """The fused op that gets constants of its own; None where those of the file are written, or where it is
    no fused op.
    """
    shared_with: str | None = None
    """Why it gets constants of its own although the file has some."""

    @property
    def is_new(self) -> bool:
        """Whether the file has no place for it: a chain that knows the moments of its x alone."""
        return self.mean is None and self.reader is None


def find_slots(report: Report, *, create: bool) -> tuple[tuple[Slot, ...], tuple[Absent, ...]]:
    """The slots of all layers in graph order, and the layers that have none.

    With `create`, a layer that only knows the moments of its x has one, too: a place is made where it is
    written anew.
    """
    groups: dict[Place, list[BatchNorm]] = {}
    left: list[Absent] = []
    for layer in report.layers:
        place = _place(layer, create=create)
        if isinstance(place, str):
            left.append(Absent(what=layer.name, reason=place))
        else:
            groups.setdefault(place, []).append(layer)
    found: list[Slot] = []
    for place, layers in groups.items():
        slots, lost = _of_group(place, tuple(layers), report)
        found += slots
        left += lost
    return tuple(found), tuple(left)


def _place(layer: BatchNorm, *, create: bool) -> Place | str:
    """Where its statistics stand, or are to stand; the reason where there is no place."""
    if _is_rounded(layer):
        if create:
            return _of_the_file(layer.output.node)
        return (
            "its weights are rounded within a range that was learned with its old statistics: add --strip, "
            "which chooses a new range"
        )
    moving = _read_by(layer)
    if moving is not None:
        mean, variance = _record(moving.mean.node), _record(moving.variance.node)
        if mean is None or variance is None:
            node = (moving.mean if mean is None else moving.variance).node
            return f"its statistics are no constants of the file: {node.op} {node.label}"
        return mean, variance
    if layer.sets:
        return f"refresh writes one set of statistics, and it has several: {layer.statistics.reason}"
    if layer.branch(Mode.INFERENCE) is not None:
        return f"its statistics are not read from the file: {layer.statistics.reason}"
    if layer.form is Form.FUSED or create:
        return _of_the_file(layer.nearest(Mode.TRAINING).site.node)
    return (
        "it normalizes with the moments of its x alone, and the file has no place for statistics: add "
        "--strip, which replaces it"
    )


def _of_the_file(node: Node) -> NodeDef | str:
    """The record of a node that normalizes, or is to."""
    return node.nodedef or "it is not a node of the file"


def _is_rounded(layer: BatchNorm) -> bool:
    """Whether other statistics would scale its weights out of the range that they are rounded within."""
    return any(learned_range(branch.site) is not None for branch in layer.wiring.branches)


def _read_by(layer: BatchNorm) -> MovingStatistics | None:
    """The moving statistics of a layer, if a branch of it is wired to them: in a training graph, only updates
    may be.
    """
    moving = layer.moving
    if moving is None or layer.inference is not None:
        return moving
    wired = any(
        value(branch.mean) == moving.mean and value(branch.variance) == moving.variance
        for branch in layer.wiring.branches
    )
    return moving if wired else None


def _record(node: Node) -> NodeDef | None:
    """The record of a constant; None for anything else."""
    return None if content(node) is None else node.nodedef


def _of_group(place: Place, layers: tuple[BatchNorm, ...], report: Report) -> tuple[list[Slot], list[Absent]]:
    """The slots of layers of one place: that read the same constants, or stand in the same node."""
    if not isinstance(place, tuple):
        reader = place if layers[0].form is Form.FUSED else None
        return [Slot(layers=layers, reader=reader)], []
    mean, variance = place
    other = _read_elsewhere(layers, mean, variance, report)
    if other is None:
        return [Slot(layers=layers, mean=mean, variance=variance)], []
    return _of_fused_ops(layers, other)


def _of_fused_ops(layers: tuple[BatchNorm, ...], other: str) -> tuple[list[Slot], list[Absent]]:
    """Constants of its own for each fused op; a chain cannot be separated from what else reads its
    constants.
    """
    readers: dict[NodeDef, list[BatchNorm]] = {}
    left = []
    for layer in layers:
        reader = layer.nearest(Mode.INFERENCE).site.node.nodedef
        if layer.form is Form.FUSED and reader is not None:
            readers.setdefault(reader, []).append(layer)
        else:
            left.append(Absent(what=layer.name, reason=f"its statistics stand in a constant that {other}"))
    slots = [Slot(layers=tuple(own), reader=node, shared_with=other) for node, own in readers.items()]
    return slots, left


def _read_elsewhere(
    layers: tuple[BatchNorm, ...], mean: NodeDef, variance: NodeDef, report: Report
) -> str | None:
    """What else the constants serve, as a clause; None where these layers alone read them."""
    if mean is variance:
        return "holds both a mean and a variance"
    for layer in layers:
        for what, tensor in (("gamma", layer.gamma), ("beta", layer.beta)):
            if tensor is not None and tensor.node.nodedef in (mean, variance):
                return f"is its {what}, too"
    ends = {node for layer in layers for site in layer.sites for node in (site.node, site.output.node)}
    ends |= {layer.output.node for layer in layers}  # where what never runs ends, too
    roots = [node for node in report.graph if node.nodedef is mean or node.nodedef is variance]
    goals = {tensor.node for tensor in report.outputs}
    goals |= {site.x.node for layer in layers for site in layer.sites}
    reached = _reached(roots, ends, goals, report)
    return None if reached is None else f"{reached.op} {reached.label} reads, too"


def _reached(roots: list[Node], ends: set[Node], goals: set[Node], report: Report) -> Node | None:
    """The first node through which the constants come, not by the ends of their layers, to an output or to
    what one of the layers normalizes (the bias of a convolution); None where they do not.

    An output that hands on the constant itself is an output of statistics.
    """
    onward = readers(report.graph)
    through: dict[Node, Node | None] = {}
    for node, before in steps(roots, lambda node: (one for one in onward(node) if one not in ends)):
        earlier = None if before is None else through[before]
        changes = before is not None and node.op not in _HANDING_ON
        through[node] = earlier or (node if changes else None)
        if node in goals and through[node] is not None:
            return through[node]
    return None
