"""
## What it does
Finds moving statistics that several batch norms read which normalize different tensors. Quiet where the
calls stand in opposite branches of a conditional, or are the steps of one recurrence written out; and, in a
training graph that is not served, where one call trains and the other one evaluates.

## Why is this bad?
The statistics are an average over what all calls saw, and right for none of them. Often a scope was reused
by accident. Two towers that share their weights too are meant so, and still each sees its own images.

## Example
```python
a = slim.batch_norm(x, scope="bn")
b = slim.batch_norm(slim.conv2d(a, 64, 3), scope="bn", reuse=True)
```

## Use instead
```python
a = slim.batch_norm(x, scope="bn1")
b = slim.batch_norm(slim.conv2d(a, 64, 3), scope="bn2")
```
Towers that are meant to share get an `allow` entry with its reason.

## References
- Cooijmans et al. 2017, arXiv:1603.09025: statistics of their own per time step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import State
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.graph.trace import cast_free
from bninspect.rules.facts.calls import alternatives, unrolled
from bninspect.rules.facts.training import is_served
from bninspect.rules.rule import Rule, Severity
from bninspect.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm, Mode
    from bninspect.graph import Node
    from bninspect.rules.rule import Case, Finding

_REMEDY = "give each layer a name or scope of its own; if sharing is meant, allow BN109 in the configuration"


def check(case: Case) -> Iterator[Finding]:
    """One finding per moving mean that serves several x.

    Initial ones are left out: optimizers merge constants of equal value.
    """
    shared: dict[tuple[str, Mode | None], tuple[Node, list[BatchNorm]]] = {}
    for layer in case.layers:
        if layer.moving is not None and layer.statistics.state is not State.INITIAL:
            # A call that trains and one that evaluates are meant to share, unless both are served.
            mode = None if is_served(case) else layer.mode
            mean = layer.moving.mean
            shared.setdefault((mean.name, mode), (mean.node, []))[1].append(layer)
    graph = case.report.graph
    for keeper, layers in shared.values():
        different = list({cast_free(layer.x): layer for layer in reversed(layers)}.values())[::-1]
        if len(different) < 2 or alternatives(different, Conditions(graph)) or unrolled(different):
            continue
        yield RULE.finding(
            f"{keeper.label} serves {len(different)} layers with different inputs: "
            + listed([f"{layer.name} ({layer.x.name})" for layer in different]),
            layer=different[0].name,
            node=keeper.label,
            remedy=_REMEDY,
        )


RULE = Rule(
    code="BN109",
    name="shared-statistics",
    severity=Severity.WARNING,
    summary="one set of moving statistics serves layers with different inputs",
    check=check,
    page=__doc__,
)
