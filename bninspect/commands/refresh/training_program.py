"""The graph that re-estimation runs: the chosen layers in training mode, the moments of their x to fetch.

One copy is enough here (`measure.both_modes` holds two): what is run is only what the moments depend on.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.errors import RewriteError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.loops import in_loops
from bninspect.graph.search import downstream, reach
from bninspect.inputs.deciding import fed_name, fed_value, sources
from bninspect.measure.both_modes import moments_in
from bninspect.rewrite import specialize
from bninspect.rewrite.asserted import without_asserts_of
from bninspect.rewrite.statistics.mixed import mix_in
from bninspect.rewrite.statistics.refill import usable_statistics
from bninspect.run.program import Program
from bninspect.run.running import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Node, Tensor
    from bninspect.graphdef import GraphDef
    from bninspect.rewrite.specialize import Specialization

_SHARE = "bninspect/kept_share"


@frozen_dataclass
class TrainingProgram:
    """One graph with the chosen layers in training mode, and where their moments are fetched."""

    graphdef: GraphDef
    wishes: tuple[Wish, ...]
    """The moments of each layer, by its name."""
    left: dict[str, str]
    feeds: dict[str, NDArray[Any]]
    """What decides the mode of other things than batch norm (dropout): inference; and the share."""
    reached: frozenset[Node]
    share: str | None
    """Takes the share of the old statistics that layers normalize with; None: with none of them."""

    def keeping(self, share: float) -> TrainingProgram:
        """The same, whose layers normalize with so much of their old statistics."""
        if self.share is None:
            return self
        return replace(self, feeds={**self.feeds, self.share: np.float32(share)})

    def program(self, names: Iterable[str], allowed: Iterable[str]) -> Program:
        """What runs with these tensors fed."""
        fetched = [name for wish in self.wishes for name in wish.names]
        return Program.of(self.graphdef, fetched, {*names, *self.feeds}, allowed)


def training_program(
    report: Report, chosen: Sequence[BatchNorm], *, stripped: bool, mixed: bool = False
) -> TrainingProgram:
    """The graph with the chosen layers in training mode, and all others as the model is deployed; with
    `stripped` in inference mode wherever they can be. `mixed`: a share of the old statistics can be kept.

    Raises RewriteError where the moments depend on what cannot be written.
    """
    names = {layer.name for layer in chosen}
    special = specialize(
        report, lambda layer: _mode(layer, names, stripped), parameters=lambda layer: layer.name in names
    )
    share = special.edits.add(_SHARE, "Const", (), dtype="float", value=np.zeros((), np.float32))
    taken, left = _moments(special, chosen, share if mixed else None)
    fate = Conditions(report.graph).of_tensor
    pruned = special.pruned([tensor for found in taken.values() for tensor in found])
    deciding = sources(report)
    return TrainingProgram(
        graphdef=without_asserts_of(pruned.graphdef, (source.node.name for source in deciding)),
        wishes=tuple(
            Wish(layer.name, tuple(map(pruned.names.__getitem__, taken[layer.name])), fate(layer.output))
            for layer in chosen
            if layer.name in taken
        ),
        left=left,
        feeds={
            fed_name(source): fed_value(source, value[Mode.INFERENCE]) for source, value in deciding.items()
        },
        share=share.name if share.node in pruned.kept else None,
        reached=_reached(special.edits.inputs, pruned.kept, taken, {source.node for source in deciding}),
    )


def independent(report: Report, chosen: Sequence[BatchNorm], *, stripped: bool) -> frozenset[str]:
    """Names of the chosen layers that stand behind none that normalizes with its batch: what they see of an
    image depends on no other image. None do if something could not be decided, which may be such a layer.
    """
    names = {layer.name for layer in chosen}
    if report.unrecognised:
        return frozenset()
    mixing = [layer for layer in report.layers if _mode(layer, names, stripped) is Mode.TRAINING]
    ends = {site.output.node for layer in mixing for site in layer.sites}
    behind = downstream(report.graph, ends | {layer.output.node for layer in mixing})
    measured = {layer.name: layer.nearest(Mode.TRAINING).site.x.node for layer in chosen}
    return frozenset(name for name, node in measured.items() if node not in behind)


def _mode(layer: BatchNorm, chosen: Collection[str], stripped: bool) -> Mode:
    """The mode that a layer runs in while the chosen ones are measured."""
    fixed = layer.mode is Mode.TRAINING and not stripped
    return Mode.TRAINING if layer.name in chosen or fixed else Mode.INFERENCE


def _moments(
    special: Specialization, chosen: Sequence[BatchNorm], share: Tensor | None
) -> tuple[dict[str, tuple[Tensor, ...]], dict[str, str]]:
    """Layer -> its moments of each image, and why another has none. With a share, from each layer on x is
    normalized with so much of the old statistics.
    """
    changes = {change.layer.name: change for change in special.changes}
    loops = in_loops(special.edits.graph)
    taken: dict[str, tuple[Tensor, ...]] = {}
    left: dict[str, str] = {}
    for layer in chosen:
        change = changes[layer.name]
        if change.what == "left":
            left[layer.name] = f"it has no training mode: {change.reason}"
        elif layer.x.node in loops:
            left[layer.name] = "it stands in a loop, where x has many values in one run"
        else:
            try:
                taken[layer.name] = mean, variance, _ = moments_in(special, layer, Mode.TRAINING)
            except RewriteError as error:
                left[layer.name] = str(error)
                continue
            if share is not None and (old := usable_statistics(layer)) is not None:
                with suppress(RewriteError):  # then the batch's statistics alone have to do
                    mix_in(special.edits, layer, (mean, variance), old, share)
    return taken, left


def _reached(
    inputs: Callable[[Node], tuple[Tensor, ...]],
    kept: Collection[Node],
    taken: Mapping[str, Sequence[Tensor]],
    fed: Collection[Node],
) -> frozenset[Node]:
    """The nodes that the moments depend on, but for those before a source, which is fed."""

    def running(nodes: Iterable[Node]) -> Iterator[Node]:
        return (node for node in nodes if node in kept and node not in fed)

    return frozenset(
        reach(
            running(tensor.node for found in taken.values() for tensor in found),
            lambda node: running(chain((tensor.node for tensor in inputs(node)), node.controls)),
        )
    )
