"""A layer that knows only the moments of its x, written anew with statistics of its own.

The chain of its arithmetic, or the op of 2015, has no place for any: the same formula takes its place,
reading two constants. So such a layer runs in inference mode from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.mode import Mode
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.folded.quantization import hold_updates
from bninspect.rewrite.folded.scaled_weights import refold
from bninspect.rewrite.formulas import constants, layout, normalized
from bninspect.rewrite.prune import prune

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graphdef import GraphDef

    Statistics = tuple[NDArray[np.floating], NDArray[np.floating]]


def inserted(report: Report, statistics: Mapping[str, Statistics]) -> GraphDef:
    """The graph as far as its outputs go, with the layers of these names normalizing with these means and
    variances, shape (channels,) each. Raises RewriteError where a layer cannot be written.
    """
    edits = Edits(report.graph)
    hold_updates(edits)
    for layer in report.layers:
        if layer.name in statistics:
            _insert(edits, layer, statistics[layer.name])
    return prune(edits, (), report.outputs).graphdef


def _insert(edits: Edits, layer: BatchNorm, statistics: Statistics) -> None:
    site = layer.nearest(Mode.TRAINING).site
    if site.carried is not None:
        near = site.carried.convolution.inputs[0].node
        refold(edits, layer, site, *constants(edits, site, near, *statistics), anew=True)
        return
    mean, variance = statistics
    shape = layout(layer, mean.size)
    edits.redirect(site.output, normalized(edits, layer, site, mean.reshape(shape), variance.reshape(shape)))
