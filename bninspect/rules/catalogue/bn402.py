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

from typing import TYPE_CHECKING

from bninspect.rules.facts.measurements import probe_of, untested
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding

_TITLE = "two runs of one feed differ"


def check(case: Case) -> Iterator[Finding]:
    """The output that differs most between two equal runs."""
    probe = probe_of(case)
    test = probe.companions
    if test is None or not test.random:
        return
    worst = max(test.random, key=lambda output: output.rerun / max(output.size, 1e-30))
    drawn = (
        f"{probe.random} draws random numbers"
        if probe.random is not None
        else "no op on the way draws random numbers: its kernels add up in changing order"
    )
    evidence = (
        f"{worst.name} differs by {number(worst.rerun)}, its largest value is {number(worst.size)}; {drawn}"
    )
    yield RULE.finding(
        evidence,
        title=_TITLE,
        message=f"{_TITLE}: {evidence}",
        node=probe.random,
        remedy="feed what switches it off (a keep probability of 1: --feed NAME=1.0), or export without it",
    )


def undecided(case: Case) -> str | None:
    """Why there were no two runs to compare."""
    test = probe_of(case).companions
    return None if test is not None and test.outputs else untested(case, test, "no two runs were compared")


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
