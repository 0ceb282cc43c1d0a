"""
## What it does
Finds training graphs whose batch is fixed to one image while layers normalize with the batch.

## Why is this bad?
Every image is normalized by itself: what tells one image from the others, its brightness or contrast, is
taken out in training and is there in inference, where averages over many images are used. Behind a global
pooling one image is one value per channel: its variance is 0, the output is beta, and nothing is learned.

## Example
```python
x = tf.placeholder(tf.float32, [1, 224, 224, 3])
y = tf.layers.batch_normalization(x, training=True)
```

## Use instead
```python
x = tf.placeholder(tf.float32, [None, 224, 224, 3])   # fed with 8 images and more
y = tf.layers.batch_normalization(x, training=True)
```
Where images have to go one by one, use a normalization that is meant for it (group or instance norm), or
layers frozen to inference. Style transfer that wants this gets an `allow` entry with its reason.

## References
- Wu & He 2018, arXiv:1803.08494, section 1: the error of batch norm against the size of the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.graph.shapes import batch_size
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """One finding for all layers that are trained on batches of one."""
    training = [layer for layer in case.layers if layer.trains_on_batch]
    alone = [layer for layer in training if batch_size(layer.x) == 1]
    if alone:
        yield RULE.finding(
            f"{counted(len(alone), 'layer')} of {len(training):,} that train on their batch "
            f"{'get' if len(alone) > 1 else 'gets'} batches of 1, fixed in the graph "
            f"({listed([layer.name for layer in alone])})",
            layer=alone[0].name,
            node=alone[0].x.node.label,
            remedy="a batch dimension of None, fed with 8 images and more; or group norm",
        )


RULE = Rule(
    code="BN306",
    name="batch-of-one",
    severity=Severity.WARNING,
    needs=Needs.TRAINING,
    summary="layers train on batches that are fixed to one image",
    check=check,
    page=__doc__,
)
