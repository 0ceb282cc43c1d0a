"""
## What it does
Measures what every layer normalizes, with all layers before it in training mode, and finds those whose stored
statistics are off by more than the choice of images explains: an own score S of 0.6 and more is an error,
of 0.3 and more a warning. Statistics that BN201 and BN203 condemn, averages that have not converged
(BN404), a wrong input scale (BN405) and collapsed channels (BN204) are theirs. With too few images a layer is
inconclusive, which is neither passed nor failed.

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

from bninspect.measure.judging import diagnosis
from bninspect.measure.judging.causes import refreshing
from bninspect.measure.judging.judged import GUILTY
from bninspect.measure.judging.stale import caveat
from bninspect.rules.facts.probed import not_run, probe_of, suspects
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers whose own error is at least a warning."""
    probe = probe_of(case)
    stale = [one for one in suspects(case) if one.own.verdict in GUILTY and one.own.score is not None]
    remedy = refreshing([one.name for one in stale], len(probe.layers))
    for one in stale:
        worst = one.own.worst
        where = (
            ""
            if worst is None
            else (f"; worst channel {worst.channel}: d {number(worst.d)}, r {number(worst.r)}")
        )
        mean = one.layer.moving_mean
        yield RULE.finding(
            f"the stored statistics are stale: own score {number(one.score)} over "
            f"{counted(one.own.images, 'image')}{where}{caveat(probe)}",
            layer=one.name,
            node=None if mean is None else mean.node.label,
            severity=Severity.ERROR if one.own.verdict == "error" else Severity.WARNING,
            remedy=remedy,
        )


def undecided(case: Case) -> str | None:
    """The layers of which the images say nothing."""
    return not_run(case) or diagnosis.inconclusive(probe_of(case)) or None


RULE = Rule(
    code="BN403",
    name="stale-statistics",
    severity=Severity.ERROR,
    needs=Needs.PROBE,
    summary="stored statistics do not fit what the layer normalizes",
    check=check,
    page=__doc__,
    undecided=undecided,
)
