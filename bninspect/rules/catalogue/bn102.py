"""
## What it does
Finds batch norms in training mode whose moving mean and variance are nowhere in the file: freezing pruned
them, as nothing reads them, or empty constants stand in their place. Said instead of BN101, and like it not
of a graph with a train op unless `--deploy` is given: there BN302 is said of what is never averaged.

## Why is this bad?
The layer normalizes with the batch at hand, so that what one image gives depends on the others; and here no
switch and no rewriting gives it statistics back that the file has lost.

## Example
```python
y = tf.layers.batch_normalization(x, training=True)   # training mode never reads the moving statistics
graph_def = tf.graph_util.convert_variables_to_constants(session, graph_def, ["output"])
```

## Use instead
```python
y = tf.layers.batch_normalization(x, training=False)  # for export, in a graph of its own
tf.train.Saver().restore(session, "model.ckpt")       # the checkpoint holds the moving statistics
graph_def = tf.graph_util.convert_variables_to_constants(session, graph_def, ["output"])
```
That helps only if training ran the updates: a checkpoint of a model that never did holds mean 0 and variance
1. Statistics estimated from data help either way:
```sh
bninspect refresh MODEL -o OUT --image DIR --strip
```
A model that uses batch statistics on purpose (a GAN, pix2pix, MAML) gets an `allow` entry with its reason.

## References
- Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2: inference uses population statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode, State
from bninspect.rules.facts.switched import whenever
from bninspect.rules.facts.training import is_served, not_served, served_layers
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding

_RESTORE = (
    "build the graph with training=False, restore a checkpoint whose moving statistics were updated, and "
    "freeze again"
)


def check(case: Case) -> Iterator[Finding]:
    """Layers in training mode without stored statistics."""
    if not is_served(case):
        return
    for layer in served_layers(case):
        if layer.mode is not Mode.TRAINING or layer.statistics.state is not State.ABSENT:
            continue
        yield RULE.finding(
            f"runs in training mode {whenever(layer)}, and its moving statistics are not in the file: "
            f"{layer.statistics.reason}",
            layer=layer.name,
            node=layer.wiring.served[0].node.label,
            remedy=refresh_command(case, strip=True) or _RESTORE,
        )


RULE = Rule(
    code="BN102",
    name="statistics-not-in-file",
    severity=Severity.ERROR,
    summary="a batch norm runs in training mode, and the file holds no statistics for any other",
    check=check,
    undecided=not_served,
    page=__doc__,
)
