"""
## What it does
Finds moving statistics that are within 0.001 of mean 0 and within 0.01 of variance 1 in every channel.

## Why is this bad?
That is what a few updates leave of the start: a run that stopped at once, a momentum too near to 1, a
checkpoint of step 1. (Inputs that are normalized exactly look so, too.)

## Example
```python
y = tf.layers.batch_normalization(x, momentum=0.9999, training=True)   # 10 steps: 99.9 % of the start is left
```

## Use instead
```python
y = tf.layers.batch_normalization(x, momentum=0.9, training=True)
```
or re-estimate them on images of training: `bninspect refresh MODEL -o OUT --image DIR`.

## References
- `moving = moving * momentum + batch * (1 - momentum)`: after k steps momentum^k of the start is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import State
from bninspect.rules.facts.values import stored
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.text import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Statistics that have hardly left their start."""
    near = [
        (values, mean, variance)
        for values in stored(case, State.STORED)
        if (mean := float(np.abs(values.mean).max())) <= thresholds.NEAR_INITIAL_MEAN
        and (variance := float(np.abs(values.variance - 1).max())) <= thresholds.NEAR_INITIAL_VARIANCE
    ]
    names = [values.layer.name for values, _, _ in near]
    for values, mean, variance in near:
        yield RULE.finding(
            f"all {counted(values.size, 'channel')} are within {number(mean)} of moving mean 0 and within "
            f"{number(variance)} of moving variance 1, their initial values",
            layer=values.layer.name,
            node=values.node,
            remedy=refresh_command(case, names) or "train longer",
        )


RULE = Rule(
    code="BN202",
    name="statistics-near-initial",
    severity=Severity.WARNING,
    needs=Needs.VALUES,
    summary="the moving statistics are almost at their initial values",
    title="the statistics of {layers} are almost at their initial values",
    check=check,
    page=__doc__,
)
