"""refresh: statistics re-estimated from images, written into the model, and the result looked at again."""

from __future__ import annotations

import os
from dataclasses import replace
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.mode import Mode
from bninspect.commands.refresh.jobs import Work, in_tasks
from bninspect.commands.refresh.part_folder import PartFolder
from bninspect.commands.refresh.parts import digest, read_part, together, write_part
from bninspect.commands.refresh.plan import RefreshOptions, plan_model, refuse_nothing
from bninspect.commands.refresh.reestimate import empty_fold, estimate
from bninspect.commands.refresh.refreshed import Refreshed, by_old_names, rows
from bninspect.commands.refresh.second_look import probe_again
from bninspect.commands.strip.stripped import verify_stripped
from bninspect.errors import Absent, InputError, RewriteError
from bninspect.files import STREAM, refuse, refuse_read
from bninspect.graph import Graph, collector_held_off, flatten
from bninspect.graphdef import writer
from bninspect.graphdef.functions.bodies import exchanged, write_exchanged
from bninspect.inputs.request import Request
from bninspect.models.open import load, path_of
from bninspect.rewrite.statistics.inserted import inserted
from bninspect.rewrite.statistics.refill import exchange, filling
from bninspect.rewrite.strip import strip
from bninspect.run import settings
from bninspect.statistics.moment_sums import MomentSums

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from os import PathLike

    from bninspect.batchnorm import Report
    from bninspect.batchnorm.layer import Unrecognised
    from bninspect.commands.refresh.batches import TrainingRun
    from bninspect.commands.refresh.estimates import Batch, Estimates
    from bninspect.commands.refresh.plan import Plan
    from bninspect.graphdef import GraphDef
    from bninspect.measure.facts import Verification
    from bninspect.rewrite.statistics.refill import Filling
    from bninspect.rewrite.strip import Stripped

    Progress = Callable[[int, int], None]
    Model = str | PathLike[str] | Graph


def write_moments(
    model: Model,
    target: str | PathLike[str],
    request: Request,
    options: RefreshOptions | None = None,
    progress: Progress | None = None,
) -> Estimates:
    """Runs one part of a large set and writes its moments to `target` (.npz); says what they are.

    Arguments and errors are those of `refresh`, which merges such parts; it has to be asked for the same
    layers, and whether the result is stripped.
    """
    options = options or RefreshOptions()
    made = _planned(model, Path(target), request.files, options)
    found = _estimated(model, made, request, options, progress, keep=True)
    left = [Absent(what=name, reason=reason) for name, reason in found.left.items()]
    refuse_nothing(made, left, len(found.layers))
    write_part(fspath(target), found, digest(made.report.graph.graphdef), made.training)
    return found


def refresh(
    model: Model,
    target: str | PathLike[str],
    request: Request | None = None,
    options: RefreshOptions | None = None,
    *,
    parts: Sequence[str | PathLike[str]] = (),
    progress: Progress | None = None,
) -> Refreshed:
    """Runs the images of the request, or merges `parts` (files of `write_moments`), and writes the model with
    its statistics re-estimated to `target`, whole or not at all; says what became of each layer.

    `model` is a path or a graph. `progress` is called with (images done, images in all). Nothing is printed.

    Raises BninspectError where the model cannot be read, nothing is left to refresh, a layer that was asked
    for cannot be, inputs or parts do not fit, the model cannot be run or the stripped result differs; OSError
    where the target cannot be written. Then the target is what it was.
    """
    if (request is None) == (not parts):
        raise InputError("refresh takes images to run, or parts to merge: give one of the two")
    if fspath(target) == "-":
        raise InputError("-o -: refresh looks at what it wrote; name a file")
    options = options or RefreshOptions()
    inputs = parts if request is None else request.files
    made = _planned(model, Path(target), inputs, options)
    if request is not None:
        found = _estimated(model, made, request, options, progress, keep=False)
    else:
        read = [read_part(fspath(path)) for path in parts]
        fold = empty_fold(made.report, made.layers, stripped=made.stripped)
        found = together(read, digest(made.report.graph.graphdef), made.training, fold)
    mix = options.kept_share(found.images)
    fillings, left = _fillings(made, found, mix)
    left = (*made.left, *left)
    refuse_nothing(made, left, len(fillings))
    left = (*left, *(Absent(what=place.node, reason=_undecided(place)) for place in made.report.unrecognised))
    size, verification = _written(made, fillings, found, Path(target), options.allowed_ops)
    target = fspath(target)
    after = inspect(load(target), outputs=_names(made.report))
    seen, result, count = None, None, 0
    if options.checked:
        seen, result, count = probe_again(after, found, target, options.allowed_ops)
    measured = {} if seen is None else by_old_names(seen, made.report.layers)
    return Refreshed(
        report=made.report,
        target=target,
        size=size,
        rows=tuple(rows(made.layers, fillings, found, measured)),
        left=left,
        estimates=found,
        parts=len(parts),
        mix=mix,
        stripped=options.stripped,
        verification=verification,
        serving=after,
        ran=None if seen is None else seen.verification,
        images_checked=count,
        result=result,
        seen=seen,
    )


def _undecided(place: Unrecognised) -> str:
    return f"it may be a batch norm, and could not be decided: {place.reason}"


def _planned(
    model: Model, target: Path, inputs: Sequence[str | PathLike[str]], options: RefreshOptions
) -> Plan:
    """The model read and the target looked at, before anything takes long."""
    refuse(target)
    path = path_of(model)
    refuse_read(target, path, inputs=inputs)
    made = plan_model(model, options)
    refuse_read(target, path, prefix=made.report.graph.graphdef.checkpoint)
    return made


def _estimated(
    model: Model,
    made: Plan,
    request: Request,
    options: RefreshOptions,
    progress: Progress | None,
    *,
    keep: bool,
) -> Estimates:
    """The moments of the layers of the plan, in batches that are the same however the images are split up."""

    def measure(run: TrainingRun) -> Generator[tuple[Batch, int], None, None]:
        if options.jobs is None and options.engine is None and options.part_folder is None:
            return run.measured()
        folder = None if options.part_folder is None else PartFolder(options.part_folder, made, run)
        work = Work(model=_path(model), options=options, request=run.request, device=settings.device())
        return in_tasks(run, work, folder)

    return estimate(
        made.report,
        made.layers,
        replace(request, even=False),
        stripped=made.stripped,
        allowed=options.allowed_ops,
        kept=options.kept_share if options.keeps_old else None,
        until=options.until,
        keep=keep,
        measure=measure,
        progress=progress,
    )


def _path(model: Model) -> str:
    """The path of a model that workers read themselves. Raises InputError for a graph."""
    if isinstance(model, Graph) or fspath(model) == STREAM:
        raise InputError("jobs and parts take the path of a model, which every worker reads")
    return os.path.abspath(fspath(model))  # noqa: PTH100  a link stays one


def _names(report: Report) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in report.outputs)


def _fillings(made: Plan, found: Estimates, mix: float) -> tuple[list[Filling], tuple[Absent, ...]]:
    """What goes into each slot, and the layers of those that nothing can go into."""
    fillings, left = [], []
    for slot in made.slots:
        missing = [layer.name for layer in slot.layers if layer.name not in found.layers]
        if missing:
            reason = found.left.get(missing[0], "it was not measured")
            reason = (
                reason if len(slot.layers) == 1 else f"{missing[0]}, which has the same statistics: {reason}"
            )
            left += [Absent(what=layer.name, reason=reason) for layer in slot.layers]
            continue
        try:
            sums = MomentSums.merged([found.layers[layer.name].sums for layer in slot.layers])
            fillings.append(filling(slot, sums.pooled(), mix))
        except RewriteError as error:
            left += [Absent(what=layer.name, reason=str(error)) for layer in slot.layers]
        except ValueError:
            reason = "its calls normalize different numbers of channels"
            left += [Absent(what=layer.name, reason=reason) for layer in slot.layers]
    return fillings, tuple(left)


def _written(
    made: Plan, fillings: list[Filling], found: Estimates, target: Path, allowed: Sequence[str]
) -> tuple[int, Verification | None]:
    """Writes the model; the number of bytes, and where it is stripped whether that changed what it gives."""
    graphdef = made.report.graph.graphdef
    changes = exchange(graphdef, fillings)
    if not made.stripped:
        return write_exchanged(graphdef, changes, target), None
    stripped = _stripped(exchanged(graphdef, changes), fillings, _names(made.report))
    given = found.request
    asked = None if given is None else Request(feeds=given.feeds, shared=True, size=given.size)
    verification = verify_stripped(stripped, Mode.INFERENCE, asked, allowed)
    if verification.state == "differs":
        raise RewriteError(f"{graphdef.path}: {verification.reason}; nothing was written")
    return writer.write(stripped.pruned.graphdef, target), verification


def _stripped(graphdef: GraphDef, fillings: list[Filling], outputs: tuple[str, ...]) -> Stripped:
    """The graph with every layer in inference mode; those without a place for statistics are written anew."""
    with collector_held_off():
        report = inspect(flatten(graphdef), outputs=outputs)
        chains = {
            layer.name: (one.mean.ravel(), one.variance.ravel())
            for one in fillings
            if one.slot.is_new
            for layer in one.slot.layers
        }
        if chains:
            apart = inspect(flatten(graphdef, loops=False), outputs=outputs)
            report = inspect(flatten(inserted(apart, chains)), outputs=outputs)
        return strip(report)
