"""`probe`: a model run in both modes on its inputs, what was measured judged, and the arrays saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bninspect import files
from bninspect.batchnorm import inspect
from bninspect.batchnorm.selection import select
from bninspect.commands.probe.diagnosis import Diagnosis, diagnose
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.measure.facts import Probe, Question
from bninspect.measure.measured import arrays
from bninspect.measure.run import probe
from bninspect.models.open import load, path_of
from bninspect.options import Checked, File, Momentum, Switching, Texts
from bninspect.rewrite.freeze import frozen
from bninspect.rules import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Graph, Tensor
    from bninspect.inputs.request import Request
    from bninspect.rules import Severity


@frozen_dataclass
class ProbeOptions(Checked):
    """What to run, to look at and to keep. Raises OptionError for a value that an option cannot have."""

    outputs: Texts = ()
    """Nodes or tensors that are compared; empty: the model's outputs."""
    layers: Texts = ()
    """Globs of the layers to list, or names of their nodes; empty: all of them."""
    patch: str | None = None
    """Numbers to show, such as `0,22:28,22:28,0`: of `outputs`, else of `layers`, else of the first layer."""
    switch: Switching = "layers"
    """layers: batch norm alone changes its mode; graph: whatever reads what decides it (dropout), too."""
    momentum: Momentum | None = None
    """Of the moving averages, where the file does not say it: moving * momentum + batch * (1 - momentum)."""
    allowed_ops: Texts = ()
    """Ops that may run besides those that only compute."""
    save: File | None = None
    """The `.npz` to write with the outputs of both modes and what was measured."""
    seen: bool = False
    """Keep the first image, and what both modes make of it, for a page."""


@frozen_dataclass
class ProbeResult:
    """What was measured, and what that says."""

    probe: Probe
    case: Case
    """What the rules are shown of it."""
    diagnosis: Diagnosis


def probe_model(
    model: str | PathLike[str] | Graph,
    request: Request,
    options: ProbeOptions,
    progress: Callable[[int, int], None] | None = None,
    severities: Mapping[str, Severity] | None = None,
) -> ProbeResult:
    """Both modes of the model, a path or a graph, on what the request feeds it, judged; `progress` is called
    with (images done, images in all), `severities` say how grave the findings of a code are.

    Raises BninspectError: as `load`, `select` and `measure.run.probe` do, and for a target that may not be
    written.
    """
    graph = _load(model, request, options.save)
    report = inspect(graph, outputs=options.outputs)
    return probe_report(report, request, options, progress, severities)


def probe_report(
    report: Report,
    request: Request,
    options: ProbeOptions,
    progress: Callable[[int, int], None] | None = None,
    severities: Mapping[str, Severity] | None = None,
) -> ProbeResult:
    """The same of a model that was inspected for the outputs of the options."""
    report = frozen(report)
    layers = select(report.layers, options.layers)
    question = Question(
        layers=layers,
        patch=options.patch,
        patched=_patched(report, layers, options),
        keep=options.save is not None,
        allowed=options.allowed_ops,
        switch=options.switch,
        momentum=options.momentum,
        seen=options.seen,
    )
    measured = probe(report, question, request, progress)
    if options.save is not None:
        files.write_arrays(options.save, {**measured.kept, **arrays(measured.layers)})
    listed = {layer.name for layer in layers} if options.layers else None
    case = Case(
        report=measured.report,
        probe=measured,
        momentum=options.momentum,
        request=request,
        allowed_ops=options.allowed_ops,
        severities=severities or {},
    )
    return ProbeResult(probe=measured, case=case, diagnosis=diagnose(case, listed))


def _load(model: str | PathLike[str] | Graph, request: Request, target: str | None) -> Graph:
    """The graph of the model. Raises InputError for a target that cannot be written, or is what is read."""
    if target is None:
        return load(model)
    path = path_of(model)
    files.refuse(Path(target))
    files.refuse_read(Path(target), path, inputs=request.files)
    graph = load(model)
    files.refuse_read(Path(target), path, prefix=graph.graphdef.checkpoint)
    return graph


def _patched(report: Report, layers: tuple[BatchNorm, ...], options: ProbeOptions) -> tuple[Tensor, ...]:
    """The tensors that a patch is read from; empty for the first layer."""
    if options.outputs:
        return report.outputs
    return tuple(layer.output for layer in layers) if options.layers else ()
