"""`graph`: what a model alone tells of its batch norm, and the layers of it that were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.selection import select
from bninspect.models.open import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm import BatchNorm, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphResult:
    """A model that was inspected."""

    report: Report
    """All that its graph tells."""
    layers: tuple[BatchNorm, ...]
    """The layers to show; all of them unless some were asked for."""


def inspect_model(
    path: str, *, outputs: Sequence[str] = (), signature: str | None = None, globs: Sequence[str] = ()
) -> GraphResult:
    """The model at this path, inspected: what these outputs or this signature run, and of it the layers that
    the globs stand for.

    Raises GraphDefError for a file that cannot be read (of a Keras file RunError, too), SelectionError for a
    name or a glob that matches nothing.
    """
    report = inspect(load(path), outputs=tuple(outputs), signature=signature)
    return GraphResult(report=report, layers=select(report.layers, globs))
