"""Two files of one graph: per layer, how far weights, gamma, beta and statistics moved, and what that says.

Pure: two Reports in, a Comparison out. A layer whose weights moved while its statistics did not has stale
statistics, if it normalizes with its batch in training; which of the two it does is read from the file that
is a training graph.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from bninspect.batchnorm.comparison.change import StatisticsChange, TensorChange, change, statistics_change
from bninspect.batchnorm.comparison.matching import How, Unmatched, matched
from bninspect.batchnorm.comparison.upstream import Upstream
from bninspect.batchnorm.layer import State
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.training.train_ops import Training
from bninspect.batchnorm.verdict import without_layers
from bninspect.errors import BninspectError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.comparison.matching import MatchedLayer
    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.graph import Node, Tensor


class Verdict(str, Enum):
    """What moved between the two files."""

    STALE = "weights moved, statistics did not"
    STATISTICS = "statistics moved, weights did not"
    BOTH = "both moved"
    NOTHING = "nothing moved"
    WEIGHTS_UNREAD = "weights not read"
    UNREAD = "statistics not read"


class Trains(str, Enum):
    """What a layer normalizes with while the model is trained."""

    BATCH = "batch"
    STORED = "stored"
    FED = "fed"
    """A switch decides, and the train op runs the updates: by whether the statistics moved it is known what
    was fed.
    """
    UNKNOWN = "unknown"
    """Fixed to inference, and no train op in either file."""


@frozen_dataclass
class LayerMove:
    """One layer in both files."""

    old: BatchNorm
    """The layer in OLD."""
    new: BatchNorm
    """The layer in NEW."""
    matched: How
    """How the two were found to be one: by name, or by order."""
    weights: TensorChange | None
    """The nearest weights that x is made with; None where there are none."""
    gamma: TensorChange | None
    """None where the layer has none in either file."""
    beta: TensorChange | None
    """As gamma."""
    statistics: StatisticsChange
    """How far mean and variance moved."""
    verdict: Verdict
    """What moved, and what did not."""
    trains: Trains
    """What it normalizes with while the model is trained."""

    @property
    def name(self) -> str:
        """As NEW calls it."""
        return self.new.name

    @property
    def is_reset(self) -> bool:
        """Whether the statistics of NEW are at their initial values, and those of OLD are known not to be."""
        before, after = self.old.statistics.state, self.new.statistics.state
        return after is State.INITIAL and before in (State.STORED, State.INVALID)

    @property
    def parameters(self) -> tuple[TensorChange, ...]:
        """Weights, gamma and beta, as far as the layer has them."""
        return tuple(one for one in (self.weights, self.gamma, self.beta) if one is not None)

    @property
    def reason(self) -> str | None:
        """What could not be compared, and why; None where everything was."""
        if self.statistics.moved is None:
            return self.statistics.reason
        return next((one.reason for one in self.parameters if one.moved is None), None)


@frozen_dataclass
class Comparison:
    """All that moved."""

    old: Report
    new: Report
    layers: tuple[LayerMove, ...]
    """In the graph order of NEW."""
    unmatched: tuple[Unmatched, ...]
    steps: tuple[int | None, int | None]
    """The global step of either; None where the graph counts none, or it was not read."""


def diff(old: Report, new: Report) -> Comparison:
    """What moved between two files of one graph.

    Raises BninspectError where no layer of one is a layer of the other, or no value could be compared.
    """
    pairs, unmatched = matched(old, new)
    if not pairs:
        raise BninspectError(_nothing(old, new))
    sides = _Side(old), _Side(new)
    measured = [_Measured(pair, *sides) for pair in pairs]
    steps = sides[0].steps(), sides[1].steps()
    trained = any(one.moved for one in measured) or (None not in steps and steps[0] != steps[1])
    layers = tuple(one.judged(trained) for one in measured)
    if all(_is_blind(layer) for layer in layers):
        paths = f"{old.graph.graphdef.path} and {new.graph.graphdef.path}"
        raise BninspectError(
            f"{paths}: no value could be compared: {layers[0].reason}; a .meta needs its checkpoint beside it"
        )
    return Comparison(
        old=old,
        new=new,
        layers=layers,
        unmatched=unmatched,
        steps=steps,
    )


def _nothing(old: Report, new: Report) -> str:
    for report in (old, new):
        if not report.layers:
            return f"{report.graph.graphdef.path}: {without_layers(report, 'compare')}"
    paths = f"{old.graph.graphdef.path} and {new.graph.graphdef.path}"
    counts = f"of {len(old.layers)} and {len(new.layers)} layers none are the same"
    return f"{paths} are not of one graph: {counts} by name, or by order and shapes"


def _is_blind(layer: LayerMove) -> bool:
    """Whether nothing of the layer could be compared."""
    return layer.statistics.moved is None and all(one.moved is None for one in layer.parameters)


class _Side:
    """One of the two files."""

    def __init__(self, report: Report) -> None:
        self.graph = report.graph
        self._upstream = Upstream(report.layers)
        self.has_variables = any(node.op in VARIABLES for node in report.graph)

    def weights(self, layer: BatchNorm) -> tuple[Node, ...]:
        """What keeps the nearest weights before the layer."""
        return self._upstream.weights(layer.x)

    def steps(self) -> int | None:
        """The global step that the file holds."""
        return Training(self.graph).steps


class _Measured:
    """One pair of layers, before it is judged."""

    def __init__(self, pair: MatchedLayer, old: _Side, new: _Side) -> None:
        self.pair = pair
        learns = old.has_variables or new.has_variables
        self.weights = _between(old.weights(pair.old), new.weights(pair.new), learns)
        self.gamma = _between(_nodes(pair.old.gamma), _nodes(pair.new.gamma), learns)
        self.beta = _between(_nodes(pair.old.beta), _nodes(pair.new.beta), learns)
        self.parameters = [one for one in (self.weights, self.gamma, self.beta) if one is not None]

    @property
    def moved(self) -> bool | None:
        """Whether any of weights, gamma and beta moved; None where that is not known."""
        moved = [one.moved for one in self.parameters]
        return True if True in moved else None if None in moved else False

    def judged(self, trained: bool) -> LayerMove:
        """The layer with its verdict. One with nothing of its own that could move goes by whether the model
        was `trained` from one file to the other.
        """
        old, new, how = self.pair
        kept = statistics_change(old.statistics, new.statistics, old.epsilon)
        moved = self.moved if self.parameters else trained
        return LayerMove(
            old=old,
            new=new,
            matched=how,
            weights=self.weights,
            gamma=self.gamma,
            beta=self.beta,
            statistics=kept,
            verdict=_verdict(moved, kept.moved),
            trains=_trains(old, new),
        )


def _verdict(weights: bool | None, statistics: bool | None) -> Verdict:
    if statistics is None:
        return Verdict.UNREAD
    if weights is None:
        return Verdict.WEIGHTS_UNREAD
    if weights:
        return Verdict.BOTH if statistics else Verdict.STALE
    return Verdict.STATISTICS if statistics else Verdict.NOTHING


def _trains(old: BatchNorm, new: BatchNorm) -> Trains:
    """What the layer normalizes with in training, by the file that is a training graph, NEW before OLD."""
    for layer in (new, old):
        if layer.updates is not None:
            if layer.mode is Mode.INFERENCE:
                return Trains.STORED
            return Trains.FED if layer.mode is Mode.SWITCHED and layer.updates == "run" else Trains.BATCH
    return Trains.UNKNOWN if old.mode is new.mode is Mode.INFERENCE else Trains.BATCH


def _between(old: Sequence[Node], new: Sequence[Node], learns: bool) -> TensorChange | None:
    """The change of these tensors, by name where either side has the same names, else in order. Where a file
    `learns` by its variables, a constant in both (a gamma of 1, the mean of the images) is none of them.
    """
    by_name = {node.name: node for node in old}
    if len(old) == len(new):
        olds = [by_name[node.name] for node in new] if all(node.name in by_name for node in new) else old
        pairs = zip(olds, new, strict=True)
        kept = [pair for pair in pairs if not learns or any(node.op in VARIABLES for node in pair)]
        old, new = [pair[0] for pair in kept], [pair[1] for pair in kept]
    return change(old, new) if old or new else None


def _nodes(tensor: Tensor | None) -> tuple[Node, ...]:
    return () if tensor is None else (tensor.node,)
