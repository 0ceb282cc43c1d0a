"""`bninspect.strip`: a model that serves one mode only."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bninspect.api.keywords import request_of, takes
from bninspect.api.shown import Layers, Shown, said
from bninspect.batchnorm.mode import Mode
from bninspect.commands.strip.stripping import StripOptions, strip as strip_model
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.inputs.request import Request
from bninspect.render.strip.document import strip_document
from bninspect.render.strip.text import summary

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bninspect.api.keywords import InputOptions, Model, Names, Path
    from bninspect.measure.facts import Verification
    from bninspect.options import FixedMode
    from bninspect.rewrite import LayerChange


@frozen_dataclass(eq=False)
class StripReport(Shown):
    """The file that was written, and what was done to each layer."""

    COLUMNS: ClassVar = ("name", "mode", "change", "statistics")

    target: str
    """The file; `-` for standard output."""
    size: int
    """Its bytes."""
    mode: Mode
    """The mode that every layer serves now."""
    outputs: tuple[str, ...]
    """What the outputs are called in the file, `name:0`."""
    changes: Layers[LayerChange]
    """What was done to each layer. `changes["bn1"].what` is branch, flipped or kept."""
    verification: Verification | None
    """Whether the new model gives what the original gives; None if that was not asked for."""


@takes(StripOptions, Request)
def strip(
    model: Model,
    target: Path,
    *,
    outputs: Names = (),
    mode: FixedMode = "inference",
    verify: bool = True,
    require_verified: bool = False,
    unfrozen: bool = False,
    allowed_ops: Names = (),
    request: Request | None = None,
    **inputs: Unpack[InputOptions],
) -> StripReport:
    """Returns what was done: the model is written to `target` with every batch norm fixed in one mode.

    As `bninspect strip`. `model` is a path or a graph that `load` gave, and never changed. The result is
    compared with the original before it is written, which needs TensorFlow (`verify=False` leaves that out):
    with random values, or with what the keywords from `images` on say, for which `request` stands.

        result = bninspect.strip("model.pb", "serving.pb")
        result.verification.state, result.changes["bn1"].what

    Raises BninspectError where the model cannot be read, lacks its weights (without `unfrozen`), has no batch
    norm, several outputs of which none was chosen or layers that cannot have the mode, or where the result
    differs from the original; OptionError for a value that an option cannot have; OSError where the target
    cannot be written. Then the target is what it was.
    """
    options = StripOptions(
        outputs=outputs,  # type: ignore[arg-type]
        mode=mode,
        verify=verify,
        require_verified=require_verified,
        unfrozen=unfrozen,
        allowed_ops=allowed_ops,  # type: ignore[arg-type]
    )
    result = strip_model(model, target, options, request_of(inputs, request, "strip"))
    document = strip_document(result)
    return StripReport(
        verdict=said(summary(result))[0],
        document=document,
        target=result.target,
        size=result.size,
        mode=result.stripped.mode,
        outputs=tuple(document["written"]["outputs"]),
        changes=Layers(result.stripped.changes),
        verification=result.verification,
    )
