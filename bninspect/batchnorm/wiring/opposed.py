"""Pairs whose outputs meet nowhere: the branches of one conditional hold them, with more behind each.

What a branch computes from a layer may be all that leaves it. The two are one layer by the parameters that
they share, or by their x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.likeness import parameters
from bninspect.batchnorm.wiring.mode_pair import ModePair
from bninspect.graph.search import reach
from bninspect.graph.trace import same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.site import Site
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor


def opposed_pairs(sites: Sequence[Site], graph: Graph, conditions: Conditions) -> list[ModePair]:
    """Pairs that stand in opposite branches of one predicate and share their parameters, in graph order."""
    found: list[ModePair] = []
    candidates: dict[object, list[Site]] = {}
    for site in sites:
        if site.mode is Mode.INFERENCE:
            candidates.setdefault(_key(site), []).append(site)
    for training in sites:
        if training.mode is not Mode.TRAINING:
            continue
        context = conditions.of(training.node)
        waiting = candidates.get(_key(training), [])
        for inference in waiting if context else ():
            opposite = [
                (source, taken)
                for source, taken in conditions.of(inference.node)
                if (source, not taken) in context
            ]
            if len(opposite) != 1:
                continue
            source, inference_when = opposite[0]
            predicate = conditions.nearest(training.node, source)
            _, negated = conditions.base(predicate)
            waiting.remove(inference)
            found.append(
                ModePair(
                    training=training,
                    inference=inference,
                    predicate=predicate,
                    training_when=(not inference_when) != negated,
                    merges=_rejoined(inference, opposite[0], graph, conditions),
                    output=inference.output,
                )
            )
            break
    return found


def _rejoined(
    site: Site, condition: tuple[Tensor, bool], graph: Graph, conditions: Conditions
) -> tuple[Node, ...]:
    """The Merges at which the branch that holds the site ends."""

    def inside(node: Node) -> Iterator[Node]:
        if node is site.node or (not rejoins(node) and condition in conditions.of(node)):
            yield from (use.node for use in graph.uses(node))

    def rejoins(node: Node) -> bool:
        return node is not site.node and conditions.is_on(node, condition[0])

    return tuple(node for node in reach([site.node], inside) if rejoins(node))


def _key(site: Site) -> object:
    """What two sites in opposite branches share if they are one layer: parameters, or without any the x."""
    own = parameters(site)
    return same(site.x) if own == (None, None) else own
