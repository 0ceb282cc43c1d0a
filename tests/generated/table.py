"""The tables of a run: disagreements one by one, said exceptions by kind, designs and layers by number."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.generated.outcome import Tally

_WORDS = 150


def table(tallies: Sequence[Tally]) -> str:
    """Everything, as text."""
    return "\n".join(
        [*_disagreements(tallies), "", *_exceptions(tallies), "", *_designs(tallies), "", summary(tallies)]
    )


def summary(tallies: Sequence[Tally]) -> str:
    """One line."""
    outside = sum(len(tally.outside) for tally in tallies)
    loops = sum(len(tally.truth.norms) - len(tally.outside) for tally in tallies)
    verified = sum(len(tally.measured) for tally in tallies if tally.verified)
    others = sum(tally.right for tally in tallies) - verified
    wrong = [outcome for tally in tallies for outcome in tally.outcomes if outcome.disagrees]
    return (
        f"{len(tallies)} graphs, {outside} batch norms outside loops and {loops} in loops: "
        f"{len(wrong)} disagreements in {len({one.seed for one in wrong})} graphs; measured right: "
        f"{verified} verified, {others} of files that nothing can verify ({100 * share(tallies):.1f} %)"
    )


def share(tallies: Sequence[Tally]) -> float:
    """The share of batch norms outside loops that were measured right and verified as far as that can be."""
    return sum(tally.right for tally in tallies) / max(sum(len(tally.outside) for tally in tallies), 1)


def _disagreements(tallies: Sequence[Tally]) -> list[str]:
    found = [one for tally in tallies for one in tally.outcomes if one.disagrees]
    return ["Disagreements:"] + [
        f"  {one.seed:5} {one.design:20} {one.command:8} {one.words[:_WORDS]}" for one in found
    ]


def _exceptions(tallies: Sequence[Tally]) -> list[str]:
    counts: Counter[tuple[str, str]] = Counter()
    seeds: dict[tuple[str, str], list[int]] = {}
    for tally in tallies:
        for key in {(one.command, one.kind) for one in tally.outcomes if not one.disagrees}:
            counts[key] += 1
            seeds.setdefault(key, []).append(tally.truth.seed)
    lines = ["Said exceptions, in how many graphs:"]
    for (command, kind), count in sorted(counts.items(), key=lambda item: (item[0][0], -item[1])):
        lines.append(f"  {count:4}  {command:8} {kind[:_WORDS]}  (such as {seeds[command, kind][0]})")
    return lines


def _designs(tallies: Sequence[Tally]) -> list[str]:
    lines = ["Designs: graphs, batch norms outside loops, measured right, disagreements"]
    names = sorted({tally.truth.design for tally in tallies})
    for name in names:
        of_name = [tally for tally in tallies if tally.truth.design == name]
        outside = sum(len(tally.outside) for tally in of_name)
        measured = sum(tally.right for tally in of_name)
        wrong = sum(one.disagrees for tally in of_name for one in tally.outcomes)
        lines.append(f"  {name:20} {len(of_name):4} {outside:5} {measured:5} {wrong:5}")
    return lines
