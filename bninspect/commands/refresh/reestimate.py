"""Statistics re-estimated: the layers in training mode, the weights as they are, and the moments of every
layer's x pooled over a whole set of images, batch by batch.

PreciseBN of Wu & Johnson 2021 (arXiv:2105.07576). Of a batch nothing leaves TensorFlow but moments, and of
those only sums are kept (`statistics.moment_sums`), so that memory does not grow with the set.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from bninspect.commands.refresh.batches import TrainingRun, training_run
from bninspect.commands.refresh.estimates import Estimates, Fold
from bninspect.commands.refresh.training_program import independent, training_program

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.commands.refresh.batches import KeptShare
    from bninspect.commands.refresh.estimates import Batch
    from bninspect.inputs.request import Request

    Measure = Callable[[TrainingRun], Generator[tuple[Batch, int], None, None]]


def estimate(
    report: Report,
    chosen: Sequence[BatchNorm],
    request: Request,
    *,
    stripped: bool = False,
    allowed: Sequence[str] = (),
    kept: KeptShare | None = None,
    until: float | None = None,
    keep: bool = False,
    measure: Measure = TrainingRun.measured,
    progress: Callable[[int, int], None] | None = None,
) -> Estimates:
    """The moments of what the chosen layers normalize, all of them in training mode and all others as the
    model is deployed (with `stripped`: in inference mode wherever they can be). `kept` tells the share of the
    old statistics that is kept of so many images: layers normalize with as much of them; None: with none.

    Measuring ends with the batch after which no layer's standard error is above `until`; None: with the last
    one. `keep`: each batch is kept by itself, too. `measure` gives the batches of a run in order. `progress`
    is called with (images done, images in all).

    Raises InputError for inputs that do not fit, RunError where TensorFlow is missing, an op is refused or
    the run fails, RewriteError where the model cannot be rewritten.
    """
    made = training_program(report, chosen, stripped=stripped, mixed=kept is not None)
    if not made.wishes:
        return Estimates(layers={}, left=made.left, images=0, batch_size=1, last=0, how={})
    run = training_run(report, made, request, allowed, kept)
    tell = progress or (lambda done, total: None)
    fold = empty_fold(report, chosen, stripped=stripped, keep=keep)
    images = 0
    with closing(run), closing(measure(run)) as batches:
        tell(0, run.inputs.count)
        for batch, images in batches:
            fold.add(batch, images)
            for layer, reason in run.lost.items():
                fold.lose(layer, reason)
            tell(fold.images, run.inputs.count)
            sure = None if until is None else fold.look()
            if sure is not None and until is not None and sure.error <= until:
                break
    names = () if run.inputs.pictures is None else run.inputs.pictures.names[: fold.images]
    return Estimates(
        layers={layer.name: fold.layers[layer.name] for layer in chosen if layer.name in fold.layers},
        left=made.left | fold.lost,
        images=run.inputs.count and fold.images,
        batch_size=run.inputs.batch_size,
        last=images or run.inputs.batch_size,
        how=run.how(),
        request=run.request,
        names=names,
        curve=fold.whole_curve(),
    )


def empty_fold(report: Report, chosen: Sequence[BatchNorm], *, stripped: bool, keep: bool = False) -> Fold:
    """A fold for the batches of these layers. Arguments are those of `estimate`."""
    return Fold(
        epsilons={layer.name: layer.epsilon or 0.0 for layer in chosen},
        independent=independent(report, chosen, stripped=stripped),
        keep=keep,
    )
