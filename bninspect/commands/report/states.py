"""How each layer of a model stands: what a cell of the map, a bar and a row of the table are coloured by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.batchnorm.layer import Report
    from bninspect.measure.facts import Probe, ProbedLayer
    from bninspect.rules import Finding

Standing = Literal["fine", "note", "warning", "error", "inconclusive", "not judged"]

_RANKS: dict[Standing, int] = {
    "not judged": 0,
    "fine": 1,
    "inconclusive": 2,
    "note": 3,
    "warning": 4,
    "error": 5,
}


@frozen_dataclass
class LayerState:
    """How one layer stands."""

    standing: Standing
    codes: tuple[str, ...] = ()
    """Of the findings at this layer, the gravest first."""
    inherits: str | None = None
    """The first wrong layer before it, where its own error is small and its error as deployed is not."""

    @property
    def rank(self) -> int:
        """How grave it is, for sorting."""
        return _RANKS[self.standing]

    @property
    def is_wrong(self) -> bool:
        """Whether the layer itself is to blame for something."""
        return self.standing in ("warning", "error")


def layer_states(report: Report, probe: Probe | None, findings: Iterable[Finding]) -> dict[str, LayerState]:
    """Layer name -> its state, in graph order: the gravest finding at the layer, else its own verdict.

    What was not measured, and what random numbers say, judges nobody.
    """
    at: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in {finding.layer, *finding.accounts_for} - {None}:
            at.setdefault(str(name), []).append(finding)
    measured = {} if probe is None or probe.drawn else {one.layer.name: one for one in probe.layers}
    states: dict[str, LayerState] = {}
    first: str | None = None
    for layer in report.layers:
        said = sorted(at.get(layer.name, ()), key=lambda finding: -finding.severity.rank)
        one = measured.get(layer.name)
        standing = _own(one)
        if said and _RANKS[said[0].severity.value] > _RANKS[standing]:
            standing = said[0].severity.value
        state = LayerState(
            standing=standing,
            codes=tuple(dict.fromkeys(finding.code for finding in said)),
            inherits=first if one is not None and one.inherits else None,
        )
        states[layer.name] = state
        if first is None and state.is_wrong:
            first = layer.name
    return states


def _own(one: ProbedLayer | None) -> Standing:
    """The verdict on its own error; `not judged` where it has none."""
    staleness = None if one is None else one.own_staleness
    return "not judged" if staleness is None else staleness.verdict


def own_scores(probe: Probe | None) -> dict[str, float | None]:
    """Own score of each layer that was measured, by its name."""
    return {
        one.name: one.own_staleness.score
        for one in (() if probe is None else probe.layers)
        if one.own_staleness is not None
    }
