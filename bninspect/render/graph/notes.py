"""What is not a layer: lookalikes, what could not be decided, what was left out, and what differs by
signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.verdict import opposed
from bninspect.render.line import Line
from bninspect.text import by_reason, counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report
    from bninspect.render.line import Tone

_MODES = {Mode.TRAINING: "in training mode", Mode.INFERENCE: "in inference mode", Mode.SWITCHED: "switched"}


def opposed_lines(report: Report) -> Iterator[Line]:
    """Sources that send some layers to training by the value that sends others to inference."""
    for name in opposed(report):
        yield Line(f"no value of {name} serves inference to all layers that it switches", "error")


def signature_lines(report: Report, most: int) -> Iterator[Line]:
    """Which signature runs which modes; nothing if all run the same."""
    ways = [_modes(one.layers) for one in report.signatures]
    if len(set(ways)) > 1:
        each = [f"{one.key} runs {way}" for one, way in zip(report.signatures, ways, strict=True)]
        yield from _titled("by signature:", each, most)


def _modes(layers: Sequence[BatchNorm]) -> str:
    """`2 in training mode`; `1 in inference mode and 2 switched`; `no batch norm`."""
    counts = {mode: sum(layer.mode is mode for layer in layers) for mode in _MODES}
    modes = [f"{counts[mode]:,} {how}" for mode, how in _MODES.items() if counts[mode]]
    return " and ".join(modes) if modes else "no batch norm"


def other_lines(report: Report, most: int) -> Iterator[Line]:
    """Lookalikes, what could not be decided and what was left out: at most so many entries of each."""
    groups = by_reason((found.node.label, (found.kind, found.reason)) for found in report.lookalikes)
    looks = [f"{len(names):,} {kind}: {listed(names)} ({why})" for (kind, why), names in groups.items()]
    yield from _titled("not batch norm:", looks, most)
    yield from undecided_lines(report, most)
    skipped = [f"{skip.count:,} {skip.what}: {skip.reason}" for skip in report.skipped]
    yield from _titled("left out:", skipped, most)


def undecided_lines(report: Report, most: int, where: str = "") -> Iterator[Line]:
    """What may be a batch norm and could not be decided: at most so many entries. `where`: ` in OLD`."""
    undecided = by_reason((place.node, (place.reason, place.remedy)) for place in report.unrecognised)
    places = [
        f"{listed(nodes)}: {reason}" + (f"; {remedy}" if remedy else "")
        for (reason, remedy), nodes in undecided.items()
    ]
    yield from _titled(f"could not be decided{where}:", places, most, "warning")


def _titled(title: str, entries: Sequence[str], most: int, tone: Tone = "plain") -> Iterator[Line]:
    """A title and the entries below it; one alone stands on its line."""
    if len(entries) == 1:
        yield Line(f" {entries[0]}", tone, label=title)
        return
    if entries:
        yield Line(title, "bold")
    for entry in entries[:most]:
        yield Line(entry, tone, indent=2)
    if len(entries) > most:
        yield Line(f"and {counted(len(entries) - most, 'other')}: --all", "dim", indent=2)
