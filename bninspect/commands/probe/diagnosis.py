"""A probe judged: one finding for each code, and what is said where nothing is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.rules import Case, NotRun, judge, select
from bninspect.rules.explain import EXPLAINS
from bninspect.rules.facts.inconclusive import degenerate, left_open
from bninspect.rules.facts.measurements import LayerEvidence, evidence, probe_of, undecided
from bninspect.rules.facts.outputs import effect, worst_output
from bninspect.rules.judge import group_by_code
from bninspect.text import counted, layers as worded, listed, number, sentence

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bninspect.measure.facts import Probe
    from bninspect.rules import Finding

GROUPS = ("BN2", "BN4")
"""The rules that a probe asks: those of stored values and of what was measured."""


@frozen_dataclass
class Diagnosis:
    """What the rules say of a probe."""

    findings: tuple[Finding, ...]
    """One for each code, the most important first; empty for a model with nothing wrong."""
    not_run: tuple[NotRun, ...]
    """The rules that could not judge all of it."""
    open: str
    """What these inputs leave open, as a clause; empty if nothing is left open."""
    conclusion: str
    """A clause on a model with nothing wrong: what was seen, and what these inputs cannot tell."""


def diagnose(case: Case, layers: Collection[str] | None = None) -> Diagnosis:
    """What is wrong with a model that was probed, by the same judge as `check`.

    `layers`: the names of those that were asked for; what is found at others is left out.
    """
    probe = probe_of(case)
    if not probe.ran:
        return Diagnosis(findings=(), not_run=(), open="", conclusion="")
    judgement = judge(case, select(GROUPS))
    asked = [one for one in judgement.findings if layers is None or one.layer is None or one.layer in layers]
    findings = _with_effect(group_by_code(case, asked), probe)
    return Diagnosis(
        findings=findings,
        not_run=judgement.not_run,
        open=_left_open(probe),
        conclusion=_conclusion(probe),
    )


def _with_effect(findings: Sequence[Finding], probe: Probe) -> tuple[Finding, ...]:
    """The findings, the first cause of them with what the outputs suffer from it."""
    worst = None if probe.drawn else worst_output(probe)
    cause = next((one for one in findings if one.code in EXPLAINS), None)
    if worst is None or cause is None:
        return tuple(findings)
    words = f"{cause.evidence}; {effect(worst)}"
    whole = replace(cause, evidence=words, message=f"{sentence(cause.title)}: {words}.")
    return tuple(whole if one is cause else one for one in findings)


def _left_open(probe: Probe) -> str:
    """What these inputs do not tell."""
    if probe.drawn:
        return "random inputs say nothing of the stored statistics (BN403, BN404, BN405); give --image DIR"
    return left_open(probe)


def _conclusion(probe: Probe) -> str:
    """What is said if nothing is wrong."""
    if probe.drawn or degenerate(probe):
        return _left_open(probe)
    layers = evidence(probe)
    if not layers:
        return "not judged: no layer has stored statistics to compare"
    if all(layer.known for layer in layers):
        return "the stored statistics were never updated, and no layer uses them"
    images = counted(layers[0].own.images, "image")
    open_ = undecided(probe)
    if len(open_) == len(layers):
        return left_open(probe)
    if open_:
        return f"no fault shows on {images}, but {left_open(probe)}"
    return _fitting([layer for layer in layers if not layer.known], images)


def _fitting(layers: Sequence[LayerEvidence], images: str) -> str:
    """That stored statistics fit, and how well; the layers of which that cannot be said."""
    worst = max(layers, key=lambda layer: layer.score)
    guilty = [layer.name for layer in layers if layer.guilty]
    if guilty:
        return f"the stored statistics of {listed(guilty)} do not fit {images}"
    noted = "" if worst.own.verdict == "fine" else ", worth a note"
    return (
        f"the stored statistics of {worded([layer.name for layer in layers], len(layers))} fit {images} (own "
        f"error at most {number(worst.score)}, at {worst.name}{noted})"
    )
