"""What decides the mode of a model's layers, and which of its values serve a mode: one, several, or none.

A boolean that sends every layer the same way has one value for each mode. Several values serve inference
where a number is compared (mode 0 trains, 1 evaluates, 2 predicts); none does where one layer trains on true
and another on false.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.deciding import deciders_of, value_of
from bninspect.batchnorm.wiring.predicate import PREDICATE_OPS, Value, base
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import IDENTITIES, VARIABLES
from bninspect.graph.search import reach
from bninspect.graph.trace import same, scalar
from bninspect.inputs.deciding import fed_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph, Node, Tensor

_MOST_NODES = 2000
"""How many readers of a source are looked at for the numbers that they compare it with."""
_WIDEST = 1 << 31
"""No mode is numbered beyond this."""


@frozen_dataclass
class Decider:
    """A tensor that decides layers, and values that stand for all it can have."""

    tensor: Tensor
    """The source of their predicates, or the predicate itself where no one source decides."""
    layers: tuple[BatchNorm, ...]
    """Those that it decides, and that have both modes."""
    values: tuple[Value, ...]
    """False and true; of a whole number, those that the comparisons of the graph tell apart, in order."""

    @property
    def dtype(self) -> str:
        """Its type, as TensorFlow names it."""
        return dtype_of_decider(self.tensor)

    def array(self, value: Value) -> NDArray[Any]:
        """The value in the type and the shape that the tensor has; 1 for a size that is left free."""
        return fed_value(self.tensor, value)

    @property
    def is_constant(self) -> bool:
        """Whether the file fixes it, so that it decides nothing that runs."""
        switches = (layer.switch for layer in self.layers)
        return any(switch is not None and switch.constant is not None for switch in switches)

    def wanted(self, mode: Mode) -> Iterator[tuple[Tensor, bool]]:
        """The predicate of every layer, free of negations, and its value that sends the layer to the mode."""
        for layer in self.layers:
            if layer.switch is not None:
                behind, negated = base(layer.switch.predicate.tensor)
                trains = layer.switch.training_when_predicate != negated
                yield behind, trains == (mode is Mode.TRAINING)

    def serving(self, mode: Mode) -> tuple[Value, ...]:
        """The values under which every layer has the mode, whatever else decides; if there are none, those
        under which every layer has it while all else that decides serves it.
        """
        for others in (False, True):
            found = tuple(value for value in self.values if self._serves(mode, value, others=others))
            if found:
                return found
        return ()

    def _serves(self, mode: Mode, value: Value, *, others: bool) -> bool:
        for layer in self.layers:
            beside = deciders_of(layer.switch) if layer.switch is not None and others else {}
            values: dict[Tensor, Value] = {
                tensor: trains == (mode is Mode.TRAINING) for tensor, trains in beside.items()
            }
            if mode_under(layer, {**values, self.tensor: value}) is not mode:
                return False
        return True

    def to_feed(self, mode: Mode) -> tuple[Value, ...]:
        """The values that serve the mode, or all of them if none serves it to all layers. No negative number,
        unless the graph compares with one: it may be an index elsewhere.
        """
        values = self.serving(mode) or self.values
        return tuple(value for value in values if value >= 0 or self.values[0] < -1) or values


def mode_under(layer: BatchNorm, values: Mapping[Tensor, Value]) -> Mode | None:
    """The mode of a layer while what decides has these values; None if other tensors have a say."""
    if layer.switch is None:
        return layer.mode
    truth = value_of(layer.switch.predicate.tensor, values)
    if truth is None:
        return None
    return Mode.TRAINING if truth == layer.switch.training_when_predicate else Mode.INFERENCE


def deciders(report: Report) -> tuple[Decider, ...]:
    """What decides the layers of the report, in the order of its first layers."""
    decided: dict[Tensor, list[BatchNorm]] = {}
    for layer in report.layers:
        if layer.switch is not None and layer.branch(Mode.TRAINING) and layer.branch(Mode.INFERENCE):
            for tensor in deciders_of(layer.switch):
                decided.setdefault(tensor, []).append(layer)
    return tuple(
        Decider(tensor=tensor, layers=tuple(layers), values=_values(tensor, layers, report.graph))
        for tensor, layers in decided.items()
    )


def dtype_of_decider(tensor: Tensor) -> str:
    """The type of a placeholder or variable; of what else decides, a boolean."""
    node = tensor.node
    declared = node.op.startswith("Placeholder") or node.op in VARIABLES
    return str(node.attr("dtype", "bool")).removesuffix("_ref") if declared else "bool"


def _values(tensor: Tensor, layers: Iterable[BatchNorm], graph: Graph) -> tuple[Value, ...]:
    """False and true, or the whole numbers at and beside those that the tensor is compared with."""
    sources = {layer.switch.predicate.source for layer in layers if layer.switch is not None}
    if tensor not in sources or dtype_of_decider(tensor) == "bool":
        return (False, True)
    limits = np.iinfo(np.dtype(dtype_of_decider(tensor)))
    numbers = {0, 1} | {
        floor(number) + step
        for number in _compared_with(tensor, graph)
        if abs(number) < _WIDEST
        for step in (-1, 0, 1)
    }
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
