"""What `strip` did, in a few lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bninspect.report.names import counted, few, human_size, printable

if TYPE_CHECKING:
    from bninspect.probe.facts import Verification
    from bninspect.rewrite.strip import Stripped

_DONE = {
    "branch": "their branch taken, the conditional gone",
    "flipped": "fixed to the other mode before, now flipped",
    "kept": "as they were",
}


def summary(stripped: Stripped, verification: Verification | None, target: str, size: int) -> list[str]:
    """The file, the check against the original, nodes and bytes before and after, and the layers by what
    was done.
    """
    before, after = stripped.report.graph.graphdef, stripped.pruned.graphdef
    lines = [
        f"written: {printable(target)}",
        _verified(verification),
        f"nodes {len(before.nodes):,} to {len(after.nodes):,}, "
        f"{human_size(before.size)} to {human_size(size)}",
    ]
    counts = Counter(change.what for change in stripped.changes)
    for what, words in _DONE.items():
        if counts[what]:
            names = [printable(change.layer.name) for change in stripped.changes if change.what == what]
            told = f": {few(names)}" if what == "flipped" else ""
            lines.append(f"{counted(counts[what], 'layer')} {words}{told}")
    return lines


def _verified(verification: Verification | None) -> str:
    if verification is None:
        return "not compared with the original"
    if verification.state == "impossible":
        return f"could not be compared with the original: {verification.reason}"
    if not verification.max_abs:
        return "verified: the outputs equal those of the original, bit for bit"
    return f"verified: the outputs differ from those of the original by at most {verification.max_abs:.3g}"
