"""What a run in both modes did not measure, and why: each is said.

A normalization that recognition could not decide is run as it is. One that reads what decides the mode of the
layers may be a switched layer itself: it ran in inference mode in both copies, so that the training copy is
not the model in training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.batchnorm.wiring.predicates.words import condition
from bninspect.errors import Absent
from bninspect.graph.search import reach, readers_by_name
from bninspect.graphdef.records import node_name
from bninspect.inputs.deciding import fed_name
from bninspect.measure.both_modes import MODES
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Node
    from bninspect.measure.both_modes import BothModes
    from bninspect.measure.facts import ProbedLayer, Verification
    from bninspect.measure.passes import Passes


_SINGLE = (
    "no own error: training mode has one value per channel in a batch, here or before it, and gives beta "
    "whatever the input; give a batch of several (--batch-size)"
)


def other_sets(layers: Sequence[BatchNorm], served: Sequence[BatchNorm]) -> list[Absent]:
    """What was not measured of layers with several sets of statistics: those that `served` does not have."""
    return [
        Absent(
            what=layer.name,
            reason=f"not measured with what is fed: its statistics {kept.moving.mean.node.label} and "
            f"{kept.moving.variance.node.label}, which serve when {condition(kept.when)}",
        )
        for layer, one in zip(layers, served, strict=True)
        for kept in layer.sets
        if not one.sets and kept.moving != one.moving
    ]


def without_both_modes(layers: Sequence[BatchNorm], both: BothModes, passes: Passes) -> list[Absent]:
    """The layers that ran in one mode alone, or of which nothing was measured."""
    return [
        Absent(what=layer.name, reason=reason)
        for layer in layers
        if (reason := both.one_mode_alone(layer.name) or unmeasured(layer, both, passes)) is not None
    ]


def unmeasured(layer: BatchNorm, both: BothModes, passes: Passes) -> str | None:
    """Why nothing was measured of what a layer normalizes; None if it was."""
    if layer.name in both.unmeasured:
        return both.unmeasured[layer.name]
    lost = [passes.lost.get((mode.value, layer.name)) for mode in MODES]
    return lost[0] if all(lost) else None


def without_own_error(layers: Sequence[ProbedLayer]) -> list[Absent]:
    """The layers that ran in both modes, whose x was measured and could be set against nothing. Why another
    ran in one mode alone is said already.
    """
    return [
        Absent(
            what=one.layer.name,
            reason=_SINGLE
            if one.single
            else f"no own error: its stored statistics are unknown, {one.layer.statistics.reason}",
        )
        for one in layers
        if one.own is not None
        and one.own.staleness is None
        and (one.single or one.layer.statistics.reason)
        and one.has_both_modes
    ]


def without_value(passes: Passes) -> list[Absent]:
    """The tensors of which a value was wanted, and there is none."""
    return [
        Absent(what=what.name, reason=reason)
        for (_, what), reason in passes.lost.items()
        if not isinstance(what, str)
    ]


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
    fed = (node_name(program.places(mode, fed_name(source))) for mode in MODES for source in program.sources)
    return set(reach(fed, readers_by_name(program.graphdef.nodes).__getitem__))
