"""One program that holds the model in both modes, with what is measured of every layer.

Both specialized graphs stand in it, and share what they have in common (`rewrite.copies`): the weights, the
inputs, everything before the first layer. So one session runs both modes, each number drawn before the first
layer is the same in both, and the distance of a layer's two outputs is taken inside TensorFlow.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.recognition.batches.ghost import in_groups
from bninspect.errors import RewriteError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.loops import in_loops
from bninspect.graph.search import reach
from bninspect.graphdef.records import node_name
from bninspect.inputs.deciding import fed_name, fed_value, sources
from bninspect.measure.instrument import GapNames, gaps_of, x_dtype
from bninspect.rewrite import specialize
from bninspect.rewrite.asserted import without_asserts_of
from bninspect.rewrite.copies import Copies, copies
from bninspect.rewrite.moments import measure
from bninspect.run.needed import cut
from bninspect.run.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Node, Tensor
    from bninspect.graphdef import GraphDef
    from bninspect.rewrite import LayerChange, Pruned, Specialization

MODES = (Mode.TRAINING, Mode.INFERENCE)
_PREFIX = "inference"


@frozen_dataclass
class BothModes:
    """What is handed to TensorFlow: both modes of one model."""

    graphdef: GraphDef
    changes: Mapping[Mode, Mapping[str, LayerChange]]
    """What was done to each layer, by its name; so is all that follows."""
    sources: Mapping[Tensor, Mapping[Mode, bool]]
    """What decides the mode of the switched layers, and the value of it that serves each."""
    moments: Mapping[tuple[Mode, str], tuple[str, ...]]
    """Where the moments of a layer's x are fetched, in the order `measure` reads them in."""
    gaps: Mapping[str, GapNames]
    unmeasured: Mapping[str, str]
    """Layers without moments, and why."""
    outputs: Mapping[Mode, Mapping[str, Tensor]]
    """Every layer's output in each copy, as a tensor of the original."""
    _names: Mapping[tuple[Mode, Tensor], str]
    _copies: Copies
    cut_at: frozenset[str] = frozenset()
    """The tensors here that are fed, once it was cut at them."""
    _moved: tuple[Copies, ...] = ()
    """The graphs it was put into since."""

    def fetch(self, mode: Mode, tensor: Tensor) -> str:
        """Where a wanted tensor of the original is fetched in this mode."""
        return self._names[mode, tensor]

    def places(self, mode: Mode, name: str) -> str:
        """What a tensor of the original (`op:0`) is called in this mode's copy."""
        at = name if mode is Mode.TRAINING else self._copies.second(name)
        for into in self._moved:
            at = into.second(at)
        return at

    def feeds(self, values: Mapping[str, NDArray[Any]], served: Mapping[Mode, Mode]) -> dict[str, Any]:
        """What to feed: these values of the original's tensors, to both copies; and to each source, in the
        copy of each mode, the value that serves the mode `served` says."""
        held = {node.name for node in self.graphdef.nodes}
        found: dict[str, Any] = {}
        for mode in MODES:
            for name, value in values.items():
                found[self.places(mode, name)] = value
            for source, serving in self.sources.items():
                found[self.places(mode, fed_name(source))] = fed_value(source, serving[served[mode]])
        return {name: value for name, value in found.items() if name.rpartition(":")[0] in held}

    def feeds_of_original(self, mode: Mode) -> dict[str, NDArray[Any]]:
        """What sends the original to this mode: a value for each source."""
        return {source.name: fed_value(source, value[mode]) for source, value in self.sources.items()}

    @property
    def fetched(self) -> set[str]:
        """All that may be fetched."""
        moments = (name for names in self.moments.values() for name in names)
        return {*self._names.values(), *moments, *(name for gap in self.gaps.values() for name in gap)}

    def fed(self, names: Iterable[str]) -> set[str]:
        """What is fed where these tensors of the original are: both copies' own, and the sources'."""
        all_names = (*names, *(fed_name(source) for source in self.sources))
        return {self.places(mode, name) for mode in MODES for name in all_names}

    def cut(self, names: Iterable[str]) -> BothModes:
        """Both modes without what stands before these tensors of the original, or before a source."""
        fed = self.fed(names)
        return replace(self, graphdef=cut(self.graphdef, fed, self.fetched), cut_at=frozenset(fed))

    def program(self, allowed: Iterable[str]) -> Program:
        """What runs, once it was cut."""
        return Program.of(self.graphdef, self.fetched, self.cut_at, allowed, self.originals)

    @property
    def originals(self) -> dict[str, str]:
        """Name of a node here -> its name in the original, where that is another."""
        found = {new: old for old, new in self._copies.renamed.items()}
        for into in self._moved:
            moved = {into.second(name): old for name, old in found.items()}
            found = moved | {new: found.get(old, old) for old, new in into.renamed.items()}
        return found

    def moved(self, into: Copies) -> BothModes:
        """The same as it stands in a graph that it was put into, as the second."""
        return replace(
            self,
            graphdef=into.graphdef,
            moments={key: tuple(map(into.second, names)) for key, names in self.moments.items()},
            gaps={name: GapNames(*map(into.second, names)) for name, names in self.gaps.items()},
            cut_at=frozenset(map(into.second, self.cut_at)),
            _names={key: into.second(name) for key, name in self._names.items()},
            _moved=(*self._moved, into),
        )

    def one_mode_alone(self, layer: str) -> str | None:
        """Why a layer ran in one mode in both copies; None if it ran in both modes."""
        for mode in MODES:
            change = self.changes[mode][layer]
            if change.what == "left":
                return f"no {mode.value} mode: {change.reason}"
        return None

    @property
    def differ(self) -> bool:
        """Whether any layer has both modes; if none has, both copies are the same model."""
        return any(self.one_mode_alone(layer) is None for layer in self.changes[Mode.TRAINING])

    def fed_for_others(self) -> dict[str, bool]:
        """What the other readers of each source are fed for in both copies, where there are any."""
        held = {node.name for node in self.graphdef.nodes}
        return {
            source.name: value[Mode.INFERENCE]
            for source, value in self.sources.items()
            if source.node.name in held
        }

    def reached(self, graph: Iterable[Node]) -> set[Node]:
        """The nodes of the original that the program depends on, but for those before a source, which is
        fed."""
        reads = {node.name: node.inputs for node in self.graphdef.nodes}
        original = {
            self.places(mode, f"{node.name}:0").rpartition(":")[0]: node for mode in MODES for node in graph
        }
        fed = {node_name(name) for name in self.fed(())}
        names = reach(
            map(node_name, self.fetched),
            lambda name: () if name in fed else map(node_name, reads.get(name, ())),
        )
        return {original[name] for name in names if name in original and name in reads and name not in fed}


def both_modes(
    report: Report,
    choice: Callable[[Mode, BatchNorm], Mode],
    wanted: Sequence[Tensor],
    measured: Sequence[BatchNorm] = (),
    compared: Sequence[BatchNorm] = (),
) -> BothModes:
    """Both modes in one: `choice` says in which mode a layer runs in the copy of each mode.

    The moments of x are measured of the layers `measured`, and the gap between the outputs of those
    `compared`. Raises RewriteError where the wanted tensors depend on what cannot be written.
    """
    graph_sources = sources(report)
    loops = in_loops(report.graph)
    unmeasured: dict[str, str] = {}
    changes: dict[Mode, Mapping[str, LayerChange]] = {}
    taken: dict[tuple[Mode, str], tuple[Tensor, ...]] = {}
    outputs: dict[Mode, dict[str, Tensor]] = {}
    pruned: dict[Mode, Pruned] = {}
    for mode in MODES:
        special = specialize(report, partial(choice, mode))
        changes[mode] = {change.layer.name: change for change in special.changes}
        for layer in measured:
            if layer.x.node in loops:
                unmeasured[layer.name] = "it stands in a loop, where x has many values in one run"
                continue
            try:
                taken[mode, layer.name] = moments_in(special, layer, mode)
            except RewriteError as error:
                unmeasured[layer.name] = str(error)
        tensors = [tensor for (at, _), found in taken.items() if at is mode for tensor in found]
        outputs[mode] = {layer.name: output_in(choice(mode, layer), layer) for layer in report.layers}
        pruned[mode] = special.pruned((*wanted, *outputs[mode].values(), *tensors))
    both = copies(
        pruned[Mode.TRAINING].graphdef,
        pruned[Mode.INFERENCE].graphdef,
        prefix=_PREFIX,
        apart={source.node.name for source in graph_sources},
    )

    def place(mode: Mode, tensor: Tensor) -> str:
        name = pruned[mode].names[tensor]
        return name if mode is Mode.TRAINING else both.second(name)

    gaps, nodes = gaps_of(
        [layer for layer in compared if layer.output.node not in loops],
        lambda mode, layer: place(mode, outputs[mode][layer.name]),
    )
    deciding = [fed_name(source) for source in graph_sources]
    held = without_asserts_of(
        both.graphdef, (node_name(name) for one in deciding for name in (one, both.second(one)))
    )
    return BothModes(
        graphdef=replace(held, nodes=(*held.nodes, *nodes)),
        changes=changes,
        sources=graph_sources,
        moments={key: tuple(place(key[0], tensor) for tensor in found) for key, found in taken.items()},
        gaps=gaps,
        unmeasured=unmeasured,
        outputs=outputs,
        _names={
            (mode, tensor): place(mode, tensor)
            for mode in MODES
            for tensor in (*wanted, *outputs[mode].values())
        },
        _copies=both,
    )


def output_in(mode: Mode, layer: BatchNorm) -> Tensor:
    """The output of a layer in a mode: where a whole net is written once per mode, its branch's own."""
    branch = layer.branch(mode)
    written = [one.output for one in layer.wiring.branches]
    return branch.output if branch is not None and layer.output in written else layer.output


def unfeedable(source: Tensor, loops: Container[Node]) -> str | None:
    """Why what decides cannot be fed in the original; None where it can."""
    if source.node in loops:
        return f"what decides, {source.name}, is computed in a loop, where nothing can be fed"
    return f"what decides, {source.name}, is inside a function" if unfetchable(source) else None


def unfetchable(tensor: Tensor) -> str | None:
    """Why the tensor cannot be fetched from the original; None where it can."""
    if tensor.node.functions:
        return f"it stands inside function {tensor.node.functions[-1]}, whose tensors cannot be fetched"
    if tensor.node.nodedef is None and tensor.node.stands_for is None:
        return "it is not a tensor of the file"
    return None


def moments_in(special: Specialization, layer: BatchNorm, mode: Mode) -> tuple[Tensor, ...]:
    """Mean and variance of each image of the layer's x in this mode, and of how many values they are."""
    site = layer.nearest(mode).site
    found = measure(
        special.edits,
        special.edits.read_by(site.x.node, 0) if in_groups(site) else site.x,
        data_format=site.data_format,
        dtype=x_dtype(site),
        kept_axes=layer.kept_axes,
    )
    return found.mean, found.variance, found.values
