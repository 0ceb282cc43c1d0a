"""`bninspect.probe`: how far training and inference mode of a model differ on inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bninspect.api.keywords import request_of, takes
from bninspect.api.shown import Layers, Shown, said
from bninspect.commands.probe.probe import ProbeOptions, probe_model
from bninspect.commands.report.of_commands import facts_as_given
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.inputs.request import Request
from bninspect.render.page.notebook import pictures
from bninspect.render.probe.document import probe_document
from bninspect.render.probe.words import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Unpack

    from bninspect.api.keywords import InputOptions, Model, Names, Path, Progress
    from bninspect.errors import Absent
    from bninspect.measure.companions.companions import CompanionTest
    from bninspect.measure.facts import InputFact, OutputDifference, Patch, ProbedLayer, Verification
    from bninspect.measure.presets import PresetTrial
    from bninspect.options import Switching
    from bninspect.rules import Finding, NotRun


@frozen_dataclass(eq=False)
class ProbeReport(Shown):
    """Both modes of a model on the same inputs: layer by layer, at the outputs, and what that says.

    Iterating gives the findings.
    """

    COLUMNS: ClassVar = ("name", "own.score", "own.verdict", "deployed.score", "difference.relative_rms")

    path: str
    """Of the model, as it was given."""
    layers: Layers[ProbedLayer]
    """In graph order. `layers["bn1"].own.score`, `layers[0].deployed`."""
    outputs: tuple[OutputDifference, ...]
    """How far the two modes are apart at each output of the model."""
    guilty: tuple[str, ...]
    """Names of the layers whose own error is a warning or an error, in graph order."""
    findings: tuple[Finding, ...]
    """What is wrong, one for each code, the most important first."""
    not_run: tuple[NotRun, ...]
    """The rules that could not judge all of it, with the reason."""
    inputs: tuple[InputFact, ...]
    """What was fed as images."""
    fed: Mapping[str, float | bool | str]
    """Tensor -> value of what was fed besides."""
    verification: Verification
    """Whether the two modes agree with the original model, fed by its own predicate."""
    patches: tuple[Patch, ...]
    """The numbers that `patch` asked for, in both modes."""
    companions: CompanionTest | None
    """Whether the output of an image depends on the others of its batch; None if that was not tested."""
    presets: PresetTrial | None
    """How well each way to prepare images fits the first layer; None if that was not measured."""
    skipped: tuple[Absent, ...]
    """What was not measured, with the reason."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


@takes(ProbeOptions, Request)
def probe(
    model: Model,
    *,
    outputs: Names = (),
    layers: Names = (),
    patch: str | None = None,
    switch: Switching = "layers",
    momentum: float | None = None,
    allowed_ops: Names = (),
    save: Path | None = None,
    request: Request | None = None,
    progress: Progress | None = None,
    **inputs: Unpack[InputOptions],
) -> ProbeReport:
    """Returns how far training and inference mode of the model differ on the inputs, and what is wrong.

    As `bninspect probe`. It runs the model, which needs TensorFlow; every op that runs must be known only to
    compute. `model` is a path or a graph that `load` gave. `request` stands for all keywords from `images`
    on; `progress` is called with (images done, images in all).

        measured = bninspect.probe("model.pb", images="photos/", preprocess="tf")
        measured.layers["bn1"].own.score      # standard deviations between stored and measured statistics
        for finding in measured:
            print(finding.code, finding.title, finding.fix)

    Raises GraphDefError for a file that cannot be read, InputError where inputs are missing or do not fit,
    SelectionError for a name that matches nothing, RunError where TensorFlow is missing, an op is refused or
    the run fails, OptionError for a value that an option cannot have.
    """
    options = ProbeOptions(
        outputs=outputs,  # type: ignore[arg-type]
        layers=layers,  # type: ignore[arg-type]
        patch=patch,
        switch=switch,
        momentum=momentum,
        allowed_ops=allowed_ops,  # type: ignore[arg-type]
        save=save,  # type: ignore[arg-type]
    )
    result = probe_model(model, request_of(inputs, request, "probe") or Request(), options, progress)
    found, diagnosis = result.probe, result.diagnosis
    return ProbeReport(
        verdict=said((verdict(found, diagnosis),))[0],
        document=probe_document(found, diagnosis),
        pictures=pictures(facts_as_given(found.report, found, diagnosis.findings)),
        path=found.report.graph.graphdef.path,
        layers=Layers(found.layers),
        outputs=found.outputs,
        guilty=found.guilty,
        findings=diagnosis.findings,
        not_run=diagnosis.not_run,
        inputs=found.inputs,
        fed=dict(found.fed),
        verification=found.verification,
        patches=found.patches,
        companions=found.companions,
        presets=found.presets,
        skipped=found.skipped,
    )
