"""What explains what: one table, in one order, for every command.

A layer has one error and may look wrong in several ways. A finding accounts for the error of certain layers
(`Finding.accounts_for`), and what it explains is not said of these layers again; of every other layer it is.
So a cause hides no second one: a wrong preset explains the gap that is gone under the right preset, a moving
average on its way the layers that its share fits, a collapsed channel a layer whose other channels fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bninspect.rules.rule import Finding

EXPLAINS = {
    "BN203": ("BN404", "BN403", "BN406"),
    "BN201": ("BN404", "BN403", "BN406"),
    "BN405": ("BN404", "BN403", "BN406"),
    "BN404": ("BN403", "BN406"),
    "BN204": ("BN403", "BN406"),
    "BN403": ("BN406",),
}
"""Code -> the codes that it explains at the layers it accounts for, in the order in which causes are looked
for. BN206 explains none of them: epsilon stands in both modes alike.
"""
FOLLOWS = {"BN401": frozenset({"BN101", "BN102"})}
"""Code -> the codes of what it follows from in the model as a whole: an image whose output depends on the
batch is what layers that train whatever is fed come to. It is said beside them, and allowed with them.
"""
FORMERLY = {"BN404": ("BN403",), "BN405": ("BN403",), "BN204": ("BN403",)}
"""Code -> the codes under which 0.1.0 could say the same of a layer: a baseline that holds those holds it."""
ORDER = (
    "BN401",
    *EXPLAINS,
    "BN402",
    "BN406",
    "BN206",
    "BN202",
    "BN205",
    "BN207",
)
"""The codes of the values and of the probe, the most important first: what a person reads first."""


def causes_of(codes: Iterable[str]) -> set[str]:
    """The codes, and those of all that may explain them."""
    whole = set(codes)
    for cause in reversed(EXPLAINS):
        if whole.intersection(EXPLAINS[cause]):
            whole.add(cause)
    return whole


def causes_first(codes: Iterable[str]) -> list[str]:
    """The codes so that each stands behind all that may explain it."""
    causes = list(EXPLAINS)
    return sorted(codes, key=lambda code: (causes.index(code) if code in causes else len(causes), code))


def explained(code: str, findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    """(layer name, code of the finding that accounts for its error), of those that explain `code`."""
    for finding in findings:
        if code in EXPLAINS.get(finding.code, ()):
            for layer in finding.accounts_for:
                yield layer, finding.code
