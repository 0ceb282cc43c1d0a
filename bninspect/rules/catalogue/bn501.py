"""
## What it does
Compares two checkpoints, or models, of one graph (`bninspect diff OLD NEW`) and finds layers that normalize
with their batch in training, whose weights moved (gamma, beta, or the nearest weights before the layer) and
whose moving statistics are the same bit by bit. Quiet at frozen layers, whose weights did not move either,
and at layers that train on stored statistics. What a layer trains on is read from the file that is a
training graph; two graphs for inference do not tell, which is said.

## Why is this bad?
The statistics belong to older weights. Training goes on well, since it normalizes with the
batch; inference gets worse with every step. Nobody ran the update ops, or the train op that ran is not the
one that waits for them.

## Example
```python
train = optimizer.minimize(loss)             # the update ops wait in UPDATE_OPS, and nobody runs them
```

## Use instead
```python
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    train = optimizer.minimize(loss)
```
or re-estimate them for the weights as they are: `bninspect refresh MODEL -o OUT --image DIR`.

## References
- `tf.compat.v1.layers.batch_normalization`: the update ops "need to be executed alongside the `train_op`".
- Wu & Johnson 2021, arXiv:2105.07576: statistics lag behind the weights; re-estimation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import State
from bninspect.batchnorm.comparison.comparison import Trains, Verdict
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.text import counted, listed, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm.comparison.comparison import LayerMove
    from bninspect.rules.rule import Case, Finding

_UPDATE = "run UPDATE_OPS with every training step"


def check(case: Case) -> Iterator[Finding]:
    """Layers that normalize with their batch, and whose statistics stayed while their weights moved; one of
    those that share theirs.
    """
    seen = set()
    stale = _stale(case, Trains.BATCH)
    for move in stale:
        mean = move.new.moving_mean
        if mean in seen:  # another call of a layer
            continue
        seen.add(mean)
        initial = ", at their initial values" if move.new.statistics.state is State.INITIAL else ""
        yield RULE.finding(
            f"{_moved(move)}; moving mean and variance are the same in both files in all of "
            f"{counted(move.statistics.channels, 'channel')}{initial}{_updates(move)}",
            layer=move.name,
            node=None if mean is None else mean.node.label,
            remedy=refresh_command(case, [one.name for one in stale]) or _UPDATE,
        )


def undecided(case: Case) -> str | None:
    """The layers that may train on stored statistics, and those that could not be compared."""
    reasons = []
    if unknown := _stale(case, Trains.UNKNOWN):
        reasons.append(
            f"weights moved and statistics did not at {_names(unknown)}: a graph for inference does not tell "
            "whether training normalizes with the batch there; name the training graph (.meta)"
        )
    if fed := _stale(case, Trains.FED):
        reasons.append(
            f"weights moved and statistics did not at {_names(fed)}, though the train op runs their updates: "
            "training was fed inference mode, so it trained on stored statistics"
        )
    blind = [one for one in case.moves if one.verdict in (Verdict.UNREAD, Verdict.WEIGHTS_UNREAD)]
    if blind:
        reasons.append(f"{counted(len(blind), 'layer')} could not be compared")
    unmatched = () if case.moved is None else case.moved.unmatched
    if unmatched:
        reasons.append(f"{counted(len(unmatched), 'layer')} without a match in the other file")
    return "; ".join(reasons) or None


def _stale(case: Case, trains: Trains) -> list[LayerMove]:
    """The layers whose weights alone moved, and that train so."""
    return [one for one in case.moves if one.verdict is Verdict.STALE and one.trains is trains]


def _names(moves: list[LayerMove]) -> str:
    return listed([move.name for move in moves])


def _updates(move: LayerMove) -> str:
    """What the training graph says of their updates."""
    for layer in (move.new, move.old):
        if layer.updates == "unused":
            return " (their updates exist, and no train op runs them)"
        if layer.updates == "none":
            return " (nothing in the graph updates them)"
    return ""


def _moved(move: LayerMove) -> str:
    """What moved, and by which share of its size."""
    named = (("weights", move.weights), ("gamma", move.gamma), ("beta", move.beta))
    shares = [
        f"{name} by {number(change.relative)}"
        for name, change in named
        if change is not None and change.moved and change.relative is not None
    ]
    return (
        f"moved, as a share of their size: {', '.join(shares)}"
        if shares
        else "the weights of other layers moved"
    )


RULE = Rule(
    code="BN501",
    name="statistics-unchanged",
    severity=Severity.ERROR,
    needs=Needs.PAIR,
    summary="weights moved between two files, and statistics that should follow them did not",
    check=check,
    page=__doc__,
    undecided=undecided,
)
