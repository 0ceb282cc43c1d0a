"""
## What it does
Finds moving statistics that are variables of the graph and are not in the checkpoint beside it. Looks at what
the graph's own saver restores: a saver of averages (`variables_to_restore`) keeps them under other names.

## Why is this bad?
Whoever restores this checkpoint gets the initial statistics, 0 and 1: inference does not
normalize, although training ran every update. What was learned is lost, unless another checkpoint has it.

## Example
```python
saver = tf.train.Saver(tf.trainable_variables())     # moving statistics are not trainable
```

## Use instead
```python
saver = tf.train.Saver()                             # all variables; or, in slim, slim.get_model_variables()
```
Of a checkpoint that is there already, re-estimate the statistics: `bninspect refresh MODEL -o OUT --image
DIR`.

## References
- `tf.compat.v1.train.Saver`, argument `var_list`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.stored import UNREAD_VARIABLES
from bninspect.graph.ops import VARIABLES
from bninspect.rules.facts.training import first_calls, statistics_of
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Tensor
    from bninspect.rules.rule import Case, Finding

_SAVE = "save all variables: tf.train.Saver(), not tf.train.Saver(tf.trainable_variables())"


def _variables(layer: BatchNorm) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in statistics_of(layer).items() if tensor.node.op in VARIABLES}


def check(case: Case) -> Iterator[Finding]:
    """Layers with statistics that the checkpoint does not hold."""
    saved = case.report.graph.graphdef.variables
    if saved is None:
        return
    without = {
        layer: lost
        for layer in first_calls(case.layers)
        if (lost := {name: one for name, one in _variables(layer).items() if one.node.name not in saved})
    }
    names = [layer.name for layer in without]
    for layer, lost in without.items():
        labels = [tensor.node.label for tensor in lost.values()]
        yield RULE.finding(
            f"{' and '.join(lost)} ({', '.join(labels)}) {'are' if len(lost) > 1 else 'is'} not in the "
            "checkpoint: restoring it leaves them at their initial values",
            layer=layer.name,
            node=labels[0],
            remedy=refresh_command(case, names) or _SAVE,
        )


def undecided(case: Case) -> str | None:
    """Why nothing is said: statistics in variables, and no checkpoint read."""
    kept = any(_variables(layer) for layer in case.layers)
    if case.report.graph.graphdef.variables is None and kept:
        return f"the statistics could not be read: {UNREAD_VARIABLES}"
    return None


RULE = Rule(
    code="BN303",
    name="statistics-not-saved",
    severity=Severity.ERROR,
    summary="moving statistics are variables of the graph, and the checkpoint lacks them",
    check=check,
    undecided=undecided,
    page=__doc__,
)
