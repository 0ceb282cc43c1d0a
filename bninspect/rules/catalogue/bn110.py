"""
## What it does
Finds layers whose moving mean, moving variance, gamma and beta are not of one length, or not of as many
values as the input has channels.

## Why is this bad?
TensorFlow stops at the layer, or broadcasts silently and normalizes every channel with the wrong numbers.

## Example
```python
# Statistics of another layer were copied in: 32 values for 64 channels.
session.run(moving_mean.assign(np.load("statistics.npz")["conv1"]), ...)
```

## Use instead
```python
assert statistics.shape == moving_mean.shape
session.run(moving_mean.assign(statistics))
```

## References
- `tf.raw_ops.FusedBatchNormV3`: scale, offset, mean and variance are vectors of as many values as channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm import Form
from bninspect.graph.shapes import channels, length
from bninspect.rules.rule import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bninspect.batchnorm import BatchNorm
    from bninspect.rules.rule import Case, Finding


def check(case: Case) -> Iterator[Finding]:
    """Layers with lengths that disagree."""
    for layer in case.layers:
        lengths = _lengths(layer)
        if len(set(lengths.values())) > 1 and layer.moving_mean is not None:
            yield RULE.finding(
                "lengths disagree: " + ", ".join(f"{name} {size}" for name, size in lengths.items()),
                layer=layer.name,
                node=layer.moving_mean.node.label,
                remedy="restore the statistics of this layer from its checkpoint and freeze it again",
            )


def _lengths(layer: BatchNorm) -> dict[str, int]:
    """What has a length that counts, by name.

    Parameters computed while the model runs (batch renormalization) have none; in a chain a single value is
    broadcast on purpose; statistics of several axes (tf.layers, axis=[2, 3]) are more than the channels; an
    input behind a Reshape (virtual batches) tells no channels.
    """
    found = {
        "moving_mean": length(layer.moving_mean),
        "moving_variance": length(layer.moving_variance),
        "gamma": length(layer.gamma),
        "beta": length(layer.beta),
    }
    if layer.form is Form.DECOMPOSED:
        found = {name: size for name, size in found.items() if size != 1 or name.startswith("moving_")}
    if not layer.kept_axes:
        found["input channels"] = channels(layer.x, layer.data_format)
    return {name: size for name, size in found.items() if size is not None}


RULE = Rule(
    code="BN110",
    name="statistics-of-the-wrong-size",
    severity=Severity.ERROR,
    summary="moving statistics are not of as many values as the layer has channels",
    check=check,
    page=__doc__,
)
