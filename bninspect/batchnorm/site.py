"""A normalization site: one place where (x - mean) / sqrt(variance + epsilon) is computed, in any form.

What `fused` and `decomposed` find and `wiring` makes layers of. `Origin` says where a mean or a variance
comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from bninspect.batchnorm.mode import Form, Mode
    from bninspect.batchnorm.wiring.conditions import Join
    from bninspect.graph import Node, Tensor


@frozen_dataclass
class Batch:
    """Moments of the x that is normalized."""

    node: Node
    """What yields the statistic."""
    axes: tuple[int, ...]
    """The axes it is taken over, as written (negative ones count from the end)."""
    fused: tuple[Node, ...] = ()
    """Fused ops whose batch mean or variance it is made of."""
    of_x: bool = False
    """Whether one reduction takes them of x as it is, so that its axes are those of x."""


@frozen_dataclass
class Stored:
    """A constant, a variable, or something fed: the same for every batch."""

    node: Node
    source: Tensor | None
    """Where the values are kept; None where they are computed from several stored tensors."""


@frozen_dataclass
class Chosen:
    """One or the other, as a predicate says."""

    join: Join
    if_true: Batch | Stored
    if_false: Batch | Stored
    tensors: tuple[Tensor, Tensor]
    """What is handed on where the predicate is true, and where it is false."""
    inner: tuple[Node, ...] = ()
    """Merges and Selects on the same predicate that these come through before they meet."""


@frozen_dataclass
class Undecided:
    """Neither, with the reason."""

    reason: str


Origin = Batch | Stored | Chosen | Undecided


def batches_of(origin: Origin) -> tuple[Batch, ...]:
    """The moments of x that a statistic is, or can be."""
    sides = (origin.if_true, origin.if_false) if isinstance(origin, Chosen) else (origin,)
    return tuple(side for side in sides if isinstance(side, Batch))


@frozen_dataclass(eq=False)
class Carried:
    """How a batch norm stands in a convolution: its scale in the weights, its offset behind."""

    convolution: Node
    weights: Tensor
    """The weights without the scale."""
    scaled: Tensor
    """The weights with it, exact."""
    convolved: Tensor
    """What the convolution gives for those, as the offset is added to it."""
    merges: tuple[Node, ...]
    """Where conditionals choose what corrects it."""


@frozen_dataclass
class Renormalization:
    """What batch renormalization corrects the moments of a batch by, in training mode."""

    stored: tuple[Tensor, ...]
    """The stored statistics that r and d are made of."""
    cancels: bool
    """Whether r and d are not clipped, so that the moments of the batch cancel."""
    moving: tuple[Tensor, Tensor] | None
    """The moving mean and variance, where r and d are made of these; None where of others, such as a stored
    standard deviation.
    """


@frozen_dataclass(eq=False)
class Site:
    """One normalization, before it is known what stands in its other branch."""

    form: Form
    op: str
    node: Node
    """The node that normalizes: the fused op, or the last node of the chain."""
    mode: Mode
    """training, inference, or switched where the statistics are chosen by a predicate."""
    x: Tensor
    gamma: Tensor | None
    beta: Tensor | None
    mean: Tensor
    variance: Tensor
    mean_origin: Batch | Stored | Chosen
    variance_origin: Batch | Stored | Chosen
    epsilon: float | None
    output: Tensor
    data_format: str | None
    kept_axes: tuple[int, ...] = ()
    """The axes of x, counted from its end, that have statistics of their own, where these are not the
    channels of `data_format` alone: (-2, -1) of axis=[2, 3], (-3, -1) of axis=[1, 3].
    """
    folded: bool = False
    """Whether nothing of it is left but weights, into which its parameters and statistics were folded."""
    renormalization: Renormalization | None = None
    """Of a site in training mode: r and d beside its gamma and beta; None where nothing corrects it."""
    carried: Carried | None = None
    """Of a site folded into a convolution: where its parts stand; None of any other."""
