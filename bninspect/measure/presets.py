"""Which preset fits the first layer best, and whether clearly so: what was measured, judged.

`auto` measures; BN405 and the reports read what stands here. `--preprocess auto` calls the best one clear
where it fits and the next one is CLEARLY_BETTER times as far off. Another preset is better than the given
one by ratio: where the given one is MANY_TIMES as far off, whatever is left under the better one. Red and
blue exchanged move few filters: to tell them apart takes IMAGES_FOR_ORDER images.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.statistics import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.options import Channels, Preprocess


@frozen_dataclass
class PresetFit:
    """One way to prepare images, and how far it leaves the first layer from its stored statistics."""

    preset: Preprocess
    channels: Channels
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
        """Whether the order of colours is the one this preset has by default."""
        return self.channels == ("bgr" if self.preset == "caffe" else "rgb")

    @property
    def options(self) -> str:
        """As a command line has it."""
        return f"--preprocess {self.preset}" + ("" if self.usual else f" --channels {self.channels}")


@frozen_dataclass
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

    @property
    def better(self) -> PresetFit | None:
        """The best fit, where it takes away most of the gap that the given one leaves; None where none does,
        or where the given one leaves no gap beyond what the choice of images makes.
        """
        best, given = self.best, self.given
        if best is None or given is None:
            return None
        if best.preset == given.preset and not self.clear_order:
            return None
        off = max(given.gap, given.w)
        if given.gap < thresholds.WARNING or off**2 <= thresholds.SIGNIFICANT * given.floor:
            return None
        return best if given.gap >= thresholds.MANY_TIMES * best.gap else None

    @property
    def rivals(self) -> tuple[PresetFit, ...]:
        """The fits of other presets that are about as good as the best one, in their usual order of
        colours.
        """
        best = self.best
        if best is None:
            return ()
        return tuple(
            fit
            for fit in self.fits
            if fit.preset != best.preset and fit.usual and fit.gap < thresholds.CLEARLY_BETTER * best.gap
        )

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
