"""Two normalizations of one x, in opposite modes, that are added up: by what, no predicate tells.

    y = t * bn(x, batch statistics) + (1 - t) * bn(x, stored statistics)

With t a boolean as a number this is a choice, and `pairing` finds it. Any other t may lie between 0 and 1,
where the sum is neither mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Unrecognised
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.blend import STEPS, SUMS
from bninspect.graph.ops import IDENTITIES
from bninspect.graph.search import reach
from bninspect.graph.trace import cast_free

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bninspect.batchnorm.site import Site
    from bninspect.graph import Graph, Node, Tensor

_ARITHMETIC = STEPS | IDENTITIES
_MOST_STEPS = 24


def mixtures(alone: Sequence[Site], graph: Graph) -> Iterator[tuple[Unrecognised, tuple[Site, Site]]]:
    """Every sum of two modes among sites without a pair: what is said of it, and the two."""
    training: dict[Tensor, list[Site]] = {}
    for site in alone:
        if site.mode is Mode.TRAINING:
            training.setdefault(cast_free(site.x), []).append(site)
    for inference in alone:
        if inference.mode is not Mode.INFERENCE:
            continue
        for other in training.get(cast_free(inference.x), []):
            where = _first_sum(other, inference, graph)
            if where is not None:
                reason = (
                    f"{where.op} {where.label} adds up training mode ({other.node.label}) and inference mode "
                    f"({inference.node.label}) of one x, weighted by numbers that are not known to be 0 or 1"
                )
                yield Unrecognised(node=where.label, reason=reason), (other, inference)
                break


def _first_sum(training: Site, inference: Site, graph: Graph) -> Node | None:
    """The sum at which all that is made of the two outputs meets, through weights alone; None where what
    reads one of them goes elsewhere.
    """
    readers = [use.node for site in (training, inference) for use in graph.uses_of(site.output)]
    if not readers or not all(node.op in _ARITHMETIC for node in readers):
        return None
    ahead = [list(_ahead(node, graph)) for node in dict.fromkeys(readers)]
    return next((node for node in ahead[0] if node.op in SUMS and all(node in one for one in ahead)), None)


def _ahead(start: Node, graph: Graph) -> Iterable[Node]:
    """What is made of a node by weighing, adding and handing on, nearest first."""
    return reach([start], lambda node: _arithmetic_on(node, graph), _MOST_STEPS)


def _arithmetic_on(node: Node, graph: Graph) -> Iterator[Node]:
    return (use.node for use in graph.uses(node) if use.node.op in _ARITHMETIC)
