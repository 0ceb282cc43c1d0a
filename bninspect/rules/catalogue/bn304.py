"""
## What it does
Finds moving averages whose momentum does not fit the training: after the steps that the checkpoint counts
more than 5 % of their initial values is left, or the momentum is below 0.8, so that the last few batches
alone count. The steps are read from the global step, found in its collection or by what the train op counts.

## Why is this bad?
An average that still holds its initial values, 0 and 1, is no average of the data: after `k` steps
`momentum**k` of it is left, with 0.999 and 1,000 steps 37 %. One that forgets at once is an average of a
handful of images, and serving differs from one checkpoint to the next.

## Example
```python
y = tf.layers.batch_normalization(x, training=True, momentum=0.999)   # and 1,000 steps of training
```

## Use instead
```python
y = tf.layers.batch_normalization(x, training=True, momentum=0.99)    # 0.99**1000 = 0.00004
```
or train longer. Where training started from statistics that were good already, as in fine-tuning, what is
left of them does no harm: `allow` it with this reason.

## References
- `moving = moving*momentum + batch*(1 - momentum)`: tensorflow/python/training/moving_averages.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import State
from bninspect.batchnorm.training.train_ops import training_of
from bninspect.rules.facts.training import first_calls
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.text import counted, listed, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.rules.rule import Case, Finding


_USUAL = (0.999, 0.997, 0.99, 0.97, 0.95, 0.9, 0.85, thresholds.LEAST_MOMENTUM)


def check(case: Case) -> Iterator[Finding]:
    """Layers whose averages move too slowly for the steps made, or too fast for any."""
    steps = training_of(case.report).steps
    for layer, node in _averaging(case):
        momentum = _momentum(layer, case)
        if momentum is None:
            continue
        if momentum < thresholds.LEAST_MOMENTUM:
            yield RULE.finding(
                f"momentum {momentum:g}: the last batch alone makes {percent(1 - momentum)} of the moving "
                "statistics",
                layer=layer.name,
                node=node,
                remedy="momentum=0.99, or 0.9 where there are few steps",
            )
        elif steps and layer.statistics.state is not State.INITIAL:
            left = min(momentum, 1.0) ** steps
            if left > thresholds.MOST_OF_START:
                yield RULE.finding(
                    f"after {counted(steps, 'step')} with momentum {momentum:g} the moving statistics still "
                    f"hold {percent(left)} of their initial values",
                    layer=layer.name,
                    node=node,
                    remedy=_for(steps),
                )


def _for(steps: int) -> str:
    """What so many steps take: the largest usual momentum that forgets its start in them."""
    fitting = [usual for usual in _USUAL if usual**steps <= thresholds.MOST_OF_START]
    return f"a smaller momentum ({fitting[0]:g}), or more steps" if fitting else "more steps"


def _averaging(case: Case) -> list[tuple[BatchNorm, str]]:
    """The layers whose statistics the training moves, each with the node that keeps its moving mean: where
    nothing moves them, that is BN301's and BN302's.
    """
    calls = first_calls([layer for layer in case.layers if layer.updates == "run"])
    return [(layer, layer.moving.mean.node.label) for layer in calls if layer.moving is not None]


def _momentum(layer: BatchNorm, case: Case) -> float | None:
    return case.momentum if layer.momentum is None else layer.momentum


def undecided(case: Case) -> str | None:
    """What could not be judged: a momentum that is computed when the model runs, steps that are not known."""
    unknown: list[str] = []
    slow = False
    for layer, _ in _averaging(case):
        momentum = _momentum(layer, case)
        if momentum is None:
            unknown.append(layer.name)
        else:
            slow |= momentum >= thresholds.LEAST_MOMENTUM
    if unknown:
        return f"the momentum of {listed(unknown)} is no constant of the graph"
    if slow and training_of(case.report).steps is None:
        return "how many steps were made is not known: no global step was read from a checkpoint"
    return None


RULE = Rule(
    code="BN304",
    name="momentum-out-of-range",
    severity=Severity.WARNING,
    needs=Needs.TRAINING,
    summary="the momentum keeps much of the initial values, or only the last few batches",
    check=check,
    undecided=undecided,
    page=__doc__,
)
