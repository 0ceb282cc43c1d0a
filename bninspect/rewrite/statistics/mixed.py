"""A layer normalized with a mixture of its old statistics and those of the batch.

As Schneider et al. 2020 (arXiv:2006.16971), in the forward pass: what is measured behind such a layer is what
will be there once a share of the old statistics is kept. Behind layers that are normalized with the batch
alone, the statistics are those of another network than the one that is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bninspect.batchnorm.mode import Form, Mode
from bninspect.errors import RewriteError
from bninspect.rewrite.formulas import Chain, inferred
from bninspect.rewrite.prune import dtype_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm import BatchNorm
    from bninspect.graph import Tensor
    from bninspect.rewrite.edits import Edits

    Floats = NDArray[np.float64]


def mix_in(
    edits: Edits,
    layer: BatchNorm,
    images: tuple[Tensor, Tensor],
    old: tuple[Floats, Floats],
    share: Tensor,
) -> None:
    """The layer, which runs in training mode, normalizes with share * old + (1 - share) * batch from here on.

    `images` are mean and variance of every image of its x, (images, channels) each; `share` is a float32.
    Raises RewriteError where its formula cannot be written anew.
    """
    if layer.form is Form.FOLDED:
        raise RewriteError("its statistics are folded into weights")
    site = layer.nearest(Mode.TRAINING).site
    means, variances = images
    wide = dtype_of(means)
    chain = Chain(edits, f"{site.node.name}/bninspect/mixed", site.x.node)
    kept = chain.cast("share", share, "float", wide)
    numpy_type = np.float64 if wide == "double" else np.float32
    rest = chain.op("rest", "Sub", (chain.constant("one", np.asarray(1, numpy_type)), kept), T=wide)

    def mixed(name: str, before: Floats, batch: Tensor) -> Tensor:
        stored = chain.constant(f"old_{name}", before.astype(numpy_type))
        parts = (
            chain.op(f"kept_{name}", "Mul", (stored, kept), T=wide),
            chain.op(f"new_{name}", "Mul", (batch, rest), T=wide),
        )
        whole = chain.op(name, "Add", parts, T=wide)
        return chain.cast(f"{name}_of_layer", whole, wide, "float") if _is_fused(layer) else whole

    batch_mean, batch_variance = _pooled(chain, means, variances, wide)
    mean, variance = mixed("mean", old[0], batch_mean), mixed("variance", old[1], batch_variance)
    if _is_fused(layer):
        edits.set_attributes(site.node, is_training=False)
        edits.override(site.node, 3, mean)
        edits.override(site.node, 4, variance)
    else:
        edits.redirect(site.output, inferred(edits, layer, site, (mean, variance)))


def _is_fused(layer: BatchNorm) -> bool:
    return layer.form is Form.FUSED


def _pooled(chain: Chain, means: Tensor, variances: Tensor, wide: str) -> tuple[Tensor, Tensor]:
    """Mean and biased variance over all images, which are of one size (`statistics.pooling`)."""
    axis = chain.constant("axis", np.array([0], np.int32))

    def over_images(name: str, tensor: Tensor) -> Tensor:
        return chain.op(name, "Mean", (tensor, axis), T=wide, Tidx="int32", keep_dims=False)

    mean = over_images("batch_mean", means)
    between = over_images("between", chain.op("squares", "SquaredDifference", (means, mean), T=wide))
    return mean, chain.op("batch_variance", "Add", (over_images("within", variances), between), T=wide)
