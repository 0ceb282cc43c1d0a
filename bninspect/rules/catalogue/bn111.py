"""
## What it does
Reports what may be a batch norm on the way to an output and could not be decided, with the reason.

## Why is this bad?
Nothing is known of its mode and its statistics, so that no other rule speaks for it.

## Example
```python
# A share that is fed blends the statistics of the batch with stored ones.
mean = share * batch_mean + (1 - share) * moving_mean
y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)
```

## Use instead
```python
batch = tf.nn.moments(x, [0, 1, 2])
mean, variance = tf.cond(training, lambda: batch, lambda: (moving_mean, moving_variance))
y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)
```

## References
- `bninspect graph MODEL`: what was found, and `unrecognised` with the reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.search import upstream
from bninspect.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding

_REMEDY = (
    "if it is a batch norm, build it with tf.layers.batch_normalization and freeze it again; if it is none, "
    "allow BN111 in the configuration"
)


def check(case: Case) -> Iterator[Finding]:
    """Every undecided place that the outputs depend on."""
    if not case.report.unrecognised:
        return
    labels = {node.label for node in upstream(tensor.node for tensor in case.report.outputs)}
    for place in case.report.unrecognised:
        if place.node in labels:
            yield RULE.finding(
                f"{place.node} may be a batch norm and could not be decided: {place.reason}",
                node=place.node,
                remedy=place.remedy or _REMEDY,
            )


RULE = Rule(
    code="BN111",
    name="undecided-normalization",
    severity=Severity.WARNING,
    summary="what may be a batch norm could not be decided",
    check=check,
    page=__doc__,
)
