"""The training side of a graph: its train ops, what they run, what they learn, and their count of steps."""

from __future__ import annotations

from functools import cached_property
from math import isfinite, nan
from typing import TYPE_CHECKING

from bninspect.batchnorm.training.assigns import is_made_of
from bninspect.errors import GraphDefError
from bninspect.graph.ops import ADDS_IN_PLACE, APPLIES, ASSIGNS, REPLACES, VARIABLES
from bninspect.graph.search import dependents, downstream, reach, upstream
from bninspect.graph.trace import same, scalar, stored_value

if TYPE_CHECKING:
    from collections.abc import Collection

    from bninspect.batchnorm.layer import Report
    from bninspect.graph import Graph, Node

_INPUTS = ("Placeholder", "Iterator", "QueueDequeue")
_WHOLE_NUMBERS = frozenset({"int32", "int64"})


class Training:
    """The train ops of a graph, and what they run."""

    def __init__(self, graph: Graph, averages: Collection[Node] = ()) -> None:
        """`averages`: ops that update moving statistics, which are no steps of the training themselves."""
        self._graph = graph
        self._averages = averages
        self.applies = [node for node in graph if node.op.startswith(APPLIES)] or self._steps_by_hand()

    def _steps_by_hand(self) -> list[Node]:
        """Where no optimizer of TensorFlow is: assigns to trainable variables that are made of the variable
        itself and of what is fed, as `w = w - rate*gradient` is (Keras up to 2.2 trains so). An assign of a
        placeholder alone loads a value.
        """
        learned = self.trainable or frozenset()
        assigns = [
            node
            for node in self._graph
            if node.op in ASSIGNS and node not in self._averages and same(node.inputs[0]).node.name in learned
        ]
        fed = self._fed() if assigns else set()
        return [node for node in assigns if node.inputs[1].node in fed and _keeps(node)]

    def _fed(self) -> set[Node]:
        """Every node that depends on an input by data."""
        return downstream(self._graph, (node for node in self._graph if node.op.startswith(_INPUTS)))

    @cached_property
    def run(self) -> set[Node]:
        """Every node that some train op runs: what the optimizers' ops, and all that waits for them, depend
        on; and what adds up their gradients in variables over several runs.
        """
        ends = [*self.applies, *self._gathering()]
        return upstream(reach(ends, dependents(self._graph)))

    def _gathering(self) -> list[Node]:
        """Ops that add what is fed to variables that the optimizers' ops read: accumulated gradients."""
        read = upstream(self.applies)
        adding = [
            node
            for node in self._graph
            if node.op in ADDS_IN_PLACE and node not in self._averages and same(node.inputs[0]).node in read
        ]
        fed = self._fed() if adding else set()
        return [node for node in adding if node.inputs[1].node in fed]

    @cached_property
    def run_by_optimizer(self) -> set[Node]:
        """Every node that the optimizers' ops themselves depend on, or what the collection TRAIN_OP lists."""
        listed = [self._graph.node(name) for name in self._listed("train_op") if name in self._graph]
        return upstream([*self.applies, *listed])

    @cached_property
    def trainable(self) -> frozenset[str] | None:
        """Names of the variables in TRAINABLE_VARIABLES; None in a graph without that collection."""
        listed = self._listed("trainable_variables")
        return frozenset(listed) if listed else None

    @cached_property
    def global_step(self) -> Node | None:
        """The variable that counts the steps: the one of the collection, else the only whole number that a
        train op adds 1 to. None where there is none, or several.
        """
        listed = {self._graph.node(name) for name in self._listed("global_step") if name in self._graph}
        counted = {
            same(node.inputs[0]).node
            for node in self._graph
            if node.op in ADDS_IN_PLACE
            and node in self.run
            and [scalar(one) for one in node.inputs[1:]] == [1]
        }
        whole = {node for node in counted if node.op in VARIABLES and node.attr("dtype") in _WHOLE_NUMBERS}
        found = listed or whole
        return found.pop() if len(found) == 1 else None

    @property
    def steps(self) -> int | None:
        """The steps that the file counts; None where it counts none, or the value is no count."""
        held = None if self.global_step is None else stored_value(self.global_step)
        try:
            count = held.numbers().item() if held is not None and held.size == 1 else nan
        except GraphDefError:
            return None
        return int(count) if isfinite(count) and count >= 0 else None

    def _listed(self, collection: str) -> list[str]:
        """Names of the nodes in a collection."""
        return [name.partition(":")[0] for name in self._graph.graphdef.collections.get(collection, ())]


def _keeps(assign: Node) -> bool:
    """Whether what a variable becomes is made of what it was."""
    variable = same(assign.inputs[0]).node
    return assign.op not in REPLACES or is_made_of(assign.inputs[1].node, {variable})


def training_of(report: Report) -> Training:
    """The training side of a graph whose layers are known."""
    return Training(report.graph, {node for layer in report.layers for node in layer.update_ops})
