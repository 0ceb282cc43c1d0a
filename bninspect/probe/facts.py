"""What is asked of a probe, and what it found: plain data, told by `report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graphdef import Tensor
    from bninspect.probe.compare import Difference
    from bninspect.probe.runnable import Unprobed


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to compare."""

    layers: tuple[BatchNorm, ...]
    """The layers to list; all are switched all the same."""
    patch: str | None = None
    patched: tuple[Tensor, ...] = ()
    """The tensors whose patch is wanted; empty: the output of the first layer."""
    keep: bool = False
    """Keep the outputs of both modes whole, for `--save`."""
    allowed: tuple[str, ...] = ()
    """Ops let through besides the pure ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFact:
    """What an input was fed."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    """Of all batches together."""
    source: tuple[str, ...]
    preset: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDifference:
    """One layer's output in both modes."""

    layer: BatchNorm
    values: int
    """Per channel."""
    images: int
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDifference:
    """One tensor in both modes."""

    name: str
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One piece of one tensor in both modes."""

    tensor: str
    slice: str
    training: NDArray[Any]
    inference: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """All that was found by running the model in both modes."""

    report: Report
    inputs: tuple[InputFact, ...]
    fed: Mapping[str, float | bool | str]
    layers: tuple[LayerDifference, ...]
    outputs: tuple[OutputDifference, ...]
    patches: tuple[Patch, ...]
    skipped: tuple[Unprobed, ...]
    ran: bool
    """Whether the model was run at all."""
    decided: Mapping[str, bool] = field(default_factory=dict)
    """What was fed to decide the mode -> the value of it that serves training."""
    random: str | None = None
    """A node that draws random numbers on the way to what was compared; None where there is none."""
    kept: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """`training/<tensor>` and `inference/<tensor>` of every output, where that was asked for."""
