"""A predicate of the file in words: `training:0`, `not training:0`, `mode:0 == 1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.predicates.predicate import base, operands
from bninspect.graph.trace import scalar
from bninspect.text import as_written, plain

if TYPE_CHECKING:
    from bninspect.graph import Tensor

_SIGNS = {
    "Equal": ("==", "!="),
    "NotEqual": ("!=", "=="),
    "Greater": (">", "<="),
    "GreaterEqual": (">=", "<"),
    "Less": ("<", ">="),
    "LessEqual": ("<=", ">"),
}
"""Comparison -> its sign, and that of its negation (of no NaN)."""


def condition(predicate: Tensor, *, opposite: bool = False) -> str:
    """What holds while the predicate is true, or with `opposite` false; of a number that is fed, what it is
    compared with.
    """
    behind, negated = base(predicate)
    negated ^= opposite
    compared = operands(behind) if behind.node.op in _SIGNS else []
    number = scalar(compared[1]) if len(compared) == 2 and behind.node.attr("T") != "bool" else None
    if number is None or not compared[0].node.op.startswith("Placeholder"):
        return f"not {behind.name}" if negated else behind.name
    return f"{compared[0].name} {_SIGNS[behind.node.op][negated]} {plain(as_written(number))}"
