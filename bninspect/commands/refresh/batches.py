"""The model in training mode, batch by batch: what each layer normalizes in each.

One program and one binding of inputs give any range of the batches, so that a set can be measured in one go,
by several processes, or in turns.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bninspect.commands.refresh.estimates import DRAWN, Measured
from bninspect.errors import RewriteError
from bninspect.inputs.bind import bind
from bninspect.measure.both_modes import both_modes
from bninspect.measure.examined import bound_first, fitting_alone, prepared
from bninspect.measure.verify import run_by
from bninspect.run.running import Running
from bninspect.statistics.moment_sums import MomentSums
from bninspect.statistics.pooling import ImageMoments

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.commands.refresh.estimates import Batch
    from bninspect.commands.refresh.training_program import TrainingProgram
    from bninspect.graph import Node
    from bninspect.inputs.inputs import Inputs
    from bninspect.inputs.request import Request

    Feeds = dict[str, NDArray[Any]]
    KeptShare = Callable[[int], float]


@dataclass(slots=True, kw_only=True)
class TrainingRun:
    """A model whose chosen layers run in training mode, and what it is fed."""

    made: TrainingProgram
    inputs: Inputs
    request: Request
    """What was asked for, with the preset and the batch size that were found."""
    allowed: tuple[str, ...]
    one_thread: bool = False
    """Whether TensorFlow takes one thread for it; to be set before anything is measured."""
    lost: dict[str, str] = field(default_factory=dict)
    """Layers that had no value in some batch, and why."""
    _running: Running | None = None

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return -(-self.inputs.count // self.inputs.batch_size) if self.inputs.count else 1

    def task(self, first: int, last: int) -> Measured:
        """What batch `first` to the one before `last` gave. Raises as `measured`."""
        return Measured(list(self.measured(first, last)), dict(self.lost))

    def measured(self, first: int = 0, last: int | None = None) -> Generator[tuple[Batch, int], None, None]:
        """Layer -> what it normalized, and how many images that is; batch `first` to the one before `last`.

        While TensorFlow runs one batch, a thread makes the next one and takes in what the last one gave.
        Raises RunError where TensorFlow is missing, an op is refused or the run fails; InputError.
        """
        if self._running is None:
            program = self.made.program(self.inputs.names, self.allowed)
            self._running = Running(replace(program, one_thread=self.one_thread))
        running = self._running
        running.number = first  # so that a batch draws the same, whoever measures it
        with ThreadPoolExecutor(1) as beside:
            feeds = self.inputs.batches(first, last)
            following, taken, images = beside.submit(next, feeds, None), None, 0
            while (batch := following.result()) is not None:
                if taken is not None:
                    yield taken.result(), images
                following = beside.submit(next, feeds, None)
                images = self._images(batch)
                taken = beside.submit(_moments, self._values(running, batch), images)
            if taken is not None:
                yield taken.result(), images

    def close(self) -> None:
        """Frees the session."""
        if self._running is not None:
            self._running.close()

    def how(self) -> dict[str, str]:
        """How images became what the model was fed."""
        found = {f"--feed of {name}": str(value) for name, value in self.inputs.said.items()}
        pictures = self.inputs.pictures
        if pictures is not None and pictures.drawn:
            found[DRAWN] = "random"
        if pictures is not None and pictures.recipe is not None:
            recipe = pictures.recipe
            found |= {
                "preset": recipe.preset,
                "order of colours": "bgr" if recipe.bgr else "rgb",
                "size": "x".join(map(str, recipe.size or ("as", "they are"))),
                "resizing": recipe.resize,
            }
        return found

    def _images(self, feeds: Feeds) -> int:
        """How many images a batch has; 0 where what is fed is no image."""
        if self.inputs.place is None:
            return 0
        batch = feeds[self.inputs.place.name]
        return len(batch) if batch.ndim else 1

    def _values(self, running: Running, feeds: Feeds) -> dict[str, list[NDArray[Any]]]:
        """The three values of each layer that has some in this batch; one that has none is given up."""
        values = running.values(self.made.wishes, running.program.held({**feeds, **self.made.feeds}))
        for wish in self.made.wishes:
            if wish not in values:
                self.lost[str(wish.what)] = running.lost[wish.fate].reason
        return {str(wish.what): parts for wish, parts in values.items()}


def training_run(
    report: Report,
    made: TrainingProgram,
    request: Request,
    allowed: Sequence[str],
    kept: KeptShare | None = None,
) -> TrainingRun:
    """The program bound to what the request asks to be fed. `kept`: the share of the old statistics that is
    kept of so many images; None: nothing is.

    Raises InputError for inputs that do not fit, and RunError where `--preprocess auto` has to run the model
    and cannot.
    """
    later = _run_later(report) if request.feeds else set()

    def bound(asked: Request) -> Inputs:
        return bind(report.graph, made.reached, report.layers, asked, set(made.feeds), later)

    inputs, _ = prepared(
        bound_first(request, bound), request, bound, lambda raw: fitting_alone(report, raw, allowed)
    )
    if kept is not None:
        made = made.keeping(kept(inputs.count))
    return TrainingRun(made=made, inputs=inputs, request=_resolved(request, inputs), allowed=tuple(allowed))


def _run_later(report: Report) -> set[Node]:
    """The nodes that run when the result is looked at: both modes of the outputs, and what they are compared
    with.
    """
    compared = run_by(report)
    try:
        return compared | both_modes(report, lambda mode, _: mode, report.outputs).reached(report.graph)
    except RewriteError:
        return compared


def _resolved(request: Request, inputs: Inputs) -> Request:
    """The request with the preset and the batch size that were found."""
    size = None if inputs.place is None else inputs.batch_size
    if inputs.pictures is not None and inputs.pictures.recipe is not None:
        recipe = inputs.pictures.recipe
        found = replace(request, preprocess=recipe.preset, channels="bgr" if recipe.bgr else "rgb")
        return replace(found, batch_size=size)
    return replace(request, batch_size=size)


def _moments(values: Mapping[str, list[NDArray[Any]]], images: int) -> Batch:
    """Layer -> the moments of one batch of so many images."""
    found = {}
    for name, (mean, variance, count) in values.items():
        moments = ImageMoments.of(mean, variance, int(count[0]))
        if images and moments.images > images and moments.images % images == 0:
            moments = moments.grouped(images)
        found[name] = MomentSums.of(moments)
    return found
