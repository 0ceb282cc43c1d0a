"""
## What it does
Says that no batch norm stands on the way to the outputs: it was folded into the weights, or this is the wrong
file, or these are the wrong outputs. A warning with `--deploy`. Quiet where other normalizations were found,
or places that could not be decided (BN111).

## Why is this bad?
A check of nothing passes like a check that finds nothing wrong.

## Example
```sh
bninspect check optimized.pb          # batch norm was folded into the convolutions
```

## Use instead
```sh
bninspect check frozen.pb             # the model as it was frozen, before it was optimized
bninspect check MODEL --output NAME   # the output that is served
```

## References
- Graph Transform Tool, `fold_batch_norms` and `fold_old_batch_norms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.rules.rule import Rule, Severity
from bninspect.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """A model without any layer."""
    report = case.report
    if report.layers or report.lookalikes or report.unrecognised:
        return
    beside = "".join(f"; {skipped.what}: {skipped.reason}" for skipped in report.skipped[:2])
    nodes = counted(len(report.graph), "node")
    outputs = listed([tensor.name for tensor in report.outputs]) or "none"
    yield RULE.finding(
        f"no batch norm among {nodes} on the way to the outputs ({outputs}){beside}",
        severity=Severity.WARNING if case.deploy else None,
        remedy="check the model as it was before it was optimized, or name its output with --output",
    )


RULE = Rule(
    code="BN112",
    name="no-batch-norm-found",
    severity=Severity.NOTE,
    summary="there is no batch norm to check",
    check=check,
    page=__doc__,
)
