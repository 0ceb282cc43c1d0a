"""The screen of `probe`: the verdict, outputs, patches, the worst layers, what is wrong, what was run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.render.line import Line
from bninspect.render.probe.layers import render_layers
from bninspect.render.probe.outputs import render_outputs
from bninspect.render.probe.patch import render_patch
from bninspect.render.probe.words import (
    gap_sentence,
    render_alarm,
    render_checks,
    render_findings,
    render_presets,
    render_setting,
    verdict,
)
from bninspect.render.screenful import EVERYTHING, Screenful, sections
from bninspect.text import by_reason, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.commands.probe.diagnosis import Diagnosis
    from bninspect.measure.facts import Probe
    from bninspect.render.line import Item


class _Limits(NamedTuple):
    """How much of each is shown."""

    layers: int
    outputs: int
    tops: int
    """Outputs of which the largest values are shown."""
    reasons: int
    """Findings whose evidence is shown."""
    skipped: int
    """Reasons for which something was not compared."""


_ALL = _Limits(*[EVERYTHING] * 5)
_LIMITS = (
    _Limits(10, 5, 1, 2, 3),
    _Limits(10, 3, 1, 1, 2),
    _Limits(8, 2, 1, 1, 2),
    _Limits(5, 2, 1, 1, 1),
    _Limits(3, 1, 1, 0, 1),
)
"""From the fullest to the shortest."""


def render_probe(probe: Probe, diagnosis: Diagnosis, *, everything: bool = False) -> Iterator[Item]:
    """The worst layers of a probe, or `everything`. Patches were asked for: they are shown whole."""
    limits = (_ALL,) if everything or probe.patches else _LIMITS
    if probe.patches and not everything:
        limits = (_LIMITS[0],)
    bodies = [lambda limit=limit: _body(probe, diagnosis, limit) for limit in limits]
    yield Screenful(verdict(probe, diagnosis), *bodies, limited=not (everything or probe.patches))


def _body(probe: Probe, diagnosis: Diagnosis, limit: _Limits) -> Iterator[Item]:
    """What stands below the verdict: sections, with an empty line before each."""
    if not probe.ran:
        yield from sections(_skipped(probe, limit.skipped))
        return
    yield from render_alarm(probe)
    yield Line(gap_sentence(probe))
    yield from sections(
        render_outputs(probe, limit.outputs, limit.tops),
        *(render_patch(patch) for patch in probe.patches),
        render_layers(probe, limit.layers) if probe.layers else (),
        render_findings(diagnosis, limit.reasons),
        (
            *render_presets(probe, diagnosis),
            *render_setting(probe),
            *render_checks(probe),
            *_skipped(probe, limit.skipped),
        ),
    )


def _skipped(probe: Probe, most: int) -> Iterator[Line]:
    """What was not compared, each reason once."""
    reasons = by_reason((skip.what, skip.reason) for skip in probe.skipped)
    for reason, names in list(reasons.items())[:most]:
        yield Line(f"not compared: {listed(names)}: {reason}")
    if len(reasons) > most:
        yield Line(f"not compared, for {len(reasons) - most:,} other reasons: --all", "dim")
