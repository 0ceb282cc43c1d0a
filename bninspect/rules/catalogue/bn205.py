"""
## What it does
Finds layers that hold the same moving mean and moving variance, bit by bit, in different variables. Initial
ones are BN201's; layers that normalize the same tensor have the same statistics by right.

## Why is this bad?
Two averages over different tensors are never equal: one layer was restored from the other's values, or a
conversion wrote one array twice.

## Example
```python
for name in ("bn1", "bn2"):
    assign(f"{name}/moving_mean", weights["bn1/moving_mean"])   # the name was not filled in
```

## Use instead
```python
for name in ("bn1", "bn2"):
    assign(f"{name}/moving_mean", weights[f"{name}/moving_mean"])
```

## References
- `tf.train.list_variables` lists what the checkpoint holds under which name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import State
from bninspect.graph.trace import cast_free
from bninspect.rules.facts.values import stored
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.facts.values import Values
    from bninspect.rules.rule import Case, Finding

_RESTORE = "restore each layer from its own entry of the checkpoint and freeze it again"


def check(case: Case) -> Iterator[Finding]:
    """One finding per set of equal statistics, at the first layer that repeats them."""
    same: dict[tuple[bytes, bytes], list[Values]] = {}
    kept: dict[tuple[str, str], Values] = {}
    for values in stored(case, State.STORED):
        kept.setdefault((values.moving.mean.name, values.moving.variance.name), values)
    for values in kept.values():
        same.setdefault((values.mean.tobytes(), values.variance.tobytes()), []).append(values)
    for holders in same.values():
        distinct = {cast_free(values.layer.x): values for values in reversed(holders)}
        if len(distinct) < 2:
            continue
        first, *others = list(distinct.values())[::-1]
        yield RULE.finding(
            f"moving mean and variance equal those of {first.layer.name}, which normalizes another tensor, "
            f"in all {first.size} channels"
            + (f"; so are those of {listed([one.layer.name for one in others[1:]])}" if others[1:] else ""),
            layer=others[0].layer.name,
            node=others[0].node,
            remedy=refresh_command(case, [one.layer.name for one in (first, *others)]) or _RESTORE,
        )


RULE = Rule(
    code="BN205",
    name="copied-statistics",
    severity=Severity.WARNING,
    needs=Needs.VALUES,
    summary="two layers hold identical statistics in different variables",
    check=check,
    page=__doc__,
)
