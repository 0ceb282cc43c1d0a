"""Facts applied to a model: what each converter would make of each group of its layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.branches import Fixed
from bninspect.batchnorm.mode import Mode
from bninspect.converters.fact import Serves
from bninspect.converters.table import FACTS
from bninspect.converters.written import written
from bninspect.errors import BninspectError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.rewrite.freeze import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.converters.fact import Converter, Fact
    from bninspect.converters.written import Written

_NO_FACT = "no run of it on layers that are written so is known"
_GRAVEST = (
    Serves.REFUSES, Serves.TRAINING, Serves.OTHER, Serves.UNKNOWN, Serves.ASKS, Serves.INFERENCE,
)  # fmt: skip


@frozen_dataclass(eq=False)
class GroupForecast:
    """Layers of which one converter makes the same, for the same reason."""

    layers: tuple[BatchNorm, ...]
    """In graph order."""
    serves: Serves
    """What becomes of them."""
    reason: str
    """Why, in a clause."""
    nodes: tuple[str, ...]
    """The nodes that decide it in the first of the layers, as reports name nodes."""
    changes_mode: bool
    """Whether that is training mode, or another mode than the file's own."""


@frozen_dataclass(eq=False)
class ConverterForecast:
    """What one converter would make of a model."""

    converter: Converter
    """Which one, and its versions."""
    groups: tuple[GroupForecast, ...]
    """The gravest first."""

    @property
    def serves(self) -> Serves:
        """Of the model as a whole: if it refuses one layer, it refuses the model; else the gravest."""
        return self.groups[0].serves

    @property
    def changed(self) -> tuple[GroupForecast, ...]:
        """The groups that would serve training, or another mode than the file's; none if it is refused."""
        if self.serves is Serves.REFUSES:
            return ()
        return tuple(group for group in self.groups if group.changes_mode)


def forecast(report: Report, names: Collection[str] = ()) -> tuple[ConverterForecast, ...]:
    """For each converter of these names (none: for all), in the order of the table. The report has layers.

    Facts are about frozen graphs: a model with variables is judged as it is when they are constants, if their
    values are at hand.
    """
    own = {layer.name: layer for layer in report.layers}
    layers = [(own[one.layer.name], one) for one in written(_as_converted(report))]
    return tuple(
        ConverterForecast(converter=converter, groups=_groups(converter, layers))
        for converter in FACTS
        if not names or converter.name in names
    )


def _as_converted(report: Report) -> Report:
    """The report of the frozen model, of which a converter meets the same layers; else the report itself."""
    try:
        held = frozen(report)
    except BninspectError:
        return report
    names = {layer.name for layer in report.layers}
    return held if {layer.name for layer in held.layers} == names else report


def _groups(converter: Converter, layers: Sequence[tuple[BatchNorm, Written]]) -> tuple[GroupForecast, ...]:
    alike: dict[object, list[tuple[BatchNorm, Fact | None]]] = {}
    for layer, one in layers:
        fact = next((fact for fact in FACTS[converter] if fact.when(one)), None)
        alike.setdefault((id(fact), layer.mode), []).append((layer, fact))
    groups = [_group([layer for layer, _ in found], found[0][1]) for found in alike.values()]
    return tuple(sorted(groups, key=lambda group: _GRAVEST.index(group.serves)))


def _group(layers: Sequence[BatchNorm], fact: Fact | None) -> GroupForecast:
    serves = Serves.UNKNOWN if fact is None else fact.serves
    return GroupForecast(
        layers=tuple(layers),
        serves=serves,
        reason=_NO_FACT if fact is None else fact.reason,
        nodes=_deciding(layers[0]),
        changes_mode=any(_changes_mode(layer, serves) for layer in layers),
    )


def _deciding(layer: BatchNorm) -> tuple[str, ...]:
    """What decides, then where the branches meet; of one branch the node that normalizes."""
    if isinstance(layer.wiring, Fixed):
        return (layer.wiring.only.node.label,)
    decided = layer.wiring.switch.decided_by.node
    return tuple(dict.fromkeys(node.label for node in (decided, *layer.merges)))


def _changes_mode(layer: BatchNorm, serves: Serves) -> bool:
    if serves is Serves.TRAINING or serves is Serves.OTHER:
        return True
    if serves is not Serves.INFERENCE:
        return False
    return own_mode(layer) is Mode.TRAINING


def own_mode(layer: BatchNorm) -> Mode | None:
    """The mode that the file serves when nothing is fed to what decides; None if that has to be fed."""
    if layer.mode is not Mode.SWITCHED:
        return layer.mode
    return None if layer.switch is None else layer.switch.served_by_default
