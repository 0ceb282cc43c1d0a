"""
## What it does
Measures what every layer normalizes, with all layers before it in training mode, and finds those whose
stored statistics are off by more than the choice of images explains: an own score S of 0.6 and more is an
error, of 0.3 and more a warning. Statistics that BN201 and BN203 condemn, averages that have not converged
(BN404), a wrong input scale (BN405) and collapsed channels (BN204) are theirs, layer by layer. Where BN405
names another preset, what is left under that preset is judged. With too few images a layer is inconclusive,
which is neither passed nor failed. Random numbers say nothing of statistics: with `--random` it is not
judged.

## Why is this bad?
The modes are S standard deviations apart at this layer: the model was good in training and is not in
production. Weights that trained on while the averages stood still, averages of other images, a wrong
conversion.

## Example
```python
saver = tf.train.Saver(tf.trainable_variables())      # the moving averages stay behind
```

## Use instead
```python
saver = tf.train.Saver(tf.global_variables())
```
or re-estimate them on images of training: `bninspect refresh MODEL -o OUT --image DIR`.

## References
- W and S: Ioffe 2017, arXiv:1702.03275 (d and r); Wu & Johnson 2021, arXiv:2105.07576 (re-estimation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.rules.facts.inconclusive import left_open
from bninspect.rules.facts.measurements import better_preset, no_statistics, probe_of, under, unexplained
from bninspect.rules.facts.stale_layers import together
from bninspect.rules.remedies import TRAIN_ON, probe_command, refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.facts.measurements import LayerEvidence
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers whose own error is at least a warning, and that nothing else accounts for."""
    probe = probe_of(case)
    if no_statistics(probe) is not None:
        return
    stale = [layer for layer in unexplained(case) if layer.guilty and layer.own.score is not None]
    remedy = _remedy(stale, case)
    for layer in stale:
        words = f"own score {number(layer.score)} over {counted(layer.own.images, 'image')}{under(probe)}"
        if layer.own.worst is not None:
            worst = layer.own.worst
            words += f"; worst channel {worst.channel}: d {number(worst.d)}, r {number(worst.r)}"
        mean = layer.layer.moving_mean
        yield RULE.finding(
            words,
            message=f"the stored statistics are stale: {words}",
            layer=layer.name,
            node=None if mean is None else mean.node.label,
            severity=Severity.ERROR if layer.own.verdict == "error" else Severity.WARNING,
            remedy=remedy,
        )


def _remedy(stale: list[LayerEvidence], case: Case) -> str:
    """The command that re-estimates; the right preset comes before it, if another one was given."""
    better = better_preset(probe_of(case))
    if better is not None:
        return probe_command(case, better)
    return refresh_command(case, [layer.name for layer in stale]) or TRAIN_ON


def undecided(case: Case) -> str | None:
    """The layers of which the images say nothing."""
    probe = probe_of(case)
    return no_statistics(probe) or left_open(probe) or None


RULE = Rule(
    code="BN403",
    name="stale-statistics",
    severity=Severity.ERROR,
    needs=Needs.PROBE,
    summary="stored statistics do not fit what the layer normalizes",
    title="the stored statistics of {layers} are stale",
    check=check,
    page=__doc__,
    undecided=undecided,
    together=together,
)
