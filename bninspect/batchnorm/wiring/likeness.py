"""Two normalization sites that belong together: modes of one layer, or one mode of it written twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Unrecognised
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.site import Batch
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.trace import cast_free, value

if TYPE_CHECKING:
    from bninspect.batchnorm.site import Site
    from bninspect.graph import Node, Tensor


@frozen_dataclass(eq=False)
class ModePair:
    """The two modes of one layer."""

    training: Site
    inference: Site
    predicate: Tensor
    training_when: bool
    """The predicate's value that takes the training site."""
    merges: tuple[Node, ...]
    output: Tensor
    again: tuple[Site, ...] = ()
    """Sites that do what one of the two does, and are taken in its place elsewhere."""

    @property
    def sites(self) -> set[Site]:
        """All that are a mode of the layer."""
        return {self.training, self.inference, *self.again}

    def undecided(self) -> Unrecognised:
        """What is said if more conditionals choose between the two than could be distinguished."""
        modes = f"training mode ({self.training.node.label}) and inference mode ({self.inference.node.label})"
        why = "more conditionals than can be told apart choose between them"
        return Unrecognised(node=self.output.node.label, reason=f"{modes} of one x: {why}")


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
    if first.mode is not second.mode or first.epsilon != second.epsilon:
        return False
    return parameters(first) == parameters(second) and one_set(first, second)


def one_set(first: Site, second: Site) -> bool:
    """Whether two sites of one mode normalize with the same statistics."""
    return _statistics(first) == _statistics(second)


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
