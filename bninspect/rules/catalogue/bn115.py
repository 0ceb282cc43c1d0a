"""
## What it does
Finds layers that a converter named in the configuration (`converters = ["openvino", "coreml"]`) would serve
in training mode, or in another mode than the file, by what that converter was seen to do with layers that
are written so (`bninspect forecast MODEL` shows all of it). With `--deploy` it is an error. No converter
named: nothing is said. Facts that are only reported, and were never seen in a run, count for nothing here;
nor does a converter that refuses the model, which it says itself.

## Why is this bad?
Converters change the mode without a word: OpenVINO takes a PlaceholderWithDefault for its default, so that a
default of true serves training and the input is gone; Core ML does not read `is_training`. The model is right
in TensorFlow and wrong on the device.

## Example
```python
training = tf.placeholder_with_default(True, [])       # then openvino.convert_model
```

## Use instead
`bninspect strip MODEL -o OUT`, and convert OUT: it has one mode, and no predicate.

## References
- [What converters do](../converters.md), with the versions that it was seen on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.converters.fact import Serves
from bninspect.converters.forecast import ConverterForecast, forecast
from bninspect.rules.remedies import to_inference
from bninspect.rules.rule import Rule, Severity
from bninspect.text import verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.converters.forecast import GroupForecast
    from bninspect.rules.rule import Case, Finding

_WORDS = {
    Serves.TRAINING: "in training mode",
    Serves.INFERENCE: "in inference mode",
    Serves.OTHER: "with the numbers of neither mode",
}


def check(case: Case) -> Iterator[Finding]:
    """Each layer whose mode a converter would change, with all converters that would."""
    if not case.converters:
        return
    changed: dict[BatchNorm, list[tuple[ConverterForecast, GroupForecast]]] = {}
    for one in forecast(case.report, case.converters):
        for group in one.changed if one.converter.tested else ():
            for layer in group.layers:
                changed.setdefault(layer, []).append((one, group))
    for layer in filter(changed.__contains__, case.layers):
        yield _finding(case, layer, changed[layer])


def _finding(case: Case, layer: BatchNorm, found: list[tuple[ConverterForecast, GroupForecast]]) -> Finding:
    alike: dict[tuple[Serves, str], list[str]] = {}
    for one, group in found:
        who = f"{one.converter.title} {one.converter.versions}"
        alike.setdefault((group.serves, group.reason), []).append(who)
    clauses = [
        f"{', '.join(who)} {verb(who, 'serve')} it {_WORDS[mode]}: {reason}"
        for (mode, reason), who in alike.items()
    ]
    return RULE.finding(
        "; ".join(clauses),
        layer=layer.name,
        node=found[0][1].nodes[-1],
        severity=Severity.ERROR if case.deploy else None,
        remedy=to_inference(case),
        accounts_for=frozenset(),
    )


RULE = Rule(
    code="BN115",
    name="converter-changes-mode",
    severity=Severity.WARNING,
    summary="a converter would serve the layer in training mode, or in another mode than the file",
    check=check,
    page=__doc__,
)
