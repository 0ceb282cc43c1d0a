"""Every layer in a row, for `graph --all`: what tells the layers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.text import as_written, below, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.branches import Branch
    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.render.line import Tone

NONE = "-"
NEVER_RUN = "never run"
_NORMALIZES_WITH = {
    Mode.TRAINING: "its batch",
    Mode.INFERENCE: "moving statistics",
    Mode.SWITCHED: "switched",
}
_UPDATES = {"run": "run by train op", "unused": NEVER_RUN, "none": "none"}
_ALWAYS = ("mode", "statistics", "normalizes with", "updates")
"""Columns that are shown though all layers are alike in them. Of a training graph the last two are easily
taken for each other.
"""
_TONES: dict[str, Tone] = {"initial": "error", "invalid": "error", "absent": "warning", "unread": "warning",
                           "TRAINING": "error", NEVER_RUN: "error"}  # fmt: skip
_NODES = ("training", "inference")
_WITHOUT: tuple[tuple[str, ...], ...] = (
    (),
    _NODES,
    (*_NODES, "form", "format", "epsilon", "momentum"),
    (*_NODES, "form", "format", "epsilon", "momentum", "channels", "trainable", "mode"),
)
"""Columns that each layout leaves out, the richest first; `--layer` shows them all of one layer."""


def layer_table(layers: Sequence[BatchNorm]) -> Table:
    """The table of one or more layers."""
    names = name_column([layer.name for layer in layers])
    texts = {title: [cell or NONE for cell in cells] for title, cells in _texts(layers).items()}
    columns = [
        Column(
            title,
            tuple(Cell(text, _TONES.get(text, "plain")) for text in cells),
            right=title == "channels",
            folds=title in (*_NODES, "switch", "trainable"),
        )
        for title, cells in texts.items()
        if set(cells) != {NONE} and (title in _ALWAYS or len(set(cells)) > 1)
    ]
    return Table.without(names, columns, _WITHOUT)


def _texts(layers: Sequence[BatchNorm]) -> dict[str, list[str | None]]:
    """What each column says of each layer; None where there is nothing to say."""
    for_training = any(layer.updates is not None for layer in layers)
    return {
        "mode": [_mode(layer, for_training) for layer in layers],
        "form": [layer.form.value for layer in layers],
        "training": [_node(layer, layer.training) for layer in layers],
        "inference": [_node(layer, layer.inference) for layer in layers],
        "switch": [_switch(layer) for layer in layers],
        "format": [layer.data_format for layer in layers],
        "epsilon": ["?" if one.epsilon is None else plain(as_written(one.epsilon)) for one in layers],
        "momentum": [_momentum(layer) for layer in layers],
        "trainable": [
            None if layer.trainable is None else ", ".join(layer.trainable) or "nothing" for layer in layers
        ],
        "normalizes with": [
            None if layer.updates is None else _NORMALIZES_WITH[layer.mode] for layer in layers
        ],
        "updates": [_updates(layer) for layer in layers],
        "channels": ["?" if layer.channels is None else f"{layer.channels:,}" for layer in layers],
        "statistics": [layer.statistics.state.value for layer in layers],
    }


def _mode(layer: BatchNorm, for_training: bool) -> str:
    """The mode; loud where it should not be served."""
    return "TRAINING" if layer.mode is Mode.TRAINING and not for_training else layer.mode.value


def _updates(layer: BatchNorm) -> str | None:
    return "another call's" if layer.updated_by_others else _UPDATES.get(layer.updates or "")


def _momentum(layer: BatchNorm) -> str | None:
    if layer.momentum is None:
        return "computed" if layer.update_ops else None
    return plain(as_written(layer.momentum))


def _node(layer: BatchNorm, branch: Branch | None) -> str | None:
    """The node of a branch, continuing the name of its layer where it can."""
    return None if branch is None else below(branch.node.label, layer.name)


def _switch(layer: BatchNorm) -> str | None:
    """What decides, briefly; `not` where its false is what sends the layer to training."""
    if layer.switch is None:
        return None
    predicate = layer.switch.predicate
    if predicate.constant is not None:
        return f"constant {str(predicate.constant).lower()}"
    if predicate.source is None:
        return predicate.behind.name
    return predicate.source.name if layer.switch.training_when else f"not {predicate.source.name}"
