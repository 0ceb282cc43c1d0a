"""Normalization sites -> layers: which two sites are two modes of one layer, and what chooses.

A pair is proven where both meet in the Merge (or If, or Select) of a conditional; or, where whole networks
stand in the branches, where they need opposite values of one predicate and share their parameters. What is
left alone is a layer of one mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Mode
from bninspect.batchnorm.site import Site
from bninspect.graph.order import follow
from bninspect.graph.trace import IDENTITIES, MERGES, RESHAPES, SELECTS, cast_free, same, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Node, Tensor

_ONWARD = IDENTITIES | RESHAPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two modes of one layer."""

    training: Site
    inference: Site
    predicate: Tensor
    training_when: bool
    """The predicate's value that takes the training site."""
    merges: tuple[Node, ...]
    output: Tensor


def pairs(sites: Sequence[Site], graph: Graph, conditions: Conditions) -> tuple[list[Pair], list[Site]]:
    """(the pairs, the sites that stand alone)."""
    fixed = [site for site in sites if site.mode is not Mode.SWITCHED]
    found = _meeting(fixed, graph, conditions)
    paired = {site for pair in found for site in (pair.training, pair.inference)}
    rest = [site for site in fixed if site not in paired]
    found += _opposed(rest, graph, conditions)
    paired = {site for pair in found for site in (pair.training, pair.inference)}
    return found, [site for site in sites if site not in paired]


def _meeting(sites: Sequence[Site], graph: Graph, conditions: Conditions) -> list[Pair]:
    """Pairs whose outputs meet in one Merge or Select."""
    meetings: dict[Node, dict[int, Site]] = {}
    for site in sites:
        for node, slot in follow(graph, site.output, _ONWARD, lambda node: node.op in MERGES | SELECTS):
            meetings.setdefault(node, {}).setdefault(slot, site)
    found: list[Pair] = []
    taken: set[Site] = set()
    for node, slots in meetings.items():
        join = conditions.join(node) if len(slots) >= 2 else None
        if join is None:
            continue
        if_true = _at(slots, node, join.if_true)
        if_false = _at(slots, node, join.if_false)
        if (
            if_true is None
            or if_false is None
            or {if_true, if_false} & taken
            or not _one_layer(if_true, if_false)
        ):
            continue
        training, inference = (if_true, if_false) if if_true.mode is Mode.TRAINING else (if_false, if_true)
        taken |= {training, inference}
        found.append(
            Pair(
                training=training,
                inference=inference,
                predicate=join.predicate,
                training_when=training is if_true,
                merges=(node,),
                output=node.output(),
            )
        )
    return found


def _at(slots: dict[int, Site], node: Node, tensor: Tensor) -> Site | None:
    """The site that arrives by the input which is this tensor."""
    return next((site for slot, site in slots.items() if node.inputs[slot] == tensor), None)


def _one_layer(first: Site, second: Site) -> bool:
    """Whether two sites are modes of one layer: opposite modes, and one x or one set of parameters."""
    if {first.mode, second.mode} != {Mode.TRAINING, Mode.INFERENCE}:
        return False
    same_x = cast_free(first.x) == cast_free(second.x) or value(first.x) == value(second.x)
    return same_x or _parameters(first) == _parameters(second)


def _parameters(site: Site) -> tuple[Tensor | None, Tensor | None]:
    """Where gamma and beta are kept."""
    return (
        None if site.gamma is None else value(site.gamma),
        None if site.beta is None else value(site.beta),
    )


def _opposed(sites: Sequence[Site], graph: Graph, conditions: Conditions) -> list[Pair]:
    """Pairs that stand in opposite branches of one predicate and share their parameters, in graph order."""
    found: list[Pair] = []
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
                Pair(
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
    found: list[Node] = []
    stack, seen = [site.node], {site.node}
    while stack:
        for use in graph.uses(stack.pop()):
            if use.node in seen:
                continue
            seen.add(use.node)
            join = conditions.join(use.node)
            if join is not None and conditions.base(join.predicate)[0] == condition[0]:
                found.append(use.node)
            elif condition in conditions.of(use.node):
                stack.append(use.node)
    return tuple(found)


def _key(site: Site) -> object:
    """What two sites in opposite branches share if they are one layer: parameters, or without any the x."""
    parameters = _parameters(site)
    return same(site.x) if parameters == (None, None) else parameters
