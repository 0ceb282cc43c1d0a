"""
## What it does
Finds a model whose moving statistics are in variables that no file gives: a graph that was not frozen, a
MetaGraph without its checkpoint, a SavedModel without its variables. One finding for the model. A note for a
graph with a train op, unless `--deploy`.

## Why is this bad?
Nothing that is stored was judged: the statistics may never have been updated, and no rule can say so. Who is
given this file alone cannot serve it.

## Example
```python
tf.io.write_graph(session.graph_def, ".", "model.pb", as_text=False)     # the graph, and none of its values
```

## Use instead
```python
frozen = tf.graph_util.convert_variables_to_constants(session, session.graph_def, ["output"])
tf.io.write_graph(frozen, ".", "model.pb", as_text=False)
```
or put the checkpoint beside its `.meta`, and the `variables` folder beside `saved_model.pb`.

## References
- `tf.compat.v1.graph_util.convert_variables_to_constants`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.stored import UNREAD_VARIABLES
from bninspect.rules.facts.training import is_served
from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """A model with statistics that no file gives."""
    missing = missing_weights(case.report)
    unread = [layer for layer in case.layers if layer.statistics.reason == UNREAD_VARIABLES]
    if missing is None or not unread:
        return
    mean = unread[0].moving_mean
    yield RULE.finding(
        f"{missing.fact}, so that the statistics of {counted(len(unread), 'layer')} were not judged",
        node=None if mean is None else mean.node.label,
        severity=None if is_served(case) else Severity.NOTE,
        remedy=missing.fix,
    )


RULE = Rule(
    code="BN113",
    name="weights-missing",
    severity=Severity.ERROR,
    summary="the statistics are in variables that no file gives",
    check=check,
    page=__doc__,
)
