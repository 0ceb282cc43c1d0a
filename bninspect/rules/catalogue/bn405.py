"""
## What it does
Measures the first batch norm under every preset of `--preprocess` and both orders of colours, and names the
one that fits its stored statistics clearly better than the one that was given. Undecidable where that layer's
statistics are initial.

## Why is this bad?
The model sees numbers it was not trained on, and whatever is measured behind is measured wrongly: mend this
before anything else.

## Example
```sh
bninspect check MODEL --image photos --preprocess raw   # trained on -1..1
```

## Use instead
```sh
bninspect check MODEL --image photos --preprocess tf
```

## References
- `tf.keras.applications.imagenet_utils.preprocess_input`, modes tf, caffe and torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.measure.judging import stale
from bninspect.rules.facts.probed import found, probe_of, unjudged
from bninspect.rules.rule import Needs, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """The first layer, where another preset fits it."""
    told = stale.presets((), probe_of(case))
    if told is not None:
        yield found(RULE, told[0])


def undecided(case: Case) -> str | None:
    """Why no preset could be told from another."""
    return unjudged(case, probe_of(case).presets, "the presets were not tried")


RULE = Rule(
    code="BN405",
    name="input-scale-mismatch",
    severity=Severity.WARNING,
    needs=Needs.PROBE,
    summary="another preset fits the first layer clearly better",
    check=check,
    page=__doc__,
    undecided=undecided,
)
