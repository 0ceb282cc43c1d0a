"""
## What it does
Finds layers of a training graph that normalize with their batch and have no op that updates moving
statistics. Layers fixed to inference are frozen, and need none.

## Why is this bad?
Whatever inference is to normalize with is never learned. Either there are no moving statistics at all, and
the model can only ever run on batches, or they stay as they were restored or initialized.

## Example
```python
mean, variance = tf.nn.moments(x, [0, 1, 2])
y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)   # and nothing keeps an average
```

## Use instead
```python
y = tf.layers.batch_normalization(x, training=is_training)
```
and run its `UPDATE_OPS` with the train op. A model that uses batch statistics on purpose (a GAN, pix2pix,
MAML) gets an `allow` entry with its reason.

## References
- Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2: inference uses population statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.rules.facts.training import statistics_of
from bninspect.rules.rule import Needs, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers that train on batches and leave no statistics behind."""
    for layer in case.layers:
        if not layer.trains_on_batch or layer.updates != "none":
            continue
        kept = [tensor.node.label for tensor in statistics_of(layer).values()]
        behind = f"nothing updates {' and '.join(kept)}" if kept else "no moving statistics are kept"
        yield RULE.finding(
            f"normalizes with its batch in training, and {behind}: inference has no statistics to use",
            layer=layer.name,
            node=layer.wiring.served[0].node.label,
            remedy="tf.layers.batch_normalization(x, training=is_training), UPDATE_OPS in the train op",
        )


RULE = Rule(
    code="BN302",
    name="updates-missing",
    severity=Severity.ERROR,
    needs=Needs.TRAINING,
    summary="layers train on their batch, and no op updates moving statistics",
    check=check,
    page=__doc__,
)
