"""Every batch through both modes in one run of TensorFlow: what is summed up, and what is kept whole.

Memory is that of one batch: of a layer only its moments and its gap leave TensorFlow; an output becomes sums
(`distance.Meter`) unless it was asked for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.errors import RunError
from bninspect.graphdef.dtypes import NUMPY
from bninspect.measure.facts import Gap, InputFact
from bninspect.statistics.distance import RELATIVE_FLOOR, Meter
from bninspect.statistics.pooling import ImageMoments, concatenated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.graph import Tensor
    from bninspect.inputs.inputs import Inputs
    from bninspect.measure.both_modes import BothModes
    from bninspect.run.running import Running, Wish

    Array = NDArray[Any]


OUTPUT, GAP = "output", "gap"
"""What a wish is of: (OUTPUT, the tensor), or (GAP or a mode, the layer's name): of the latter the moments of
its x in that mode."""


class Passes:
    """What was measured over the batches."""

    def __init__(self, wishes: Sequence[Wish], keep: Collection[Tensor], served: Mapping[Mode, Mode]) -> None:
        self.wishes = list(wishes)
        asked = [wish.what for wish in wishes]
        self.meters: dict[Tensor, Meter] = {what: Meter() for kind, what in asked if kind == OUTPUT}
        self.moments: dict[tuple[Mode, str], list[ImageMoments]] = defaultdict(list)
        self.gaps: dict[str, GapSums] = defaultdict(GapSums)
        self.whole: dict[tuple[Mode, Tensor], list[Array]] = defaultdict(list)
        self.first: dict[Tensor, tuple[Array, Array]] = {}
        """Of each output the row of the first image, in training and in inference mode; none where it has no
        row for each image."""
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.lost: dict[tuple[str, Tensor | str], str] = {}
        """(kind, what) of a wish -> why it has no value."""
        self._keep = keep
        self.served = served

    def run(
        self,
        running: Running,
        both: BothModes,
        inputs: Inputs,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Every batch; `progress` is called with (images done, images in all).

        Raises RunError, InputError.
        """
        for number, feeds in enumerate(inputs.batches()):
            if progress is not None:
                progress(number * inputs.batch_size, inputs.count)
            self._note_shapes(feeds)
            values = running.values(self.wishes, both.feeds(feeds, self.served))
            for wish in self.wishes:
                if wish not in values:
                    kind, what = wish.what
                    self._give_up(kind, what, running.lost[wish.fate].reason)
            for wish, part in values.items():
                kind, what = wish.what
                self._take(kind, what, part)
                if kind == OUTPUT and number == 0:
                    self._take_first(what, part[0], part[1], min(inputs.batch_size, inputs.count))
            self.wishes = list(values)

    def _give_up(self, kind: str, what: Any, reason: str) -> None:
        """Notes that a wish has no value. Raises RunError where it was asked for by name."""
        self.lost[kind, what] = reason
        if kind == OUTPUT:
            self.meters.pop(what, None)
            if what in self._keep:
                raise RunError(f"{what.name} has no value: {reason}")

    def _take(self, kind: str, what: Any, values: Sequence[Array]) -> None:
        """What one batch gave of a wish."""
        if kind == OUTPUT:
            self._take_output(what, *values)
        elif kind == GAP:
            self.gaps[what].add(*map(float, values))
        else:
            mean, variance, count = values
            self.moments[Mode(kind), what].append(ImageMoments.of(mean, variance, int(count[0])))

    def _take_output(self, tensor: Tensor, training: Array, inference: Array) -> None:
        reason = _incomparable(training, inference)
        if reason is not None:
            self.lost[OUTPUT, tensor] = reason
            self.meters.pop(tensor, None)
        elif tensor in self.meters:
            self.meters[tensor].add(training, inference)
        if tensor in self._keep:
            self.whole[Mode.TRAINING, tensor].append(training)
            self.whole[Mode.INFERENCE, tensor].append(inference)

    def _take_first(self, tensor: Tensor, training: Array, inference: Array, images: int) -> None:
        if training.shape == inference.shape and training.ndim and len(training) == images:
            self.first[tensor] = training[0].copy(), inference[0].copy()

    def together(self, mode: Mode, tensor: Tensor) -> Array:
        """A kept tensor over all batches, joined along its first axis; one without axes stacked."""
        parts = self.whole[mode, tensor]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([np.atleast_1d(part) for part in parts])

    def measured(self, mode: Mode, layer: str, images: int) -> ImageMoments | None:
        """The moments of a layer's x over all batches, image by image; None where there are none.

        Where x has several rows for each image (crops, frames), they are parts of it.
        """
        parts = self.moments.get((mode, layer))
        if not parts:
            return None
        try:
            whole = concatenated(parts)
            return whole.grouped(min(images, whole.images) or whole.images)
        except ValueError:
            return None

    def input_facts(self, inputs: Inputs) -> tuple[InputFact, ...]:
        """The image input, where there is one, and those fed beside it, but for what is fed by hand."""
        return tuple(
            InputFact(
                name=place.name,
                dtype="string" if place.dtype == "string" else NUMPY[place.dtype].name,
                shape=self.shapes.get(place.name, ()),
                source=pictures.names,
                preset=inputs.preset if pictures is inputs.pictures else None,
                drawn=pictures.drawn,
            )
            for place, pictures in inputs.elements
        )

    def _note_shapes(self, feeds: Mapping[str, Array]) -> None:
        """The shape of each feed, its batches added up."""
        for name, array in feeds.items():
            known = self.shapes.get(name)
            if known and array.ndim and known[1:] == array.shape[1:]:
                self.shapes[name] = (known[0] + array.shape[0], *known[1:])
            else:
                self.shapes[name] = array.shape


@dataclass(slots=True)
class GapSums:
    """The gap of one layer over the batches, in float64."""

    largest: float = 0.0
    squares: float = 0.0
    norm: float = 0.0
    size: float = field(default=0.0)

    def add(self, highest: float, lowest: float, squares: float, norm: float, size: float) -> None:
        """One batch, as `instrument.GapNames` has it."""
        self.largest = float(np.maximum(self.largest, np.maximum(highest, -lowest)))
        self.squares += 2 * squares
        self.norm += 2 * norm
        self.size += size

    def gap(self) -> Gap:
        """The Gap over every batch so far. Squares that leave float32 count as infinite."""
        count = max(self.size, 1.0)
        base = max(float(np.sqrt(self.norm)), RELATIVE_FLOOR * count**0.5)
        with np.errstate(invalid="ignore"):
            rms, relative = np.sqrt(self.squares / count), np.sqrt(self.squares) / base
        largest = self.largest if np.isfinite(self.squares) or self.largest else float("nan")
        return Gap(max_abs=largest, rms=float(rms), relative_l2=float(relative))


def _incomparable(training: Array, inference: Array) -> str | None:
    """Why two values cannot be subtracted, or None."""
    if training.dtype.kind not in "fiub" and training.dtype.name != "bfloat16":
        return f"its values are no real numbers ({training.dtype})"
    if training.shape != inference.shape:
        return f"its shape depends on the mode: {list(training.shape)}, {list(inference.shape)}"
    return None
