"""
## What it does
Finds layers of a training graph whose update ops exist while no train op depends on them, neither by data
nor by control edges. Quiet in a graph without a train op.

## Why is this bad?
In TensorFlow 1.x nothing runs them by itself: the moving statistics stay at their initial values, training
looks well, and inference does not normalize. Of a layer with `trainable=False` and `training=True`
TensorFlow 1.4 lists the updates in `UPDATE_OPS`, 1.15 makes them and lists none, so that waiting for the
collection does not run them, and a Keras layer of TensorFlow 2 runs in inference mode.

## Example
```python
y = tf.layers.batch_normalization(x, training=True)
train = optimizer.minimize(loss)             # the update ops wait in UPDATE_OPS, and nobody runs them
```

## Use instead
```python
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    train = optimizer.minimize(loss)
```
An ExponentialMovingAverage runs where its `apply` op does: `tf.group(train, ema.apply(...))`. A loop that
names the ops in `session.run` itself does what no graph shows; give it an `allow` entry with this reason.

## References
- `tf.compat.v1.layers.batch_normalization`: the update ops "need to be executed alongside the `train_op`".
- https://github.com/tensorflow/tensorflow/issues/10857
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.training.train_ops import training_of
from bninspect.graph.trace import same
from bninspect.rules.facts.training import UNTRAINABLE, first_calls
from bninspect.rules.rule import Needs, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bninspect.graph import Node, Tensor
    from bninspect.rules.rule import Case, Finding

_WIRE = "with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)): optimizer.minimize(...)"
_UNFREEZE = "trainable=True; to freeze the layer, training=False with statistics that are good"
_GROUP = "train_op = tf.group(train_op, what ema.apply or the layer returned), and run it in every step"


def check(case: Case) -> Iterator[Finding]:
    """Layers whose updates nobody runs."""
    unused = first_calls(layer for layer in case.layers if layer.updates == "unused")
    if not unused:
        return
    training = training_of(case.report)
    listed = {name.partition(":")[0] for name in case.report.graph.graphdef.collections.get("update_ops", ())}
    for layer in unused:
        idle = [node for node in layer.update_ops if node not in training.run]
        wired = [node for node in idle if node.name in listed]
        wire = _WIRE if _moved_by(wired) == _moved_by(idle) else _GROUP
        ops = ", ".join(dict.fromkeys(node.op for node in idle))
        yield RULE.finding(
            f"no train op runs the {'' if len(idle) == 1 else f'{len(idle)} '}update "
            f"{'op' if len(idle) == 1 else 'ops'} of its moving statistics ({ops})"
            + (f"; UPDATE_OPS lists {len(wired)} of them" if 0 < len(wired) < len(idle) else "")
            + (f"; the layer is trainable=False: {UNTRAINABLE}" if layer.is_untrainable else ""),
            layer=layer.name,
            node=idle[0].label,
            remedy=_UNFREEZE if layer.is_untrainable else wire,
        )


def _moved_by(updates: Iterable[Node]) -> set[Tensor]:
    """The statistics that the ops change: a layer called twice has an update of each per call, and those of
    one call are enough.
    """
    return {same(node.inputs[0]) for node in updates if node.inputs}


RULE = Rule(
    code="BN301",
    name="updates-not-run",
    severity=Severity.ERROR,
    needs=Needs.TRAINING,
    summary="update ops of the moving statistics exist, and no train op runs them",
    check=check,
    page=__doc__,
)
