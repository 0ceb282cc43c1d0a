"""
## What it does
Compares the outputs of training and inference mode, and finds models of which the top-1 flips for a tenth of
the images, or that are half their size apart (relative L2). Said where no finding on statistics explains it,
and where the images suffice to judge them.

## Why is this bad?
Many small errors add up, or what the switch decides is no batch norm.

## Example
```sh
bninspect check MODEL --image one.jpg      # one image is no batch
```

## Use instead
```sh
bninspect probe MODEL --image photos --batch-size 32 --switch graph
```

## References
- Wu & Johnson 2021, arXiv:2105.07576, section 4: "Batch in Training and Testing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.rules.facts.inconclusive import left_open
from bninspect.rules.facts.measurements import evidence, no_statistics, probe_of
from bninspect.rules.facts.outputs import effect, worst_output
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import listed, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.measure.facts import Probe
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """The output whose modes disagree most, where every layer that was measured fits."""
    probe = probe_of(case)
    worst = worst_output(probe)
    if worst is None or case.explained or no_statistics(probe) is not None or _baked(probe):
        return
    if not all(layer.own.fits for layer in evidence(probe)):
        return
    title, words = _title(probe), effect(worst)
    yield RULE.finding(
        words,
        title=title,
        message=f"{title}: {words}",
        remedy="run probe with --switch graph and a larger --batch-size: it shows what else the mode changes",
    )


def _baked(probe: Probe) -> bool:
    """Whether every layer normalizes with its batch: there is no other mode to disagree with."""
    return all(layer.mode is Mode.TRAINING for layer in probe.report.layers)


def _title(probe: Probe) -> str:
    """What is wrong; a layer that was not measured may be it."""
    measured = {layer.name for layer in evidence(probe)}
    open_ = [layer.name for layer in probe.report.layers if layer.name not in measured]
    if not open_:
        return (
            "the modes disagree at the outputs, though the statistics of every layer fit these images (many "
            "small errors add up, or what depends on the mode is no batch norm)"
        )
    others = ", though the statistics of every other layer fit these images" if measured else ""
    was = "it was" if len(open_) == 1 else "they were"
    return (
        f"the modes disagree at the outputs{others}: whether {listed(open_)} {verb(open_, 'explain')} it is "
        f"open, {was} not measured"
    )


def undecided(case: Case) -> str | None:
    """Why the outputs could not be judged."""
    probe = probe_of(case)
    return no_statistics(probe) or left_open(probe) or None


RULE = Rule(
    code="BN406",
    name="modes-disagree",
    severity=Severity.WARNING,
    needs=Needs.PROBE,
    summary="the outputs of the two modes disagree, and no layer explains it",
    check=check,
    page=__doc__,
    undecided=undecided,
)
