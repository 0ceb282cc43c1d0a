"""What a stripped model is compared under: every value of what decides that matters, and what each can show.

A boolean that sends all layers the same way has one value that serves the mode: one round. Several values of
a number serve it: a round for each, for what else reads the number may tell them apart. No value serves it to
all layers: a round for each value, in which the layers that the original gives the other mode are handed the
outputs that the new graph gives, so that each layer is compared where its own value is fed.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from bninspect.errors import BninspectError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.loops import in_loops
from bninspect.measure.both_modes import unfeedable, unfetchable
from bninspect.rewrite.serving import Decider, deciders, mode_under

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.mode import Mode
    from bninspect.batchnorm.wiring.predicates.predicate import Value
    from bninspect.rewrite.strip import Stripped

_MOST_ROUNDS = 12
"""More combinations than this of several deciders are not all tried; each value of each is."""


class ImpossibleError(BninspectError):
    """The two graphs cannot be compared, and why."""


@frozen_dataclass
class Round:
    """One run of both graphs."""

    feeds: Mapping[str, NDArray[Any]]
    """What decides (`op:0`) -> its value in the original."""
    values: Mapping[str, Value]
    """What decides -> its value, of which `feeds` is made."""
    handed: Mapping[str, str]
    """Output of a layer that the original gives the other mode -> the same in the new graph."""

    @property
    def name(self) -> str:
        """`mode:0=1`, `training:0=false`."""
        return ", ".join(f"{name}={str(value).lower()}" for name, value in self.values.items())

    def words(self, every: Sequence[Round]) -> str:
        """Under what this round ran, if there are others."""
        return f" under {self.name}" if len(every) > 1 else ""


def rounds(stripped: Stripped, mode: Mode) -> tuple[Round, ...]:
    """The rounds, at least one. Raises ImpossibleError if the original cannot be brought to the mode."""
    found = deciders(stripped.report)
    loops = in_loops(stripped.report.graph)
    for decider in found:
        for tensor, _ in decider.asking:
            if (reason := unfeedable(tensor, loops)) is not None:
                raise ImpossibleError(reason)
    choices = _combinations([decider.to_feed(mode) for decider in found])
    return tuple(_round(stripped, mode, dict(zip(found, values, strict=True))) for values in choices)


def _combinations(choices: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
    """All of them, if they are few; else so many that each value of each decider occurs."""
    every = list(zip(range(_MOST_ROUNDS + 1), product(*choices), strict=False))
    if len(every) <= _MOST_ROUNDS:
        return [values for _, values in every]
    longest = max(map(len, choices))
    return [tuple(values[index % len(values)] for values in choices) for index in range(longest)]


def _round(stripped: Stripped, mode: Mode, fed: Mapping[Decider, Value]) -> Round:
    handed = {}
    values = {decider.tensor: value for decider, value in fed.items()}
    for decider in fed:
        for layer in decider.layers:
            if mode_under(layer, values) is not mode:
                handed[layer.output.name] = _place(stripped, layer, decider, mode)
    arrays = (decider.arrays(value).items() for decider, value in fed.items())
    feeds = {tensor.name: array for given in arrays for tensor, array in given}
    return Round(feeds=feeds, handed=handed, values={one.tensor.name: value for one, value in fed.items()})


def _place(stripped: Stripped, layer: BatchNorm, decider: Decider, mode: Mode) -> str:
    """Where the new graph has the output of a layer, if it can be fed to the original in place of its own."""
    outputs = {branch.output for branch in (layer.training, layer.inference, layer.untaken) if branch}
    whole_nets = len(outputs) > 1 and layer.output in outputs
    place = stripped.place(layer.output)
    loops = in_loops(stripped.report.graph)
    if place is None or whole_nets or unfetchable(layer.output) or layer.output.node in loops:
        name = decider.tensor.name
        raise ImpossibleError(
            f"no value of {name} serves {mode.value} to all layers of the original at once, and {layer.name} "
            "cannot be compared apart from the others"
        )
    return place
