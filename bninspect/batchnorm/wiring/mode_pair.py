"""Two sites that are the modes of one layer, and what chooses between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import Unrecognised
from bninspect.frozen_dataclass import frozen_dataclass

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
        """What is said if more conditionals choose between the two than could be told apart."""
        modes = f"training mode ({self.training.node.label}) and inference mode ({self.inference.node.label})"
        why = "more conditionals than can be told apart choose between them"
        return Unrecognised(node=self.output.node.label, reason=f"{modes} of one x: {why}")
