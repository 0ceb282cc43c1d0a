"""The nouns of everything else: a batch-norm layer, its branches, what chooses, its statistics."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from bninspect.batchnorm.branches import Constant, Fixed
from bninspect.batchnorm.mode import Mode
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from bninspect.batchnorm.branches import Branch, Wiring
    from bninspect.batchnorm.mode import Form
    from bninspect.batchnorm.site import Site
    from bninspect.batchnorm.switch import ModeSwitch, Predicate
    from bninspect.errors import Absent
    from bninspect.graph import Graph, Node, Tensor
    from bninspect.graphdef import TensorValue


class State(str, Enum):
    """What is known of the stored statistics."""

    INITIAL = "initial"
    STORED = "stored"
    ABSENT = "absent"
    UNREAD = "unread"
    INVALID = "invalid"


@frozen_dataclass
class StoredStatistics:
    """The moving statistics that a file holds: a mean and a variance, never one without the other."""

    mean: TensorValue
    """Of real numbers; read when they are asked for."""
    variance: TensorValue
    """As mean."""
    mean_range: tuple[float | None, float | None]
    """(min, max) over the channels; None for a bound that is not finite."""
    variance_range: tuple[float | None, float | None]
    """As mean_range."""

    def numbers(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and variance, float64, shape (channels,) each; in a damaged file of different lengths.

        Raises GraphDefError if the file no longer holds them.
        """
        return self.mean.numbers().ravel(), self.variance.numbers().ravel()


@frozen_dataclass
class Statistics:
    """What is known of the stored statistics of one layer."""

    state: State
    """initial, stored, absent, unread or invalid."""
    reason: str | None = None
    """Why they are `absent`, `unread` or `invalid`; None otherwise."""
    values: StoredStatistics | None = None
    """None unless numbers are in the file."""


@frozen_dataclass
class MovingStatistics:
    """Where the moving statistics of a layer are kept: a constant or a variable for each."""

    mean: Tensor
    variance: Tensor


@frozen_dataclass(eq=False)
class StatisticsSet:
    """One of several sets of moving statistics of a layer."""

    node: Node
    """What normalizes with it, or hands its mean on."""
    when: Tensor
    """A predicate: true where the set serves inference mode."""
    moving: MovingStatistics
    statistics: Statistics


@frozen_dataclass(eq=False)
class BatchNorm:
    """One batch-norm layer, at one call."""

    name: str
    """The scope its output stands in; unique within one Report."""
    form: Form
    """How it is written: fused, decomposed, global or folded."""
    op: str
    """The op that normalizes: FusedBatchNormV3, ..., or Rsqrt / Sqrt / Pow for a chain."""
    wiring: Wiring
    """The branches that normalize, and what chooses between them."""
    x: Tensor
    """The tensor that is normalized, before any Switch."""
    output: Tensor
    """The tensor that the layer gives, behind any Merge."""
    gamma: Tensor | None
    """The scale, at its source (Const or variable); None where the layer has none."""
    beta: Tensor | None
    """The offset, as gamma."""
    moving: MovingStatistics | None
    """None where the layer keeps none, or several sets, or they are computed when the model runs."""
    epsilon: float | None
    """Added to the variance; None where it cannot be read."""
    momentum: float | None
    """Of moving = moving * momentum + batch * (1 - momentum); None where the file does not say."""
    data_format: str | None
    """NHWC or NCHW (channels last or first, whatever the rank); None where it is not known."""
    channels: int | None
    """How many; None where the file does not say."""
    statistics: Statistics
    """What is known of the stored mean and variance."""
    again: tuple[Site, ...] = ()
    """Where one of its modes is written once more, and taken in place of its branch."""
    sets: tuple[StatisticsSet, ...] = ()
    """Every set of moving statistics that can serve inference mode, if there are several; else none."""
    updates: str | None = None
    """In a training graph `run`, `unused` or `none`; None where there is no train op to speak of."""
    updates_apart: bool = False
    """Whether they run with what waits for the train op or is grouped with it, not with it alone."""
    update_ops: tuple[Node, ...] = ()
    """What assigns to its moving statistics what a batch gave, whoever runs it."""
    idle_update_ops: tuple[Node, ...] = ()
    """Those of `update_ops` that no train op runs; empty in a graph without one."""
    updated_by_others: bool = False
    """Whether a train op runs the updates of another call with the same statistics, and not those of this."""
    trainable: tuple[str, ...] | None = None
    """Which of gamma, beta, moving_mean, moving_variance the optimizer may change, or None."""
    functions: tuple[str, ...] = ()
    """The library functions its nodes stand in, outermost first; empty at the top level."""

    @property
    def mode(self) -> Mode:
        """What the layer normalizes with."""
        return self.wiring.mode

    @property
    def switch(self) -> ModeSwitch | None:
        """What chooses the mode; None if no predicate has a say."""
        return None if isinstance(self.wiring, Fixed) else self.wiring.switch

    @property
    def training(self) -> Branch | None:
        """The branch that serves training; None if none runs."""
        return None if self.mode is Mode.INFERENCE else self.wiring.served[0]

    @property
    def inference(self) -> Branch | None:
        """The branch that serves inference; None if none runs."""
        return None if self.mode is Mode.TRAINING else self.wiring.served[-1]

    @property
    def untaken(self) -> Branch | None:
        """The branch that a constant predicate never takes; None if there is none."""
        return self.wiring.untaken if isinstance(self.wiring, Constant) else None

    @property
    def merges(self) -> tuple[Node, ...]:
        """The Merge (or If, or Select) nodes where the branches meet."""
        return () if isinstance(self.wiring, Fixed) else self.wiring.joins

    @property
    def runs_when(self) -> tuple[tuple[Tensor, bool], ...]:
        """Predicates of conditionals around a layer of one mode, with the values that let it run at all."""
        return self.wiring.runs_when if isinstance(self.wiring, Fixed) else ()

    @property
    def moving_mean(self) -> Tensor | None:
        """Where the moving mean is kept; None as `moving`."""
        return None if self.moving is None else self.moving.mean

    @property
    def moving_variance(self) -> Tensor | None:
        """Where the moving variance is kept; None as `moving`."""
        return None if self.moving is None else self.moving.variance

    @property
    def kept_axes(self) -> tuple[int, ...]:
        """The axes of x, from its end, that have statistics of their own; none if those are the channels."""
        return max((branch.site.kept_axes for branch in self.wiring.served), key=len)

    @property
    def is_renormalized(self) -> bool:
        """Whether r and d of batch renormalization correct the moments of its batch."""
        return any(branch.site.renormalization is not None for branch in self.wiring.served)

    @property
    def trains_on_batch(self) -> bool:
        """Whether its graph is trained, and the layer normalizes with its batch meanwhile."""
        return self.updates is not None and self.mode is not Mode.INFERENCE

    @property
    def is_untrainable(self) -> bool:
        """Whether it was made with trainable=False: it has a gamma or a beta, and the optimizer neither."""
        kept = [tensor for tensor in (self.gamma, self.beta) if tensor is not None]
        has = any(tensor.node.op in VARIABLES for tensor in kept)
        return has and self.trainable is not None and not {"gamma", "beta"} & set(self.trainable)

    def branch(self, mode: Mode) -> Branch | None:
        """The branch that serves a mode, taken or not; None if the file holds none."""
        return self.wiring.branch(mode)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every place where a mode of the layer is written."""
        return (*(branch.site for branch in self.wiring.branches), *self.again)

    def nearest(self, mode: Mode) -> Branch:
        """The branch that serves a mode; if the file holds none, that of the other mode."""
        return self.wiring.branch(mode) or self.wiring.served[0]


@frozen_dataclass
class Lookalike:
    """A normalization that is not batch norm."""

    node: Node
    """The node that normalizes."""
    kind: str
    """layer_norm, group_norm, instance_norm, l2_normalize or other."""
    reason: str
    """Why it is no batch norm."""


@frozen_dataclass
class Unrecognised:
    """Something that may be batch norm and could not be decided."""

    node: str
    """The node, as a person is shown it."""
    reason: str
    """Why it could not be decided."""
    remedy: str | None = None
    """How to have it read, in words; None if no other file of the model would say more."""


@frozen_dataclass(eq=False)
class SwitchGroup:
    """One source (or computed predicate, or constant) and the layers it decides."""

    switch: ModeSwitch
    """What chooses the mode of the first of the layers."""
    layers: tuple[BatchNorm, ...]
    """Those that it decides, in graph order."""

    @property
    def predicate(self) -> Predicate:
        """What decides."""
        return self.switch.predicate

    @property
    def switched(self) -> tuple[tuple[BatchNorm, ModeSwitch], ...]:
        """Each layer with what chooses its own mode."""
        return tuple((layer, layer.switch) for layer in self.layers if layer.switch is not None)


@frozen_dataclass(eq=False)
class ServedSignature:
    """One signature of a model that has several, and the layers that it runs."""

    key: str
    layers: tuple[BatchNorm, ...]


@frozen_dataclass(eq=False)
class Report:
    """All that the graph alone tells of its batch norm."""

    graph: Graph
    layers: tuple[BatchNorm, ...]
    """In graph order: a layer stands behind every layer that feeds it."""
    outputs: tuple[Tensor, ...] = ()
    """The model's outputs; only what they depend on is a layer."""
    switches: tuple[SwitchGroup, ...] = ()
    lookalikes: tuple[Lookalike, ...] = ()
    unrecognised: tuple[Unrecognised, ...] = ()
    skipped: tuple[Absent, ...] = field(default=())
    signatures: tuple[ServedSignature, ...] = ()
    """Of a model with several signatures each of them, those beside the outputs, too; else none."""
    asking: Mapping[Tensor, Mapping[Tensor, bool]] = field(default_factory=dict)
    """Computed predicate that decides -> what to feed for it to have a value: every tensor that asks what it
    does, and whether it gets the opposite.
    """

    @property
    def is_for_training(self) -> bool:
        """Whether the graph is there to train: it has a train op, and no signature says that it is served."""
        return any(layer.updates is not None for layer in self.layers) and not self.graph.signatures
