"""What came of a refresh: each layer before and after, who was left alone, what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.trace import stored_value
from bninspect.measure.measured import vector
from bninspect.statistics.staleness import staleness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.commands.check.result import ModelResult
    from bninspect.commands.refresh.estimates import Estimate, Estimates
    from bninspect.errors import Absent
    from bninspect.measure.facts import Probe, ProbedLayer, Verification
    from bninspect.rewrite.statistics.refill import Filling
    from bninspect.statistics.staleness import Staleness


@frozen_dataclass
class Row:
    """One layer before and after."""

    layer: BatchNorm
    """As it was."""
    values: int
    """Over how many values of a channel its new statistics are taken."""
    before: Staleness | None
    """The old statistics against what was measured; None where there were none."""
    after: ProbedLayer | None
    """The new ones, as the result was run; None where it was not."""
    others: tuple[str, ...] = ()
    """Layers that have these statistics, too, and whose moments are pooled with its own."""
    made: bool = False
    """Whether constants were made for it."""
    note: str | None = None
    """Why, where the file has some already."""

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def own(self) -> Staleness | None:
        """The new statistics by themselves; None where nothing was measured."""
        return None if self.after is None else self.after.own_staleness

    @property
    def deployed(self) -> Staleness | None:
        """As own, with what the layer inherits."""
        return None if self.after is None else self.after.deployed_staleness


@frozen_dataclass
class Refreshed:
    """What was done, and what came of it."""

    report: Report
    """Of the model as it was."""
    target: str
    size: int
    """Bytes written."""
    rows: tuple[Row, ...]
    """The layers that were refreshed, in graph order."""
    left: tuple[Absent, ...]
    """The layers that were not, and why."""
    estimates: Estimates
    parts: int
    """How many parts were merged; 0 where images were run."""
    mix: float
    stripped: bool
    verification: Verification | None
    """Of the stripped model; None where it was not stripped."""
    serving: Report
    """Of the result."""
    ran: Verification | None
    """Whether what is run to measure a layer is the model, fed by its own predicate; None where the result
    was not run.
    """
    images_checked: int
    """How many images the result was run on."""
    result: ModelResult | None
    """What `check` says of the result; None where that was not asked."""
    seen: Probe | None = None
    """What was measured when the result was run; None where it was not."""

    @property
    def old_were_good(self) -> bool:
        """Whether a share of old statistics was kept that were good (`were_good`)."""
        return bool(self.mix) and were_good(self.rows)


def were_good(rows: Sequence[Row]) -> bool:
    """Whether these images show the old statistics to be wrong in no layer: then there is little to win, and
    the choice of images may cost more (docs/refresh.md has the figures). False where there were none.
    """
    known = [row.before for row in rows if row.before is not None]
    return bool(known) and not any(one.is_wrong for one in known)


def rows(
    layers: Sequence[BatchNorm],
    fillings: list[Filling],
    found: Estimates,
    after: Mapping[str, ProbedLayer],
) -> list[Row]:
    """A row for every layer that was refreshed, in graph order. `after`: what the result showed, by the names
    that the layers had.
    """
    slots = {layer.name: one.slot for one in fillings for layer in one.slot.layers}
    found_rows, fewest = [], None
    for layer in layers:
        measured = found.layers.get(layer.name)
        if measured is None:
            continue
        slot = slots.get(layer.name)
        if slot is not None:
            found_rows.append(
                Row(
                    layer=layer,
                    values=sum(found.layers[one.name].sums.moments.values for one in slot.layers),
                    before=_before(layer, measured, fewest),
                    after=after.get(layer.name),
                    others=tuple(one.name for one in slot.layers if one.name != layer.name),
                    made=slot.mean is None,
                    note=slot.shared_with,
                )
            )
        fewest = measured.fewest if fewest is None else min(fewest, measured.fewest)
    return found_rows


def by_old_names(seen: Probe, layers: Sequence[BatchNorm]) -> dict[str, ProbedLayer]:
    """What a probe of the result shows, by the names of the layers as they were: a result may have other
    names, and has the same order.
    """
    new = seen.report.layers
    if [layer.channels for layer in new] == [layer.channels for layer in layers]:
        names = {after.name: before.name for after, before in zip(new, layers, strict=True)}
    else:
        names = {layer.name: layer.name for layer in new}
    return {names[one.layer.name]: one for one in seen.layers}


def _before(layer: BatchNorm, measured: Estimate, fewest: int | None) -> Staleness | None:
    """The stored statistics against what was measured; None where there are none of as many channels."""
    if layer.statistics.values is None:
        return None
    mean, variance = layer.statistics.values.numbers()
    if not mean.shape == variance.shape == measured.sums.moments.mean.shape:
        return None
    gamma = vector(stored_value(layer.gamma.node)) if layer.gamma is not None else None
    if gamma is not None and gamma.size not in (1, mean.size):
        gamma = None
    return staleness(mean, variance, layer.epsilon, gamma, measured.sums, fewest)
