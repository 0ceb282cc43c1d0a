"""What refresh did, in sentences: what was run, what was written, what is left, and what it is worth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.commands.refresh.estimates import DRAWN
from bninspect.escaping import printable
from bninspect.render.line import Line
from bninspect.render.strip.text import proof
from bninspect.statistics.thresholds import FEWEST_IMAGES, FEWEST_VALUES, SURE, WARNING
from bninspect.text import by_reason, counted, grouped, human_size, layer_score, layers, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.refresh.estimates import Estimates
    from bninspect.commands.refresh.refreshed import Refreshed
    from bninspect.measure.facts import Verification
    from bninspect.render.line import Tone

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
    "Good scores show that the statistics are those of these images, not that the model is accurate: after "
    "training in small batches the right statistics can be poor (EvalNorm, arXiv:1904.06031). Evaluate it."
)


def verdict(done: Refreshed) -> Line:
    """What was written, from what, and whether that is any good."""
    found = done.estimates
    if DRAWN in found.how:
        reason = "written with statistics of random numbers, which serve no model; give images: --image DIR"
        return Line(f"{done.target}: {reason}", "error")
    which = layers([row.layer.name for row in done.rows], len(done.report.layers))
    what = source(found)
    whence = f" in {counted(done.parts, 'part')}" if done.parts else ""
    good = done.verification is None or done.verification.state == "verified"
    verified = "" if done.verification is None else ", verified" if good else ", not verified"
    tone: Tone = "good" if good and not any(warnings(done)) else "warning"
    return Line(
        f"{done.target}: written{verified}: the statistics of {which}, from {what}{whence}{_effect(done)}",
        tone,
    )


def _effect(done: Refreshed) -> str:
    """The largest error before, and after; empty if the images leave one of them open."""
    largest = []
    for group in ([row.before for row in done.rows], [row.own for row in done.rows]):
        known = [one for one in group if one is not None]
        scores = [one.score for one in known if one.score is not None]
        if not scores or any(one.verdict == "inconclusive" for one in known):
            return ""
        largest.append(layer_score(max(scores)))
    return f"; the largest error was {largest[0]} and is {largest[1]}"


def setting(done: Refreshed) -> Iterator[Line]:
    """How the images were run, and what the file is."""
    found, graphdef = done.estimates, done.report.graph.graphdef
    batches = [f"in {_batches(found)}"] if found.images else []
    how = [f"--preprocess {found.how['preset']}"] if "preset" in found.how else []
    mixed = [f"{done.mix:g} of the old statistics and {1 - done.mix:g} of the new ones"] if done.mix else []
    if facts := [*batches, *how, *mixed]:
        yield Line(f"run {', '.join(facts)}", indent=2)
    read = _CONTAINERS.get(graphdef.format, graphdef.format)
    if graphdef.format != "graphdef":
        yield Line(f"read {read}, wrote a binary GraphDef ({human_size(done.size)})", indent=2)
    if graphdef.checkpoint is not None:
        yield Line(f"the variables of {graphdef.checkpoint} are constants now", indent=2)
    if done.verification is not None:
        yield Line(_compared(done.verification), indent=2)


def _compared(verification: Verification) -> str:
    """The stripped model beside the one that was not."""
    if verification.state != "verified":
        return f"not verified: {verification.reason}"
    return f"verified: {proof(verification, Mode.INFERENCE, 'the model with the new statistics')}"


def source(found: Estimates) -> str:
    """What the statistics were measured on: `64 images`."""
    if found.images:
        return counted(found.images, "image")
    return "what was fed" if _is_fed(found) else "the values in the file, which takes no inputs"


def _is_fed(found: Estimates) -> bool:
    """Whether any values came from outside the file."""
    given = found.request
    return found.images > 0 or (given is not None and bool(given.feeds or given.data))


def certainty(done: Refreshed) -> Iterator[Line]:
    """How sure the new statistics are, whether that is enough, and how it came about."""
    found = done.estimates.certainty
    if found is None:
        return
    enough = found.error <= SURE
    wanted = math.ceil(found.images * (found.error / SURE) ** 2)
    rest = "enough" if enough else f"{SURE:g} takes about {_rounded_up(wanted):,} images"
    yield Line(
        f"standard error {found.error:.2g} standard deviations at most ({found.layer}): {rest}", indent=2
    )
    if len(done.estimates.curve) > 1:
        points = "  ".join(f"{one.images:,}: {one.error:.2g}" for one in done.estimates.curve)
        yield Line(f"images: standard error  {points}", "dim", indent=2)


def _rounded_up(number: int) -> int:
    """Two digits, the rest zeros."""
    unit = int(10 ** max(len(str(number)) - 2, 0))
    return -(-number // unit) * unit


def warnings(done: Refreshed) -> Iterator[Line]:
    """What makes the estimate a poor one, or useless, or one that the weights were not made for."""
    for text in (*_serving(done), *_poor(done)):
        yield Line(text, "warning", indent=2)


def _serving(done: Refreshed) -> Iterator[str]:
    """What does not use the new statistics, or was not trained on such."""
    refreshed = {row.layer.name for row in done.rows}
    fixed = [
        layer.name for layer in done.serving.layers if layer.mode is Mode.TRAINING and layer.name in refreshed
    ]
    if fixed:
        run, them = ("run", "them") if len(fixed) > 1 else ("runs", "it")
        yield (
            f"{grouped(fixed)} still {run} in training mode, fixed in the file, which uses no stored "
            f"statistics: --strip makes {them} serve inference"
        )
    if added := [row.layer.name for row in done.rows if row.made and row.layer.name in fixed]:
        yield (
            f"{grouped(added)} got constants for statistics; TensorFlow before 2.1 refuses a layer in "
            "training mode that has any"
        )
    if done.ran is not None and done.ran.state == "differs":
        yield f"NOT verified: what was run differs from the model: {done.ran.reason}"
    stored = [
        row.layer.name
        for row in done.rows
        if row.layer.updates == "none" and row.layer.mode is Mode.INFERENCE
    ]
    if stored:
        yield (
            f"{grouped(stored)} trained on stored statistics (training=False in the training graph): the "
            "weights fit the old ones, and the new ones may make the model worse"
        )


def _poor(done: Refreshed) -> Iterator[str]:
    """Too few images, too few values, and a last batch that is much smaller than the others."""
    found = done.estimates
    if 0 < found.images < FEWEST_IMAGES:
        few = "1 image is" if found.images == 1 else f"{found.images:,} images are"
        yield f"{few} too few for statistics; give {FEWEST_IMAGES} or more, better some thousands"
    if done.old_were_good:
        yield (
            f"by these images no layer's old statistics are {WARNING:g} standard deviations off: the mixture "
            "wins little, and may make the model worse; compare both on labelled images, or keep the old ones"
        )
    poor = [row for row in done.rows if row.values < FEWEST_VALUES]
    more = "; give more images" if found.images else "; feed more of them" if _is_fed(found) else ""
    if poor:
        least = min(row.values for row in poor)
        yield (
            f"{grouped([row.layer.name for row in poor])}: fewer than {FEWEST_VALUES:,} values of a channel "
            f"({least:,}){more}"
        )
    if found.images > found.batch_size and found.last * 2 < found.batch_size:
        yield (
            f"the last batch had {counted(found.last, 'image')} of {found.batch_size}, and deep layers "
            "depend on the size of a batch: choose a --batch-size that divides the set"
        )


def notes(done: Refreshed, most: int) -> Iterator[Line]:
    """Statistics that several layers share, constants that were made, and layers that were not refreshed:
    at most so many of each.
    """
    together: set[str] = set()
    texts: list[list[str]] = [[], [], []]
    for row in done.rows:
        if row.others and row.layer.name not in together:
            together.update(row.others)
            texts[0].append(
                f"{row.layer.name} and {listed(row.others)} share their statistics, estimated together"
            )
        if row.note is not None:
            texts[1].append(f"{row.layer.name} got constants of its own: that of the file {row.note}")
    reasons = by_reason((one.what, one.reason) for one in done.left)
    texts[2] = [f"not refreshed: {grouped(names)}: {reason}" for reason, names in reasons.items()]
    for group in texts:
        yield from (Line(text) for text in group[:most])
        if len(group) > most:
            yield Line(f"and {len(group) - most:,} more of these: --all", "dim")


def worth() -> Line:
    """What a good score is worth."""
    return Line(_NO_PROOF, "dim", hang=0)


def of_part(found: Estimates, target: str) -> list[str]:
    """What was measured of one part."""
    lines = [
        f"{printable(target)}: written: the moments of {counted(len(found.layers), 'layer')} over "
        f"{counted(found.images, 'image')}, in {_batches(found)}"
    ]
    if found.images % found.batch_size:
        lines.append(
            f"the last batch had {counted(found.last, 'image')}: cut the set where a batch ends, and the "
            "parts give what one run over all images gives"
        )
    lines += [f"not refreshed: {printable(name)}: {reason}" for name, reason in found.left.items()]
    return lines


def _batches(found: Estimates) -> str:
    return "one batch" if found.images <= found.batch_size else f"batches of {found.batch_size}"
