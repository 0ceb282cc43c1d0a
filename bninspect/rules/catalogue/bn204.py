"""
## What it does
Finds channels whose moving variance is almost 0 (at most 1e-4 of the layer's median and at most epsilon,
or at most 1e-12) while gamma lets them through, where their gain gamma/sqrt(variance + epsilon) does harm:
it is 3 times the median gain of the layer's other channels or more. An error where it is above 1000. Quiet
about channels with a gamma of almost 0 (pruned) and about channels that give one value whatever the image:
their weights are 0, what a depthwise convolution makes them of is collapsed itself, or their moving mean is
0, too.

## Why is this bad?
The channel was the same everywhere in training, or its variance was lost. Its weights let the image
through, and inference multiplies what comes by up to gamma/sqrt(epsilon); converters to 8 bits lose the
other channels in its range.

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
from bninspect.rules.facts.dead_channels import dead_channels
from bninspect.rules.facts.measurements import measured_layers
from bninspect.rules.facts.values import stored
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.statistics.median import median
from bninspect.text import counted, first_few, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bninspect.graph import Tensor
    from bninspect.rules.facts.measurements import LayerEvidence
    from bninspect.rules.facts.values import Values
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers with collapsed channels that gamma lets through; those that give infinity are BN203's."""
    every = list(stored(case, State.STORED))
    outputs = {values.layer.output: values for values in every}
    measured = measured_layers(case)
    for values in every:
        found = np.flatnonzero(_harmful(values, outputs))
        if not found.size:
            continue
        beside = measured.get(values.layer.name)
        accounts = beside is not None and _rest_fits(beside, found)
        most = float(values.variance[found].max())
        gain = float(values.gain()[found].max())
        where = first_few([str(channel) for channel in found], 3)
        yield RULE.finding(
            f"{found.size} of {counted(values.size, 'channel')} ({where}) "
            f"{'has' if found.size == 1 else 'have'} a moving variance of "
            f"{'at most ' if most else ''}{number(most)}, and the layer's median is "
            f"{number(values.median())}: inference multiplies by up to {number(gain)}",
            layer=values.layer.name,
            node=values.variance_node,
            severity=Severity.ERROR if gain > thresholds.EXTREME_GAIN else None,
            remedy="prune these channels or set their gamma to 0",
            accounts_for=frozenset({values.layer.name} if accounts else ()),
        )


def _harmful(values: Values, outputs: dict[Tensor, Values]) -> NDArray[np.bool_]:
    """Per channel, whether it is collapsed, let through and not dead, and multiplied far more than the
    others.
    """
    finite = values.variance + (values.layer.epsilon or 0.0) > 0
    collapsed = values.collapsed()
    let_through = collapsed & values.alive() & finite & (values.variance >= 0)
    gain = values.gain()
    usual = median(gain[~collapsed]) if not collapsed.all() else 0.0
    harmful: NDArray[np.bool_] = let_through & (gain >= thresholds.HARMFUL_GAIN * usual)
    return harmful & ~dead_channels(values, outputs) if harmful.any() else harmful


def _rest_fits(layer: LayerEvidence, collapsed: NDArray[np.intp]) -> bool:
    """Whether the other channels of a layer fit the images, so that these alone make its error."""
    rest = np.delete(layer.own.w**2 - layer.own.floor, collapsed)
    if not rest.size or np.isnan(rest).all():
        return False
    return float(np.nanmean(rest)) < thresholds.WARNING**2


RULE = Rule(
    code="BN204",
    name="collapsed-channels",
    severity=Severity.WARNING,
    needs=Needs.VALUES,
    summary="channels have a variance of almost 0 and are not pruned",
    title="channels of {layers} have collapsed",
    check=check,
    page=__doc__,
)
