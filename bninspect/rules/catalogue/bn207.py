"""
## What it does
Finds moving statistics that are kept in float16 or bfloat16, and statistics beyond the range of float16 (over
65504, or a variance that becomes 0) where the layer's input is float16.

## Why is this bad?
float16 has 11 bits, bfloat16 8: an average that moves by a hundredth of a difference stands still, and a
variance above 65504 is infinite. TensorFlow keeps float32 statistics beside float16 inputs.

## Example
```python
moving_mean = tf.get_variable("moving_mean", [64], tf.float16)
```

## Use instead
```python
moving_mean = tf.get_variable("moving_mean", [64], tf.float32)   # FusedBatchNormV3 takes both
```

## References
- `tf.raw_ops.FusedBatchNormV3`: T is half, U is float32.
- Micikevicius et al. 2018, arXiv:1710.03740, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import State
from bninspect.graphdef.dtypes import NARROW, spoken
from bninspect.rules.facts.values import stored
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.text import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.facts.values import Values
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Statistics in half precision, or that do not fit into it."""
    for values in stored(case, State.STORED, State.INITIAL, State.INVALID):
        reason = _kept(values) or _beyond(values)
        if reason is not None:
            yield RULE.finding(
                reason,
                layer=values.layer.name,
                node=values.node,
                remedy="keep moving_mean and moving_variance in float32 and freeze again",
            )


def _kept(values: Values) -> str | None:
    """What to say of statistics that are kept in half precision."""
    held = values.layer.statistics.values
    kept = () if held is None else ((held.mean, "moving mean"), (held.variance, "moving variance"))
    for tensor, name in kept:
        if tensor.dtype in NARROW:
            return f"the {name} is kept in {spoken(tensor.dtype)}, in which small updates are lost"
    return None


def _beyond(values: Values) -> str | None:
    """What to say of statistics that the float16 of the layer's input cannot hold."""
    if not any(
        "half" in (branch.site.node.attr("T"), values.layer.x.node.attr("T"))
        for branch in values.layer.wiring.served
    ):
        return None
    numbers = np.concatenate((np.abs(values.mean), values.variance))
    beyond = numbers[np.isfinite(numbers) & (numbers > thresholds.HALF_LARGEST)]
    if beyond.size:
        return (
            f"a statistic of {number(float(beyond.max()))}, where x is float16, whose largest number is 65504"
        )
    variance = values.variance
    lost = int(((variance > 0) & (variance <= thresholds.HALF_SMALLEST)).sum())
    if lost:
        least = number(float(variance[variance > 0].min()))
        return f"{lost} of {values.size} variances, the smallest {least}, are 0 in float16, which x is in"
    return None


RULE = Rule(
    code="BN207",
    name="half-precision-statistics",
    severity=Severity.WARNING,
    needs=Needs.VALUES,
    summary="moving statistics in float16, or beyond its range",
    check=check,
    page=__doc__,
)
