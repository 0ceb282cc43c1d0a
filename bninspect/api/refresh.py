"""`bninspect.refresh` and `bninspect.write_moments`: statistics re-estimated from images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bninspect.api.keywords import MomentOptions, request_of, takes
from bninspect.api.shown import Layers, Shown, said
from bninspect.commands.refresh.plan import RefreshOptions
from bninspect.commands.refresh.refresh import refresh as refresh_model, write_moments as write_part
from bninspect.commands.report.of_commands import facts_of_refresh
from bninspect.errors import Absent, OptionError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.inputs.request import Request
from bninspect.options import Texts, checked as as_kind, record
from bninspect.render.page.notebook import pictures
from bninspect.render.refresh.document import refresh_document
from bninspect.render.refresh.text import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Unpack

    from bninspect.api.keywords import Model, Path, Paths, Progress
    from bninspect.commands.refresh.estimates import Certainty, Estimates
    from bninspect.commands.refresh.refreshed import Row
    from bninspect.measure.facts import Verification
    from bninspect.rules import Finding


@frozen_dataclass(eq=False)
class RefreshReport(Shown):
    """The file that was written, and each layer before and after. Iterating gives the findings."""

    COLUMNS: ClassVar = ("name", "channels", "values", "before.score", "after.score", "deployed.score")

    target: str
    """The file."""
    size: int
    """Its bytes."""
    rows: Layers[Row]
    """The layers that were refreshed, in graph order. `rows["bn1"].before.score`, `rows[0].after`."""
    left: tuple[Absent, ...]
    """The layers that were not, with the reason."""
    images: int
    """How many images were measured; 0 where what was fed by hand is no image."""
    curve: tuple[Certainty, ...]
    """How sure the statistics were after so many images, last of all of them: `curve[-1].error` is the
    standard error, in standard deviations. Empty if that is not known."""
    verification: Verification | None
    """Of the stripped model; None where it was not stripped."""
    findings: tuple[Finding, ...]
    """What the rules say of the result; none with `checked=False`."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


@takes(RefreshOptions, Request, more=MomentOptions)
def refresh(
    model: Model,
    target: Path,
    request: Request | None = None,
    *,
    parts: Paths = (),
    mix: float = 0.0,
    prior: int | None = None,
    checked: bool = True,
    progress: Progress | None = None,
    **more: Unpack[MomentOptions],
) -> RefreshReport:
    """Returns each layer before and after: the model is written to `target` with its statistics re-estimated.

    As `bninspect refresh`. `model` is a path or a graph that `load` gave, and never changed. The images are
    run in training mode, which needs TensorFlow, or `parts` are merged, files of `write_moments`. Only the
    first `batches` are run, in a random order with `shuffle`, which `seed` decides. `request` stands for all
    keywords from `images` on.

        done = bninspect.refresh("model.pb", "better.pb", images="photos/", preprocess="tf")
        done.rows["bn1"].before.score, done.rows["bn1"].after.own.score

    Raises BninspectError where the model cannot be read, nothing is left to refresh, a layer that was asked
    for cannot be, inputs or parts do not fit, the model cannot be run or the stripped result differs;
    OptionError for a value that an option cannot have; OSError where the target cannot be written. Then the
    target is what it was.
    """
    options = record(RefreshOptions, more, mix=mix, prior=prior, checked=checked)
    asked = request_of(more, request, "refresh", MomentOptions)
    merged = as_kind("parts", parts, Texts)
    done = refresh_model(model, target, asked, options, parts=merged, progress=progress)
    return RefreshReport(
        verdict=said((verdict(done),))[0],
        document=refresh_document(done),
        pictures=pictures(facts_of_refresh(done)),
        target=done.target,
        size=done.size,
        rows=Layers(done.rows),
        left=done.left,
        images=done.estimates.images,
        curve=done.estimates.curve,
        verification=done.verification,
        findings=() if done.result is None else tuple(one.finding for one in done.result.found),
    )


@takes(RefreshOptions, Request, more=MomentOptions)
def write_moments(
    model: Model,
    target: Path,
    request: Request | None = None,
    *,
    progress: Progress | None = None,
    **more: Unpack[MomentOptions],
) -> Estimates:
    """Returns the moments of one part of a large set, and writes them to `target` (.npz) for `refresh`.

    As `bninspect refresh --moments`. `refresh(..., parts=[...])` merges such parts; it has to be asked for
    the same `layers` and `stripped`. Arguments and errors are those of `refresh`.
    """
    options = record(RefreshOptions, more)
    asked = request_of(more, request, "write_moments", MomentOptions)
    if asked is None:
        raise OptionError("write_moments runs images: give images, data or random")
    return write_part(model, target, asked, options, progress)
