"""
## What it does
Finds switches (a placeholder, a variable, a predicate computed of several) that still decide at run time
whether batch norms train or infer. One finding per switch; an error with `--deploy`. A switch whose default
serves training is BN104's.

## Why is this bad?
Whoever runs the model must know the switch and feed it rightly, in every program and every language. Many
converters and servers drop it, or choose for you.

## Example
```python
training = tf.placeholder(tf.bool, name="training")
y = tf.layers.batch_normalization(x, training=training)   # then frozen
```

## Use instead
```python
y = tf.layers.batch_normalization(x, training=False)      # in the graph that is exported
```
or fix the mode in the file: `bninspect strip MODEL -o OUT`.

## References
- `tf.compat.v1.layers.batch_normalization`, argument `training`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode
from bninspect.batchnorm.verdict import source_value
from bninspect.graph.ops import PLACEHOLDERS, VARIABLES
from bninspect.rules.facts.switched import decider, live_switches, trained_by_default, values_for
from bninspect.rules.remedies import BUILD_ANEW, strip_command
from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import SwitchGroup
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Switches that no constant decides, but for those whose default trains."""
    for group in live_switches(case):
        if trained_by_default(group):
            continue
        yield RULE.finding(
            f"{counted(len(group.layers), 'layer')} {verb(group.layers, 'depend')} on {_what(group)}; "
            f"{_terms(group)}",
            layer=group.layers[0].name if len(group.layers) == 1 else None,
            node=decider(group).rpartition(":")[0],
            severity=Severity.ERROR if case.deploy else None,
            remedy=strip_command(case) or BUILD_ANEW,
        )


def _what(group: SwitchGroup) -> str:
    """What decides, by its kind: `the placeholder is_training`."""
    tensor = group.switch.decided_by
    kind = "placeholder" if tensor.node.op in PLACEHOLDERS else "predicate"
    if tensor.node.op in VARIABLES:
        kind = "variable"
    return f"the {kind} {tensor.name.removesuffix(':0')}"


def _terms(group: SwitchGroup) -> str:
    """What the caller has to know."""
    if group.predicate.source is None:
        return str(group.predicate.reason)
    if group.predicate.default is not None:
        return "its default serves inference"
    values = values_for(group, Mode.INFERENCE)
    if len(values) > 1:
        return "no one value serves inference in all of them"
    [value] = values
    return f"feed {source_value(group.predicate.source, value)} for inference"


RULE = Rule(
    code="BN103",
    name="mode-left-to-the-caller",
    severity=Severity.WARNING,
    summary="a switch still decides at run time whether batch norms train or infer",
    check=check,
    page=__doc__,
)
