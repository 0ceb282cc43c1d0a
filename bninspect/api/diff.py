"""`bninspect.diff`: what moved between two files of one graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from bninspect.api.keywords import takes
from bninspect.api.shown import Layers, Shown, said
from bninspect.commands.check.options import CheckOptions
from bninspect.commands.check.result import CheckResult
from bninspect.commands.diff.pair import compare
from bninspect.commands.report.of_commands import facts_of_pair
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.options import Level, checked
from bninspect.render.diff.document import diff_document
from bninspect.render.diff.text import verdict
from bninspect.render.page.notebook import pictures
from bninspect.rules import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.api.keywords import Model
    from bninspect.batchnorm.comparison.comparison import LayerMove
    from bninspect.batchnorm.comparison.matching import Unmatched
    from bninspect.rules import Finding


@frozen_dataclass(eq=False)
class DiffReport(Shown):
    """How far two files of one graph are apart, layer by layer. Iterating gives the findings."""

    COLUMNS: ClassVar = ("name", "verdict", "weights.relative_l2", "statistics.w", "statistics.worst.channel")

    layers: Layers[LayerMove]
    """Each layer in both files, in the graph order of NEW."""
    unmatched: tuple[Unmatched, ...]
    """The layers that one file alone has, with the reason."""
    steps: tuple[int | None, int | None]
    """The global step of OLD and NEW; None where the graph counts none, or it was not read."""
    findings: tuple[Finding, ...]
    """What is wrong with NEW: BN501, BN502."""
    exit_code: int
    """Of the command: 0, or 1 for findings as severe as `fail_on`."""

    @property
    def failed(self) -> bool:
        """Whether a finding is as severe as `fail_on`."""
        return self.exit_code != 0

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)


@takes(CheckOptions)
def diff(old: Model, new: Model, *, fail_on: Level = "error") -> DiffReport:
    """Returns what moved from OLD to NEW: weights, gamma, beta and moving statistics, layer by layer.

    As `bninspect diff`. Both are paths or graphs that `load` gave, and only read. Layers are matched by name,
    else by graph order and shapes.

        moved = bninspect.diff("model.ckpt-1000", "model.ckpt-2000")
        moved.layers["bn1"].verdict

    Raises GraphDefError for a file that cannot be read, BninspectError where the two are not of one graph or
    nothing could be compared, OptionError for a value that an option cannot have.
    """
    level = checked("fail_on", fail_on, Level)
    result = compare(old, new)
    found = result.comparison
    return DiffReport(
        verdict=said((verdict(result),))[0],
        document=diff_document(result),
        pictures=pictures(facts_of_pair(result)),
        layers=Layers(found.layers),
        unmatched=found.unmatched,
        steps=found.steps,
        findings=tuple(one.finding for one in result.result.found),
        exit_code=CheckResult(models=(result.result,), fail_on=Severity(level)).exit_code(),
    )
