"""The command that re-estimates statistics: what every rule advises where images can fix them."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEW_LAYERS = 3
"""So many layers are named in a command; of more, all are re-estimated."""


def refreshing(names: Sequence[str], total: int) -> str:
    """The command for these layers where they are few, else for all of the model."""
    few = 0 < len(names) < total and len(names) <= _FEW_LAYERS
    chosen = "".join(f" --layer {quote(name)}" for name in names) if few else ""
    return f"re-estimate them: bninspect refresh MODEL -o OUT{chosen} --image DIR"
