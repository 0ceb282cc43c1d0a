"""What a check is asked, whoever asks: rules, severity, and what is known already."""

from __future__ import annotations

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.options import Checked, Count, File, Level, Momentum, Texts
from bninspect.rules.selection import refuse_none


@frozen_dataclass
class CheckOptions(Checked):
    """Which rules judge, and what fails. Raises OptionError for a value that an option cannot have,
    SelectionError for a code that is none.
    """

    outputs: Texts = ()
    """Nodes or tensors: only what they depend on is judged; empty: the model's own outputs."""
    select: Texts = ()
    """Only these rules: codes, beginnings of codes (BN2) or names; empty: all of them."""
    ignore: Texts = ()
    """Not these rules."""
    deploy: bool = False
    """Whether the model is to be shipped: then what is left to the caller counts."""
    momentum: Momentum | None = None
    """Of the moving averages, where the file does not say it."""
    fail_on: Level = "error"
    """error, warning or note: the least severity that fails."""
    baseline: File | None = None
    """A file of known findings (`--baseline`), which do not fail."""
    allowed_ops: Texts = ()
    """Ops that may run besides those that only compute."""
    jobs: Count = 1
    """How many models are judged side by side, in processes of their own."""

    def refuse_contradictions(self) -> None:
        refuse_none(self.select, self.ignore)
