"""How far stored values moved between two files: as tensors, and as the statistics of a layer.

Of weights, gamma and beta, as one vector of n values each: relative = |new - old| / max(|old|, |new|, FLOOR
sqrt(n)) in Euclidean norms. The larger of the two norms, since beta starts at 0: a start at 0 gives 1. Of
statistics, per channel, with OLD in the place of the stored ones and NEW in that of the measured ones
(`staleness`): d = (mean' - mean)/sqrt(variance + epsilon), r = sqrt((variance' + epsilon)/(variance +
epsilon)), W = sqrt(d^2 + (r - 1)^2).

Moved means that any value differs, were it in the last bit: one update with a momentum of 0.999 moves
little, but it moves. A NaN that stays a NaN has not moved.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.errors import GraphDefError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import VARIABLES
from bninspect.graph.trace import stored_value
from bninspect.statistics.staleness import Worst, gaps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm.layer import Statistics
    from bninspect.graph import Node
    from bninspect.graphdef import TensorValue

    Floats = NDArray[np.float64]

FLOOR = 1e-6
"""Root mean square below which values count as zero: relative numbers are taken against this at least."""
_CHUNK = 1 << 20
_MOST_VALUES = 1 << 34
"""More is a claim, not a tensor."""


@frozen_dataclass
class TensorChange:
    """How far some tensors moved, taken as one vector."""

    nodes: tuple[str, ...]
    """The nodes of NEW that keep them."""
    moved: bool | None
    """Whether any value differs; None where they could not be compared."""
    reason: str | None = None
    """Why they could not be compared; None otherwise."""
    values: int = 0
    """How many values were compared."""
    relative: float | None = None
    """See the head of this file; None where they could not be compared, nan where a value is not finite."""
    max_abs: float | None = None
    """max |new - old|; as `relative`."""


@frozen_dataclass(eq=False)
class StatisticsChange:
    """How far the moving statistics of a layer moved."""

    moved: bool | None
    """Whether any value differs; None where they could not be compared."""
    reason: str | None = None
    """Why they could not be compared; None otherwise."""
    d: Floats | None = None
    """Shape (channels,); nan where a value is not finite or OLD has no variance. None as `moved`."""
    r: Floats | None = None
    """Shape (channels,), as d."""
    w: Floats | None = None
    """Shape (channels,), as d."""
    max_abs_mean: float | None = None
    """max |mean' - mean|; nan where a value is not finite."""
    max_abs_variance: float | None = None
    """max |variance' - variance|; as max_abs_mean."""

    @property
    def channels(self) -> int:
        """How many channels were compared."""
        return 0 if self.w is None else self.w.size

    @property
    def undefined(self) -> int:
        """How many channels have no W."""
        return 0 if self.w is None else int(np.isnan(self.w).sum())

    @property
    def rms_w(self) -> float | None:
        """The root mean square of W over the channels that have one; None where none has."""
        if self.w is None or self.undefined == self.channels:
            return None
        return float(np.sqrt(np.nanmean(self.w * self.w)))

    @property
    def worst(self) -> Worst | None:
        """The channel of the largest W; None where no channel has one."""
        if self.w is None or self.d is None or self.r is None or self.rms_w is None:
            return None
        channel = int(np.nanargmax(self.w))
        return Worst(channel, float(self.d[channel]), float(self.r[channel]), float(self.w[channel]))


def change(old: Sequence[Node], new: Sequence[Node]) -> TensorChange:
    """How far the tensors kept at these nodes moved, paired in order."""
    nodes = tuple(node.label for node in new)
    if len(old) != len(new):
        numbers = f"OLD has {len(old)} tensors of them, NEW has {len(new)}"
        return TensorChange(nodes=nodes, moved=None, reason=numbers)
    sums = _Sums()
    for before, after in zip(old, new, strict=True):
        pair = _comparable(before, after)
        reason = pair if isinstance(pair, str) else sums.add(*pair)
        if reason is not None:
            return TensorChange(nodes=nodes, moved=None, reason=reason)
    return TensorChange(
        nodes=nodes, moved=sums.moved, values=sums.values, relative=sums.relative(), max_abs=sums.max_abs
    )


def _comparable(old: Node, new: Node) -> tuple[TensorValue, TensorValue] | str:
    """The tensors that are kept at two nodes; why they cannot be compared, as far as their headers tell."""
    held = []
    for side, node in (("OLD", old), ("NEW", new)):
        value = stored_value(node)
        if value is None:
            why = "a variable that was not read" if node.op in VARIABLES else "not stored in the file"
            return f"{node.label} is {why} in {side}"
        if not value.is_real or not 0 <= value.size <= _MOST_VALUES:
            return f"{node.label} is of type {value.dtype}, shape {list(value.shape[:8])} in {side}"
        held.append(value)
    before, after = held
    if before.shape != after.shape:
        return f"{new.label} is of shape {list(before.shape)} in OLD, {list(after.shape)} in NEW"
    return before, after


class _Sums:
    """Sums over tensors, from which a change follows."""

    def __init__(self) -> None:
        self.moved = False
        self.values = 0
        self.max_abs = 0.0
        self.squared = self.norm_old = self.norm_new = 0.0

    def add(self, old: TensorValue, new: TensorValue) -> str | None:
        """Takes one tensor of both files; why it cannot be read, or None."""
        try:
            arrays = old.array(), new.array()
        except GraphDefError as error:
            return str(error)
        for one, other, times in _chunks(*arrays):
            self._take(one, other, times)
        self.values += old.size
        return None

    def _take(self, old: NDArray[Any], new: NDArray[Any], times: int) -> None:
        self.moved = self.moved or not np.array_equal(old, new, equal_nan=True)
        with np.errstate(invalid="ignore", over="ignore"):
            before, after = old.astype(np.float64), new.astype(np.float64)
            gap = after - before
            self.max_abs = float(np.maximum(self.max_abs, np.abs(gap).max(initial=0.0)))
            self.squared += times * float(gap @ gap)
            self.norm_old += times * float(before @ before)
            self.norm_new += times * float(after @ after)

    def relative(self) -> float:
        base = max(math.sqrt(max(self.norm_old, self.norm_new)), FLOOR * math.sqrt(max(self.values, 1)))
        known = math.isfinite(self.squared) and (not self.squared or math.isfinite(base))
        return math.sqrt(self.squared) / base if known else math.nan


def _chunks(old: NDArray[Any], new: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any], int]]:
    """(values of OLD, of NEW, how many times they count), flat. One value that fills a shape in both stays
    one: nothing is made as large as a shape claims to be.
    """
    if _is_one_value(old) and _is_one_value(new):
        yield old[(0,) * old.ndim].reshape(1), new[(0,) * new.ndim].reshape(1), old.size
        return
    for start in range(0, old.size, _CHUNK):
        end = min(start + _CHUNK, old.size)
        pieces = [
            np.broadcast_to(array[(0,) * array.ndim], (end - start,))
            if _is_one_value(array)
            else array.ravel()[start:end]
            for array in (old, new)
        ]
        yield pieces[0], pieces[1], 1


def _is_one_value(array: NDArray[Any]) -> bool:
    """Whether the array is one value in memory, whatever its shape."""
    return array.size > 0 and not any(array.strides)


def statistics_change(old: Statistics, new: Statistics, epsilon: float | None) -> StatisticsChange:
    """How far moving mean and moving variance moved. An epsilon that is None counts as 0."""
    if old.values is None or new.values is None:
        return StatisticsChange(moved=None, reason=_missing(old, new))
    (mean, variance), (new_mean, new_variance) = old.values.numbers(), new.values.numbers()
    sizes = {len(array) for array in (mean, new_mean, variance, new_variance)}
    if len(sizes) > 1:
        reason = (
            f"{len(mean)} and {len(variance)} values in OLD, {len(new_mean)} and {len(new_variance)} in NEW"
        )
        return StatisticsChange(moved=None, reason=reason)
    with np.errstate(all="ignore"):
        added = epsilon or 0.0
        usable = np.isfinite(mean) & np.isfinite(new_mean) & np.isfinite(variance) & np.isfinite(new_variance)
        scale = np.where(usable & (variance + added > 0), variance + added, np.nan)
        d, r, w = gaps(mean, scale, new_mean, new_variance + added)
        largest = [np.abs(new_mean - mean).max(initial=0.0), np.abs(new_variance - variance).max(initial=0.0)]
    return StatisticsChange(
        moved=not all(
            np.array_equal(*pair, equal_nan=True) for pair in ((mean, new_mean), (variance, new_variance))
        ),
        d=d,
        r=r,
        w=w,
        max_abs_mean=float(largest[0]),
        max_abs_variance=float(largest[1]),
    )


def _missing(old: Statistics, new: Statistics) -> str:
    """Why there are no numbers: once, if it is the same in both files."""
    missing = [
        f"in {side}: {statistics.reason or statistics.state.value}"
        for side, statistics in (("OLD", old), ("NEW", new))
        if statistics.values is None
    ]
    same = old.reason == new.reason and len(missing) == 2
    return (old.reason or old.state.value) if same else "; ".join(missing)
