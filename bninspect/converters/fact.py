"""The nouns: a converter, what it makes of a layer, and one fact about that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from bninspect.converters.written import Written


class Serves(str, Enum):
    """What a converted model does where the layer was."""

    INFERENCE = "inference"
    TRAINING = "training"
    ASKS = "asks"
    """It still takes the predicate, and serves the mode that it is fed."""
    REFUSES = "refuses"
    OTHER = "other numbers"
    """Those of neither mode."""
    UNKNOWN = "unknown"


When = Callable[["Written"], bool]


@frozen_dataclass
class Fact:
    """One thing that a converter does, as it was seen."""

    serves: Serves
    when: When = field(repr=False)
    """Whether it is about a layer that is written so."""
    reason: str
    """Why, in a clause; of a refusal, what is refused."""
    test: str
    """A fixture on which `python -m tests.converters` sees it."""


@frozen_dataclass
class Converter:
    """One converter, in a range of versions that do the same."""

    name: str
    """As `--for` and the configuration take it."""
    title: str
    """As its makers write it."""
    versions: str
    """The version that the facts were seen on, or the range that they are reported of."""
    tested: bool = True
    """Whether the facts were seen in a run; else they are reported, and counted nowhere."""
