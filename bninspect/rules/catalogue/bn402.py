"""
## What it does
Runs one batch twice in inference mode, and finds outputs that differ by more than rounding.

## Why is this bad?
A dropout or a random crop was left on in the model that is served; and nothing can be compared with it.

## Example
```python
y = tf.nn.dropout(x, rate=0.5)                        # whatever is fed
```

## Use instead
```python
y = tf.layers.dropout(x, rate=0.5, training=training)
```

## References
- `tf.nn.dropout` has no switch, `tf.compat.v1.layers.dropout` has the argument `training`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bninspect.measure.judging import behaviour
from bninspect.rules.facts.probed import found, probe_of, unjudged
from bninspect.rules.rule import Needs, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """The output that differs most between two equal runs."""
    probe = probe_of(case)
    told = behaviour.random(probe)
    if told is not None:
        finding = found(RULE, told)
        yield finding if probe.random is None else replace(finding, node=probe.random)


def undecided(case: Case) -> str | None:
    """Why there were no two runs to compare."""
    test = probe_of(case).companions
    return None if test is not None and test.outputs else unjudged(case, test, "no two runs were compared")


RULE = Rule(
    code="BN402",
    name="random-output",
    severity=Severity.WARNING,
    needs=Needs.PROBE,
    summary="two runs of one feed differ",
    check=check,
    page=__doc__,
    undecided=undecided,
)
