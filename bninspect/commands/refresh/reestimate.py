"""Statistics re-estimated: the layers in training mode, the weights as they are, and the moments of every
layer's x pooled over a whole set of images, batch by batch.

PreciseBN of Wu & Johnson 2021 (arXiv:2105.07576). Of a batch nothing leaves TensorFlow but moments, and of
those only sums are kept (`statistics.spread`), so that memory does not grow with the set.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bninspect.commands.refresh.training_program import training_program
from bninspect.errors import RewriteError
from bninspect.inputs.bind import bind
from bninspect.measure.both_modes import both_modes
from bninspect.measure.examined import bound_first, fitting_alone, prepared
from bninspect.run.running import Running
from bninspect.statistics.pooling import ImageMoments
from bninspect.statistics.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.commands.refresh.training_program import TrainingProgram
    from bninspect.graph import Node
    from bninspect.inputs.inputs import Inputs
    from bninspect.inputs.request import Request

    Feeds = dict[str, NDArray[Any]]


DRAWN = "images"
"""Where `Estimates.how` says that they are random numbers; no such entry otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one layer normalized, over all batches."""

    spread: Spread
    fewest: int
    """Of how many values of a channel the smallest batch was."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


def estimate(
    report: Report,
    chosen: Sequence[BatchNorm],
    request: Request,
    *,
    stripped: bool = False,
    allowed: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """The moments of what the chosen layers normalize, all of them in training mode and all others as the
    model is deployed (with `stripped`: in inference mode wherever they can be). `progress` is told (images
    done, images in all).

    Raises InputError for inputs that do not fit, RunError where TensorFlow is missing, an op is refused or
    the run fails, RewriteError where the model cannot be rewritten.
    """
    made = training_program(report, chosen, stripped)
    if not made.wishes:
        return Estimates(layers={}, left=made.left, images=0, batch_size=1, last=0, how={})
    later = _run_later(report) if request.feeds else set()

    def bound(asked: Request) -> Inputs:
        return bind(report.graph, made.reached, report.layers, asked, set(made.feeds), later)

    inputs, _ = prepared(
        bound_first(request, bound),
        request,
        bound,
        lambda raw: fitting_alone(report, raw, allowed),
    )
    with Running(made.program(inputs.names, allowed)) as running:
        gathered = _Gathered(made=made, running=running)
        gathered.run(inputs, progress)
    found = gathered.found
    return Estimates(
        layers={layer.name: found[layer.name] for layer in chosen if layer.name in found},
        left=made.left | gathered.lost,
        images=inputs.count,
        batch_size=inputs.batch_size,
        last=inputs.count % inputs.batch_size or inputs.batch_size,
        how=_how(inputs),
        request=_resolved(request, inputs),
        names=() if inputs.pictures is None else inputs.pictures.names[: inputs.count],
    )


def _run_later(report: Report) -> set[Node]:
    """The nodes that run when the result is looked at: both modes of the outputs."""
    try:
        return both_modes(report, lambda mode, _: mode, report.outputs).reached(report.graph)
    except RewriteError:
        return set()


def _how(inputs: Inputs) -> dict[str, str]:
    """How images became what the model was fed."""
    found = {f"--feed of {name}": str(value) for name, value in inputs.said.items()}
    if inputs.pictures is not None and inputs.pictures.drawn:
        found[DRAWN] = "random"
    if inputs.pictures is not None and inputs.pictures.recipe is not None:
        recipe = inputs.pictures.recipe
        found |= {
            "preset": recipe.preset,
            "order of colours": "bgr" if recipe.bgr else "rgb",
            "size": "x".join(map(str, recipe.size or ("as", "they are"))),
            "resizing": recipe.resize,
        }
    return found


def _resolved(request: Request, inputs: Inputs) -> Request:
    """The request with the preset that was found."""
    if inputs.pictures is not None and inputs.pictures.recipe is not None:
        recipe = inputs.pictures.recipe
        return replace(request, preprocess=recipe.preset, channels="bgr" if recipe.bgr else "rgb")
    return request


def _rows(feeds: Feeds, inputs: Inputs) -> int:
    """How many images a batch has; 0 where what is fed is no image."""
    if inputs.place is None:
        return 0
    batch = feeds[inputs.place.name]
    return len(batch) if batch.ndim else 1


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """What is gathered batch by batch."""

    made: TrainingProgram
    running: Running
    found: dict[str, Estimate] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    """Layers without a value in some batch, and why."""

    def run(self, inputs: Inputs, progress: Callable[[int, int], None] | None) -> None:
        """Every batch. While TensorFlow runs one, a thread makes the next one and takes in what the last one
        gave; it rests while `progress` is told.
        """
        tell = progress or (lambda done, total: None)
        batches = inputs.batches()
        with ThreadPoolExecutor(1) as beside:
            following, taken, done = beside.submit(next, batches, None), None, 0
            while (feeds := following.result()) is not None:
                if taken is not None:
                    taken.result()
                tell(done, inputs.count)
                following = beside.submit(next, batches, None)
                images = _rows(feeds, inputs)
                taken = beside.submit(self._take, self._values(self._fed(feeds)), images)
                done += images
            if taken is not None:
                taken.result()
        tell(inputs.count, inputs.count)

    def _fed(self, feeds: Feeds) -> Feeds:
        """What the program holds of these feeds, and what decides."""
        return self.running.program.held({**feeds, **self.made.feeds})

    def _values(self, feeds: Feeds) -> dict[str, list[NDArray[Any]]]:
        """The three values of each layer that has some in this batch; a layer that has none in one batch is
        given up.
        """
        values = self.running.values(self.made.wishes, feeds)
        for wish in self.made.wishes:
            if wish not in values:
                self.lost[str(wish.what)] = self.running.lost[wish.fate].reason
                self.found.pop(str(wish.what), None)
        return {str(wish.what): parts for wish, parts in values.items()}

    def _take(self, values: Mapping[str, list[NDArray[Any]]], images: int) -> None:
        for name, (mean, variance, count) in values.items():
            moments = ImageMoments.of(mean, variance, int(count[0]))
            total = moments.images * moments.values
            if images and moments.images > images and moments.images % images == 0:
                moments = moments.grouped(images)
            spread, fewest = Spread.of(moments), total
            if name in self.found:
                spread = Spread.merged([self.found[name].spread, spread])
                fewest = min(fewest, self.found[name].fewest)
            self.found[name] = Estimate(spread=spread, fewest=fewest)
