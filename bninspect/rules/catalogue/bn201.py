"""
## What it does
Finds moving statistics that are still at their initial values: mean 0 and variance 1 in every channel, or
both 0, the initial values of an ExponentialMovingAverage of tensors. Quiet where gamma is 0 throughout, and
in a model whose layers all are so and all normalize with the batch on purpose.

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

import math
from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm import Mode, State
from bninspect.rules.facts.measurements import measured_layers
from bninspect.rules.facts.values import stored
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.rules.facts.measurements import LayerEvidence
    from bninspect.rules.rule import Case, Finding


_UPDATE = "run UPDATE_OPS with every training step"
_RESTORE = "train with training=True and run UPDATE_OPS; to freeze the layer, restore good statistics first"


def check(case: Case) -> Iterator[Finding]:
    """Statistics at their start."""
    if all(layer.statistics.state is State.INITIAL and layer.mode is Mode.TRAINING for layer in case.layers):
        return
    measured = measured_layers(case)
    initial = [values for values in stored(case, State.INITIAL) if values.gamma.any()]
    fixable = [values.layer.name for values in initial if not _is_frozen(values.layer)]
    for values in initial:
        variance = int(values.variance.max())
        epsilon = values.layer.epsilon or 0.0
        divisor = number(epsilon) if not variance else f"1 + {number(epsilon)}"
        frozen = _is_frozen(values.layer)
        who = "training (training=False) and inference" if frozen else "inference"
        stated = (
            f"still at the initial values (mean 0, variance {variance}) in "
            f"{counted(values.size, 'channel')}: {who} only {'multiply' if frozen else 'multiplies'} by "
            f"gamma/sqrt({divisor})"
        )
        beside = measured.get(values.layer.name)
        yield RULE.finding(
            stated if beside is None else f"{_size(beside)}; {stated}",
            message=stated,
            layer=values.layer.name,
            node=values.node,
            remedy=_RESTORE if frozen else _refresh(case, values.layer.name, fixable),
        )


def _is_frozen(layer: BatchNorm) -> bool:
    """Whether the layer trains on its stored statistics: its weights have grown used to them."""
    return layer.updates == "none" and not layer.trains_on_batch


def _refresh(case: Case, name: str, names: Sequence[str]) -> str:
    """The command for all of these layers, else for this one; how to train where neither can be refreshed."""
    return refresh_command(case, names) or refresh_command(case, [name]) or _UPDATE


def _size(layer: LayerEvidence) -> str:
    """How far off a layer is, by its score, or by W where too few images give it one; and what it
    normalizes.
    """
    score = f"own score {number(layer.score)}"
    if layer.own.verdict == "inconclusive":
        score = f"W {number(math.sqrt(layer.own.mean_w2))}"
    pooled = layer.moments.pooled()
    spread = np.sqrt(np.where(np.isfinite(pooled.variance), pooled.variance, 0.0))
    channel = int(np.argmax(np.hypot(spread, np.nan_to_num(pooled.mean))))
    return (
        f"{score}: what channel {channel} normalizes has mean {number(float(pooled.mean[channel]))} and "
        f"standard deviation {number(float(spread[channel]))}"
    )


RULE = Rule(
    code="BN201",
    name="statistics-never-updated",
    severity=Severity.ERROR,
    needs=Needs.VALUES,
    summary="the moving statistics are still at their initial values",
    title="the statistics of {layers} were never updated",
    check=check,
    page=__doc__,
)
