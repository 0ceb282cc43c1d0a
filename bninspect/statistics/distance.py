"""How far two runs of one tensor lie apart, in float64, chunk by chunk.

Notation: t is the tensor in training mode, i in inference mode, over all n values of all chunks. Whole
numbers and booleans are names of classes, counts or switches, which nobody subtracts: of those only how many
agree is said.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOP = 5
"""How many of the largest values of a row are named."""
RELATIVE_FLOOR = 1e-6
"""Root mean square below which t counts as zero: relative numbers are taken against at least this much."""


@frozen_dataclass
class Difference:
    """The distance of the two modes at one tensor. Not finite where one of the modes is not."""

    values: int
    """n."""
    max_abs: float
    """max |i - t|."""
    mean_abs: float
    """mean |i - t|."""
    rms: float
    """sqrt(mean (i - t)^2)."""
    relative_l2: float
    """|i - t| / max(|t|, RELATIVE_FLOOR sqrt(n)), in Euclidean norms; the relative RMS is the same number."""
    cosine: float | None
    """<i, t> / (|i| |t|); None where either is zero everywhere."""
    top1_agreement: float | None
    """Share of the rows whose largest value stands at the same place; None unless t is (rows, classes), with
    axes of size 1 between them or not. A row with nan has no largest value."""


class Ranked(NamedTuple):
    """One of the largest values of a row."""

    place: int
    """In the row: the class."""
    value: float


class Rankings(NamedTuple):
    """The largest values of the first row in both modes, the largest first."""

    training: tuple[Ranked, ...]
    inference: tuple[Ranked, ...]


class Meter:
    """Sums over chunks from which a Difference follows, or the share of values that agree."""

    def __init__(self) -> None:
        self.values = 0
        """n."""
        self.rows = 0
        """Of (rows, classes); 0 for any other shape."""
        self._largest = 0.0
        self._absolute = self._squared = self._dot = self._norm_t = self._norm_i = 0.0
        self._agreeing = self._equal = 0
        self._whole = False
        self._first: tuple[Floats, Floats] | None = None

    def add(self, training: NDArray[Any], inference: NDArray[Any]) -> None:
        """Takes one chunk of both modes, of equal shapes and any real dtype."""
        self.values += training.size
        if training.dtype.kind in "iub":
            self._whole = True
            self._equal += int((training == inference).sum())
            return
        t = np.asarray(training, np.float64)
        i = np.asarray(inference, np.float64)
        self._add_rows(_rows(t), i)
        t, i = t.ravel(), i.ravel()
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(i - t)
            self._largest = float(np.maximum(self._largest, gap.max(initial=0.0)))
            self._absolute += float(gap.sum())
            self._squared += float(gap @ gap)
            self._dot += float(t @ i)
            self._norm_t += float(t @ t)
            self._norm_i += float(i @ i)

    def _add_rows(self, t: Floats | None, inference: Floats) -> None:
        if t is None:
            return
        i = inference.reshape(t.shape)
        if self._first is None:
            self._first = t[0].copy(), i[0].copy()
        self.rows += len(t)
        known = ~(np.isnan(t).any(axis=1) | np.isnan(i).any(axis=1))
        self._agreeing += int((known & (t.argmax(axis=1) == i.argmax(axis=1))).sum())

    def difference(self) -> Difference | None:
        """The Difference over every chunk so far; None without values, and for whole numbers."""
        if not self.values or self._whole:
            return None
        norms = math.sqrt(self._norm_t) * math.sqrt(self._norm_i)
        base = max(math.sqrt(self._norm_t), RELATIVE_FLOOR * math.sqrt(self.values))
        return Difference(
            values=self.values,
            max_abs=self._largest,
            mean_abs=self._absolute / self.values,
            rms=math.sqrt(self._squared / self.values),
            relative_l2=math.sqrt(self._squared) / base,
            cosine=None if norms == 0 else self._dot / norms,
            top1_agreement=self._agreeing / self.rows if self.rows else None,
        )

    def agreement(self) -> float | None:
        """The share of the values that are equal in both modes; None without values, and for real numbers."""
        return self._equal / self.values if self.values and self._whole else None

    def top(self) -> Rankings | None:
        """The largest values of the first row in both modes; None unless the tensor is (rows, classes)."""
        if self._first is None:
            return None
        return Rankings(*(_largest_first(row) for row in self._first))


def _rows(values: Floats) -> Floats | None:
    """The values as (rows, classes); None for another shape, and for fewer than two classes."""
    if values.ndim < 2 or not len(values) or values.shape[-1] < 2 or math.prod(values.shape[1:-1]) != 1:
        return None
    return values.reshape(len(values), values.shape[-1])


def _largest_first(row: Floats) -> tuple[Ranked, ...]:
    """The TOP largest of the row; of those that are not numbers none."""
    order = np.argsort(-np.where(np.isnan(row), -np.inf, row), kind="stable")[:TOP]
    return tuple(Ranked(int(index), float(row[index])) for index in order if not np.isnan(row[index]))


def largest_magnitude(values: NDArray[Any]) -> float:
    """The largest finite magnitude, or 0."""
    magnitudes = np.abs(np.asarray(values, np.float64))
    return float(magnitudes[np.isfinite(magnitudes)].max(initial=0.0))


def largest_difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    """max |one - other|; equal infinities, and NaN beside NaN, are no difference; beside a number, inf."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.where(same, 0.0, np.abs(a - b))
    return float(np.where(np.isnan(gap), np.inf, gap).max(initial=0.0))
