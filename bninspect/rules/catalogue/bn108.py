"""
## What it does
Finds batch norms whose moving statistics, still variables, are changed by ops that the model's outputs
depend on, in the mode that is served. Updates in the branch of a conditional that trains do not count, nor
do training graphs.

## Why is this bad?
Every request moves the statistics, so that the answer to one depends on all that came before, and two
replicas of one server drift apart.

## Example
```python
class Serving(tf.Module):
    @tf.function
    def serve(self, image):
        return self.model(image, training=True)   # assigns moving_mean and moving_variance
```

## Use instead
```python
        return self.model(image, training=False)
```

## References
- `tf.keras.layers.BatchNormalization`: moving statistics are updated in every call with `training=True`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.graph.ops import MERGES, SELECTS, VARIABLES, mutates
from bninspect.graph.search import producers, reach, upstream
from bninspect.graph.trace import same
from bninspect.rules.remedies import strip_command
from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Node
    from bninspect.rules.rule import Case, Finding

_MOST_NODES = 200


def check(case: Case) -> Iterator[Finding]:
    """Layers with updates among what the outputs depend on, in the mode that is served."""
    needed = upstream(tensor.node for tensor in case.report.outputs)
    updates: dict[str, list[Node]] = {}
    for node in case.report.graph:
        if node in needed and mutates(node.op) and node.inputs:
            target = same(node.inputs[0])
            if target.node.op in VARIABLES:
                updates.setdefault(target.name, []).append(node)
    conditions = Conditions(case.report.graph)
    for layer in case.layers:
        kept = [tensor.name for tensor in (layer.moving_mean, layer.moving_variance) if tensor is not None]
        nodes = [node for name in kept for node in updates.get(name, ())]
        served = [node for node in nodes if layer.updates is None and _served(node, layer, conditions)]
        if served:
            yield RULE.finding(
                f"the outputs depend on {counted(len(served), 'op')} that change its moving statistics "
                f"({served[0].op}): every request changes the model",
                layer=layer.name,
                node=served[0].label,
                remedy=strip_command(case) or "export a call with training=False",
            )


def _served(update: Node, layer: BatchNorm, conditions: Conditions) -> bool:
    """Whether the update changes something when the layer infers, or the layer always trains.

    A conditional on the way, about the update or about what it assigns, makes it harmless.
    """
    if layer.mode is not Mode.SWITCHED:
        return True
    if conditions.of(update):
        return False
    ends = {update, layer.x.node, same(layer.x).node}
    assigned = (tensor.node for tensor in update.inputs[1:])
    made_of = reach(assigned, lambda node: () if node in ends else producers(node), _MOST_NODES)
    return not any(
        node.op in MERGES | SELECTS or conditions.join(node) is not None
        for node in made_of
        if node not in ends
    )


RULE = Rule(
    code="BN108",
    name="outputs-update-statistics",
    severity=Severity.ERROR,
    summary="the outputs depend on ops that change the moving statistics",
    check=check,
    page=__doc__,
)
