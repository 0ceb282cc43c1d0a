"""How a layer is wired: the branches that normalize, and what chooses between them.

A layer of one mode has one branch, a switched one has two, and of a layer whose predicate is a constant the
file holds two, of which one never runs. Each of these is a type of its own: what it has, it has always.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from bninspect.batchnorm.site import Site
    from bninspect.batchnorm.switch import ModeSwitch
    from bninspect.graph import Node, Tensor


@frozen_dataclass(eq=False)
class Branch:
    """One way the layer normalizes: the node that does it and the statistics it reads."""

    node: Node
    """A fused op; the output of a chain; or, where one chain serves both modes, what yields its mean."""
    taken_when: bool | None
    """The predicate's value (Switch port, If branch) that takes this branch; None where the mode is fixed."""
    output: Tensor
    """What this branch normalizes to; the layer's own output where one chain serves both modes."""
    mean: Tensor
    variance: Tensor
    site: Site = field(repr=False)
    """How it is written; rewriting needs to know."""


@frozen_dataclass(eq=False)
class Fixed:
    """One branch, and no predicate that has a say in its mode."""

    mode: Mode
    """Training or inference."""
    only: Branch
    runs_when: tuple[tuple[Tensor, bool], ...] = ()
    """Predicates of conditionals around the layer, with the values that let it run at all; in training mode
    of Selects, too, with those that let it be handed on.
    """

    @property
    def served(self) -> tuple[Branch, ...]:
        """The branches that may run, training before inference."""
        return (self.only,)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Every branch that the file holds, those that may run first."""
        return (self.only,)

    def branch(self, mode: Mode) -> Branch | None:
        """The branch that serves a mode, taken or not; None if the file holds none."""
        return self.only if mode is self.mode else None


@frozen_dataclass(eq=False)
class Switched:
    """Two branches, of which a predicate takes one at run time."""

    switch: ModeSwitch
    training: Branch
    inference: Branch
    joins: tuple[Node, ...]
    """The Merge (or If, or Select) nodes where the branches meet; empty where whole networks are switched."""

    @property
    def mode(self) -> Mode:
        """What it normalizes with."""
        return Mode.SWITCHED

    @property
    def served(self) -> tuple[Branch, ...]:
        """As `Fixed.served`."""
        return self.training, self.inference

    @property
    def branches(self) -> tuple[Branch, ...]:
        """As `Fixed.branches`."""
        return self.training, self.inference

    def branch(self, mode: Mode) -> Branch:
        """The branch that serves a mode."""
        return self.training if mode is Mode.TRAINING else self.inference


@frozen_dataclass(eq=False)
class Constant:
    """Two branches, of which a predicate that is a constant takes always the same."""

    switch: ModeSwitch
    taken: Branch
    untaken: Branch
    joins: tuple[Node, ...]
    """As `Switched.joins`."""

    @property
    def mode(self) -> Mode:
        """What the branch that is taken normalizes with."""
        training = self.switch.constant == self.switch.training_when_predicate
        return Mode.TRAINING if training else Mode.INFERENCE

    @property
    def served(self) -> tuple[Branch, ...]:
        """As `Fixed.served`."""
        return (self.taken,)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """As `Fixed.branches`."""
        return self.taken, self.untaken

    def branch(self, mode: Mode) -> Branch:
        """The branch that serves a mode, taken or not."""
        return self.taken if mode is self.mode else self.untaken


Wiring = Fixed | Switched | Constant


def wire(switch: ModeSwitch, training: Branch, inference: Branch, joins: tuple[Node, ...]) -> Wiring:
    """Two branches and what chooses: switched, unless the predicate is a constant."""
    if switch.constant is None:
        return Switched(switch=switch, training=training, inference=inference, joins=joins)
    trains = switch.constant == switch.training_when_predicate
    taken, untaken = (training, inference) if trains else (inference, training)
    return Constant(switch=switch, taken=taken, untaken=untaken, joins=joins)
