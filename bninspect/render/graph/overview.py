"""What the table of `graph` holds, before it is drawn: what all layers share, and a row for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.mode import Mode
from bninspect.render.graph.verdict import source_value
from bninspect.text import as_written, below, common_scope, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.branches import Branch
    from bninspect.batchnorm.layer import BatchNorm

NONE = "-"
BRANCHES = ("training", "inference")
RUN = "run by train op"
NEVER_RUN = "never run"
OTHERS_RUN = "another call's"
_NORMALIZES_WITH = {
    Mode.TRAINING: "its batch",
    Mode.INFERENCE: "moving statistics",
    Mode.SWITCHED: "switched",
}
_UPDATES = {"run": RUN, "unused": NEVER_RUN, "none": "none"}
ASKED = ("normalizes with", "updates")
"""What `training` chooses, and what `trainable` and UPDATE_OPS have a say in: of a training graph both are
always columns, since the one is easily taken for the other.
"""
OF_TRAINING = (*ASKED, "momentum", "trainable")


class OverviewColumn(NamedTuple):
    """One column: its title and a text for each layer."""

    title: str
    cells: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether there is nothing to tell the layers apart by."""
        return len(set(self.cells)) == 1


class Overview(NamedTuple):
    """The table, and what stands above it once instead of in every row."""

    scope: str
    """The scope that all names stand below, with its `/`; taken off the names in the first column."""
    shared: str
    """What all layers have in common, in one line."""
    branches: tuple[tuple[str, str, str], ...]
    """(mode, node, when) for a branch that is called the same in every layer."""
    function: str | None
    """The library function that the nodes of all layers stand in, which is then left out of their names."""
    relative: bool
    """Whether node names in the columns continue the name of their layer."""
    columns: tuple[OverviewColumn, ...]


def overview(layers: Sequence[BatchNorm]) -> Overview:
    """The table of one or more layers."""
    scope = common_scope([layer.name for layer in layers])
    function = _one_function(layers)
    columns = [column for column in _columns(layers, function) if set(column.cells) != {NONE}]
    telling = [column for column in columns if not column.same or column.title in ASKED]
    branches = [
        (column.title, _in_each(column.cells[0], layers, function), _when(layers, column.title == "training"))
        for column in columns
        if column.same and column.title in BRANCHES
    ]
    shared = [
        _shared(column, layers)
        for column in columns
        if column.same and column.title not in (*BRANCHES, *ASKED)
    ]
    return Overview(
        scope=scope,
        shared=", ".join(shared),
        branches=tuple(branches),
        function=function,
        relative=any(_is_relative(layer, column.title, function) for column in telling for layer in layers),
        columns=(
            OverviewColumn("layer", tuple(layer.name[len(scope) :] for layer in layers)),
            *telling,
            OverviewColumn(
                "channels", tuple("?" if layer.channels is None else str(layer.channels) for layer in layers)
            ),
            OverviewColumn("statistics", tuple(layer.statistics.state.value for layer in layers)),
        ),
    )


def _one_function(layers: Sequence[BatchNorm]) -> str | None:
    """The library function in which all branches of all layers stand; None where they stand in several or
    none.
    """
    nodes = [branch.node for layer in layers for branch in layer.wiring.served]
    functions = {node.functions[-1] if node.functions else None for node in nodes}
    return functions.pop() if len(functions) == 1 else None


def _columns(layers: Sequence[BatchNorm], function: str | None) -> list[OverviewColumn]:
    """The columns that are drawn only where they tell the layers apart."""
    return [
        OverviewColumn("form", tuple(layer.form.value for layer in layers)),
        OverviewColumn("training", tuple(_node(layer, layer.training, function) for layer in layers)),
        OverviewColumn("inference", tuple(_node(layer, layer.inference, function) for layer in layers)),
        OverviewColumn("switch", tuple(_switch(layer) for layer in layers)),
        OverviewColumn("format", tuple(layer.data_format or NONE for layer in layers)),
        OverviewColumn("epsilon", tuple(_epsilon(layer) for layer in layers)),
        OverviewColumn("momentum", tuple(_momentum(layer) for layer in layers)),
        OverviewColumn("trainable", tuple(_trainable(layer) for layer in layers)),
        OverviewColumn(
            ASKED[0], tuple(_of_training(layer, _NORMALIZES_WITH[layer.mode]) for layer in layers)
        ),
        OverviewColumn(ASKED[1], tuple(_of_training(layer, _updates(layer)) for layer in layers)),
    ]


def _of_training(layer: BatchNorm, text: str | None) -> str:
    """The text, for a layer of a training graph."""
    return NONE if layer.updates is None or text is None else text


def _updates(layer: BatchNorm) -> str | None:
    return OTHERS_RUN if layer.updated_by_others else _UPDATES.get(layer.updates or "")


def _momentum(layer: BatchNorm) -> str:
    if layer.momentum is None:
        return "computed" if layer.update_ops else NONE
    return plain(as_written(layer.momentum))


def _trainable(layer: BatchNorm) -> str:
    """What the optimizer changes, where the graph lists it."""
    return NONE if layer.trainable is None else ", ".join(layer.trainable) or "nothing"


def _label(branch: Branch, function: str | None) -> str:
    """The name of a branch's node, without the function that all stand in."""
    return branch.node.label if function is None else below(branch.node.label, function)


def _node(layer: BatchNorm, branch: Branch | None, function: str | None) -> str:
    return NONE if branch is None else below(_label(branch, function), layer.name)


def _is_relative(layer: BatchNorm, title: str, function: str | None) -> bool:
    branch = {"training": layer.training, "inference": layer.inference}.get(title)
    return branch is not None and _node(layer, branch, function) != _label(branch, function)


def _in_each(node: str, layers: Sequence[BatchNorm], function: str | None) -> str:
    """A node name that all layers share, with LAYER for what differs."""
    labels = {_label(branch, function) for layer in layers for branch in layer.wiring.served}
    if node in labels:
        return node
    return f"{layers[0].name}/{node}" if len(layers) == 1 else f"LAYER/{node}"


def _epsilon(layer: BatchNorm) -> str:
    return "?" if layer.epsilon is None else plain(as_written(layer.epsilon))


def _switch(layer: BatchNorm) -> str:
    """What decides, briefly; `not` where its false is what sends the layer to training."""
    if layer.switch is None:
        return NONE
    predicate = layer.switch.predicate
    if predicate.constant is not None:
        return f"constant {str(predicate.constant).lower()}"
    if predicate.source is None:
        return predicate.behind.name
    return predicate.source.name if layer.switch.training_when else f"not {predicate.source.name}"


def _shared(column: OverviewColumn, layers: Sequence[BatchNorm]) -> str:
    """A column without news, as a few words."""
    value = column.cells[0]
    if column.title == "form":
        return f"{value} ({', '.join(sorted({layer.op for layer in layers}))})"
    return value if column.title == "format" else f"{column.title} {value}"


def _when(layers: Sequence[BatchNorm], training: bool) -> str:
    """`when phase_train:0 is true`, where one source decides all layers alike; empty otherwise."""
    deciding = {
        (layer.switch.predicate.source, layer.switch.training_when) if layer.switch else None
        for layer in layers
    }
    if len(deciding) != 1:
        return ""
    source, training_when = deciding.pop() or (None, None)
    if source is None or training_when is None:
        return ""
    return f"when {source.name} is {source_value(source, training_when is training)}"
