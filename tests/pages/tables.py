"""Tables of measurements in Markdown, and what the networks in them are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.networks.designs import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, *rows]
    first, *others = (f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join([first, f"{'|---' * len(head)}|", *others])


def named(kind: str) -> str:
    """A network, in words."""
    design, written = NETWORKS[kind]
    return f"{design}, {'If' if written == 'if' else written}"
