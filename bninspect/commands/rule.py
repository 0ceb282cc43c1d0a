"""`rule`: the rules that a code stands for, and whether their pages are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.rules import select

if TYPE_CHECKING:
    from bninspect.rules import Rule


@frozen_dataclass
class RuleResult:
    """Rules to tell of."""

    rules: tuple[Rule, ...]
    """By code."""
    whole: bool
    """Whether their pages are wanted; a line each otherwise."""


def explain_rules(code: str | None = None) -> RuleResult:
    """The rules whose code, name or beginning of a code this is, with their pages; without it all of them, a
    line each.

    Raises SelectionError for a code or name that is none.
    """
    return RuleResult(rules=select(() if code is None else (code,)), whole=code is not None)
