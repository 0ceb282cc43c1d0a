"""
## What it does
Finds boolean placeholders that reach no batch norm (by data or by control edges) in a model whose batch
norms are baked in training mode.

## Why is this bad?
The switch is there, callers feed it, and nothing happens: the layers were built with another value. Often it
steers dropout alone.

## Example
```python
training = tf.placeholder(tf.bool, name="training")
y = tf.layers.batch_normalization(x, training=True)          # the placeholder was forgotten
z = tf.layers.dropout(y, training=training)
```

## Use instead
```python
y = tf.layers.batch_normalization(x, training=training)
```

## References
- `tf.compat.v1.layers.batch_normalization`, argument `training`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode
from bninspect.graph.ops import PLACEHOLDERS
from bninspect.graph.search import upstream
from bninspect.rules.facts.training import is_served, served_layers
from bninspect.rules.remedies import to_inference
from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding

_WIRE = "pass the placeholder to the layers: tf.layers.batch_normalization(x, training=placeholder)"


def check(case: Case) -> Iterator[Finding]:
    """Boolean placeholders beside all layers, where some layers are fixed to training."""
    baked = [layer for layer in served_layers(case) if layer.mode is Mode.TRAINING]
    if not baked:
        return
    graph = case.report.graph
    deciding = [group.switch.predicate.tensor.node for group in case.report.switches]
    reaching = upstream([*(layer.output.node for layer in case.layers), *deciding])
    for node in graph:
        if node.op in PLACEHOLDERS and node.attr("dtype") == "bool" and node not in reaching:
            does = "feeds nothing" if not graph.uses(node) else "reaches no batch norm"
            yield RULE.finding(
                f"the boolean placeholder {node.label} {does}, and {len(baked)} of "
                f"{counted(len(case.layers), 'layer')} {verb(baked, 'run')} in training mode whatever is fed",
                node=node.label,
                remedy=to_inference(case) if is_served(case) else _WIRE,
            )


RULE = Rule(
    code="BN106",
    name="mode-switch-feeds-nothing",
    severity=Severity.WARNING,
    summary="a boolean placeholder reaches no batch norm, and batch norms are baked in training mode",
    check=check,
    page=__doc__,
)
