"""What refresh did, in sentences: what was run, what was written, what is left, and what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.commands.refresh.reestimate import DRAWN
from bninspect.escaping import printable
from bninspect.render.line import Line
from bninspect.statistics.thresholds import FEWEST_IMAGES, FEWEST_VALUES
from bninspect.text import counted, human_size, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.commands.refresh.reestimate import Estimates
    from bninspect.commands.refresh.refreshed import Refreshed
    from bninspect.measure.facts import Verification

_CONTAINERS = {
    "graphdef-text": "a GraphDef in text form",
    "metagraph": "a MetaGraph",
    "metagraph-text": "a MetaGraph in text form",
    "savedmodel": "a SavedModel",
    "savedmodel-text": "a SavedModel in text form",
    "keras": "a Keras archive",
    "keras-h5": "a Keras HDF5 file",
}
"""Formats of models, in words."""
_NO_PROOF = (
    "A good score says that the statistics are those of these images. It does not prove good accuracy: "
    "after training in small batches even the right statistics can be the wrong ones (EvalNorm, "
    "arXiv:1904.06031). Measure it."
)


def head(done: Refreshed) -> Iterator[Line]:
    """What was written, and of what."""
    graphdef = done.report.graph.graphdef
    if DRAWN in done.estimates.how:
        yield Line(
            f"written: {printable(done.target)} ({human_size(done.size)}), with the statistics of random "
            "numbers: they are those of noise, and no model serves well with them. Give images: --image DIR",
            "warning",
        )
    else:
        yield Line(f"written: {printable(done.target)} ({human_size(done.size)})", "bold")
    if graphdef.format != "graphdef":
        yield Line(f"read: {_CONTAINERS.get(graphdef.format, graphdef.format)}; written: a binary GraphDef")
    if graphdef.checkpoint is not None:
        yield Line(f"frozen in: the variables of {printable(graphdef.checkpoint)}")
    yield Line(_measured(done))
    if done.mix:
        yield Line(f"mixed: {done.mix:g} of the old statistics, {1 - done.mix:g} of the new ones")
    verification = done.verification
    if verification is not None:
        yield Line(f"stripped: every layer serves inference; {_compared(verification)}")


def _compared(verification: Verification) -> str:
    """The stripped model beside the one that was not, with the same new statistics and fed for inference."""
    if verification.state != "verified":
        return f"could not be compared with what was not stripped: {verification.reason}"
    if not verification.max_abs:
        return "verified: what was not stripped gives the same, fed for inference, bit for bit"
    return f"verified: what was not stripped differs by at most {verification.max_abs:.3g}, fed for inference"


def _measured(done: Refreshed) -> str:
    """How many layers, over what."""
    found = done.estimates
    what = counted(found.images, "image") if found.images else "what was fed"
    whence = f" of {counted(done.parts, 'part')}" if done.parts else ""
    batches = f", in {_batches(found)}" if found.images else ""
    how = f", preprocess {found.how['preset']}" if "preset" in found.how else ""
    return f"{counted(len(done.rows), 'layer')} refreshed, over {what}{whence}{batches}{how}"


def serving(done: Refreshed) -> Iterator[Line]:
    """What layers that were refreshed serve all the same."""
    refreshed = {row.layer.name for row in done.rows}
    fixed = [
        layer.name for layer in done.serving.layers if layer.mode is Mode.TRAINING and layer.name in refreshed
    ]
    if fixed:
        run, they, them = ("run", "they use", "them") if len(fixed) > 1 else ("runs", "it uses", "it")
        yield Line(
            f"{_named(fixed)} still {run} in training mode, which the file fixes, and there {they} none of "
            f"the new statistics: --strip makes {them} serve inference.",
            "warning",
        )
    added = [row.layer.name for row in done.rows if row.made and row.layer.name in fixed]
    if added:
        yield Line(
            f"Constants were made for the statistics of {_named(added)}. TensorFlow before 2.1 refuses a "
            "layer in training mode that is given any.",
            "warning",
        )


def warnings(done: Refreshed) -> Iterator[Line]:
    """What makes the estimate a poor one, or one that the weights were not made for."""
    found = done.estimates
    if done.ran is not None and done.ran.state == "differs":
        yield Line(f"NOT verified: what was run differs from the model: {done.ran.reason}", "warning")
    stored = [
        row.layer.name
        for row in done.rows
        if row.layer.updates == "none" and row.layer.mode is Mode.INFERENCE
    ]
    if stored:
        yield Line(
            f"{_named(stored)}: trained on stored statistics (training=False in the training graph), so the "
            "weights are used to the old ones, and the new ones may make the model worse",
            "warning",
        )
    if 0 < found.images < FEWEST_IMAGES:
        yield Line(
            f"only {counted(found.images, 'image')}: from {FEWEST_IMAGES} on, and better some thousands, "
            "statistics are those of the data rather than of these images",
            "warning",
        )
    poor = [row for row in done.rows if row.values < FEWEST_VALUES]
    if poor:
        least = min(row.values for row in poor)
        yield Line(
            f"{counted(len(poor), 'layer')} with fewer than {FEWEST_VALUES:,} values of a channel (at least "
            f"{least:,}): {listed([row.layer.name for row in poor])}; give more images",
            "warning",
        )
    if found.images > found.batch_size and found.last * 2 < found.batch_size:
        yield Line(
            f"the last batch had {counted(found.last, 'image')} of {found.batch_size}; what deep layers "
            "normalize depends on the size of the batch: choose a --batch-size that divides the set",
            "warning",
        )


def besides(done: Refreshed) -> Iterator[Line]:
    """Statistics that several layers share, constants that were made, and layers left alone."""
    shared = [row for row in done.rows if row.others]
    told: set[str] = set()
    for row in shared:
        if row.layer.name not in told:
            told.update(row.others)
            yield Line(
                f"{row.layer.name} and {listed(row.others)} have one set of statistics: pooled together"
            )
    for row in done.rows:
        if row.note is not None:
            yield Line(f"{row.layer.name} got constants of its own: that of the file {row.note}")
    if done.left:
        yield Line("Left alone:", "bold")
        for one in done.left:
            yield Line(f"{one.layer}: {one.reason}", indent=2)


def worth(done: Refreshed) -> Line:
    """What a good score is worth."""
    return Line(_NO_PROOF, "dim")


def of_part(found: Estimates, target: str) -> list[str]:
    """What was measured of one part."""
    lines = [
        f"written: {printable(target)}: the moments of {counted(len(found.layers), 'layer')} over "
        f"{counted(found.images, 'image')}, in {_batches(found)}"
    ]
    if found.images % found.batch_size:
        lines.append(
            f"the last batch had {counted(found.last, 'image')}: parts that are cut where a batch ends give "
            "what one run over all images gives"
        )
    lines += [f"left alone: {printable(name)}: {reason}" for name, reason in found.left.items()]
    return lines


def _batches(found: Estimates) -> str:
    return "one batch" if found.images <= found.batch_size else f"batches of {found.batch_size}"


def _named(names: Sequence[str]) -> str:
    return listed([printable(name) for name in names])
