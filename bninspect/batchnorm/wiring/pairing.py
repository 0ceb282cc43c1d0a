"""Normalization sites -> layers: which two sites are two modes of one layer, and what chooses.

A pair is proven where both meet in the Merge (or If, or Select) of a conditional, of conditionals within
conditionals (`nested`), or in a sum that a boolean weighs (`blend`); or, where more stands between each of
them and what chooses, by what the outputs need under each value of the predicates (`opposed`). What is left
alone is a layer of one mode.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.recognition.folding import folded_into
from bninspect.batchnorm.site import Site
from bninspect.batchnorm.wiring.alternatives import alternatives
from bninspect.batchnorm.wiring.joining import Joins
from bninspect.batchnorm.wiring.likeness import ModePair, does_the_same, is_alike, one_layer
from bninspect.batchnorm.wiring.nested import decision, is_made
from bninspect.batchnorm.wiring.opposed import opposed_pairs
from bninspect.graph.trace import value

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from bninspect.batchnorm.wiring.conditions import Conditions, Context
    from bninspect.graph import Graph, Node, Tensor


class Pairs(NamedTuple):
    """What became of the sites of a graph."""

    pairs: list[ModePair]
    undecided: list[ModePair]
    """Pairs between which more conditionals choose than could be distinguished."""
    alone: list[Site]


def pairs(
    sites: Sequence[Site],
    graph: Graph,
    conditions: Conditions,
    outputs: Sequence[Node],
    needed: Container[Node],
) -> Pairs:
    """The pairs, and the sites that stand alone; `needed` are the nodes that the outputs depend on."""
    fixed = [site for site in sites if site.mode is not Mode.SWITCHED]
    joins = Joins(graph, conditions)
    every = tuple(dict.fromkeys(node for site in fixed for node in joins.behind(site) if node in needed))
    nested, paired = _nested(fixed, every, conditions)
    meeting, met = _meeting([site for site in fixed if site not in paired], every, conditions)
    found, paired = [*nested, *meeting], paired | met
    opposed = opposed_pairs([site for site in fixed if site not in paired], outputs, graph, conditions)
    paired = paired.union(*(pair.sites for pair in opposed))
    folded = _beside_folded([site for site in fixed if site not in paired], joins, conditions)
    paired |= {pair.training for pair in folded}
    again = _chosen_again(found, every, joins, conditions)
    agreed = {pair: nodes for pair, nodes in again.items() if _agrees(pair, nodes, conditions)}
    undecided = [pair for pair in again if pair not in agreed]
    found = [
        replace(pair, merges=(*pair.merges, *agreed[pair])) if pair in agreed else pair
        for pair in found
        if pair not in undecided
    ]
    decided = [*found, *opposed, *folded]
    return Pairs(decided, undecided, [site for site in sites if site not in paired])


def _agrees(pair: ModePair, nodes: Sequence[Node], conditions: Conditions) -> bool:
    """Whether joins choose between the two modes of a pair by what decides the pair, and the same way."""
    source, negated = conditions.base(pair.predicate)
    modes = {value(site.output): site.mode for site in pair.sites}
    for node, mode in product(nodes, (Mode.TRAINING, Mode.INFERENCE)):
        held = (pair.training_when == (mode is Mode.TRAINING)) != negated
        given = alternatives(node.output(), conditions, frozenset({(source, held)}))
        if any(not one.joins or modes.get(one.tensor, mode) is not mode for one in given):
            return False
    return True


def _chosen_again(
    found: Sequence[ModePair], every: Sequence[Node], joins: Joins, conditions: Conditions
) -> dict[ModePair, list[Node]]:
    """The pairs between which further joins, past what was taken for their output, choose, too; or may, if
    they choose among too many; and these joins.
    """
    of_site = {value(site.output): (pair, site) for pair in found for site in pair.sites}
    again: dict[ModePair, list[Node]] = {}
    for node in every:
        join = conditions.join(node)
        if join is None or all(
            side in of_site and node in of_site[side][0].merges and conditions.join(side.node) is None
            for side in (value(join.if_true), value(join.if_false))
        ):
            continue
        ways = [(one.tensor, one.joins) for one in alternatives(node.output(), conditions) if one.joins]
        if not ways:  # more than are followed
            ways = [(tensor, ()) for tensor, (_, site) in of_site.items() if node in joins.behind(site)]
        chosen: dict[ModePair, set[Mode]] = {}
        for tensor, through in ways:
            if tensor not in of_site:
                continue
            pair, site = of_site[tensor]
            if node not in pair.merges and pair.output.node not in through:
                chosen.setdefault(pair, set()).add(site.mode)
        for pair in (pair for pair, modes in chosen.items() if len(modes) > 1):
            again.setdefault(pair, []).append(node)
    return again


def _nested(
    sites: Sequence[Site], joins: Sequence[Node], conditions: Conditions
) -> tuple[list[ModePair], set[Site]]:
    """As `_meeting`, of two modes between which conditionals within conditionals choose together."""
    by_output = {value(site.output): site for site in sites}
    every = [made for node in joins if (made := _decided(node, by_output, conditions)) is not None]
    found: list[ModePair] = []
    taken: set[Site] = set()
    for pair, here in sorted(every, key=lambda made: (-len(made[1]), -len(made[0].merges))):
        if not here & taken:
            taken |= here
            found.append(pair)
    return found, taken


def _decided(
    node: Node, by_output: dict[Tensor, Site], conditions: Conditions
) -> tuple[ModePair, set[Site]] | None:
    """The pair of which conditionals that end at this node choose one, and all sites that are a mode of it;
    None where they do not, or where one of them alone has the say. Several sets of statistics may serve
    inference where they have no say in the mode.
    """
    join = conditions.join(node)
    sides = () if join is None else (value(join.if_true), value(join.if_false))
    if all(conditions.join(side.node) is None for side in sides):
        return None
    here: dict[Site, None] = {}

    def trains(tensor: Tensor) -> bool | None:
        site = by_output.get(tensor)
        if site is None:
            return None
        here[site] = None
        return site.mode is Mode.TRAINING

    made = decision(node.output(), trains, conditions)
    if made is None or not made.several:
        return None
    training = [site for site in here if site.mode is Mode.TRAINING]
    inference = [site for site in here if site.mode is Mode.INFERENCE]
    same = does_the_same if is_made(made.predicate) else is_alike
    alike = all(does_the_same(site, training[0]) for site in training[1:])
    alike = alike and all(same(site, inference[0]) for site in inference[1:])
    if not alike or not one_layer(training[0], inference[0]):
        return None
    pair = ModePair(
        training=training[0],
        inference=inference[0],
        predicate=made.predicate,
        training_when=True,
        merges=made.joins,
        output=node.output(),
        again=(*training[1:], *inference[1:]),
    )
    return pair, pair.sites


def _meeting(
    sites: Sequence[Site], joins: Sequence[Node], conditions: Conditions
) -> tuple[list[ModePair], set[Site]]:
    """(pairs whose outputs meet in one of these joins, all sites that are a mode of one of them)."""
    by_output = {value(site.output): site for site in sites}
    found: list[ModePair] = []
    taken: set[Site] = set()
    for node in joins:
        join = conditions.join(node)
        if join is None:
            continue
        source, negated = conditions.base(join.predicate)
        both = [
            _side(tensor, frozenset({(source, when != negated)}), by_output, conditions)
            for tensor, when in ((join.if_true, True), (join.if_false, False))
        ]
        if_true, if_false = both
        here = {site for side in both for site, _ in side}
        if not if_true or not if_false or here & taken or not one_layer(if_true[0][0], if_false[0][0]):
            continue
        taken |= here
        training_when = if_true[0][0].mode is Mode.TRAINING
        inner = [
            one
            for side in both
            for site, through in side
            for one in through
            if conditions.is_on(one, source) or all(does_the_same(other, site) for other, _ in side)
        ]
        found.append(
            ModePair(
                training=both[0 if training_when else 1][0][0],
                inference=both[1 if training_when else 0][0][0],
                predicate=join.predicate,
                training_when=training_when,
                merges=tuple(dict.fromkeys((node, *inner))),
                output=node.output(),
                again=tuple(site for side in both for site, _ in side if site is not side[0][0]),
            )
        )
    return found, taken


def _side(
    tensor: Tensor, given: Context, by_output: dict[Tensor, Site], conditions: Conditions
) -> list[tuple[Site, tuple[Node, ...]]]:
    """(site, the joins it comes through) of all that one side of a join can be; nothing unless it is one
    layer in one mode, whichever it is. A constant beside them is what tf.case gives where no case holds.
    """
    found = []
    for one in alternatives(tensor, conditions, given):
        site = by_output.get(one.tensor)
        if site is not None:
            found.append((site, one.joins))
        elif one.tensor.node.op != "Const":
            return []
    alike = all(site.mode is found[0][0].mode and is_alike(site, found[0][0]) for site, _ in found)
    return found if alike else []


def _beside_folded(sites: Sequence[Site], joins: Joins, conditions: Conditions) -> list[ModePair]:
    """Pairs of a training site and what its inference mode was folded into, where a join chooses."""
    found = []
    for site in sites:
        behind = joins.behind(site)
        join = conditions.join(behind[0]) if behind and site.mode is Mode.TRAINING else None
        if join is None:
            continue
        outputs = [value(tensor) for tensor in (join.if_true, join.if_false)]
        if value(site.output) not in outputs:
            continue
        training_when = outputs[0] == value(site.output)
        inference = folded_into(join.if_false if training_when else join.if_true, site)
        if inference is not None:
            found.append(
                ModePair(
                    training=site,
                    inference=inference,
                    predicate=join.predicate,
                    training_when=training_when,
                    merges=(join.node,),
                    output=join.node.output(),
                )
            )
    return found
