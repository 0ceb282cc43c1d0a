"""Under which conditions a node runs: the predicates of the conditionals around it, proven by Switch ports.

A Switch's output 1 lives when its predicate is true, output 0 when it is false; what reads either inherits
that, through data and control edges, until a Merge joins both. (tensorflow/core/graph/control_flow, the cond
contexts.)
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.wiring.arithmetic.blend import SUMS, Blends, may_weigh
from bninspect.batchnorm.wiring.arithmetic.picked import PICKS, picked
from bninspect.batchnorm.wiring.predicates.predicate import asked, base, logic
from bninspect.batchnorm.wiring.predicates.spelling import spelling
from bninspect.batchnorm.wiring.predicates.truth import Truth, possible, truth
from bninspect.graph.ops import MERGES, NEXT_TURNS, PLACEHOLDERS, SELECTS, SWITCHES
from bninspect.graph.search import dependencies, postorder, reach
from bninspect.graph.trace import declared_shape, is_loop_variable, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bninspect.graph import Graph, Node, Tensor

Context = frozenset[tuple["Tensor", bool]]
"""Pairs of a predicate, free of negations, and the value it must have."""
_EMPTY: Context = frozenset()
_COUNTED = SUMS | PICKS
_CHOOSING_BY = SWITCHES | SELECTS
_JOINING = MERGES | SELECTS | _COUNTED
_MOST_CONDITIONS = 64
_MOST_STEPS = 2_000_000
"""Nodes looked at in search of the nearest Switches, in all."""


class Join(NamedTuple):
    """A node where two alternatives meet, and what chooses."""

    node: Node
    predicate: Tensor
    """The boolean tensor that the Switch, If or Select reads, or that is cast to the weights of a blend or
    the place of a pick.
    """
    if_true: Tensor
    if_false: Tensor


class Conditions:
    """The contexts of one graph, computed where they are asked for."""

    def __init__(self, graph: Graph, order: Iterable[Node] = ()) -> None:
        """`order`: nodes that will be asked about, each behind all that it reads."""
        self._graph = graph
        self._known: dict[Node, Context] = {}
        self._predicates: dict[Tensor, tuple[Tensor, bool]] = {}
        self._alike: dict[Truth, tuple[Tensor, bool]] = {}
        """Per truth table the tensor that stands for it, and whether that is its negation."""
        self._spelled: dict[str, Tensor] = {}
        """Per spelling the tensor that stands for it, of those that no table holds."""
        self._edges: dict[tuple[Context, Tensor, int], Context] = {}
        """(context of a Switch, its predicate, its port) -> what holds behind it, one for all of a branch."""
        self._possible: dict[Context, bool] = {}
        self._never: dict[Context, str | None] = {}
        self._joins: dict[Node, Join | None] = {}
        self._asking: dict[Tensor, dict[Tensor, bool]] | None = None
        self.may_weigh = may_weigh(graph)
        """Whether a predicate may choose as a number: in blends and picks."""
        self.joining = _JOINING if self.may_weigh else MERGES | SELECTS
        """The ops at which alternatives may meet."""
        self._steps = 0
        self._any = any(node.op in SWITCHES for node in graph)
        for node in order if self._any else ():
            if node.inputs or node.controls or node.conditions:  # as `_may_depend`
                self._known[node] = self._join_of(node)

    def of(self, node: Node) -> Context:
        """What must hold for the node to run, as far as Switch ports and If branches tell."""
        if not self._any:
            return _EMPTY
        known = self._known.get(node)
        if known is None:
            for current in postorder([node], self._unknown_before):
                known = self._known[current] = self._join_of(current)
        return known or _EMPTY

    def _unknown_before(self, node: Node) -> list[Node]:
        """The last first, as pairs of alike predicates stand for the one that was met first."""
        known = self._known
        return [before for before in reversed(_before(node)) if before not in known and _may_depend(before)]

    def of_tensor(self, tensor: Tensor) -> Context:
        """What must hold for the tensor to be alive: that of its node, and the port of a Switch."""
        self.of(tensor.node)
        return self._edge(tensor)

    def base(self, predicate: Tensor) -> tuple[Tensor, bool]:
        """(one tensor for all predicates of the same value, whether this one is its negation)."""
        found = self._predicates.get(predicate)
        if found is None:
            found = self._predicates[predicate] = self._by_value(predicate)
        return found

    def _by_value(self, predicate: Tensor) -> tuple[Tensor, bool]:
        """As `base`; of all with one truth table, or one spelling where no table tells it all, the first
        stands, or the one tensor that they all hand on.
        """
        behind, negated = base(predicate)
        if behind != predicate:
            source, turned = self.base(behind)
            return source, negated != turned
        known = truth(behind)
        if known is None:
            return self._spelled.setdefault(spelling(behind), behind), negated
        table, turned = known
        alone = table.leaves[0][0] if len(table.leaves) == 1 else None
        source = next((leaf for leaf in logic(behind)[1] if spelling(leaf) == alone), behind)
        own = (source, False) if truth(source) == (table, False) else (behind, turned)
        stands, against = self._alike.setdefault(table, own)
        return stands, negated ^ turned ^ against

    def asking(self, source: Tensor) -> dict[Tensor, bool]:
        """What gives the predicates that `source` stands for (see `asked`), and whether negated: of all that
        Switches and Selects read.
        """
        if self._asking is None:
            self._asking = {}
            for node in self._graph.where(_CHOOSING_BY.__contains__):
                one = asked(node.inputs[0 if node.op in SELECTS else 1])
                stands, negated = self.base(one)
                self._asking.setdefault(stands, {})[one] = negated
        return self._asking.get(source, {})

    def is_on(self, node: Node, source: Tensor) -> bool:
        """Whether alternatives meet at the node by the predicate that `source` stands for."""
        found = self.join(node)
        return found is not None and self.base(found.predicate)[0] == source

    def possible(self, context: Context) -> bool:
        """Whether what a context asks for can all hold at once; remembered."""
        found = self._possible.get(context)
        if found is None:
            found = self._possible[context] = possible(context)
        return found

    def never(self, context: Context) -> str | None:
        """Why what a context asks for never holds; None where it can."""
        if context not in self._never:
            self._never[context] = self._contradiction(context)
        return self._never[context]

    def _contradiction(self, context: Context) -> str | None:
        for source, value in context:
            always = constant_truth(source)
            if always is not None and always is not value:
                return f"{source.name} is always {str(always).lower()}"
        return None if self.possible(context) else "their conditions cannot hold at once"

    def _edge(self, tensor: Tensor) -> Context:
        node, port = tensor
        context = self._known.get(node, _EMPTY)
        if node.op not in SWITCHES or len(context) >= _MOST_CONDITIONS:
            return context
        predicate = node.inputs[1]
        place = context, predicate, port
        edge = self._edges.get(place)
        if edge is None:
            if predicate.node.op == "LoopCond":
                return context
            source, negated = self.base(predicate)
            edge = self._edges[place] = context | {(source, (port == 1) != negated)}
        return edge

    def _join_of(self, node: Node) -> Context:
        """A node's context from those of its inputs."""
        if node.op in MERGES:
            if is_loop_variable(node):
                return self._edge(node.inputs[0])
            return frozenset.intersection(*(self._edge(tensor) for tensor in node.inputs))
        context = _EMPTY
        known = self._known.get
        for tensor in node.inputs:
            before, _ = tensor
            edge = self._edge(tensor) if before.op in SWITCHES else known(before, _EMPTY)
            if edge is not context:
                context = both(context, edge) if context else edge
        for control in node.controls:
            context = both(context, known(control, _EMPTY))
        if node.conditions:
            given = ((self.base(predicate), taken) for predicate, taken in node.conditions)
            context |= {(source, taken != negated) for (source, negated), taken in given}
        return context

    def join(self, node: Node) -> Join | None:
        """What chooses at a Merge, at the outputs of an If, at a Select, at a sum that is a blend, or at a
        pick; None where no edge tells.
        """
        if node.op not in self.joining:
            return None
        if node not in self._joins:
            self._joins[node] = self._join(node)
        return self._joins[node]

    def _join(self, node: Node) -> Join | None:
        if node.op in _COUNTED:
            blends = Blends(self.base)
            blend = blends.of(node) if node.op in SUMS else picked(node, blends.weight)
            return None if blend is None else Join(node, *blend)
        if node.op in SELECTS:
            return None if _is_of_each_image(node.inputs[0]) else Join(node, *node.inputs)
        if len(node.inputs) != 2 or is_loop_variable(node):
            return None
        first, second = node.inputs
        if node.predicate is not None:
            return Join(node, node.predicate, second, first)
        contexts = self.of_tensor(first), self.of_tensor(second)
        decided = self._opposed(*contexts)
        if decided is None:
            return None
        source, second_when = decided
        predicate = self.nearest(node, source)
        _, negated = self.base(predicate)
        second_is_true = second_when != negated
        return (
            Join(node, predicate, second, first) if second_is_true else Join(node, predicate, first, second)
        )

    def _opposed(self, first: Context, second: Context) -> tuple[Tensor, bool] | None:
        """(predicate, its value for the second) where the two need opposite values of it; or where only one
        needs any: the other was cut off its conditional and must be its counterpart.
        """
        opposed = [(source, taken) for source, taken in second if (source, not taken) in first]
        if len(opposed) == 1:
            return opposed[0]
        only_second = [pair for pair in second if pair not in first]
        only_first = [pair for pair in first if pair not in second]
        if len(only_second) == 1 and not only_first:
            return only_second[0]
        if len(only_first) == 1 and not only_second:
            return only_first[0][0], not only_first[0][1]
        return None

    def nearest(self, node: Node, source: Tensor) -> Tensor:
        """The predicate tensor that the Switch nearest before a node reads, of those decided by `source`."""
        for tensor in reach(node.inputs, _tensors_before, max(_MOST_STEPS - self._steps, 1)):
            self._steps += 1
            reader = tensor.node
            if reader.op in SWITCHES and self.base(reader.inputs[1])[0] == source:
                return reader.inputs[1]
        return source


def contexts(sources: Iterable[Tensor]) -> Iterator[Context]:
    """Each of these sources with a value, in every combination, true before false."""
    return map(frozenset, product(*(((source, True), (source, False)) for source in sources)))


def constant_truth(predicate: Tensor) -> bool | None:
    """The one value that the file leaves a predicate; None if it can have both."""
    known = truth(predicate)
    return None if known is None or known[0].leaves else known[1]


def _tensors_before(tensor: Tensor) -> tuple[Tensor, ...]:
    """What the node of a tensor reads, then what it waits for."""
    node = tensor.node
    if not node.controls:
        return node.inputs
    return (*node.inputs, *(control.output() for control in node.controls))


def _may_depend(node: Node) -> bool:
    """Whether anything may decide if the node runs; nothing decides of a constant."""
    return bool(node.inputs or node.controls or node.conditions)


def _before(node: Node) -> list[Node]:
    """The nodes whose contexts a node's context is made of; a loop's variable starts anew with a turn."""
    return [] if node.op in NEXT_TURNS else dependencies(node)


def both(first: Context, second: Context) -> Context:
    """What holds where both hold; of more than any model nests, only the first."""
    if second <= first or len(first) >= _MOST_CONDITIONS:
        return first
    return first | second


def _is_of_each_image(predicate: Tensor) -> bool:
    """Whether a fed predicate has a value for each image, so that a Select takes some from either side."""
    node = same(predicate).node
    shape = declared_shape(node) if node.op in PLACEHOLDERS else None
    return shape is not None and shape[:1] not in ((), (1,))
