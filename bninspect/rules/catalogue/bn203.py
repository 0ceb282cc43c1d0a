"""
## What it does
Finds moving statistics that are NaN or infinite, variances below 0, and variances that with epsilon are not
above 0.

## Why is this bad?
Inference gives NaN or infinity in these channels, and everywhere behind them. A variance that is negative
and smaller than epsilon gives numbers, and wrong ones.

## Example
```python
y = tf.layers.batch_normalization(x, training=True)   # one NaN in x, and the averages are NaN for good
```

## Use instead
```python
x = tf.debugging.check_numerics(x, "the input of bn")   # stops before the averages are updated
y = tf.layers.batch_normalization(x, training=True)
```
and go back to a checkpoint from before, or re-estimate:
`bninspect refresh MODEL -o OUT --image DIR`.

## References
- `tf.debugging.check_numerics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import State
from bninspect.batchnorm.stored import EMPTY
from bninspect.rules.facts.values import stored
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.facts.values import Values
    from bninspect.rules.rule import Case, Finding

_RESTORE = "restore the statistics of this layer from its checkpoint and freeze it again"
_GO_BACK = "go back to a checkpoint from before the first NaN"


def check(case: Case) -> Iterator[Finding]:
    """Statistics that cannot be any."""
    wrong = [
        (values, reason)
        for values in stored(case, State.INVALID, State.STORED)
        if (reason := _reason(values)) is not None
    ]
    unread = [
        layer
        for layer in case.layers
        if layer.statistics.values is None
        and (layer.statistics.state is State.INVALID or layer.statistics.reason == EMPTY)
    ]
    names = [values.layer.name for values, _ in wrong] + [layer.name for layer in unread]
    for values, reason in wrong:
        node = values.variance_node if np.isfinite(values.mean).all() else values.node
        remedy = refresh_command(case, names) or _GO_BACK
        yield RULE.finding(reason, layer=values.layer.name, node=node, remedy=remedy)
    for layer in unread:
        yield RULE.finding(
            f"the statistics cannot be read: {layer.statistics.reason}",
            layer=layer.name,
            node=None if layer.moving_mean is None else layer.moving_mean.node.label,
            remedy=refresh_command(case, names)
            or (_RESTORE if layer.statistics.reason == EMPTY else _GO_BACK),
        )


def _reason(values: Values) -> str | None:
    """What is wrong, with how many channels and the first of them; None where nothing is."""
    epsilon = values.layer.epsilon
    ways = [
        (~np.isfinite(values.mean), "a moving mean that is not finite", values.mean),
        (~np.isfinite(values.variance), "a moving variance that is not finite", values.variance),
        (values.variance < 0, "a negative moving variance", values.variance),
    ]
    if epsilon is not None:
        ways.append(
            (values.variance + epsilon <= 0, f"variance + epsilon ({number(epsilon)}) of 0", values.variance)
        )
    for wrong, words, numbers in ways:
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            return (
                f"{int(wrong.sum())} of {values.size} channels have {words}, the first is channel {first} "
                f"({number(float(numbers[first]))}): inference gives NaN or nonsense there"
            )
    return None


RULE = Rule(
    code="BN203",
    name="invalid-statistics",
    severity=Severity.ERROR,
    needs=Needs.VALUES,
    summary="moving statistics are not finite, or a variance is negative",
    title="the stored statistics of {layers} are invalid",
    check=check,
    page=__doc__,
)
