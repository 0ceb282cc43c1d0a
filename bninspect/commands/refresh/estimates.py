"""What was measured of each layer: the moments of batches, folded in their order, and how sure they are.

A fold of sums is not associative in floating point, so it is always over batches and in their order: whoever
measured them, and however many at a time, the result is the same to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.statistics.certainty import standard_error
from bninspect.statistics.moment_sums import MomentSums

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bninspect.inputs.request import Request

    Batch = Mapping[str, MomentSums]
    """Layer -> what it normalized in one batch."""
    Task = tuple[int, int]
    """The first of the batches to measure, and the one behind the last."""

DRAWN = "images"
"""Where `Estimates.how` says that they are random numbers; no such entry otherwise."""


class Measured(NamedTuple):
    """What a task gave."""

    batches: list[tuple[Batch, int]]
    """Each batch, and how many images that is."""
    lost: dict[str, str]
    """Layers that had no value in some batch, and why."""


@frozen_dataclass
class Certainty:
    """How far the statistics are expected to be off those of all images there could be."""

    images: int
    """Over so many images."""
    error: float
    """The largest standard error of a layer, in its standard deviations."""
    layer: str
    """Which layer that is."""


@frozen_dataclass
class Estimate:
    """What one layer normalized, over all batches."""

    sums: MomentSums
    fewest: int
    """Of how many values of a channel the smallest batch was."""
    between: MomentSums
    """Each full batch as one sample."""
    batches: tuple[MomentSums, ...] = ()
    """Each batch by itself, if that was asked for."""


@frozen_dataclass
class Estimates:
    """Every layer that was measured, and how."""

    layers: Mapping[str, Estimate]
    """By the layer's name, in graph order."""
    left: Mapping[str, str]
    """Layers that could not be measured, and why."""
    images: int
    """0 where what was fed by hand is no image."""
    batch_size: int
    """Images of one batch."""
    last: int
    """How many images the last batch had."""
    how: Mapping[str, str]
    """How the images became what the model was fed: `preset`, `colours`, ...; it goes for all of them."""
    request: Request | None = None
    """What was asked for, with the preset that was found where that was asked for; None of merged parts."""
    names: tuple[str, ...] = ()
    """What the images are called, in the order they were run."""
    curve: tuple[Certainty, ...] = ()
    """How sure the statistics were after so many images, last of all of them; empty if that is not known."""

    @property
    def certainty(self) -> Certainty | None:
        """How sure they are; None if that is not known: fewer than two images, or what was fed is none."""
        return self.curve[-1] if self.curve else None


@dataclass(slots=True, kw_only=True)
class Fold:
    """Batches that are taken in one after the other."""

    epsilons: Mapping[str, float]
    """Layer -> its epsilon, for its standard deviation."""
    independent: Collection[str] = ()
    """Layers whose samples are the images: what they see of one depends on no other."""
    keep: bool = False
    """Whether each batch is kept by itself, too."""
    images: int = 0
    layers: dict[str, Estimate] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    """Layers without a value in some batch, and why: these are given up."""
    curve: list[Certainty] = field(default_factory=list)
    """How sure the statistics were after 1, 2, 4, ... batches."""
    _batches: int = 0

    def add(self, batch: Batch, images: int) -> None:
        """Takes in the next batch, of so many images (0: what was fed is none)."""
        for name, sums in batch.items():
            if name in self.lost:
                continue
            kept = (sums,) if self.keep else ()
            before = self.layers.get(name)
            self.layers[name] = (
                Estimate(sums=sums, fewest=sums.moments.values, between=sums.as_one(), batches=kept)
                if before is None
                else _more(before, sums, kept)
            )
        self.images += images
        self._batches += 1
        if self._batches & (self._batches - 1) == 0 and (sure := self.look()) is not None:
            self.curve.append(sure)

    def lose(self, layer: str, reason: str) -> None:
        """Gives the layer up."""
        self.lost[layer] = reason
        self.layers.pop(layer, None)

    def look(self) -> Certainty | None:
        """How sure the statistics are by now; None if that is not known."""
        if self.images < 2:
            return None
        known = {name: error for name in self.layers if (error := self._error(name)) is not None}
        if not known:
            return None
        worst = max(known, key=known.__getitem__)
        return Certainty(images=self.images, error=known[worst], layer=worst)

    def _error(self, layer: str) -> float | None:
        """The standard error of one layer; None if that is not known."""
        one = self.layers[layer]
        by_image = layer in self.independent and one.sums.images == self.images
        return standard_error(one.sums, self.epsilons.get(layer, 0.0), None if by_image else one.between)

    def whole_curve(self) -> tuple[Certainty, ...]:
        """The curve, with its last point after all batches."""
        last = self.look()
        return () if last is None else (*(one for one in self.curve if one.images < last.images), last)


def _more(before: Estimate, sums: MomentSums, kept: tuple[MomentSums, ...]) -> Estimate:
    """The estimate with one batch more. A batch smaller than the first is no sample of batches."""
    between = before.between
    if sums.moments.values * between.images == between.moments.values:
        between = MomentSums.merged([between, sums.as_one()])
    return Estimate(
        sums=MomentSums.merged([before.sums, sums]),
        fewest=min(sums.moments.values, before.fewest),
        between=between,
        batches=(*before.batches, *kept),
    )
