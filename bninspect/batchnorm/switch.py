"""What chooses between training and inference: a predicate, and which of its values serves which.

`wiring/predicates/predicate.py` makes the one, `wiring/assemble.py` the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bninspect.batchnorm.mode import Mode
from bninspect.frozen_dataclass import frozen_dataclass

if TYPE_CHECKING:
    from bninspect.graph import Tensor


class JointDecider(NamedTuple):
    """One of several tensors that decide a predicate together."""

    tensor: Tensor
    if_true: bool
    """Its value where the predicate is to be true."""
    if_false: bool


@frozen_dataclass
class Predicate:
    """A boolean tensor and what decides it, after every Identity, Switch, Cast and LogicalNot on the way."""

    tensor: Tensor
    """The tensor the Switch or If reads."""
    behind: Tensor
    """One tensor for all predicates of its value: the same before Identity, Switch and LogicalNot, or what
    another layer reads.
    """
    negated: bool
    """Whether the predicate is the negation of `behind`."""
    source: Tensor | None
    """The one tensor that decides; None where several do, or numbers compared with numbers, or a constant."""
    constant: bool | None
    """The predicate's value where nothing fed can change it, else None."""
    default: bool | int | float | None
    """The value of a PlaceholderWithDefault source when nothing is fed, else None."""
    true_when: bool | None
    """The value of the source that makes the predicate true; None where `source` is None."""
    unfed: bool | None = None
    """The predicate's value when nothing is fed; None where the source has no default that is known. Not
    `default == true_when`: a default may be a number other than 0 and 1."""
    reason: str | None = None
    """Why there is no single source, where there is none."""
    parts: tuple[JointDecider, ...] = ()
    """Of a predicate that several conditionals make together: what decides each; empty for any other."""


@frozen_dataclass
class ModeSwitch:
    """What sends one layer to training or to inference."""

    predicate: Predicate
    """The boolean that chooses, and what decides it."""
    training_when_predicate: bool
    """The predicate's own value that serves training (proven by the Switch port or the If branch)."""

    @property
    def training_when(self) -> bool | None:
        """The value of the *source* that sends the layer to training; None where no one source decides."""
        if self.predicate.true_when is None:
            return None
        return self.predicate.true_when == self.training_when_predicate

    @property
    def decided_by(self) -> Tensor:
        """The source; where no one source decides, the tensor that stands for the predicate."""
        return self.predicate.source if self.predicate.source is not None else self.predicate.behind

    @property
    def constant(self) -> bool | None:
        """The predicate's value where it is fixed in the file, else None."""
        return self.predicate.constant

    @property
    def served_by_default(self) -> Mode | None:
        """The mode when nothing is fed; None where the model cannot run so, or the default is not known."""
        value = self.predicate.unfed if self.predicate.constant is None else self.predicate.constant
        if value is None:
            return None
        return Mode.TRAINING if value == self.training_when_predicate else Mode.INFERENCE
