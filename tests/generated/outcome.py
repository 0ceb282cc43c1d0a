"""What is counted: disagreements, exceptions that the program says, and layers that were measured."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.generated.truth import Norm, Truth

_NAME = re.compile(r"'[^']*'|[\w.\-/]*(?:/|:\d|\d)[\w.\-/:]*")
_NAMES = re.compile(r"…(?:(?:,| and)? …)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that came of one command on one graph."""

    seed: int
    design: str
    command: str
    disagrees: bool
    """A wrong value, or silence; else it is said by the program."""
    words: str

    @property
    def kind(self) -> str:
        """The words without names and numbers, to count by."""
        return _NAMES.sub("…", _NAME.sub("…", self.words))[:160]


@dataclass(slots=True)
class Tally:
    """What is gathered of one graph by all commands."""

    truth: Truth
    outcomes: list[Outcome] = field(default_factory=list)
    measured: set[int] = field(default_factory=set)
    """Places of the batch norms whose moments in both modes were right."""
    verified: bool = False
    """Whether the program could compare what it measured with the original, and both agree."""

    def _add(self, command: str, words: str, *, disagrees: bool) -> None:
        seed, design = self.truth.seed, self.truth.design
        made = Outcome(seed=seed, design=design, command=command, disagrees=disagrees, words=words)
        if made not in self.outcomes:
            self.outcomes.append(made)

    def wrong(self, command: str, words: str) -> None:
        """A disagreement."""
        self._add(command, words, disagrees=True)

    def said(self, command: str, words: str) -> None:
        """An exception that the program names."""
        self._add(command, " ".join(words.split()), disagrees=False)

    @property
    def right(self) -> int:
        """How many batch norms were measured right, and verified as far as that can be: nothing can verify
        the other mode of a file that serves one alone, or a file that TensorFlow refuses. Those are held
        against TensorFlow here.
        """
        can_be = not self.truth.fixed and self.truth.refused is None
        return len(self.measured) if self.verified or not can_be else 0

    @property
    def outside(self) -> list[Norm]:
        """The batch norms outside loops."""
        return [norm for norm in self.truth.norms if not norm.loop]
