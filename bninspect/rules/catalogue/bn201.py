"""
## What it does
Finds moving statistics that are as they started: mean 0 and variance 1 in every channel, or both 0, as an
ExponentialMovingAverage of tensors starts. Quiet where gamma is 0 throughout, and in a model whose layers all
are so and all normalize with the batch on purpose.

## Why is this bad?
Inference does not normalize there: it multiplies by gamma/sqrt(1 + epsilon), or gamma/sqrt(epsilon). The
model that was good in training gives garbage. Nobody ran the update ops.

## Example
```python
train = optimizer.minimize(loss)             # the update ops wait in UPDATE_OPS, and nobody runs them
```

## Use instead
```python
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    train = optimizer.minimize(loss)
```
or re-estimate them on images of training: `bninspect refresh MODEL -o OUT --image DIR`.

A layer that trains with `training=False` has no update ops, and its weights have grown used to statistics
that normalize nothing. Train it with `training=True`, or restore good statistics before training (a
pretrained layer that is frozen).

## References
- `tf.compat.v1.layers.batch_normalization`: the update ops "need to be executed alongside the `train_op`".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode, State
from bninspect.rules.facts.values import stored
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


_UPDATE = "run UPDATE_OPS with every training step, or bninspect refresh MODEL -o OUT --image DIR"
_RESTORE = (
    "training=True, with UPDATE_OPS in the train op; to freeze the layer, restore good statistics before "
    "training"
)


def check(case: Case) -> Iterator[Finding]:
    """Statistics at their start."""
    if all(layer.statistics.state is State.INITIAL and layer.mode is Mode.TRAINING for layer in case.layers):
        return
    for values in stored(case, State.INITIAL):
        if not values.gamma.any():
            continue
        variance = int(values.variance[0])
        epsilon = values.layer.epsilon or 0.0
        divisor = number(epsilon) if not variance else f"1 + {number(epsilon)}"
        frozen = values.layer.updates == "none" and not values.layer.trains_on_batch
        who = "training (training=False) and inference" if frozen else "inference"
        yield RULE.finding(
            f"moving mean 0 and moving variance {variance} in {counted(values.size, 'channel')}, as "
            f"they started: {who} only {'multiply' if frozen else 'multiplies'} by gamma/sqrt({divisor})",
            layer=values.layer.name,
            node=values.node,
            remedy=_RESTORE if frozen else _UPDATE,
        )


RULE = Rule(
    code="BN201",
    name="statistics-never-updated",
    severity=Severity.ERROR,
    needs=Needs.VALUES,
    summary="the moving statistics are as they started",
    check=check,
    page=__doc__,
)
