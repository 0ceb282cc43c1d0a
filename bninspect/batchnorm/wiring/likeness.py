"""Whether two normalization sites belong together: modes of one layer, or one mode of it written twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.site import Batch
from bninspect.graph.trace import cast_free, value

if TYPE_CHECKING:
    from bninspect.batchnorm.site import Site
    from bninspect.graph import Tensor


def one_layer(first: Site, second: Site) -> bool:
    """Whether two sites are modes of one layer: opposite modes, and one x or one set of parameters."""
    return {first.mode, second.mode} == {Mode.TRAINING, Mode.INFERENCE} and is_alike(first, second)


def is_alike(first: Site, second: Site) -> bool:
    """Whether two sites normalize one x, or have one set of parameters."""
    return of_one_x(first, second) or parameters(first) == parameters(second)


def of_one_x(first: Site, second: Site) -> bool:
    """Whether two sites normalize one x."""
    return value(first.x) == value(second.x)


def does_the_same(first: Site, second: Site) -> bool:
    """Whether two sites normalize with the same statistics and parameters."""
    if first is second:
        return True
    if first.mode is not second.mode or first.epsilon != second.epsilon or not is_alike(first, second):
        return False
    return parameters(first) == parameters(second) and _statistics(first) == _statistics(second)


def _statistics(site: Site) -> object:
    """What two sites that normalize one x with the same statistics have in common."""
    if site.mode is Mode.INFERENCE:
        return value(site.mean), value(site.variance)
    moments = site.mean_origin, site.variance_origin
    return [one.axes if isinstance(one, Batch) else one for one in moments], cast_free(site.x)


def parameters(site: Site) -> tuple[Tensor | None, Tensor | None]:
    """Where gamma and beta are kept."""
    return (
        None if site.gamma is None else value(site.gamma),
        None if site.beta is None else value(site.beta),
    )
