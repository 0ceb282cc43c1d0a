"""Which layer of one file is which layer of another: by name, else by graph order and shapes, else by
nothing.

Names are what a person or a library happened to write, and a scope in front changes all of them. Graph order
and shapes stay; where they leave a choice, a layer is reported as unmatched rather than guessed.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from bninspect.batchnorm.comparison.upstream import Upstream
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.trace import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.graph import Tensor

Side = Literal["old", "new"]
How = Literal["name", "order"]
_Shapes = tuple[object, ...]


class MatchedLayer(NamedTuple):
    """One layer in both files."""

    old: BatchNorm
    new: BatchNorm
    how: How
    """Why they are one: the name, or graph order and shapes."""


@frozen_dataclass
class Unmatched:
    """A layer of one file that is none of the other's, as far as names, order and shapes show."""

    side: Side
    name: str
    reason: str


def matched(old: Report, new: Report) -> tuple[tuple[MatchedLayer, ...], tuple[Unmatched, ...]]:
    """(the layers of both in the graph order of NEW, those left over: OLD's first).

    A layer of the same name is the same layer, if it has as many channels.
    """
    by_name = {layer.name: layer for layer in old.layers}
    pairs: dict[str, MatchedLayer] = {}
    resized: dict[str, str] = {}
    for layer in new.layers:
        other = by_name.get(layer.name)
        if other is not None and _differ(other.channels, layer.channels):
            resized[layer.name] = f"{other.channels} channels in OLD, {layer.channels} in NEW"
        elif other is not None:
            pairs[layer.name] = MatchedLayer(other, layer, "name")
    left = _Left(old, new, pairs)
    pairs |= left.paired({*pairs, *resized})
    taken = {pair.old.name for pair in pairs.values()}
    unmatched = [
        Unmatched(side="old", name=layer.name, reason=resized.get(layer.name) or _ABSENT.format("NEW"))
        for layer in old.layers
        if layer.name not in taken
    ]
    unmatched += [
        Unmatched(side="new", name=layer.name, reason=resized.get(layer.name) or _ABSENT.format("OLD"))
        for layer in new.layers
        if layer.name not in pairs
    ]
    return tuple(pairs[layer.name] for layer in new.layers if layer.name in pairs), tuple(unmatched)


_ABSENT = "{0} has no layer of this name, nor one that order and shapes single out"


class _Left:
    """The layers that names do not match, in stretches between those they do."""

    def __init__(self, old: Report, new: Report, anchors: dict[str, MatchedLayer]) -> None:
        self.old, self.new = old, new
        places = {layer.name: place for place, layer in enumerate(old.layers)}
        self.order = [
            (place, places[anchors[layer.name].old.name])
            for place, layer in enumerate(new.layers)
            if layer.name in anchors
        ]
        """(place in NEW, place in OLD) of every anchor."""
        before = [place for _, place in self.order]
        if before != sorted(before):
            self.order = []  # two orders: what stands between two anchors says nothing

    def paired(self, settled: set[str]) -> dict[str, MatchedLayer]:
        """The layers of NEW that order and shapes match, by name."""
        shapes = [_Shaped(report) for report in (self.old, self.new)]
        stretches: dict[int, tuple[list[BatchNorm], list[BatchNorm]]] = {}
        for side, report in enumerate((self.old, self.new)):
            marks = [anchor[1 - side] for anchor in self.order]
            for place, layer in enumerate(report.layers):
                if layer.name not in settled:
                    stretch = stretches.setdefault(bisect(marks, place), ([], []))
                    stretch[side].append(layer)
        found = {}
        for olds, news in stretches.values():
            keys = [shapes[0].of(layer) for layer in olds], [shapes[1].of(layer) for layer in news]
            if keys[0] == keys[1]:
                chosen = list(zip(olds, news, strict=True))
            else:
                chosen = _of_one_kind(olds, news, *keys)
            found.update({layer.name: MatchedLayer(other, layer, "order") for other, layer in chosen})
        return found


def _of_one_kind(
    olds: Sequence[BatchNorm], news: Sequence[BatchNorm], old_keys: list[_Shapes], new_keys: list[_Shapes]
) -> list[tuple[BatchNorm, BatchNorm]]:
    """The layers whose shapes are the only ones of their kind on either side, where those stand in one
    order.
    """
    counts = Counter(old_keys), Counter(new_keys)
    places = [
        (old_keys.index(key), place)
        for place, key in enumerate(new_keys)
        if counts[0][key] == 1 == counts[1][key]
    ]
    if places != sorted(places):
        return []
    return [(olds[before], news[after]) for before, after in places]


class _Shaped:
    """What of a layer stays when every name changes."""

    def __init__(self, report: Report) -> None:
        self.upstream = Upstream(report.layers)

    def of(self, layer: BatchNorm) -> _Shapes:
        """Channels, epsilon, the shapes of gamma and beta and of the weights before it. Not the form: `strip`
        may write a layer in another.
        """
        weights = self.upstream.weights(layer.x)
        return (
            layer.channels,
            layer.epsilon,
            _of_tensor(layer.gamma),
            _of_tensor(layer.beta),
            tuple(shape_of(node) for node in weights),
        )


def _of_tensor(tensor: Tensor | None) -> tuple[int, ...] | None:
    return None if tensor is None else shape_of(tensor.node)


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other
