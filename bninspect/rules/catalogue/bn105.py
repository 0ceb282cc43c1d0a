"""
## What it does
Finds models whose layers are switched by different sources, and switches of which one value sends some
layers to training and others to inference. Layers that the file fixes to inference (a frozen backbone) have
no switch and do not count.

## Why is this bad?
A caller who feeds one of the switches believes the model to be in one mode, and it is in two.

## Example
```python
a = tf.layers.batch_normalization(x, training=is_training)
b = tf.layers.batch_normalization(a, training=phase_train)   # a second placeholder
```

## Use instead
```python
a = tf.layers.batch_normalization(x, training=training)
b = tf.layers.batch_normalization(a, training=training)
```
or fix the mode in the file: `bninspect strip MODEL -o OUT`.

## References
- `tf.compat.v1.layers.batch_normalization`, argument `training`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode
from bninspect.rules.facts.switched import decider, live_switches, values_for
from bninspect.rules.remedies import BUILD_ANEW, strip_command
from bninspect.rules.rule import Rule, Severity
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Several live switches, or one that its layers understand in opposite ways."""
    groups = live_switches(case)
    if len(groups) > 1:
        shares = [f"{decider(group)} ({len(group.layers)})" for group in groups]
        yield RULE.finding(
            f"{len(groups)} switches decide the mode of different layers: {listed(shares)}",
            node=decider(groups[1]).rpartition(":")[0],
            remedy=strip_command(case) or BUILD_ANEW,
        )
    for group in groups:
        if len(values_for(group, Mode.TRAINING)) > 1:
            on = [layer.name for layer, switch in group.switched if switch.training_when is True]
            off = [layer.name for layer, switch in group.switched if switch.training_when is False]
            yield RULE.finding(
                f"{decider(group)} = true serves training in {listed(on)}, and false does in {listed(off)}",
                node=decider(group).rpartition(":")[0],
                remedy=strip_command(case) or BUILD_ANEW,
            )


RULE = Rule(
    code="BN105",
    name="several-mode-switches",
    severity=Severity.WARNING,
    summary="layers are switched by different sources, or in opposite ways by one",
    check=check,
    page=__doc__,
)
