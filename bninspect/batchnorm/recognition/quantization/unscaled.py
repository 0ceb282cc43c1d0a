"""What a convolution with scaled weights gives without the scale: the x of the batch norm folded into it.

A training graph still computes it, for its moments. An inference graph does not: there it is written down as
a node of our own, which stands beside the graph until a rewriting needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.recognition.origin import origin
from bninspect.batchnorm.recognition.quantization.expansion import SPREADS
from bninspect.batchnorm.site import Batch
from bninspect.graph import Node
from bninspect.graph.ops import IDENTITIES
from bninspect.graph.search import reach
from bninspect.graph.trace import same, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.wiring.conditions import Conditions
    from bninspect.graph import Graph, Tensor

_WRITTEN_ALIKE = (
    "strides",
    "padding",
    "dilations",
    "data_format",
    "explicit_paddings",
    "transpose_a",
    "adj_x",
)
_ATTRIBUTES = (*_WRITTEN_ALIKE, "T", "Tblock_shape", "Tcrops", "block_size")
_LAID_OUT = IDENTITIES | SPREADS | {"Reshape"}
_MOST_HOPS = 6
_MOST_PLACES = 6
"""What a twin of the convolution gives, and the tensors that hand it on."""


class Unscaled:
    """One convolution with scaled weights, and its counterparts with other weights."""

    def __init__(self, convolution: Node, graph: Graph) -> None:
        self.convolution = convolution
        self._graph = graph
        self._chain = [convolution]
        for _ in range(_MOST_HOPS):
            spread = [use.node for use in graph.uses(self._chain[-1]) if use.node.op in SPREADS]
            if len(spread) != 1:
                break
            self._chain.append(spread[0])
        self._made: dict[Tensor, Tensor] = {}

    @property
    def convolved(self) -> Tensor:
        """What it gives, behind what lays out a dilated convolution."""
        return self._chain[-1].output()

    def by(self, weights: Tensor) -> Tensor:
        """The same by these weights, as nodes of our own that carry the name of what the file has."""
        if weights not in self._made:
            before = [self.convolution.inputs[0], weights]
            for node in self._chain:
                inputs = (*before, *node.inputs[len(before) :])
                before = [self._copy(node, inputs).output()]
            self._made[weights] = before[0]
        return self._made[weights]

    def _copy(self, node: Node, inputs: tuple[Tensor, ...]) -> Node:
        name = f"{node.name}/unscaled"
        while name in self._graph:
            name += "_"
        copy = Node(
            name=name, op=node.op, nodedef=None, functions=node.functions, stands_for=node.output().name
        )
        copy.inputs = inputs
        written = ((key, node.attr(key)) for key in _ATTRIBUTES)
        copy.bindings = {key: found for key, found in written if found is not None}
        return copy

    def twin(self, weights: Tensor, moments: Sequence[Tensor], conditions: Conditions) -> Tensor | None:
        """What the file itself computes by these weights: that which these are moments of, where any is; else
        what is laid out as this is; None where it computes nothing by them.
        """
        laid_out = None
        for twin in self._twins(weights):
            for tensor in self._handed_on(twin):
                if any(isinstance(origin(moment, tensor, conditions), Batch) for moment in moments):
                    return tensor
                if laid_out is None and tensor.node.op == self._chain[-1].op:
                    laid_out = tensor
        return laid_out

    def _twins(self, weights: Tensor) -> Iterator[Node]:
        """The convolutions of the same input by these weights."""
        source, kernel = same(self.convolution.inputs[0]), value(weights)
        readers = [*self._graph.uses(source.node), *self._graph.uses(self.convolution.inputs[0].node)]
        for node in dict.fromkeys(use.node for use in readers):
            if node is self.convolution or node.op != self.convolution.op:
                continue
            if same(node.inputs[0]) != source or value(node.inputs[1]) != kernel:
                continue
            if any(node.attr(key) != self.convolution.attr(key) for key in _WRITTEN_ALIKE):
                continue
            yield node

    def _handed_on(self, twin: Node) -> Iterator[Tensor]:
        """What it gives, and the same laid out otherwise."""

        def onward(tensor: Tensor) -> Iterator[Tensor]:
            uses = self._graph.uses_of(tensor)
            return (use.node.output() for use in uses if use.node.op in _LAID_OUT and use.slot == 0)

        return reach([twin.output()], onward, _MOST_PLACES)
