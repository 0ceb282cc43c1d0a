"""The switches that still decide at run time: one source, or one computed predicate, and its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, SwitchGroup
    from bninspect.rules.rule import Case


def live_switches(case: Case) -> list[SwitchGroup]:
    """The switches whose value the file does not fix."""
    return [group for group in case.report.switches if group.predicate.constant is None]


def decider(group: SwitchGroup) -> str:
    """The name of the tensor that decides: the source, or the predicate that is computed."""
    return group.switch.decided_by.name


def trained_by_default(group: SwitchGroup) -> list[BatchNorm]:
    """The layers of a switch that train when nothing is fed."""
    return [layer for layer, switch in group.switched if switch.served_by_default is Mode.TRAINING]


def values_for(group: SwitchGroup, mode: Mode) -> set[bool]:
    """The values of the source that send layers of the switch to a mode; none where no one source decides."""
    training = {switch.training_when for _, switch in group.switched} - {None}
    return {value == (mode is Mode.TRAINING) for value in training}


def whenever(layer: BatchNorm) -> str:
    """`whatever is fed`; of a layer in a conditional that does not choose its mode, when it runs at all."""
    if not layer.runs_when:
        return "whatever is fed"
    when = " and ".join(f"{source.name} is {str(value).lower()}" for source, value in layer.runs_when)
    return f"whenever it runs at all (when {when})"
