"""Pairs whose outputs meet nowhere: more stands between each of them and the join that chooses.

Whole networks in the branches of a conditional, a slice of each output in a Select: what chooses hands on
something made of either. The two are one layer by the parameters that they share, or by their x, and by this
that the outputs of the model need the one while a predicate is true, and the other while it is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.switch import ModeSwitch
from bninspect.batchnorm.wiring.conditions import contexts
from bninspect.batchnorm.wiring.deciding import deciders_of, value_of
from bninspect.batchnorm.wiring.demand import Demand
from bninspect.batchnorm.wiring.likeness import ModePair, does_the_same, of_one_x, parameters
from bninspect.batchnorm.wiring.nested import analysed, either
from bninspect.graph import Tensor
from bninspect.graph.trace import same, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.site import Site
    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.batchnorm.wiring.nested import Truth
    from bninspect.graph import Graph, Node

_MOST_LIKELY = 16
"""How many sites one is compared with: a layer may be called any number of times."""

Written = list["Site"]
"""One mode of a layer, in graph order, as often as it is written."""


def opposed_pairs(
    sites: Sequence[Site], outputs: Sequence[Node], graph: Graph, conditions: Conditions
) -> list[ModePair]:
    """Pairs of opposite modes that share their parameters, and of which the outputs need one at a time."""
    groups: dict[object, list[Site]] = {}
    for site in sites:
        groups.setdefault(_key(site), []).append(site)
    demand = Demand(outputs, graph, conditions)
    both_modes = (group for group in groups.values() if len({site.mode for site in group}) == 2)
    return [found for group in both_modes for found in _in_group(group, demand, conditions)]


def _in_group(group: Sequence[Site], demand: Demand, conditions: Conditions) -> Iterator[ModePair]:
    """The pairs among what shares its parameters; each takes what is of its x, and the nearest of that."""
    modes = _modes(group, demand)
    waiting = [mode for mode in modes if mode[0].mode is Mode.INFERENCE]
    for training in modes:
        if training[0].mode is not Mode.TRAINING:
            continue
        likely = sorted(waiting, key=lambda one: not of_one_x(training[0], one[0]))[:_MOST_LIKELY]
        choices = [choice for one in likely if (choice := _choice(training, one, demand)) is not None]
        if choices:
            nearest = min(choices, key=lambda choice: choice.distance)
            waiting.remove(nearest.inference)
            yield _opposed(nearest, demand, conditions)


def _modes(group: Sequence[Site], demand: Demand) -> list[Written]:
    """The sites; those together that do the same to one x, and of which one at a time is needed."""
    modes: dict[object, list[Written]] = {}
    for site in group:
        of_x = modes.setdefault(value(site.x), [])
        for one in of_x[:_MOST_LIKELY]:
            if does_the_same(one[0], site) and not demand.needs_at_once(_nodes(one), _nodes([site])):
                one.append(site)
                break
        else:
            of_x.append([site])
    return [mode for of_x in modes.values() for mode in of_x]


def _nodes(written: Sequence[Site]) -> list[Node]:
    return [site.output.node for site in written]


class _Choice(NamedTuple):
    """What takes one of two modes."""

    training: Written
    inference: Written
    truth: Tensor
    """Is true where training mode is taken: one of the deciding sources, its negation, or made of several."""
    deciding: tuple[Tensor, ...]
    """The sources that have a say in it."""
    sources: tuple[Tensor, ...]
    """What decides whether one of the two is needed."""
    distance: tuple[bool, int]
    """Whether they are of two x, and under how many values one of them is needed: the fewer, the nearer."""


def _choice(training: Written, inference: Written, demand: Demand) -> _Choice | None:
    """What takes one of the two; None where both are needed at once, or nothing that chooses is found."""
    every = [*_nodes(training), *_nodes(inference)]
    sources = demand.sources(every)
    needed = demand.table([_nodes(training), _nodes(inference)], sources)
    while any(map(all, needed)):
        at_once = [given for given, row in zip(contexts(sources), needed, strict=True) if all(row)]
        further = demand.sources(every, sources, at_once)
        if further == sources:
            return None
        sources, needed = further, demand.table([_nodes(training), _nodes(inference)], further)
    table = tuple(trains if trains or serves else None for trains, serves in needed)
    truth, deciding = _formula(table, sources)
    if not isinstance(truth, Tensor):
        return None
    distance = not of_one_x(training[0], inference[0]), sum(one is not None for one in table)
    return _Choice(training, inference, truth, deciding, sources, distance)


def _formula(
    table: tuple[bool | None, ...], sources: tuple[Tensor, ...]
) -> tuple[Truth | None, tuple[Tensor, ...]]:
    """(a predicate that is what the table says for all values of the sources, true before false, and
    anything where that says None; the sources that have a say in it).
    """
    if not sources:
        return table[0], ()
    half = len(table) // 2
    yes, no = table[:half], table[half:]
    both = [(yes[at], no[at]) for at in range(half)]
    if all(None in (one, other) or one is other for one, other in both):
        return _formula(tuple(other if one is None else one for one, other in both), sources[1:])
    (if_true, first), (if_false, second) = _formula(yes, sources[1:]), _formula(no, sources[1:])
    return either(sources[0], if_true, if_false), tuple(dict.fromkeys((sources[0], *first, *second)))


def _opposed(choice: _Choice, demand: Demand, conditions: Conditions) -> ModePair:
    every = (*choice.training, *choice.inference)
    joins = demand.joins(_nodes(every), choice.deciding, choice.sources)
    predicate, training_when = choice.truth, True
    if len(choice.deciding) == 1:
        predicate, negated = demand.predicate(choice.deciding[0], joins, choice.training[0].node)
        training_when = (choice.truth == choice.deciding[0]) != negated
    switch = ModeSwitch(predicate=analysed(predicate, conditions), training_when_predicate=training_when)

    def taken(written: Written, mode: Mode) -> Site:
        """The one of a mode that is needed while what decides has the values that serve the mode."""
        given = deciders_of(switch, mode)
        values = {source: value_of(source, given) for source in choice.sources}
        fixed = frozenset((source, held) for source, held in values.items() if held is not None)
        return next((site for site in written if demand.needs([site.output.node], fixed)), written[0])

    trains, serves = taken(choice.training, Mode.TRAINING), taken(choice.inference, Mode.INFERENCE)
    return ModePair(
        training=trains,
        inference=serves,
        predicate=predicate,
        training_when=training_when,
        merges=joins,
        output=serves.output,
        again=tuple(site for site in every if site not in (trains, serves)),
    )


def _key(site: Site) -> object:
    """What two sites in opposite branches share if they are one layer: parameters, or without any the x."""
    own = parameters(site)
    return same(site.x) if own == (None, None) else own
