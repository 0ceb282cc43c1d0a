"""What moved between two files, in words: the sentence that matters, the files, and what needs explaining."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bninspect.batchnorm.comparison.comparison import Trains, Verdict
from bninspect.render.check.text import findings
from bninspect.render.line import Line
from bninspect.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bninspect.batchnorm.comparison.comparison import Comparison, LayerMove
    from bninspect.batchnorm.layer import Report
    from bninspect.commands.diff.pair import PairResult

_LEGEND = (
    "weights (the nearest before the layer){others}: size of the change over size of the values; 0: "
    "the same to the last bit. statistics: how far mean and variance moved, in standard deviations of OLD "
    "(W over the channels){largest}."
)


def legend(titles: Collection[str]) -> str:
    """What the columns of these titles mean."""
    return _LEGEND.format(
        others=", gamma, beta" if "gamma" in titles else "",
        largest="; max abs: the largest change of either" if "max abs" in titles else "",
    )


def head(result: PairResult) -> Iterator[Line]:
    """How many layers moved how, and which files were compared."""
    found = result.comparison
    counts = Counter(move.verdict for move in found.layers)
    if len(counts) == 1:
        told = f"{counted(len(found.layers), 'layer')}: {found.layers[0].verdict.value}"
    else:
        each = [f"{verdict.value} in {counts[verdict]:,}" for verdict in Verdict if counts[verdict]]
        told = f"{counted(len(found.layers), 'layer')}: {'; '.join(each)}"
    if reset := sum(move.is_reset for move in found.layers):
        told += f"; statistics back at their initial values in {reset:,}"
    yield Line(told, "error" if result.judged.found else "bold")
    yield Line(f"old: {_file(found.old, found.steps[0], 'NEW' if result.borrowed == 'old' else None)}")
    yield Line(f"new: {_file(found.new, found.steps[1], 'OLD' if result.borrowed == 'new' else None)}")
    before, after = found.steps
    if before is not None and after is not None and after < before:
        yield Line(f"OLD is of step {before:,}, NEW of step {after:,}: are they swapped?", "warning")


def _file(report: Report, step: int | None, owner: str | None) -> str:
    """`model.ckpt-20 (metagraph, step 20)`; of a checkpoint alone, whose graph it was read with."""
    record = report.graph.graphdef
    facts = [record.format if owner is None else f"checkpoint, with the graph of {owner}"]
    facts += [] if step is None else [f"step {step:,}"]
    return f"{record.path} ({', '.join(facts)})"


def told_of(result: PairResult) -> Iterator[Line]:
    """What was found."""
    for line in findings(result.judged):
        yield line._replace(indent=line.indent - 2)


def notes(result: PairResult) -> Iterator[Line]:
    """What the table cannot say: layers by order, what was not compared, what was not judged."""
    found = result.comparison
    renamed = [f"{move.name} (in OLD {move.old.name})" for move in found.layers if move.matched == "order"]
    if renamed:
        yield Line(f"matched by graph order and shapes: {listed(renamed)}")
    for reason, names in _by_reason(found).items():
        yield Line(f"not compared at {listed(names)}: {reason}", "warning")
    for move in found.layers:
        if gone := move.statistics.undefined:
            told = (
                f"{gone:,} of {counted(move.statistics.channels, 'channel')} not finite, or without variance"
            )
            yield Line(f"{move.name}: statistics of {told}; W is of the others", "warning")
    for side in ("old", "new"):
        alone = [one for one in found.unmatched if one.side == side]
        for reason in dict.fromkeys(one.reason for one in alone):
            names = [one.name for one in alone if one.reason == reason]
            yield Line(f"unmatched, of {side.upper()}: {listed(names)}: {reason}", "warning")
    quiet = [move.name for move in found.layers if _is_excused(move)]
    if quiet:
        yield Line(f"trains on stored statistics, which nothing is to move: {listed(quiet)}", "dim")
    for code, layer, reason in result.judged.allowed:
        yield Line(f"allowed: {code} at {layer} ({reason})", "dim")
    for skip in result.judged.not_run:
        yield Line(f"not judged: {skip.code} ({skip.reason})", "dim")


def _by_reason(found: Comparison) -> dict[str, list[str]]:
    """Why something of a layer could not be compared -> the layers."""
    reasons: dict[str, list[str]] = {}
    for move in found.layers:
        if move.reason is not None:
            reasons.setdefault(move.reason, []).append(move.name)
    return reasons


def _is_excused(move: LayerMove) -> bool:
    return move.verdict is Verdict.STALE and move.trains is Trains.STORED
