"""What the user asks to be fed, bound to the inputs of a graph: images, what belongs to them, all else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import InputError
from bninspect.graph.search import reach, upstream
from bninspect.graphdef.records import node_name
from bninspect.inputs import feeds
from bninspect.inputs.elements import elements
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.pictures import Rows
from bninspect.inputs.placeholders import image_input, placeholders, refuse_unfed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph, Node
    from bninspect.inputs.pictures import Pictures
    from bninspect.inputs.placeholders import Placeholder
    from bninspect.inputs.request import Request

    Feeds = dict[str, NDArray[Any]]

_LARGEST_BATCH = 32
"""Images of one batch where neither the model nor the user says how many."""


def bind(
    graph: Graph,
    reached: Collection[Node],
    layers: Sequence[BatchNorm],
    request: Request,
    decided: Collection[str],
    later: Collection[Node] = (),
) -> Inputs:
    """What to feed for these nodes to run; `decided` are the names that the mode feeds. What later steps of
    the command run, the nodes `later`, may be fed as well.

    Raises InputError where something is missing, does not fit, or is fed that decides the mode.
    """
    arrays, said = _fed_by_hand(graph, {*reached, *later}, request, decided)
    cut = {graph.node(name.rpartition(":")[0]) for name in arrays}
    others = [
        place
        for place in placeholders(graph, reached)
        if place.name not in decided
        and place.name not in arrays
        and _is_read(graph, reached, place.tensor.node, cut)
    ]
    taken = elements(graph, others, layers, request, fed=arrays, decided=decided)
    place = taken.place()
    if place is not None and place.name in arrays:
        raise InputError(f"--feed {place.name}: it takes the images; leave one of the two out")
    columns = taken.columns(place)
    # The image may be fed behind a placeholder, as the output of an iterator: then that is not needed.
    past = cut if place is None else {*cut, place.tensor.node}
    missing = [
        other
        for other in others
        if all(other != column for column, _ in columns) and _is_read(graph, reached, other.tensor.node, past)
    ]
    refuse_unfed(graph, _but_images(graph, missing, layers, place), arrays)
    pictures = None if place is None else taken.counted(place)
    if taken.data is not None and request.preprocess != "raw":
        _refuse_preset(request.preprocess, (pictures, *(column for _, column in columns)))
    return Inputs(
        place=place,
        pictures=pictures,
        batch_size=1 if place is None or pictures is None else _batch_size(place, pictures.count, request),
        preset=request.preprocess if pictures is not None and pictures.recipe is not None else None,
        feeds=arrays,
        said=said,
        columns=columns,
        most_batches=request.batches,
    )


def _fed_by_hand(
    graph: Graph, reached: Collection[Node], request: Request, decided: Collection[str]
) -> tuple[Feeds, dict[str, float | bool | str]]:
    """The arrays of `--feed`, and what the report says of them. Raises InputError for a useless one, unless
    it may be for another step.
    """
    arrays, said = feeds.parse(graph, request.feeds, shared=request.shared)
    useless = _useless(graph, reached, arrays, decided)
    if useless and not request.shared:
        raise InputError(next(iter(useless.values())))
    return (
        {name: array for name, array in arrays.items() if name not in useless},
        {name: value for name, value in said.items() if name not in useless},
    )


def _refuse_preset(preset: str, elements: Iterable[Pictures | None]) -> None:
    """Raises InputError where nothing is prepared by the preset: arrays are fed as they are."""
    fed = [one for one in elements if one is not None]
    if fed and all(isinstance(one, Rows) for one in fed):
        raise InputError(
            f"--preprocess {preset}: {fed[0].names[0]} is no image, and is fed as it is; leave it out"
        )


def _useless(
    graph: Graph, reached: Collection[Node], fed: Collection[str], decided: Collection[str]
) -> dict[str, str]:
    """The names fed that would be overruled, or that nothing reads, and what to say of each."""
    names = {node.name for node in reached}
    reasons = {name: "it decides the mode, which is set already" for name in fed if name in decided}
    unread = [name for name in fed if name not in reasons and node_name(name) not in names]
    if unread:
        deciding = (node for node in graph if node.name in set(map(node_name, decided)))
        asked = {node.name for node in upstream(deciding)}
        for name in unread:
            reasons[name] = (
                "what is computed of it decides the mode, which is set already"
                if node_name(name) in asked
                else "nothing that is compared depends on it"
            )
    return {name: f"--feed {name}: {why}; leave it out" for name, why in reasons.items()}


def _is_read(graph: Graph, reached: Collection[Node], node: Node, cut: Collection[Node]) -> bool:
    """Whether a way leads from the node to the end of what runs past the nodes that are fed."""

    def running(current: Node) -> list[Node]:
        return [use.node for use in graph.uses(current) if use.node in reached]

    past = reach([node], lambda current: () if current in cut and current is not node else running(current))
    return not cut or any((one is node or one not in cut) and not running(one) for one in past)


def _but_images(
    graph: Graph, others: Sequence[Placeholder], layers: Sequence[BatchNorm], place: Placeholder | None
) -> list[Placeholder]:
    """The placeholders that images do not serve. Raises InputError where there are images to ask for."""
    if place is not None:
        return [other for other in others if other.name != place.name]
    if any(not other.has_default for other in others):
        try:
            wanted = image_input(graph, others, layers, None)
        except InputError:
            return list(others)
        raise InputError(f"no image for {wanted}: add --image FILE, or --random 8 for a first look")
    return list(others)


def _batch_size(place: Placeholder, count: int, request: Request) -> int:
    """How many elements run together. Raises InputError where the model fixes a number that does not fit."""
    fixed = 1 if place.dtype == "string" and not place.shape else place.shape[0] if place.shape else None
    asked = request.batch_size
    if fixed is None:
        even = -(-count // -(-count // _LARGEST_BATCH)) if count else 1
        return asked or (even if request.even else _LARGEST_BATCH)
    if asked is not None and asked != fixed:
        raise InputError(f"--batch-size {asked} does not fit {place}, which takes {fixed} at a time")
    if count % fixed:
        raise InputError(f"{place} takes {fixed} images at a time, and {count} were given: give a multiple")
    return fixed
