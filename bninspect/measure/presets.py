"""Which preset fits the first layer best, and whether clearly so: what was measured, judged.

`auto` measures; the diagnosis (BN405) and the reports read what stands here. The best preset is named where
it fits and the next one is CLEARLY_BETTER times as far off. Red and blue exchanged move few filters: to tell
them apart takes IMAGES_FOR_ORDER images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bninspect.statistics import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetFit:
    """One way to prepare images, and how far it leaves the first layer from its stored statistics."""

    preset: str
    channels: str
    """rgb or bgr; grey input is rgb."""
    gap: float
    """What presets are ranked by."""
    w: float
    """Root mean square of W over the channels."""
    r: float
    """Median over the channels: measured over stored standard deviation."""
    floor: float = 0.0
    """Mean F: the W^2 that the choice of images alone makes."""
    share: float = 1.0
    """How far the moving average has come, where the layer's statistics are one on its way."""

    @property
    def usual(self) -> bool:
        """Whether the order of colours is the one this preset has unless told otherwise."""
        return self.channels == ("bgr" if self.preset == "caffe" else "rgb")

    @property
    def options(self) -> str:
        """As a command line has it."""
        return f"--preprocess {self.preset}" + ("" if self.usual else f" --channels {self.channels}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetTrial:
    """Every preset, measured at one layer; or why that could not be."""

    layer: str | None = None
    images: int = 0
    fits: tuple[PresetFit, ...] = ()
    """The best first."""
    clear: bool = False
    """Whether the best is clearly better than every other preset, and fits."""
    clear_order: bool = False
    """Whether its order of colours is clearly better than the other one."""
    given: PresetFit | None = None
    """The fit of what was asked for; None where that was `auto`."""
    reason: str | None = None
    """Why none is named; None where one is."""

    @property
    def best(self) -> PresetFit | None:
        """The one to use: in its usual order of colours unless the other is clearly better."""
        if not self.fits:
            return None
        first = self.fits[0]
        same = [fit for fit in self.fits if fit.preset == first.preset]
        return first if self.clear_order else next((fit for fit in same if fit.usual), first)

    def given_as(self, preset: str, *, bgr: bool) -> PresetTrial:
        """The same trial, of images that were prepared so."""
        asked = (preset, "bgr" if bgr else "rgb")
        given = next((fit for fit in self.fits if (fit.preset, fit.channels) == asked), None)
        return replace(self, given=given)


def ranked(layer: str, count: int, fits: Sequence[PresetFit]) -> PresetTrial:
    """The fits in order, and whether the best is clear."""
    order = sorted(fits, key=lambda fit: (fit.gap, not fit.usual))
    best = order[0]
    others = [fit for fit in order if fit.preset != best.preset]
    twin = next((fit for fit in order if fit.preset == best.preset and fit is not best), None)
    limit = max(thresholds.WARNING, float(np.sqrt(best.floor)))
    clearly = thresholds.CLEARLY_BETTER * best.gap
    reason = None
    if best.gap > limit:
        reason = (
            f"none fits: with the best, {best.options}, {layer} is still {best.gap:.2g} standard deviations "
            "off; its statistics are stale, or the images are prepared in another way"
        )
    elif others and others[0].gap < clearly:
        reason = f"{best.options} and {others[0].options} fit about as well"
    return PresetTrial(
        layer=layer,
        images=count,
        fits=tuple(order),
        clear=reason is None,
        clear_order=twin is not None and count >= thresholds.IMAGES_FOR_ORDER and twin.gap >= clearly,
        reason=reason,
    )
