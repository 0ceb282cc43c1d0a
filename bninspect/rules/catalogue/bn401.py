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

from bninspect.batchnorm.mode import Mode
from bninspect.rules.facts.measurements import probe_of, untested
from bninspect.rules.remedies import to_inference
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import listed, number, percent, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding

_FIND = "find the op that mixes the images of a batch (moments or a mean over axis 0) and export without it"
_TITLE = "the output of one image depends on the other images of its batch"


def check(case: Case) -> Iterator[Finding]:
    """The output that its companions move most."""
    probe = probe_of(case)
    test = probe.companions
    if test is None or not test.dependent:
        return
    worst = test.dependent[0]
    baked = [layer for layer in probe.report.layers if layer.mode is Mode.TRAINING]
    names = [layer.name for layer in baked]
    others = "an image made of it" if test.made else "other images"
    share = (
        f"{percent(worst.change / worst.size)} of its largest value" if worst.size else "it is all 0 alone"
    )
    evidence = (
        f"{worst.name} of an image changes by {number(worst.change)} ({share}) between a batch of "
        f"{test.images} copies of it and one with {others}; noise explains at most {number(worst.floor)}"
    )
    if baked:
        evidence += f"; {listed(names)} {verb(names, 'normalize')} with the batch whatever is fed"
    yield RULE.finding(
        evidence,
        title=_TITLE,
        message=f"{_TITLE}: {evidence}",
        layer=names[0] if len(names) == 1 else None,
        remedy=to_inference(case) if baked else _FIND,
    )


def undecided(case: Case) -> str | None:
    """Why the companions could not be judged."""
    return untested(case, probe_of(case).companions, "the companion test was not made")


RULE = Rule(
    code="BN401",
    name="batch-dependent-output",
    severity=Severity.ERROR,
    needs=Needs.PROBE,
    summary="in inference mode the output of an image depends on the other images of its batch",
    check=check,
    page=__doc__,
    undecided=undecided,
)
