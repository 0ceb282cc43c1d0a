"""`probe`: a model run in both modes on its inputs, what was measured judged, and the arrays saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bninspect import files
from bninspect.batchnorm import inspect
from bninspect.batchnorm.selection import select
from bninspect.commands.probe.diagnosis import Diagnosis, diagnose
from bninspect.commands.probe.save import save
from bninspect.measure.facts import Probe, Question
from bninspect.measure.measured import arrays
from bninspect.measure.run import probe
from bninspect.models.open import load
from bninspect.rewrite.freeze import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph, Tensor
    from bninspect.inputs.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """What to run, to look at and to keep."""

    outputs: tuple[str, ...] = ()
    """Nodes or tensors that are compared; empty for the model's outputs."""
    globs: tuple[str, ...] = ()
    """Layers to list; empty for all."""
    patch: str | None = None
    """Numbers to show, such as `0,22:28,22:28,0`."""
    switch: Literal["layers", "graph"] = "layers"
    """`layers`: batch norm alone changes its mode; `graph`: whatever reads what decides it, too."""
    momentum: float | None = None
    """Of the moving averages, where the file does not tell it."""
    allowed: tuple[str, ...] = ()
    """Ops let through besides the pure ones."""
    target: str | None = None
    """The `.npz` to write with the outputs of both modes and what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What was measured, and what that says."""

    probe: Probe
    diagnosis: Diagnosis


def probe_model(
    path: str,
    request: Request,
    options: ProbeOptions,
    progress: Callable[[int, int], None] | None = None,
) -> ProbeResult:
    """Both modes of the model at this path on what the request feeds it, judged; `progress` is told (images
    done, images in all).

    Raises BninspectError: as `load`, `select` and `measure.run.probe` do, and for a target that may not be
    written.
    """
    graph = _load(path, request, options.target)
    return probe_report(inspect(graph, outputs=options.outputs), request, options, progress)


def probe_report(
    report: Report,
    request: Request,
    options: ProbeOptions,
    progress: Callable[[int, int], None] | None = None,
) -> ProbeResult:
    """The same of a model that was inspected for the outputs of the options."""
    report = frozen(report)
    layers = select(report.layers, options.globs)
    question = Question(
        layers=layers,
        patch=options.patch,
        patched=_patched(report, layers, options),
        keep=options.target is not None,
        allowed=options.allowed,
        switch=options.switch,
        momentum=options.momentum,
    )
    measured = probe(report, question, request, progress)
    if options.target is not None:
        save(options.target, {**measured.kept, **arrays(measured.layers)})
    listed = {layer.name for layer in layers} if options.globs else None
    return ProbeResult(probe=measured, diagnosis=diagnose(measured, listed, request, options.allowed))


def _load(path: str, request: Request, target: str | None) -> Graph:
    """The graph of the model. Raises InputError for a target that cannot be written, or is what is read."""
    if target is None:
        return load(path)
    files.refuse(Path(target))
    files.refuse_read(Path(target), path, inputs=request.files)
    graph = load(path)
    files.refuse_read(Path(target), path, prefix=graph.graphdef.checkpoint)
    return graph


def _patched(report: Report, layers: tuple[BatchNorm, ...], options: ProbeOptions) -> tuple[Tensor, ...]:
    """The tensors that a patch is read from; empty for the first layer."""
    if options.outputs:
        return report.outputs
    return tuple(layer.output for layer in layers) if options.globs else ()
