"""Normalizations that recognition could not decide, and that a run therefore left as they were.

They are not measured. One that reads what decides the mode of the layers may be a switched layer itself: it
ran in inference mode in both copies, so that the training copy is not the model in training.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.errors import Absent
from bninspect.graph.search import reach
from bninspect.graphdef.records import node_name
from bninspect.inputs.deciding import fed_name
from bninspect.measure.both_modes import MODES
from bninspect.text import listed

if TYPE_CHECKING:
    from bninspect.batchnorm import Report
    from bninspect.graph import Node
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.facts import Verification


def undecided(report: Report, program: BothModes) -> tuple[Absent, ...]:
    """The undecided places that the program runs, and why they could not be decided."""
    reached = {node.label for node in program.reached(report.graph)}
    return tuple(
        Absent(
            what=place.node,
            reason=f"it may be a batch norm, and was neither switched nor measured: {place.reason}",
        )
        for place in report.unrecognised
        if place.node in reached
    )


def qualified(checked: Verification, report: Report, program: BothModes) -> Verification:
    """The verification; `impossible` if an undecided place reads what decides the mode of the layers."""
    if checked.state != "verified":
        return checked
    lost = _unswitched(report, program)
    if not lost:
        return checked
    deciding = ", ".join(source.name for source in program.sources)
    verb = "it was" if len(lost) == 1 else "they were"
    return replace(
        checked,
        state="impossible",
        reason=f"{listed(lost)} may be a batch norm that {deciding} switches, and could not be decided: "
        f"{verb} left in inference mode in both",
    )


def _unswitched(report: Report, program: BothModes) -> list[str]:
    """The undecided places that still read a source of the program, by name."""
    wanted = {place.node for place in report.unrecognised}
    behind = _behind_sources(program) if wanted else set()
    return [node.label for node in report.graph if node.label in wanted and _names(node, program) & behind]


def _names(node: Node, program: BothModes) -> set[str]:
    """What the node is called in either copy."""
    return {program.places(mode, node.name) for mode in MODES}


def _behind_sources(program: BothModes) -> set[str]:
    """Names of the nodes of the program that depend on a source."""
    readers: dict[str, list[str]] = defaultdict(list)
    for node in program.graphdef.nodes:
        for text in node.inputs:
            readers[node_name(text)].append(node.name)
    fed = (node_name(program.places(mode, fed_name(source))) for mode in MODES for source in program.sources)
    return set(reach(fed, lambda name: readers[name]))
