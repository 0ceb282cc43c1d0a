"""What decides the mode of a model's layers, and which of its values serve a mode: one, several, or none.

A boolean that sends every layer the same way has one value for each mode. Several values serve inference
where a number is compared (mode 0 trains, 1 evaluates, 2 predicts); none does where one layer trains on true
and another on false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.deciding import deciders_of, is_true
from bninspect.batchnorm.wiring.predicates.predicate import PREDICATE_OPS, Value
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import IDENTITIES
from bninspect.graph.search import reach
from bninspect.graph.trace import same, scalar
from bninspect.inputs.deciding import asking, fed_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.batchnorm.switch import ModeSwitch
    from bninspect.graph import Graph, Node, Tensor

_MOST_NODES = 2000
"""How many readers of a source are looked at for the numbers that they compare it with."""
_WIDEST = 1 << 31
"""No mode is numbered beyond this."""


Beside = Callable[["BatchNorm", Mode], Iterable[Mapping["Tensor", Value]]]
"""(layer, mode) -> values of all that decides the layer."""


@frozen_dataclass
class Decider:
    """A tensor that decides layers, and values that stand for all it can have."""

    tensor: Tensor
    """The source of their predicates, or the predicate itself where no one source decides."""
    layers: tuple[BatchNorm, ...]
    """Those that it decides."""
    values: tuple[Value, ...]
    """False and true; of a whole number, those that the comparisons of the graph tell apart, in order."""
    asking: tuple[tuple[Tensor, bool], ...]
    """What is fed for it to have a value, and whether with the opposite."""

    def arrays(self, value: Value) -> dict[Tensor, NDArray[Any]]:
        """What is fed for it to have a value, in the type and the shape of each tensor; 1 for a size that is
        left free.
        """
        return {one: fed_value(one, not value if negated else value) for one, negated in self.asking}

    @property
    def is_constant(self) -> bool:
        """Whether the file fixes it, so that it decides nothing that runs."""
        return any(switch.constant is not None for switch in self._switches)

    def wanted(self, mode: Mode) -> Iterator[tuple[Tensor, bool]]:
        """The predicate of every layer, and its value that sends the layer to the mode."""
        for switch in self._switches:
            yield switch.predicate.tensor, switch.training_when_predicate == (mode is Mode.TRAINING)

    @property
    def _switches(self) -> Iterator[ModeSwitch]:
        """What chooses the mode of each layer."""
        return (layer.switch for layer in self.layers if layer.switch is not None)

    def serving(self, mode: Mode) -> tuple[Value, ...]:
        """The values under which every layer has the mode, whatever else decides; if there are none, those
        under which every layer may have it, unless it takes more than what serves each layer.
        """
        alone, together = (self._values(mode, beside) for beside in (_nothing, _what_serves))
        return alone or (self._values(mode, _anything) if together else ())

    def _values(self, mode: Mode, beside: Beside) -> tuple[Value, ...]:
        """The values under which every layer has the mode while all else that decides has some of these."""

        def serves(layer: BatchNorm, value: Value) -> bool:
            given = ({**others, self.tensor: value} for others in beside(layer, mode))
            return any(mode_under(layer, values) is mode for values in given)

        return tuple(value for value in self.values if all(serves(layer, value) for layer in self.layers))

    def to_feed(self, mode: Mode) -> tuple[Value, ...]:
        """The values that serve the mode while all else does, or all of them if none serves it to all layers.
        No negative number, unless the graph compares with one: it may be an index elsewhere.
        """
        values = self._values(mode, _nothing) or self._values(mode, _what_serves) or self.values
        return tuple(value for value in values if value >= 0 or self.values[0] < -1) or values


def _nothing(layer: BatchNorm, mode: Mode) -> Iterator[dict[Tensor, Value]]:
    yield {}


def _what_serves(layer: BatchNorm, mode: Mode) -> Iterator[dict[Tensor, Value]]:
    yield {} if layer.switch is None else dict(deciders_of(layer.switch, mode))


def _anything(layer: BatchNorm, mode: Mode) -> Iterator[dict[Tensor, Value]]:
    for every in _what_serves(layer, mode):
        for values in product(*(((tensor, False), (tensor, True)) for tensor in every)):
            yield dict(values)


def mode_under(layer: BatchNorm, values: Mapping[Tensor, Value]) -> Mode | None:
    """The mode of a layer while what decides has these values; None if other tensors have a say."""
    if layer.switch is None:
        return layer.mode
    truth = is_true(layer.switch.predicate, values)
    if truth is None:
        return None
    return Mode.TRAINING if truth == layer.switch.training_when_predicate else Mode.INFERENCE


def deciders(report: Report) -> tuple[Decider, ...]:
    """What decides the layers of the report, in the order of its first layers."""
    decided: dict[Tensor, list[BatchNorm]] = {}
    for layer in report.layers:
        if layer.switch is not None:
            for tensor in deciders_of(layer.switch, Mode.TRAINING):
                decided.setdefault(tensor, []).append(layer)
    return tuple(
        Decider(
            tensor=tensor,
            layers=tuple(layers),
            values=_values(tensor, layers, report.graph),
            asking=asking(report, tensor),
        )
        for tensor, layers in decided.items()
    )


def _values(tensor: Tensor, layers: Iterable[BatchNorm], graph: Graph) -> tuple[Value, ...]:
    """False and true, or the whole numbers at and beside those that the tensor is compared with."""
    sources = {layer.switch.predicate.source for layer in layers if layer.switch is not None}
    dtype = fed_value(tensor, False).dtype
    if tensor not in sources or dtype == np.bool_:
        return (False, True)
    limits = np.iinfo(dtype)
    compared = (floor(number) for number in _compared_with(tensor, graph) if abs(number) < _WIDEST)
    numbers = {0, 1}.union(*(range(number - 1, number + 2) for number in compared))
    return tuple(sorted(number for number in numbers if limits.min <= number <= limits.max))


def _compared_with(source: Tensor, graph: Graph) -> set[float]:
    """The constants that meet the source, or what is computed from it alone, in a comparison or in logic."""

    def onward(node: Node) -> Iterator[Node]:
        for use in graph.uses(node):
            if (use.node.op in IDENTITIES and use.slot == 0) or use.node.op in PREDICATE_OPS:
                yield use.node

    computed = (node for node in reach([source.node], onward, _MOST_NODES) if node is not source.node)
    numbers = (scalar(same(tensor)) for node in computed for tensor in node.inputs)
    return {number for number in numbers if number is not None}
