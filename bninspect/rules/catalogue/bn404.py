"""
## What it does
Fits the stored statistics of every layer by start + a (measured - start), and finds models in most layers of
which one share a below 0.95 explains mean and variance alike. One finding for the model, instead of BN403 for
each of these layers, and an error where BN403 would be one. With a momentum (of the graph, or `--momentum`)
the number of updates follows.

## Why is this bad?
The averages still hold 1 - a of their start: the run was short for its momentum, or the updates were wired in
late.

## Example
```python
y = tf.layers.batch_normalization(x, momentum=0.99, training=True)   # 50 steps: 61 % of the start is left
```

## Use instead
```python
y = tf.layers.batch_normalization(x, momentum=0.9, training=True)    # 50 steps: 0.5 % is left
```
or re-estimate them on images of training: `bninspect refresh MODEL -o OUT --image DIR`.

## References
- `moving = moving * momentum + batch * (1 - momentum)`: after k steps a = 1 - momentum^k.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.rules.facts.probed import average, found, judged, not_run, probe_of
from bninspect.rules.rule import Needs, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """One finding for the model, as grave as the gravest layer that it explains."""
    told = average(case)
    if told is not None:
        diagnosis, layers = told
        grave = any(one.own.verdict == "error" for one in layers)
        yield replace(found(RULE, diagnosis), severity=Severity.ERROR if grave else Severity.WARNING)


def undecided(case: Case) -> str | None:
    """Why there was nothing to fit."""
    if judged(probe_of(case)):
        return None
    return not_run(case) or "no layer has statistics beside measured ones to fit"


RULE = Rule(
    code="BN404",
    name="average-not-converged",
    severity=Severity.WARNING,
    needs=Needs.PROBE,
    summary="the moving averages have not got to their values",
    check=check,
    page=__doc__,
    undecided=undecided,
)
