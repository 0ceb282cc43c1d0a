"""Graph: the nodes of a model, joined by their edges, with every call of a function written out.

This is what all analysis reads. It knows nothing of protobuf: `reader` makes the records (`NodeDef`),
`flatten` makes the Graph from them. Nothing is changed after it is built.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property, partial
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.taken import of_its_kind
from bninspect.graphdef.records import AttributePlaceholder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bninspect.graphdef.records import GraphDef, NodeDef
    from bninspect.graphdef.tensors import TensorValue


_NO_BINDINGS: dict[str, Any] = {}
_NOTHING_TRACED: dict[tuple[object, int], tuple[Tensor, bool]] = {}


class Tensor(NamedTuple):
    """One output of a node. Two Tensors are equal when they are the same output of the same node."""

    node: Node
    port: int

    @property
    def name(self) -> str:
        """`scope/op:0`, as TensorFlow writes it; inside a library function `function/op:0`."""
        if self.node.stands_for is not None:
            return self.node.stands_for
        return f"{self.node.label}:{self.port}"


_tensor = partial(tuple.__new__, Tensor)
"""Tensor of (node, port): as Tensor itself, in half the time, for what is made by the hundred thousand."""


class Node:
    """One operation of the graph. Nodes compare by identity."""

    __slots__ = (
        "bindings", "conditions", "content", "controls", "functions", "index", "inputs", "label", "name",
        "nodedef", "op", "predicate", "stands_for", "stored", "traced",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        op: str,
        nodedef: NodeDef | None,
        functions: tuple[str, ...] = (),
        label: str | None = None,
        stands_for: str | None = None,
    ) -> None:
        self.name = name
        """Unique in the Graph: the path of the calls, then the node's own name."""
        self.op = op
        self.nodedef = nodedef
        """The record in the file; None for a node that only flattening wrote (the Switch of an If)."""
        self.functions = functions
        """Names of the library functions it stands in, outermost call first; empty at the top level."""
        self.label = name if label is None else label
        """What a person is shown: the name, or `function/name` inside a library function."""
        self.stands_for = stands_for
        """For a node that flattening wrote: the name of the tensor in the file that it stands for."""
        self.index = -1
        self.inputs: tuple[Tensor, ...] = ()
        """Data inputs, in order."""
        self.controls: tuple[Node, ...] = ()
        """Control inputs (`^name`)."""
        self.conditions: tuple[tuple[Tensor, bool], ...] = ()
        """The predicates of the Ifs whose branch it stands in, with the branch."""
        self.predicate: Tensor | None = None
        """Of a Merge that stands for an If: what chooses (input 0 is the false branch); None elsewhere."""
        self.bindings: Mapping[str, Any] = _NO_BINDINGS
        """Attributes of the call, for those that the function body leaves to it; of a node without a record
        its own.
        """
        self.stored: TensorValue | None = None
        """Of a variable: its value in the checkpoint; None where none was read, and of any other node."""
        self.content: TensorValue | Literal[False] | None = None
        """What `graph.trace` remembers of a Const: its value; False where it has none, None before it was
        asked.
        """
        self.traced: dict[tuple[object, int], tuple[Tensor, bool]] = _NOTHING_TRACED
        """What `graph.trace` remembers of long chains; the node is none the less immutable."""

    def attr(self, name: str, default: Any = None) -> Any:
        """The attribute as a Python value (see `attributes.attribute`), or the default.

        Raises GraphDefError where the value is damaged.
        """
        if self.nodedef is None:
            return of_its_kind(name, self.bindings.get(name, default), self.label)
        value = self.nodedef.attr(name, default)
        if isinstance(value, AttributePlaceholder):
            value = self.bindings.get(value.name, default)
        return of_its_kind(name, value, self.label)

    def output(self, port: int = 0) -> Tensor:
        """One of its outputs."""
        return _tensor((self, port))

    def __repr__(self) -> str:
        return f"<{self.op} {self.name}>"

    def __reduce__(self) -> tuple[Callable[..., Node], tuple[object, ...]]:
        """A copy or a pickle stands alone: what the node is called and does, without edges and values. With
        them it would be the whole graph, and the file behind it.
        """
        return _alone, (self.name, self.op, self.functions, self.label, self.stands_for)


def _alone(name: str, op: str, functions: tuple[str, ...], label: str, stands_for: str | None) -> Node:
    return Node(name=name, op=op, nodedef=None, functions=functions, label=label, stands_for=stands_for)


class Use(NamedTuple):
    """A place where a tensor is read: input `slot` of `node`."""

    node: Node
    slot: int


@frozen_dataclass
class Signature:
    """A serving signature: its key and the tensors it takes and gives."""

    key: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


class Graph:
    """An immutable graph: nodes in file order, producers, consumers."""

    def __init__(
        self,
        nodes: Sequence[Node],
        *,
        graphdef: GraphDef,
        signatures: tuple[Signature, ...] = (),
        opaque_calls: tuple[tuple[Node, str], ...] = (),
        calls: Mapping[str, tuple[Tensor, ...]] | None = None,
    ) -> None:
        self.nodes = tuple(nodes)
        self.graphdef = graphdef
        """The file it was read from: path, format, size, versions, library, collections."""
        self.signatures = signatures
        self.opaque_calls = opaque_calls
        """Calls of functions that hold candidates and were not written out, with the reason."""
        self.calls = calls or {}
        """Name of a call at the top level that was written out -> what it gives: it is no node any more."""
        self._beside_first: set[Node] = set()
        """The nodes of which another output than the first is read; complete with `_uses`."""
        self._by_op = by_op = defaultdict[str, list[Node]](list)
        for index, node in enumerate(self.nodes):
            node.index = index
            by_op[node.op].append(node)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Graph reads its file: keep the path, and load it again")

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def node(self, name: str) -> Node:
        """The node of this name. Raises KeyError."""
        return self._by_name[name]

    def where(self, chosen: Callable[[str], bool]) -> list[Node]:
        """The nodes whose op is chosen, in graph order. Each op is asked about once."""
        found = [self._by_op[op] for op in filter(chosen, self._by_op)]
        return sorted(chain.from_iterable(found), key=attrgetter("index"))

    @cached_property
    def _uses(self) -> list[list[Use]]:
        use = partial(tuple.__new__, Use)  # as `_tensor`
        uses: list[list[Use]] = [[] for _ in self.nodes]
        for consumer in self.nodes:
            for slot, (node, port) in enumerate(consumer.inputs):
                uses[node.index].append(use((consumer, slot)))
                if port:
                    self._beside_first.add(node)
        return uses

    def uses(self, node: Node) -> list[Use]:
        """Every data input that reads any output of the node, in graph order."""
        return self._uses[node.index]

    def unread(self) -> list[Node]:
        """The nodes of which nobody reads any output, in graph order."""
        return [node for node, uses in zip(self.nodes, self._uses, strict=True) if not uses]

    def uses_of(self, tensor: Tensor) -> list[Use]:
        """Every data input that reads this tensor, in graph order."""
        node, port = tensor
        uses = self._uses[node.index]
        if node in self._beside_first:
            return [use for use in uses if use.node.inputs[use.slot].port == port]
        return [] if port else uses
