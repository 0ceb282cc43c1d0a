"""Graph -> Report: every batch norm that the outputs reach, in graph order, with its wiring."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from bninspect.batchnorm.layer import (
    BatchNorm,
    Lookalike,
    Report,
    ServedSignature,
    State,
    Statistics,
    SwitchGroup,
    Unrecognised,
)
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.naming import unique
from bninspect.batchnorm.recognition.fused import fused, global_normalization
from bninspect.batchnorm.recognition.unread import instead_of, unread
from bninspect.batchnorm.site import Batch, Chosen, Site
from bninspect.batchnorm.skipped import skipped
from bninspect.batchnorm.stored import NOT_IN_CHECKPOINT, UNREAD_VARIABLES
from bninspect.batchnorm.wiring.arithmetic.mixture import mixtures
from bninspect.batchnorm.wiring.assemble import from_pair, from_site
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.deciding import tensors_asking
from bninspect.batchnorm.wiring.demand import Demand
from bninspect.batchnorm.wiring.nested import Deciders
from bninspect.batchnorm.wiring.pairing import pairs
from bninspect.errors import damage_named
from bninspect.graph import collector_held_off, model_outputs
from bninspect.graph.functions.library import CANDIDATES, FUSED_OPS, GLOBAL_OP, ROOT_OPS, UNREAD_OPS
from bninspect.graph.ops import APPLIES, ASSIGNS, CONVOLUTIONS
from bninspect.graph.order import topological
from bninspect.graph.outputs import served_signatures
from bninspect.graph.search import upstream

Found = TypeVar("Found", Site, Lookalike, Unrecognised)

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence

    from bninspect.batchnorm.recognition.quantization.scaled_weights import Explained
    from bninspect.batchnorm.switch import ModeSwitch
    from bninspect.graph import Graph, Node, Tensor

_ROOTS = ROOT_OPS | {"Exp"}
_CANDIDATES = CANDIDATES | _ROOTS


def inspect(graph: Graph, outputs: Sequence[str] = (), signature: str | None = None) -> Report:
    """All that the graph alone tells of its batch norm, as far as its outputs (or those named, or those of
    the signature) depend on it.

    Raises SelectionError for an output or a signature that is not in the graph, GraphDefError (with the path
    in front) for damage met on the way.
    """
    with damage_named(graph.graphdef.path), collector_held_off():
        tensors = model_outputs(graph, outputs, signature)
        return _with_signatures(graph, tensors, tensors if outputs or signature else ())


def _with_signatures(graph: Graph, tensors: tuple[Tensor, ...], asked_for: Collection[Tensor]) -> Report:
    """The report for these outputs, with what every signature runs; what one of them reaches is not left
    out, nor are outputs that were asked for.
    """
    signatures = served_signatures(graph)
    if len(signatures) < 2:
        return _inspected(graph, tensors, asked_for)
    outputs = {one.key: tuple(dict.fromkeys(one.outputs.values())) for one in signatures}
    nodes = {key: _candidates(found) for key, found in outputs.items()}
    report = _inspected(graph, tensors, asked_for, frozenset().union(*nodes.values()))
    layers = {_candidates(tensors): report.layers}
    for key, reached in nodes.items():
        if reached not in layers:
            layers[reached] = _inspected(graph, outputs[key], outputs[key]).layers
    served = tuple(ServedSignature(key=key, layers=layers[reached]) for key, reached in nodes.items())
    return replace(report, signatures=served)


def _candidates(tensors: Sequence[Tensor]) -> frozenset[Node]:
    """The nodes that may normalize on the way to these tensors."""
    return frozenset(node for node in upstream(tensor.node for tensor in tensors) if node.op in _CANDIDATES)


def _inspected(
    graph: Graph,
    tensors: tuple[Tensor, ...],
    asked_for: Collection[Tensor],
    elsewhere: Collection[Node] = frozenset(),
) -> Report:
    """As `inspect`, for these outputs, the errors without the path; those asked for stay outputs, and
    `elsewhere` are nodes that are served by other signatures.
    """
    places = topological(tensor.node for tensor in tensors)
    conditions = Conditions(graph, places)
    sites, lookalikes, unrecognised, idle, moments, folded = _normalized(graph, tensors, places, conditions)
    sites = [site for site in _one_for_each(sites) if site.output.node in places]
    left = _left(sites, graph, asked_for) if folded else {}
    sites = [site for site in sites if site not in left]
    tensors = tuple(tensor for tensor in tensors if tensor not in left.values())
    paired, undecided, alone = pairs(sites, graph, conditions, [tensor.node for tensor in tensors], places)
    idle |= {site.node: why for site in alone if (why := conditions.never(conditions.of(site.node)))}
    alone = [site for site in alone if site.node not in idle]
    mixed = list(mixtures(alone, graph))
    alone = [site for site in alone if not any(site in both for _, both in mixed)]
    unrecognised += [said for said, _ in mixed]
    unrecognised += [pair.undecided() for pair in undecided]
    deciders = Deciders(conditions)
    layers = [from_pair(pair, deciders, conditions) for pair in paired]
    switched = any(site.mode is Mode.SWITCHED for site in alone) or bool(paired)
    demand = Demand([tensor.node for tensor in tensors], graph, conditions) if switched else None
    layers += [from_site(site, deciders, conditions, demand) for site in alone]
    layers.sort(key=lambda layer: places.get(layer.output.node, len(places)))
    layers = _with_reasons(_trained(_named(layers), graph), graph)
    return Report(
        graph=graph,
        layers=tuple(layers),
        outputs=tensors,
        switches=_groups(layers),
        asking=tensors_asking(layers, conditions, places),
        lookalikes=tuple(_one_for_each(lookalikes)),
        unrecognised=(
            *_one_for_each(unrecognised),
            *_unused(moments, sites),
            *(
                Unrecognised(node=node.label, reason=why, remedy=instead_of(node.op))
                for node, why in graph.opaque_calls
            ),
        ),
        skipped=tuple(skipped(graph, {*places, *elsewhere}, idle)),
    )


class _Normalized(NamedTuple):
    """What the candidates of a graph are."""

    sites: list[Site]
    lookalikes: list[Lookalike]
    unrecognised: list[Unrecognised]
    idle: dict[Node, str]
    """Node that never runs -> why."""
    moments: list[Node]
    """Fused ops of which mean and variance alone are read."""
    folded: bool
    """Whether a batch norm stands in the weights of a convolution."""


def _normalized(
    graph: Graph, tensors: tuple[Tensor, ...], places: dict[Node, int], conditions: Conditions
) -> _Normalized:
    """What normalizes on the way to these tensors, each node for itself."""
    sites: list[Site] = []
    lookalikes: list[Lookalike] = []
    unrecognised: list[Unrecognised] = []
    idle: dict[Node, str] = {}
    moments: list[Node] = []
    has_roots = bool(graph.where(_ROOTS.__contains__))
    folded = _folded(_reached(graph, CONVOLUTIONS, places), graph, conditions) if has_roots else []
    parts = {part for found in folded for part in found.parts}
    sites += [one.found for one in folded if isinstance(one.found, Site)]
    lookalikes += [one.found for one in folded if isinstance(one.found, Lookalike)]
    unrecognised += [one.found for one in folded if isinstance(one.found, Unrecognised)]
    for node in _reached(graph, _CANDIDATES, places):
        if node.op in FUSED_OPS and not _is_normalized_with(node, graph, places, tensors):
            moments.append(node)
            continue
        never = conditions.never(conditions.of(node))
        for found in _judged(node, graph, conditions):
            if isinstance(found, Site) and conditions.possible(conditions.of(found.node)):
                sites.append(found)
            elif never is not None:
                idle[node] = never
            elif isinstance(found, Lookalike):
                lookalikes.append(found)
            elif isinstance(found, Unrecognised) and node not in parts:
                unrecognised.append(found)
    return _Normalized(sites, lookalikes, unrecognised, idle, moments, bool(folded))


def _reached(graph: Graph, ops: frozenset[str], places: dict[Node, int]) -> list[Node]:
    """The nodes of these ops that have a place, in the order of their places."""
    return sorted((node for node in graph.where(ops.__contains__) if node in places), key=places.__getitem__)


def _folded(convolutions: Sequence[Node], graph: Graph, conditions: Conditions) -> list[Explained]:
    """The batch norms in the weights of convolutions, of which some candidates are parts; each has a root."""
    from bninspect.batchnorm.recognition.quantization.scaled_weights import carried

    return [one for node in convolutions if (one := carried(node, graph, conditions)) is not None]


def _left(sites: Sequence[Site], graph: Graph, asked_for: Collection[Tensor]) -> dict[Site, Tensor]:
    from bninspect.batchnorm.recognition.quantization.scaled_weights import leftovers

    return leftovers(sites, graph, asked_for)


def _trained(layers: list[BatchNorm], graph: Graph) -> list[BatchNorm]:
    """The layers with what the training side of the graph, if it has one, says of them."""
    if graph.where(lambda op: op in ASSIGNS or op.startswith(APPLIES)):
        from bninspect.batchnorm.training.updates import with_updates

        return with_updates(layers, graph)
    return layers


def _is_normalized_with(node: Node, graph: Graph, places: Container[Node], outputs: Sequence[Tensor]) -> bool:
    """Whether anything that the outputs need reads what a fused op normalizes. Where its batch mean and
    variance are read alone, it is a way to take moments.
    """
    y = node.output()
    if y in outputs or any(use.node in places for use in graph.uses_of(y)):
        return True
    return not any(use.node in places for use in graph.uses(node))  # it is waited for


def _unused(moments: Sequence[Node], sites: Sequence[Site]) -> list[Unrecognised]:
    """The fused ops that only take moments, where no normalization is made of them."""
    if not moments:
        return []
    origins = [origin for site in sites for origin in (site.mean_origin, site.variance_origin)]
    sides = [
        side
        for origin in origins
        for side in ((origin.if_true, origin.if_false) if isinstance(origin, Chosen) else (origin,))
    ]
    used = {node for side in sides if isinstance(side, Batch) for node in side.fused}
    reason = "its batch mean and variance are read, and nothing that normalizes with them is recognised"
    return [Unrecognised(node=node.label, reason=reason) for node in moments if node not in used]


def _judged(node: Node, graph: Graph, conditions: Conditions) -> list[Site | Lookalike | Unrecognised]:
    """What one candidate node is; nothing for a root that normalizes nothing."""
    if node.op in FUSED_OPS:
        return [fused(node, graph, conditions)]
    if node.op == GLOBAL_OP:
        return [global_normalization(node, conditions)]
    if node.op in UNREAD_OPS:
        return [*unread(node, graph)]
    from bninspect.batchnorm.recognition.decomposed import decomposed

    return decomposed(node, graph, conditions)


def _one_for_each(found: Sequence[Found]) -> list[Found]:
    """One record per node, the first: several roots may lead to one normalization."""
    first: dict[Node | str, Found] = {}
    for record in found:
        first.setdefault(record.node, record)
    return list(first.values())


def _named(layers: list[BatchNorm]) -> list[BatchNorm]:
    """The layers with names that are unique."""
    nodes = [layer.output.node.label for layer in layers]
    return list(map(_called, layers, unique([layer.name for layer in layers], nodes)))


def _called(layer: BatchNorm, name: str) -> BatchNorm:
    return layer if layer.name == name else replace(layer, name=name)


def _with_reasons(layers: list[BatchNorm], graph: Graph) -> list[BatchNorm]:
    """Where a checkpoint was read, statistics that were not are missing from it."""
    if graph.graphdef.variables is None:
        return layers
    unread = Statistics(state=State.UNREAD, reason=NOT_IN_CHECKPOINT)
    return [
        replace(layer, statistics=unread) if layer.statistics.reason == UNREAD_VARIABLES else layer
        for layer in layers
    ]


def _groups(layers: Sequence[BatchNorm]) -> tuple[SwitchGroup, ...]:
    """The layers by what decides them: one source, one computed predicate, or a constant."""
    groups: dict[object, tuple[ModeSwitch, list[BatchNorm]]] = {}
    for layer in layers:
        if layer.switch is None:
            continue
        predicate = layer.switch.predicate
        key: object = predicate.source
        if predicate.constant is not None:
            key = ("constant", predicate.constant)
        elif predicate.source is None:
            key = predicate.behind
        groups.setdefault(key, (layer.switch, []))[1].append(layer)
    return tuple(SwitchGroup(switch=switch, layers=tuple(members)) for switch, members in groups.values())
