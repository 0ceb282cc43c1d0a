"""
## What it does
Finds moving statistics of which an ExponentialMovingAverage keeps a second, smoothed copy beside them.
Recognized by the arithmetic that averages one variable into another, not by names.

## Why is this bad?
It is not, as long as one knows which copy is served: the raw one under the plain name, or the average that
`variables_to_restore` puts in its place. The average of an average lags behind by as much again, and where
its op is not run it is stale while the raw one is fresh.

## Example
```python
ema = tf.train.ExponentialMovingAverage(0.9999)
ema.apply(slim.get_model_variables())                 # moving_mean and moving_variance among them
```

## Use instead
```python
ema.apply(tf.trainable_variables())                   # moving statistics are averages already
```

## References
- `tf.train.ExponentialMovingAverage.variables_to_restore`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.training.assigns import averages_of
from bninspect.rules.facts.training import statistics_of
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.graph import Tensor
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers with a moving statistic that is averaged once more; calls that share it are one."""
    seen: set[Tensor] = set()
    for layer in case.layers:
        kept = statistics_of(layer)
        copies = {
            name: average.variable.node.label
            for name, tensor in kept.items()
            for average in averages_of(tensor, case.report.graph)
        }
        if not copies or kept[next(iter(copies))] in seen:
            continue
        seen.update(kept.values())
        yield RULE.finding(
            f"{' and '.join(copies)} {'are' if len(copies) > 1 else 'is'} kept twice, raw and averaged once "
            f"more ({listed(list(copies.values()))}): what restores the checkpoint decides which is served",
            layer=layer.name,
            node=next(iter(copies.values())),
            remedy="ema.apply(tf.trainable_variables()) leaves the moving statistics out",
        )


RULE = Rule(
    code="BN305",
    name="two-copies-of-statistics",
    severity=Severity.NOTE,
    needs=Needs.TRAINING,
    summary="an average of the moving statistics is kept beside them",
    check=check,
    page=__doc__,
)
