"""refresh: statistics re-estimated from images, written into the model, and the result looked at again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bninspect.batchnorm import inspect
from bninspect.batchnorm.layer import Form, Mode
from bninspect.batchnorm.spread import Spread
from bninspect.check.gate import Settings, judged
from bninspect.check.plan import plan, refuse_model, refuse_nothing
from bninspect.check.refreshed import Refreshed, rows
from bninspect.errors import BninspectError, InputError, RewriteError
from bninspect.files import refuse
from bninspect.graphdef import collector_held_off, flatten, load, writer
from bninspect.probe.facts import Question
from bninspect.probe.parts import digest, read_part, together, write_part
from bninspect.probe.reestimate import estimate
from bninspect.probe.run import probe
from bninspect.probe.stripped import verify_stripped
from bninspect.rewrite.inserted import inserted
from bninspect.rewrite.refill import filling, refilled
from bninspect.rewrite.slots import Left
from bninspect.rewrite.strip import strip
from bninspect.rules import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.check.plan import Plan
    from bninspect.check.result import ModelResult
    from bninspect.graphdef import GraphDef
    from bninspect.probe.facts import Probe, Verification
    from bninspect.probe.inputs import Request
    from bninspect.probe.reestimate import Estimates
    from bninspect.rewrite.refill import Filling

    Progress = Callable[[int, int], None]

_LOOKED_AT = 64
"""Images that the result is run on, about: as many as tell a stale layer in nearly any case."""


def write_moments(
    report: Report,
    target: str,
    request: Request,
    *,
    layers: Sequence[BatchNorm] | None = None,
    stripped: bool = False,
    allowed: Sequence[str] = (),
    progress: Progress | None = None,
) -> Estimates:
    """Runs one part of a large set and writes its moments to `target` (.npz); what they are. Raises as
    `refresh`.
    """
    refuse(Path(target))
    refuse_model(report, target)
    made = plan(report, layers, stripped=stripped)
    found = _estimated(made, request, allowed, progress)
    left = [Left(layer=name, reason=reason) for name, reason in found.left.items()]
    refuse_nothing(made, left, len(found.layers))
    write_part(target, found, digest(made.report.graph.graphdef), made.training)
    return found


def refresh(
    report: Report,
    target: str,
    request: Request | None = None,
    *,
    parts: Sequence[str] = (),
    layers: Sequence[BatchNorm] | None = None,
    mix: float = 0.0,
    stripped: bool = False,
    allowed: Sequence[str] = (),
    checked: bool = True,
    progress: Progress | None = None,
) -> Refreshed:
    """Runs the images of the request (or merges `parts`, files of `write_moments`), writes the model of this
    report to `target` with the statistics re-estimated, and says what became of each layer.

    `layers` of the report: these and no others (None: all). `mix` A: what is written is A * old + (1 - A) *
    new. `stripped`: written is what `strip` makes of the result. `allowed`: ops to run besides those that
    only compute. `checked`: the result is run on some of the images, and `check` judges it. `progress` is
    told (images done, images in all). The file is written whole or not at all, and the model itself is never
    touched.

    Raises RewriteError where nothing is left to refresh or the result is not what it should be, InputError
    for inputs and parts that do not fit, RunError where the model cannot be run, OSError where `target`
    cannot be written.
    """
    refuse(Path(target))
    refuse_model(report, target)
    if (request is None) == (not parts):
        raise InputError("refresh takes images to run, or parts to merge: give one of the two")
    made = plan(report, layers, stripped=stripped)
    if request is not None:
        found = _estimated(made, request, allowed, progress)
    else:
        read = [read_part(path) for path in parts]
        found = together(read, digest(made.report.graph.graphdef), made.training)
    fillings, left = _fillings(made, found, mix)
    left = (*made.left, *left)
    refuse_nothing(made, left, len(fillings))
    graphdef, verification = _written(made, fillings, allowed)
    size = writer.write(graphdef, Path(target))
    with collector_held_off():
        after = inspect(load(target), outputs=_names(made.report))
    seen, result, looked_at = _looked_at(after, found, target, allowed) if checked else (None, None, 0)
    return Refreshed(
        report=made.report,
        target=target,
        size=size,
        rows=tuple(rows(made.layers, fillings, found, seen)),
        left=left,
        estimates=found,
        parts=len(parts),
        mix=mix,
        stripped=made.stripped,
        verification=verification,
        serving=after,
        looked_at=looked_at,
        result=result,
    )


def _estimated(made: Plan, request: Request, allowed: Sequence[str], progress: Progress | None) -> Estimates:
    """The moments of the layers of the plan, in batches that are the same however the images are split up."""
    return estimate(
        made.report,
        made.layers,
        replace(request, even=False),
        stripped=made.stripped,
        allowed=allowed,
        progress=progress,
    )


def _names(report: Report) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in report.outputs)


def _fillings(made: Plan, found: Estimates, mix: float) -> tuple[list[Filling], tuple[Left, ...]]:
    """What goes into each slot, and the layers of those that nothing can go into."""
    fillings, left = [], []
    for slot in made.slots:
        missing = [layer.name for layer in slot.layers if layer.name not in found.layers]
        if missing:
            reason = found.left.get(missing[0], "it was not measured")
            told = (
                reason if len(slot.layers) == 1 else f"{missing[0]}, which has the same statistics: {reason}"
            )
            left += [Left(layer=layer.name, reason=told) for layer in slot.layers]
            continue
        try:
            spread = Spread.merged([found.layers[layer.name].spread for layer in slot.layers])
            fillings.append(filling(slot, spread.pooled(), mix))
        except RewriteError as error:
            left += [Left(layer=layer.name, reason=str(error)) for layer in slot.layers]
        except ValueError:
            reason = "its calls normalize different numbers of channels"
            left += [Left(layer=layer.name, reason=reason) for layer in slot.layers]
    return fillings, tuple(left)


def _written(
    made: Plan, fillings: list[Filling], allowed: Sequence[str]
) -> tuple[GraphDef, Verification | None]:
    """The graph that is written; where it is stripped, whether that changed what it gives."""
    graphdef = refilled(made.report.graph.graphdef, fillings)
    if not made.stripped:
        return replace(graphdef, format="graphdef"), None
    outputs = _names(made.report)
    with collector_held_off():
        report = inspect(flatten(graphdef), outputs=outputs)
        chains = {
            layer.name: (one.mean.ravel(), one.variance.ravel())
            for one in fillings
            for layer in one.slot.layers
            if layer.form is not Form.FUSED and layer.branch(Mode.INFERENCE) is None
        }
        if chains:
            whole = inspect(flatten(graphdef, loops=False), outputs=outputs)
            report = inspect(flatten(inserted(whole, chains)), outputs=outputs)
        stripped = strip(report)
    verification = verify_stripped(stripped, Mode.INFERENCE, allowed=allowed)
    if verification.state == "differs":
        path = made.report.graph.graphdef.path
        raise RewriteError(
            f"{path}: the result differs from the original: {verification.reason}; not written"
        )
    return stripped.pruned.graphdef, verification


def _looked_at(
    after: Report, found: Estimates, target: str, allowed: Sequence[str]
) -> tuple[Probe | None, ModelResult, int]:
    """The result run on some of the images, and what the rules say of it."""
    settings = Settings(path=target)
    if found.request is None:
        told = "merged parts hold no images"
        return None, judged(settings, Case(report=after, no_probe=told)), 0
    request, count = _sample(found)
    try:
        seen = probe(after, Question(layers=after.layers, allowed=tuple(allowed)), request)
    except BninspectError as error:
        case = Case(report=after, no_probe=f"the model could not be run: {error}")
        return None, judged(settings, case, str(error)), 0
    return seen, judged(settings, Case(report=after, probe=seen)), count


def _sample(found: Estimates) -> tuple[Request, int]:
    """The request for some of the images, as far apart as they can be: whole batches of them."""
    request = found.request
    assert request is not None
    count = min(found.images, max(_LOOKED_AT // found.batch_size, 1) * found.batch_size)
    asked = replace(request, shuffle=False, batches=None, batch_size=None if not count else found.batch_size)
    if request.images:
        chosen = tuple(found.names[number * found.images // count] for number in range(count))
        return replace(asked, images=chosen), count
    return replace(asked, random=count or None), count
