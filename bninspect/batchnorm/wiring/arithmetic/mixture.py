"""Two normalizations of one x, in opposite modes, that are added up or laid side by side and read together.

    y = t * bn(x, batch statistics) + (1 - t) * bn(x, stored statistics)
    y = stack([bn(x, stored statistics), bn(x, batch statistics)])[t]

With t a boolean as a number this is a choice, and `pairing` finds it. Any other t may be another number: the
sum may be neither mode, and which side is picked no predicate says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Unrecognised
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.arithmetic.blend import STEPS, SUMS
from bninspect.batchnorm.wiring.arithmetic.picked import SIDE_BY_SIDE
from bninspect.graph.ops import IDENTITIES, RESHAPES
from bninspect.graph.search import reach
from bninspect.graph.trace import cast_free

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.site import Site
    from bninspect.graph import Graph, Node, Tensor

_ARITHMETIC = STEPS | IDENTITIES
_LAYOUTS = SIDE_BY_SIDE | RESHAPES | IDENTITIES | {"StridedSlice"}
"""Ops that a mode comes through on its way beside the other."""
_MOST_STEPS = 24


def mixtures(alone: Sequence[Site], graph: Graph) -> Iterator[tuple[Unrecognised, tuple[Site, Site]]]:
    """Every place where two modes of one x meet, of sites without a pair: what is said of it, and the two."""
    training: dict[Tensor, list[Site]] = {}
    for site in alone:
        if site.mode is Mode.TRAINING:
            training.setdefault(cast_free(site.x), []).append(site)
    for inference in alone:
        if inference.mode is not Mode.INFERENCE:
            continue
        for other in training.get(cast_free(inference.x), []):
            said = _said(other, inference, graph)
            if said is not None:
                yield said, (other, inference)
                break


def _said(training: Site, inference: Site, graph: Graph) -> Unrecognised | None:
    """What is said of two modes that meet; None where they do not, or lie beside each other as an output."""
    both = f"training mode ({training.node.label}) and inference mode ({inference.node.label}) of one x"
    where = _meeting(training, inference, _ARITHMETIC, SUMS, graph)
    if where is not None:
        what, why = f"adds up {both}", "weighted by numbers that are not known to be 0 or 1"
    else:
        where = _meeting(training, inference, _LAYOUTS, SIDE_BY_SIDE, graph)
        if where is None or not _is_read(where, graph):
            return None
        what, why = f"lays {both} side by side", "and no predicate is found that picks one of them"
    return Unrecognised(node=where.label, reason=f"{where.op} {where.label} {what}, {why}")


def _meeting(
    training: Site, inference: Site, through: frozenset[str], ends: frozenset[str], graph: Graph
) -> Node | None:
    """The node, of one op of `ends`, at which all that is made of the two outputs by these ops meets; None
    where what reads one of them goes elsewhere.
    """
    of_each = [[use.node for use in graph.uses_of(site.output)] for site in (training, inference)]
    readers = [node for read in of_each for node in read]
    if not all(of_each) or not all(node.op in through for node in readers):
        return None

    def ahead(node: Node) -> Iterator[Node]:
        return (use.node for use in graph.uses(node) if use.node.op in through)

    reached = [list(reach([node], ahead, _MOST_STEPS)) for node in dict.fromkeys(readers)]
    return next(
        (node for node in reached[0] if node.op in ends and all(node in one for one in reached)), None
    )


def _is_read(node: Node, graph: Graph) -> bool:
    """Whether anything is made of the node; an output is only handed on."""

    def onward(handed: Node) -> Iterator[Node]:
        return (use.node for use in graph.uses(handed) if handed is node or handed.op in IDENTITIES)

    return any(one.op not in IDENTITIES for one in reach([node], onward, _MOST_STEPS) if one is not node)
