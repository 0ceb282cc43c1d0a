"""The findings of one rule in one model, together: what every format that a person reads is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.commands.check.result import WEIGHTS_MISSING
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.text import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bninspect.commands.check.result import Found


@frozen_dataclass
class Group:
    """At least one finding."""

    found: tuple[Found, ...]
    """The gravest first."""

    @property
    def code(self) -> str:
        """The code of the rule."""
        return self.found[0].finding.code

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers, each once."""
        return tuple(dict.fromkeys(one.finding.layer for one in self.found if one.finding.layer is not None))

    @property
    def fixes(self) -> tuple[str, ...]:
        """What fixes them, each once."""
        return tuple(dict.fromkeys(one.finding.fix for one in self.found if one.finding.fix))


def groups(found: Iterable[Found]) -> list[Group]:
    """The findings by rule, the gravest first; before all of them, why others could not be judged."""
    by_code: dict[str, list[Found]] = {}
    for one in sorted(
        found, key=lambda one: (one.finding.code != WEIGHTS_MISSING, -one.finding.severity.rank)
    ):
        by_code.setdefault(one.finding.code, []).append(one)
    return [Group(found=tuple(together)) for together in by_code.values()]


def of_layers(names: Sequence[str], total: int) -> str:
    """The layers as one entry: `bn`, `all 53 layers`, `MobilenetV2/* 39x`; empty for none."""
    if len(names) > 2 and len(names) == total:
        return f"all {total:,} layers"
    return grouped(names) if names else ""
