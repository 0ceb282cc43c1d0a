"""What freezing changes, node by node, and what it knows of the layers: one golden listing of every model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.models.restore import load
from bninspect.rewrite.freeze import frozen
from tests.support.listing import changed
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bninspect.batchnorm import BatchNorm

CASES = (
    "assigned_statistics",
    "averaged_statistics",
    "no_batch_norm",
    "two_signatures",
    "updates_of_two_calls",
)
MODELS = [
    FIXTURES / "checkpoint" / "model.ckpt",
    *sorted(path.with_suffix("") for path in FIXTURES.glob("training/*/*-20.meta")),
    *sorted(FIXTURES.glob("saved_*")),
    *(FIXTURES / "cases" / name for name in CASES),
]


def known(layer: BatchNorm) -> str:
    """What only a training graph tells, and where the statistics stand now."""
    moving = layer.moving
    places = "none" if moving is None else f"{moving.mean.name}, {moving.variance.name}"
    updates = "unknown" if layer.updates is None else str(layer.updates)
    return (
        f"  {layer.name}: {layer.mode.value}, momentum {layer.momentum}, trainable {layer.trainable}, "
        f"{layer.statistics.state.value} at {places}\n    {updates}"
    )


def lines(path: Path) -> list[str]:
    original = inspect(load(str(path)))
    report = frozen(original)
    outputs = [f"  {tensor.name}" for tensor in report.outputs]
    return [
        path.relative_to(FIXTURES).as_posix(),
        *outputs,
        *map(known, report.layers),
        *(f"  {', '.join(layer.name for layer in group.layers)} together" for group in report.switches),
        *sorted(changed(report.graph.graphdef, original.graph.graphdef)),
        "",
    ]


def test_what_freezing_changes(expected: Callable[[str, str], None]) -> None:
    expected("frozen.txt", "\n".join(line for path in MODELS for line in lines(path)))
