"""
## What it does
Finds batch norms that normalize with the batch at hand whatever is fed: `is_training` is fixed to true, the
chain takes moments of its input, or a constant predicate chooses training. A graph with a train op (and no
serving signature) is not what is served, and training mode is right there: skipped, unless `--deploy` says
that it is about to be shipped. Rules on switches are not: a switch goes with the graph into the export.

## Why is this bad?
What one image gives depends on the images it shares a batch with, and a batch of one gives something else
again. A single value per channel normalizes to beta: the image is gone.

## Example
```python
y = tf.layers.batch_normalization(x, training=True)   # then frozen
```

## Use instead
```python
y = tf.layers.batch_normalization(x, training=is_training)   # fed, or False for export
```
Where the file ties moving statistics to the layer (a fused op, a constant predicate, an update that assigns
to them), `bninspect strip MODEL -o OUT` makes it use them; where it does not, `bninspect refresh MODEL -o OUT
--image DIR --strip` estimates them. A model that uses batch statistics on purpose (a GAN, pix2pix, MAML) gets
an `allow` entry with its reason.

## References
- Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.1: inference uses population statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Mode, State
from bninspect.batchnorm.stored import NOT_IN_CHECKPOINT
from bninspect.rules.facts.switched import whenever
from bninspect.rules.facts.training import is_served, not_served, served_layers
from bninspect.rules.remedies import refresh_command, to_inference
from bninspect.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers in training mode whose stored statistics are in the file; the others are BN102's."""
    if not is_served(case):
        return
    for layer in served_layers(case):
        if layer.mode is not Mode.TRAINING or layer.statistics.state is State.ABSENT:
            continue
        fixed = "" if layer.switch is None else f": {layer.switch.predicate.tensor.name} is a constant"
        yield RULE.finding(
            f"runs in training mode {whenever(layer)}{fixed}",
            layer=layer.name,
            node=layer.wiring.served[0].node.label,
            remedy=_remedy(case, layer),
        )


def _remedy(case: Case, layer: BatchNorm) -> str:
    """Of a layer whose statistics the checkpoint has lost, new ones."""
    lost = layer.statistics.reason == NOT_IN_CHECKPOINT
    return (refresh_command(case, strip=True) if lost else None) or to_inference(case)


RULE = Rule(
    code="BN101",
    name="training-mode-baked-in",
    severity=Severity.ERROR,
    summary="a batch norm runs in training mode whatever is fed",
    check=check,
    undecided=not_served,
    page=__doc__,
)
