"""
## What it does
Finds channels whose moving variance is all but 0 (at most 1e-4 of the layer's median and at most epsilon, or
at most 1e-12) while gamma lets them through. An error where gamma/sqrt(variance + epsilon) is above 1000.
Channels with a gamma of all but 0 are pruned, and quiet.

## Why is this bad?
The channel was the same everywhere in training: a dead filter, a constant input. Where it is not so for some
image, inference multiplies it by up to gamma/sqrt(epsilon), and converters to 8 bits lose the other channels
in its range.

## Example
```python
y = tf.layers.batch_normalization(x, epsilon=1e-8)    # a dead channel is multiplied by 10,000
```

## Use instead
```python
y = tf.layers.batch_normalization(x, epsilon=1e-3)
```
and prune the dead filters, or set their gamma to 0.

## References
- Krishnamoorthi 2018, arXiv:1806.08342: batch norm scales of dead channels and quantization.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import State
from bninspect.rules.facts.values import stored
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.text import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers with collapsed channels that gamma lets through; those that give infinity are BN203's."""
    for values in stored(case, State.STORED):
        finite = values.variance + (values.layer.epsilon or 0.0) > 0
        found = np.flatnonzero(values.collapsed() & values.alive() & finite & (values.variance >= 0))
        if not found.size:
            continue
        gain = float(values.gain()[found].max())
        where = ", ".join(str(channel) for channel in found[:3]) + (", ..." if found.size > 3 else "")
        yield RULE.finding(
            f"{counted(int(found.size), 'channel')} of {values.size} ({where}) with a moving variance of at "
            f"most {number(float(values.variance[found].max()))}, where the layer's median is "
            f"{number(float(np.median(values.variance)))}: inference multiplies by up to {number(gain)}",
            layer=values.layer.name,
            node=values.variance_node,
            severity=Severity.ERROR if gain > thresholds.EXTREME_GAIN else None,
            remedy="prune these channels or set their gamma to 0",
        )


RULE = Rule(
    code="BN204",
    name="collapsed-channels",
    severity=Severity.WARNING,
    needs=Needs.VALUES,
    summary="channels with a variance of all but 0 are not pruned",
    check=check,
    page=__doc__,
)
