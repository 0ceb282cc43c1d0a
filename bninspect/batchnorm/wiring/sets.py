"""Several sets of moving statistics of one layer, and which further predicate says when each of them serves.

    select(training, bn(x, batch), select(ema, bn(x, averages), bn(x, last values)))
    mean, variance = select(domain, mean1, mean2), select(domain, variance1, variance2)

A layer has one set as a rule. With several, a file can be right by one and wrong by another.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import MovingStatistics, State, Statistics, StatisticsSet
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.stored import stored_statistics
from bninspect.batchnorm.wiring.alternatives import alternatives
from bninspect.batchnorm.wiring.deciding import value_of
from bninspect.batchnorm.wiring.likeness import one_set
from bninspect.batchnorm.wiring.nested import either, is_made
from bninspect.batchnorm.wiring.predicates.predicate import analyse, logic
from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.graph import Tensor
from bninspect.graph.trace import value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bninspect.batchnorm.branches import Branch, Wiring
    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.batchnorm.site import Site
    from bninspect.batchnorm.wiring.conditions import Conditions, Context
    from bninspect.batchnorm.wiring.nested import Truth
    from bninspect.batchnorm.wiring.predicates.predicate import Value
    from bninspect.graph import Node

    Kept = tuple[Tensor, Tensor]
    """Where a mean and a variance are kept."""

_MOST_CASES = 32
"""Ways to the sets of a layer: of more, none are listed."""


def sets_of(
    wiring: Wiring, output: Tensor, again: Sequence[Site], conditions: Conditions
) -> tuple[MovingStatistics | None, tuple[StatisticsSet, ...]]:
    """(where the one set is that can serve inference mode, of what could be several; every set that can, if
    there are several).
    """
    inference = wiring.branch(Mode.INFERENCE)
    if inference is None or inference.site.folded or not _may_have_several(inference, again, conditions):
        return None, ()
    sites = (inference.site, *(site for site in again if site.mode is Mode.INFERENCE))
    found: dict[Kept, tuple[Node, list[Context]]] = {}
    for cases, (node, kept, given) in enumerate(_cases(wiring, inference, output, sites, conditions)):
        if cases >= _MOST_CASES:
            return None, ()
        if conditions.never(given) is None:
            found.setdefault(kept, (node, []))[1].append(given)
    if len(found) < 2:
        return next((MovingStatistics(mean=mean, variance=variance) for mean, variance in found), None), ()
    shared = frozenset.intersection(*(given for _, every in found.values() for given in every))
    return None, tuple(
        StatisticsSet(
            node=node,
            when=when,
            moving=(moving := MovingStatistics(mean=mean, variance=variance)),
            statistics=stored_statistics(moving),
        )
        for (mean, variance), (node, every) in found.items()
        if isinstance(when := _predicate([given - shared for given in every]), Tensor)
    )


def by_set(layer: BatchNorm) -> tuple[BatchNorm, ...]:
    """The layer with each of its sets of moving statistics alone; as it is, if it has no several."""
    return tuple(_with(layer, one) for one in layer.sets) or (layer,)


def serving(layer: BatchNorm, values: Mapping[str, Value]) -> BatchNorm:
    """The layer with the set that serves while tensors (`op:0`) have these values, all others their defaults;
    as it is, if that does not say which.
    """
    leaves = {leaf for one in layer.sets for leaf in logic(one.when)[1]}
    held = {leaf: values.get(leaf.name, analyse(leaf).default) for leaf in leaves}
    known = {leaf: value for leaf, value in held.items() if value is not None}
    chosen = [one for one in layer.sets if value_of(one.when, known)]
    return _with(layer, chosen[0]) if len(chosen) == 1 else layer


def not_one(sets: Sequence[StatisticsSet]) -> Statistics:
    """What is known of the statistics of a layer while it is not known which set serves."""
    which = ", or ".join(f"those of {one.node.label} when {condition(one.when)}" for one in sets)
    return Statistics(state=State.UNREAD, reason=f"they are {which}")


def _with(layer: BatchNorm, one: StatisticsSet) -> BatchNorm:
    return replace(layer, moving=one.moving, statistics=one.statistics, sets=())


def _may_have_several(inference: Branch, again: Sequence[Site], conditions: Conditions) -> bool:
    """Whether there is anything to look for, by what is known already: for most layers nothing."""
    if again and any(site.mode is Mode.INFERENCE and not one_set(site, inference.site) for site in again):
        return True
    mean, variance = value(inference.mean).node, value(inference.variance).node
    return conditions.join(mean) is not None or conditions.join(variance) is not None


def _cases(
    wiring: Wiring, inference: Branch, output: Tensor, sites: Sequence[Site], conditions: Conditions
) -> Iterator[tuple[Node, Kept, Context]]:
    """(what normalizes with a set, or hands it on; the set; all that holds then), in inference mode."""
    given = _inference_mode(wiring, conditions)
    by_output = {value(site.output): site for site in sites}
    written = [
        (by_output[one.tensor], one.given)
        for one in alternatives(output, conditions, given)
        if one.tensor in by_output
    ]
    several = len({site for site, _ in written}) > 1
    for site, chosen in written if several else [(inference.site, given)]:
        statistics = (site.mean, site.variance) if several else (inference.mean, inference.variance)
        for mean in alternatives(statistics[0], conditions, chosen):
            for variance in alternatives(statistics[1], conditions, mean.given):
                node = site.node if several else mean.tensor.node
                yield node, (mean.tensor, variance.tensor), variance.given


def _inference_mode(wiring: Wiring, conditions: Conditions) -> Context:
    """What holds in inference mode, if one predicate of the file says so."""
    switch = getattr(wiring, "switch", None)
    if switch is None or is_made(switch.predicate.tensor):
        return frozenset()
    source, negated = conditions.base(switch.predicate.tensor)
    return frozenset({(source, (not switch.training_when_predicate) != negated)})


def _predicate(every: Sequence[Context]) -> Truth:
    """One predicate, true where all of one of these hold."""
    always: Truth = True
    first, *others = (reduce(_and, sorted(given, key=lambda pair: pair[0].name), always) for given in every)
    return reduce(_or, others, first)


def _or(first: Truth, second: Truth) -> Truth:
    return either(first, True, second) if isinstance(first, Tensor) else first or second


def _and(truth: Truth, condition: tuple[Tensor, bool]) -> Truth:
    source, held = condition
    return either(source, truth, False) if held else either(source, False, truth)
