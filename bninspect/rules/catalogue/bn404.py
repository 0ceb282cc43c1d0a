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

import math
from typing import TYPE_CHECKING

from bninspect.rules.facts.measurements import LayerEvidence, no_statistics, probe_of, unexplained
from bninspect.rules.remedies import refresh_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.statistics.average import AverageFit, average_fit
from bninspect.statistics.median import median
from bninspect.text import counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.rules.rule import Case, Finding

    Fit = tuple[LayerEvidence, AverageFit]


def check(case: Case) -> Iterator[Finding]:
    """One finding for the model, as grave as the gravest layer that it explains."""
    if no_statistics(probe_of(case)) is not None:
        return
    momentum = probe_of(case).momentum if case.momentum is None else case.momentum
    fits = _fits(unexplained(case), momentum)
    held = [(layer, fit) for layer, fit in fits if fit.holds]
    if 2 * len(held) <= len(fits) or all(layer.own.verdict == "fine" for layer, _ in held):
        return
    known = momentum if momentum is not None else held[0][0].layer.momentum
    share = max(median([fit.a for _, fit in held]), 0.0)
    title = f"the moving averages have not converged: they are {percent(share)} of the way"
    evidence = _evidence(held, len(fits), known)
    grave = any(layer.own.verdict == "error" for layer, _ in held)
    yield RULE.finding(
        evidence,
        title=title,
        message=f"{title}: {evidence}",
        layer=held[0][0].name if len(fits) == 1 else None,
        severity=Severity.ERROR if grave else Severity.WARNING,
        remedy=refresh_command(case) or _train_on(held, known),
        accounts_for=frozenset(layer.name for layer, _ in held),
    )


def _fits(layers: Sequence[LayerEvidence], momentum: float | None) -> list[Fit]:
    """The layers to which a share can be fitted."""
    fits = []
    for layer in layers:
        known = momentum if momentum is not None else layer.layer.momentum
        fit = average_fit(layer.mean, layer.variance, layer.moments.pooled(), known)
        if fit is not None:
            fits.append((layer, fit))
    return fits


def _evidence(held: Sequence[Fit], fitted: int, momentum: float | None) -> str:
    """Where one share fits, and how well."""
    shares = [fit.a for _, fit in held]
    gone = median([fit.explained for _, fit in held])
    return (
        f"in {len(held)} of {fitted} layers one share fits mean and variance alike, from their start (mean "
        f"and variance {held[0][1].start}) to those of the images: {percent(max(min(shares), 0.0))} to "
        f"{percent(max(shares))}; it explains {percent(gone)} of the gap"
        f"{_steps([fit.steps for _, fit in held], momentum)}"
    )


def _steps(steps: Sequence[float | None], momentum: float | None) -> str:
    """How many updates that is."""
    known = [step for step in steps if step is not None]
    if momentum is None:
        return " (with --momentum M the number of updates follows)"
    if not known:
        return ""
    return f"; with momentum {momentum:.6g} that is about {median(known):,.0f} updates"


def _train_on(held: Sequence[Fit], momentum: float | None) -> str:
    """Train on, for as many steps as are left."""
    left = median([fit.left for _, fit in held])
    more = ""
    if momentum is not None and left > thresholds.LEFT_WHEN_DONE:
        steps = math.log(thresholds.LEFT_WHEN_DONE / left) / math.log(momentum)
        more = f" for some {counted(math.ceil(steps), 'step')} more"
    return f"train on with the update ops run{more}"


def undecided(case: Case) -> str | None:
    """Why there was nothing to fit."""
    reason = no_statistics(probe_of(case))
    if reason is not None:
        return reason
    return None if unexplained(case) else "no layer has statistics beside measured ones to fit"


RULE = Rule(
    code="BN404",
    name="average-not-converged",
    severity=Severity.WARNING,
    needs=Needs.PROBE,
    summary="the moving averages have not converged",
    check=check,
    page=__doc__,
    undecided=undecided,
)
