"""What the user asks to be fed, bound to the inputs of a graph: images, what belongs to them, all else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.errors import InputError, SelectionError
from bninspect.graph.ops import PLACEHOLDERS
from bninspect.graph.outputs import find_tensor
from bninspect.graph.search import reach, upstream
from bninspect.graphdef.records import node_name
from bninspect.inputs import feeds
from bninspect.inputs.elements import elements_for, open_elements, random_elements
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.pictures import Rows
from bninspect.inputs.placeholders import image_input, of, placeholders, refuse_unfed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Graph, Node
    from bninspect.inputs.data.spec import Data
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
    data = _data(request)
    named = {} if data is None else _named(graph, data, arrays, decided)
    place = _place(graph, others, layers, request, data, named)
    if place is not None and place.name in arrays:
        raise InputError(f"--feed {place.name}: it takes the images; leave one of the two out")
    columns = _columns(graph, others, place, request, data, named)
    # The image may be fed behind a placeholder, as the output of an iterator: then that is not needed.
    past = cut if place is None else {*cut, place.tensor.node}
    missing = [
        other
        for other in others
        if all(other != taken for taken, _ in columns) and _is_read(graph, reached, other.tensor.node, past)
    ]
    refuse_unfed(graph, _but_images(graph, missing, layers, place), arrays)
    pictures = None if place is None else _pictures(graph, place, request, data, named)
    if data is not None and request.preprocess != "raw":
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


def fed_places(
    graph: Graph, others: Sequence[Placeholder], layers: Sequence[BatchNorm], request: Request
) -> tuple[Placeholder, ...]:
    """Of these inputs, those that take the elements of the request; first the one that they are counted by.
    Raises InputError.
    """
    data = _data(request)
    named = {} if data is None else _named(graph, data, (), ())
    place = _place(graph, others, layers, request, data, named)
    beside = (other for other in named.values() if other != place and other in others)
    return () if place is None else (place, *beside)


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


def _data(request: Request) -> Data | None:
    """What elements are read from; None where they are random, or everything is fed by hand."""
    given = [name for name, value in (("--image", request.images), ("--data", request.data)) if value]
    given += [] if request.random is None else ["--random"]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)}: give one of the two")
    return open_elements(request) if request.has_data else None


def _named(
    graph: Graph, data: Data, fed: Collection[str], decided: Collection[str]
) -> dict[str, Placeholder]:
    """Field -> the input that the data name for it. Raises InputError for one that there is not, and for one
    that is fed by hand, too, or decides the mode.
    """
    found = {}
    for field_name, name in data.inputs.items():
        if name is None:
            continue
        try:
            place = of(find_tensor(graph, name), graph.graphdef.producer)
        except SelectionError:
            there = ", ".join(node.name for node in graph if node.op in PLACEHOLDERS) or "none"
            raise InputError(f"--data holds {name}, which is no input of the model; it has {there}") from None
        if place.name in fed:
            raise InputError(f"--feed {place.name}: --data feeds it, too; leave one of the two out")
        if place.name in decided:
            raise InputError(
                f"--data feeds {place.name}, which decides the mode, and is set already; leave it out"
            )
        found[field_name] = place
    return found


def _place(
    graph: Graph,
    others: Sequence[Placeholder],
    layers: Sequence[BatchNorm],
    request: Request,
    data: Data | None,
    named: Mapping[str, Placeholder],
) -> Placeholder | None:
    """The input that the elements are counted by: that of the images, else the first that the data name."""
    if data is None and request.random is None and request.input is None:
        return None
    there = [place for place in named.values() if place in others]
    if data is not None and None not in data.inputs.values():
        if not there:
            raise InputError(
                f"--data feeds {', '.join(data.fields)}, and nothing that is compared depends on it"
            )
        try:
            return image_input(graph, there, layers, request.input)
        except InputError:
            return there[0]
    rest = [place for place in others if place not in there]
    return image_input(graph, rest, layers, request.input, any_rank=data is None or not data.holds_images)


def _refuse_preset(preset: str, elements: Iterable[Pictures | None]) -> None:
    """Raises InputError where nothing is prepared by the preset: arrays are fed as they are."""
    fed = [one for one in elements if one is not None]
    if fed and all(isinstance(one, Rows) for one in fed):
        raise InputError(
            f"--preprocess {preset}: {fed[0].names[0]} is no image, and is fed as it is; leave it out"
        )


def _columns(
    graph: Graph,
    others: Sequence[Placeholder],
    place: Placeholder | None,
    request: Request,
    data: Data | None,
    named: Mapping[str, Placeholder],
) -> tuple[tuple[Placeholder, Pictures], ...]:
    """Each further input that runs, and its rows."""
    if data is None:
        return ()
    return tuple(
        (other, elements_for(graph, other, data.source, name, request))
        for name, other in named.items()
        if other in others and other != place
    )


def _pictures(
    graph: Graph, place: Placeholder, request: Request, data: Data | None, named: Mapping[str, Placeholder]
) -> Pictures:
    """The elements of the input that they are counted by."""
    if data is not None:
        unnamed = next((name for name, wanted in data.inputs.items() if wanted is None), None)
        name = next((name for name, other in named.items() if other == place), unnamed)
        return elements_for(graph, place, data.source, str(name), request)
    if request.random is None:
        raise InputError(f"--input {place.name}: no image for it; add --image FILE, or --random 8")
    return random_elements(graph, place, request)


def _useless(
    graph: Graph, reached: Collection[Node], fed: Collection[str], decided: Collection[str]
) -> dict[str, str]:
    """The names fed that would be overruled, or that nothing reads, and what to say of each."""
    names = {node.name for node in reached}
    told = {name: "it decides the mode, which is set already" for name in fed if name in decided}
    unread = [name for name in fed if name not in told and node_name(name) not in names]
    if unread:
        deciding = (node for node in graph if node.name in set(map(node_name, decided)))
        asked = {node.name for node in upstream(deciding)}
        for name in unread:
            told[name] = (
                "what is computed of it decides the mode, which is set already"
                if node_name(name) in asked
                else "nothing that is compared depends on it"
            )
    return {name: f"--feed {name}: {why}; leave it out" for name, why in told.items()}


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
