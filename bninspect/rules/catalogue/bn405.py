"""
## What it does
Measures the first batch norm under every preset of `--preprocess` and both orders of colours, and names the
one that fits its stored statistics best, where the one that was given is at least twice as far off: it then
makes three quarters of the squared gap or more, whatever is left. All layers are measured again under that
preset, and the other rules speak of what is left there. Undecidable where the first layer's statistics are
initial, and not judged on random numbers.

## Why is this bad?
The model sees numbers it was not trained on, and whatever is measured behind is measured wrongly: fix this
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

from bninspect.rules.facts.measurements import better_preset, no_statistics, probe_of, untested
from bninspect.rules.remedies import probe_command
from bninspect.rules.rule import Needs, Rule, Severity
from bninspect.statistics import thresholds
from bninspect.text import counted, listed, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.measure.facts import Probe
    from bninspect.measure.presets import PresetFit, PresetTrial
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """The first layer, where another preset fits it many times better than the given one."""
    probe = probe_of(case)
    trial, better = probe.presets, better_preset(probe)
    if trial is None or trial.given is None or better is None:
        return
    title = f"the images are not prepared as in training: {_compared(better, trial.given)}"
    evidence = (
        f"{trial.layer} over {counted(trial.images, 'image')}: W {number(trial.given.w)} (its input "
        f"{number(trial.given.r)} times as wide as stored) with {trial.given.options}, {_others(trial)}"
    )
    yield RULE.finding(
        evidence,
        title=title,
        message=f"{title}: {evidence}",
        layer=trial.layer,
        remedy=probe_command(case, better),
        accounts_for=frozenset(_explained(probe, trial)),
    )


def _compared(better: PresetFit, given: PresetFit) -> str:
    """The better preset beside the given one."""
    if better.gap <= thresholds.WARNING:
        return f"{better.options} fits, {given.options} does not"
    return f"{better.options} fits {number(given.gap / better.gap)} times better than {given.options}"


def _others(trial: PresetTrial) -> str:
    """The fits of the presets, the best first, each in its better order of colours; and which are as good."""
    first: dict[str, str] = {}
    for fit in trial.fits:
        if trial.given is None or fit.preset != trial.given.preset or fit is trial.best:
            first.setdefault(fit.preset, f"{number(fit.w)} with {fit.preset}")
    rivals = [fit.preset for fit in trial.rivals]
    about = f" ({listed(rivals)} fit{'s' if len(rivals) == 1 else ''} about as well)" if rivals else ""
    return ", ".join(first.values()) + about


def _explained(probe: Probe, trial: PresetTrial) -> Iterator[str]:
    """Names of the layers whose gap is gone under the better preset: measured there, and at the first layer
    by the trial.
    """
    for layer in probe.layers:
        left = None if layer.refit is None else layer.refit.staleness
        if left is None:
            gone = layer.name == trial.layer
        else:
            gone = layer.is_guilty and not left.is_wrong
        if gone:
            yield layer.name


def undecided(case: Case) -> str | None:
    """Why no preset could be chosen before another."""
    probe = probe_of(case)
    if better_preset(probe) is not None:
        return None
    return no_statistics(probe) or untested(case, probe.presets, "the presets were not tried")


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
