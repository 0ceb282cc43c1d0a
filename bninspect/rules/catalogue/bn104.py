"""
## What it does
Finds switches with a default that serves training: a `placeholder_with_default` of true, or of false behind
a negation. One finding per switch, instead of BN103. Only defaults count: a placeholder without one must be
fed.

## Why is this bad?
A server that feeds the image alone gets an answer, no error, and training mode: what one image gives depends
on its batch, and dropout under the same switch runs too.

## Example
```python
training = tf.placeholder_with_default(True, [], name="training")
y = tf.layers.batch_normalization(x, training=training)
```

## Use instead
```python
training = tf.placeholder_with_default(False, [], name="training")   # training feeds True
```
or fix the mode in the file: `bninspect strip MODEL -o OUT`.

## References
- `tf.compat.v1.placeholder_with_default`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.rules.facts.switched import decider, live_switches, trained_by_default
from bninspect.rules.remedies import BUILD_ANEW, strip_command
from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted, listed, verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm import BatchNorm
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Switches that send a layer to training when nothing is fed."""
    for group in live_switches(case):
        layers = trained_by_default(group)
        if layers:
            who, default = _who(layers, case), str(group.predicate.default).lower()
            yield RULE.finding(
                f"{who} {verb(layers, 'train')} unless {decider(group)} is fed: its default is {default}",
                layer=layers[0].name if len(layers) == 1 else None,
                node=decider(group).rpartition(":")[0],
                remedy=strip_command(case) or BUILD_ANEW,
            )


def _who(layers: Sequence[BatchNorm], case: Case) -> str:
    """`all 4 layers`, `1 of 4 layers (bn2)`: names are worth reading where they set layers apart."""
    every = counted(len(case.layers), "layer")
    if len(layers) == len(case.layers):
        return every if len(layers) == 1 else f"all {every}"
    return f"{len(layers)} of {every} ({listed([layer.name for layer in layers])})"


RULE = Rule(
    code="BN104",
    name="defaults-to-training",
    severity=Severity.ERROR,
    summary="feeding nothing serves training",
    check=check,
    page=__doc__,
)
