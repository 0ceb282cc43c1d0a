"""What moved between two files, in words: the sentence that matters, the files, and what needs explaining."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bninspect.batchnorm.comparison.comparison import Trains, Verdict
from bninspect.batchnorm.verdict import undecided
from bninspect.render.check.text import findings
from bninspect.render.graph.notes import undecided_lines
from bninspect.render.line import Line
from bninspect.text import by_reason, counted, grouped, layers, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bninspect.batchnorm.comparison.comparison import Comparison, LayerMove
    from bninspect.batchnorm.layer import Report
    from bninspect.commands.diff.pair import PairResult
    from bninspect.render.line import Tone

_LEGEND = (
    "weights (the nearest before the layer){others}: size of the change over size of the values; 0: "
    "the same to the last bit. statistics: how far mean and variance moved, in standard deviations of OLD "
    "(W over the channels){largest}."
)


_MOVED = {
    Verdict.STALE: "weights alone moved",
    Verdict.STATISTICS: "statistics alone moved",
    Verdict.BOTH: "both moved",
    Verdict.NOTHING: "nothing moved",
    Verdict.WEIGHTS_UNREAD: "weights were not read",
    Verdict.UNREAD: "statistics were not read",
}


def legend(titles: Collection[str]) -> str:
    """What the columns of these titles mean."""
    return _LEGEND.format(
        others=", gamma, beta" if "gamma" in titles else "",
        largest="; max abs: the largest change of either" if "max abs" in titles else "",
    )


def verdict(result: PairResult) -> Line:
    """How many layers moved how, in which file."""
    found = result.comparison
    counts = Counter(move.verdict for move in found.layers)
    names = [move.name for move in found.layers]
    if len(counts) == 1:
        alike = found.layers[0].verdict
        what = "weights and statistics moved" if alike is Verdict.BOTH else alike.value
        said = f"{what} in {layers(names, len(names))}"
    else:
        each = [f"{what} in {counts[kind]:,}" for kind, what in _MOVED.items() if counts[kind]]
        said = f"of {len(names):,} layers, {', '.join(each)}"
    if reset := sum(move.is_reset for move in found.layers):
        said += f"; statistics back at their initial values in {reset:,}"
    if besides := undecided(found.new) or undecided(found.old):
        said += f"; {besides}"
    return Line(f"{found.new.graph.graphdef.path}: {said}", "error" if result.result.found else "bold")


def files(result: PairResult) -> Iterator[Line]:
    """Which files were compared."""
    found = result.comparison
    sides = (("old", found.old, found.steps[0], "NEW"), ("new", found.new, found.steps[1], "OLD"))
    for side, report, step, other in sides:
        yield Line(f"{side}: {_file(report, step, other if result.borrowed == side else None)}", indent=2)
    before, after = found.steps
    if before is not None and after is not None and after < before:
        yield Line(
            f"OLD is of step {before:,}, NEW of step {after:,}: are they swapped?", "warning", indent=2
        )


def _file(report: Report, step: int | None, owner: str | None) -> str:
    """`model.ckpt-20 (metagraph, step 20)`; of a checkpoint alone, whose graph it was read with."""
    record = report.graph.graphdef
    facts = [record.format if owner is None else f"checkpoint, with the graph of {owner}"]
    facts += [] if step is None else [f"step {step:,}"]
    return f"{record.path} ({', '.join(facts)})"


def told_of(result: PairResult) -> Iterator[Line]:
    """What was found."""
    for line in findings(result.result):
        yield line._replace(indent=line.indent - 2)


def notes(result: PairResult, most: int) -> Iterator[Line]:
    """What the table cannot say, at most so many of each: layers by order, what was not compared, what was
    not judged.
    """
    found = result.comparison
    for texts, tone in _notes(found):
        yield from (Line(text, tone) for text in texts[:most])
        if len(texts) > most:
            yield Line(f"and {len(texts) - most:,} more of these: --all", "dim")
    for code, layer, reason in result.result.allowed[:most]:
        yield Line(f"allowed: {code} at {layer} ({reason})", "dim")
    for skip in result.result.not_run:
        yield Line(f"not judged: {skip.code} ({skip.reason})", "dim")


def undecided_places(result: PairResult, most: int) -> Iterator[Line]:
    """What may be a batch norm in either file and could not be decided, of which nothing was compared."""
    old, new = result.comparison.old, result.comparison.new
    if old.unrecognised == new.unrecognised:
        yield from undecided_lines(new, most)
    else:
        yield from undecided_lines(old, most, " in OLD")
        yield from undecided_lines(new, most, " in NEW")


def _notes(found: Comparison) -> Iterator[tuple[list[str], Tone]]:
    """Each kind of note, and its tone."""
    renamed = [f"{move.name} (in OLD {move.old.name})" for move in found.layers if move.matched == "order"]
    yield [f"matched by graph order and shapes: {listed(renamed)}"] if renamed else [], "plain"
    reasons = by_reason((move.name, move.reason) for move in found.layers if move.reason is not None)
    yield [f"not compared at {grouped(names)}: {reason}" for reason, names in reasons.items()], "warning"
    gone = [(move, move.statistics.undefined) for move in found.layers if move.statistics.undefined]
    yield (
        [
            f"{move.name}: statistics of {count:,} of {counted(move.statistics.channels, 'channel')} not "
            "finite, or without variance; W is of the others"
            for move, count in gone
        ],
        "warning",
    )
    alone = by_reason((one.name, (one.side, one.reason)) for one in found.unmatched)
    yield (
        [f"only in {side.upper()}: {grouped(names)}: {reason}" for (side, reason), names in alone.items()],
        "warning",
    )
    quiet = [move.name for move in found.layers if _is_excused(move)]
    yield [f"trains on stored statistics, which nothing updates: {grouped(quiet)}"] if quiet else [], "dim"


def _is_excused(move: LayerMove) -> bool:
    return move.verdict is Verdict.STALE and move.trains is Trains.STORED
