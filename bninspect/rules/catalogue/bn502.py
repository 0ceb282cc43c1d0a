"""
## What it does
Compares two checkpoints, or models, of one graph (`bninspect diff OLD NEW`) and finds layers whose moving
statistics are at their initial values in NEW (mean 0 and variance 1, or both 0) and were not in OLD.

## Why is this bad?
The statistics were lost on the way: a restore that left them out (a checkpoint of other names, a list of
variables without them) and an initializer that ran instead. Fine-tuning goes on well where it normalizes with
its batch, and inference does not normalize at all.

## Example
```python
saver = tf.train.Saver(tf.trainable_variables())     # moving statistics are not trainable
session.run(tf.global_variables_initializer())
saver.restore(session, "pretrained.ckpt")
```

## Use instead
```python
saver = tf.train.Saver(tf.global_variables(scope))   # moving statistics, too
```
or re-estimate them for the weights as they are: `bninspect refresh MODEL -o OUT --image DIR`.

## References
- `tf.compat.v1.train.Saver`, argument `var_list`; `tf.compat.v1.train.init_from_checkpoint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import State
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers whose statistics are initial again; one of those that share theirs."""
    seen = set()
    names = [move.name for move in case.moves if move.is_reset]
    for move in case.moves:
        mean, held = move.new.moving_mean, move.new.statistics.values
        if not move.is_reset or held is None or mean in seen:
            continue
        seen.add(mean)
        start = "1" if held.variance_range[1] else "0"
        yield RULE.finding(
            f"moving mean 0 and moving variance {start} in {counted(held.mean.size, 'channel')}, "
            "their initial values; in OLD they were not: they were lost in a restore",
            layer=move.name,
            node=None if mean is None else mean.node.label,
            remedy=refresh_command(case, names) or "restore the moving statistics with the weights",
        )


def undecided(case: Case) -> str | None:
    """The layers whose statistics were not read in one of the files."""
    moves = case.moves
    states = [{move.old.statistics.state, move.new.statistics.state} for move in moves]
    unread = [pair for pair in states if State.UNREAD in pair]
    if not unread:
        return None
    return f"the statistics of {counted(len(unread), 'layer')} could not be read in both files"


RULE = Rule(
    code="BN502",
    name="statistics-reset",
    severity=Severity.ERROR,
    needs=Needs.PAIR,
    summary="the moving statistics of NEW are back at their initial values, and those of OLD were not",
    check=check,
    page=__doc__,
    undecided=undecided,
)
