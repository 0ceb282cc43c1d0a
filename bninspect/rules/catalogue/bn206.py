"""
## What it does
Finds layers whose epsilon is more than their median variance; layers whose epsilon is a tenth of it or more
and above 0.01, which no framework writes unasked; and layers whose epsilon is ten times that of most others
and at least a hundredth of it. Collapsed channels do not count. Where images were given the larger of the
stored and the measured variance counts: a stored one that is too small is BN403's.

## Why is this bad?
The layer gives values of less than unit spread, and how much less depends on the scale of its input: it no
longer normalizes. A tool that writes another epsilon than training used changes what the layer gives.

## Example
```python
x = tf.nn.conv2d(image / 255.0, weights, 1, "SAME")   # variances near 1e-3
y = tf.layers.batch_normalization(x, epsilon=1e-3)
```

## Use instead
```python
y = tf.layers.batch_normalization(x, epsilon=1e-5)    # in training; an epsilon is no matter of export
```

## References
- Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1: epsilon is there for numerical stability.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import State
from bninspect.rules.facts.measurements import measured_layers
from bninspect.rules.facts.values import stored
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.statistics.median import median
from bninspect.text import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bninspect.rules.facts.measurements import LayerEvidence
    from bninspect.rules.rule import Case, Finding


_FEWEST = 3
"""Layers among which there can be an outlier."""


def check(case: Case) -> Iterator[Finding]:
    """Layers whose epsilon counts, by itself or beside the others."""
    usual = _usual([layer.epsilon for layer in case.layers if layer.epsilon is not None])
    measured = measured_layers(case)
    for values in stored(case, State.STORED):
        epsilon, median = values.layer.epsilon, values.median()
        beside = measured.get(values.layer.name)
        if beside is not None:
            median = max(median, _median(beside, values.collapsed()))
        if epsilon is None or median <= 0:
            continue
        share = epsilon / median
        stated = f"epsilon {number(epsilon)} is {number(share)} times the median moving variance"
        unusual = epsilon > thresholds.USUAL_EPSILON and share >= thresholds.LARGE_EPSILON
        if share >= thresholds.DOMINANT_EPSILON or unusual:
            stated += (
                f", so that a channel of that variance keeps {number((1 + share) ** -0.5)} of its spread"
            )
        elif (
            usual is not None
            and epsilon >= thresholds.OUTLYING_EPSILON * usual
            and share >= thresholds.NOTICEABLE_EPSILON
        ):
            stated += f"; it is {number(usual)} in most layers"
        else:
            continue
        yield RULE.finding(
            stated,
            layer=values.layer.name,
            node=values.variance_node,
            remedy="train with a smaller epsilon; if a conversion changed it, convert again with the old one",
        )


def _median(layer: LayerEvidence, collapsed: NDArray[np.bool_]) -> float:
    """The median measured variance of the channels that have one; 0 where none has."""
    variance = layer.moments.pooled().variance[~collapsed]
    live = variance[np.isfinite(variance) & (variance > thresholds.VANISHED)]
    return median(live) if live.size else 0.0


def _usual(epsilons: list[float]) -> float | None:
    """The epsilon of more than half of the layers; None where there is none, or there are few layers."""
    if len(epsilons) < _FEWEST:
        return None
    value, count = Counter(epsilons).most_common()[0]
    return value if value > 0 and count > thresholds.MOST_LAYERS * len(epsilons) else None


RULE = Rule(
    code="BN206",
    name="dominant-epsilon",
    severity=Severity.WARNING,
    needs=Needs.VALUES,
    summary="epsilon is not small beside the variance",
    title="epsilon is not small beside the variance in {layers}",
    check=check,
    page=__doc__,
)
