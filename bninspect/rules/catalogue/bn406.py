"""
## What it does
Compares the outputs of training and inference mode, and finds models of which the top-1 flips for a tenth of
the images, or that are half their size apart (relative L2). Said where no finding on statistics explains it,
and where the images suffice to judge them.

## Why is this bad?
Many small errors add up, or what the switch decides is no batch norm.

## Example
```sh
bninspect check MODEL --image one.jpg      # one image is no batch
```

## Use instead
```sh
bninspect probe MODEL --image photos --batch-size 32 --switch graph
```

## References
- Wu & Johnson 2021, arXiv:2105.07576, section 4: "Batch in Training and Testing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.measure.judging import behaviour, diagnosis, judged
from bninspect.rules.facts.probed import found, not_run, probe_of
from bninspect.rules.rule import Needs, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding

_EXPLAINING = frozenset({"BN201", "BN203", "BN204", "BN403", "BN404", "BN405"})


def check(case: Case) -> Iterator[Finding]:
    """The output whose modes disagree most."""
    probe = probe_of(case)
    told = behaviour.disagreeing(probe)
    if told is None or judged.undecided(probe):
        return
    if not any(cause.code in _EXPLAINING for cause in diagnosis.diagnose(probe)):
        yield found(RULE, told)


def undecided(case: Case) -> str | None:
    """Why the outputs could not be judged."""
    return not_run(case) or diagnosis.inconclusive(probe_of(case)) or None


RULE = Rule(
    code="BN406",
    name="modes-disagree",
    severity=Severity.WARNING,
    needs=Needs.PROBE,
    summary="the outputs of the two modes disagree, and no layer explains it",
    check=check,
    page=__doc__,
    undecided=undecided,
)
