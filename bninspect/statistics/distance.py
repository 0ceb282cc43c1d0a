"""How far two runs of one tensor lie apart, in float64, chunk by chunk.

Notation: t is the tensor in training mode, i in inference mode, over all n values of all chunks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_FLOOR = 1e-6
"""Root mean square below which t counts as zero: relative numbers are taken against at least this much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The distance of the two modes at one tensor. Not finite where one of the modes is not."""

    values: int
    """n."""
    max_abs: float
    """max |i - t|."""
    mean_abs: float
    rms: float
    """sqrt(mean (i - t)^2)."""
    relative_l2: float
    """|i - t| / max(|t|, RELATIVE_FLOOR sqrt(n)), in Euclidean norms; the relative RMS is the same number."""
    cosine: float | None
    """<i, t> / (|i| |t|); None where either is zero everywhere."""
    top1_agreement: float | None
    """Share of the rows whose largest value stands at the same place; None unless t is (rows, classes). A row
    with nan has no largest value."""


class Meter:
    """Sums over chunks from which a Difference follows."""

    def __init__(self) -> None:
        self._count = 0
        self._largest = 0.0
        self._absolute = self._squared = self._dot = self._norm_t = self._norm_i = 0.0
        self._rows = self._agreeing = 0

    def add(self, training: NDArray[Any], inference: NDArray[Any]) -> None:
        """Takes one chunk of both modes, of equal shapes and any real dtype."""
        t = np.asarray(training, np.float64)
        i = np.asarray(inference, np.float64)
        if t.ndim == 2 and t.shape[1] > 1:
            self._rows += t.shape[0]
            told = ~(np.isnan(t).any(axis=1) | np.isnan(i).any(axis=1))
            self._agreeing += int((told & (t.argmax(axis=1) == i.argmax(axis=1))).sum())
        t, i = t.ravel(), i.ravel()
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(i - t)
            self._count += gap.size
            self._largest = float(np.maximum(self._largest, gap.max(initial=0.0)))
            self._absolute += float(gap.sum())
            self._squared += float(gap @ gap)
            self._dot += float(t @ i)
            self._norm_t += float(t @ t)
            self._norm_i += float(i @ i)

    def difference(self) -> Difference:
        """The Difference over every chunk so far; zeros where there was no value."""
        count = max(self._count, 1)
        norms = math.sqrt(self._norm_t) * math.sqrt(self._norm_i)
        base = max(math.sqrt(self._norm_t), RELATIVE_FLOOR * math.sqrt(count))
        return Difference(
            values=self._count,
            max_abs=self._largest,
            mean_abs=self._absolute / count,
            rms=math.sqrt(self._squared / count),
            relative_l2=math.sqrt(self._squared) / base,
            cosine=None if norms == 0 else self._dot / norms,
            top1_agreement=self._agreeing / self._rows if self._rows else None,
        )


def difference(training: NDArray[Any], inference: NDArray[Any]) -> Difference:
    """The Difference of two arrays of equal shape."""
    meter = Meter()
    meter.add(training, inference)
    return meter.difference()
