"""
## What it does
Runs one image in two batches of one size, beside copies of itself and beside other images, with every layer
that can be switched in inference mode; and finds outputs of the image that differ beyond rounding. Of outputs
that give places (top-k, argmax) the values behind are compared.

## Why is this bad?
What a user gets depends on who else asks at that moment. Tests with a batch of one do not show it.

## Example
```python
y = tf.layers.batch_normalization(x, training=True)   # then frozen, and served in batches
```

## Use instead
```python
y = tf.layers.batch_normalization(x, training=False)
```
BN101 names the layers that normalize with the batch whatever is fed.

## References
- Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.1: at inference the output depends "only on the input".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.measure.judging import behaviour
from bninspect.rules.facts.probed import found, probe_of, unjudged
from bninspect.rules.rule import Needs, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """The output that its companions move most."""
    told = behaviour.dependent(probe_of(case))
    if told is not None:
        yield found(RULE, told)


def undecided(case: Case) -> str | None:
    """Why the companions could not be judged."""
    return unjudged(case, probe_of(case).companions, "the companion test was not made")


RULE = Rule(
    code="BN401",
    name="batch-dependent-output",
    severity=Severity.ERROR,
    needs=Needs.PROBE,
    summary="in inference mode an image's output depends on its companions",
    check=check,
    page=__doc__,
    undecided=undecided,
)
