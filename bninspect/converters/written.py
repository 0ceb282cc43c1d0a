"""How a layer is written, as a converter meets it: which op, what joins its branches, what decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.branches import Fixed
from bninspect.batchnorm.layer import State
from bninspect.batchnorm.mode import Form, Mode
from bninspect.converters.surroundings import Surroundings, surroundings
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import MERGES, SELECTS
from bninspect.graph.trace import same

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm, Report
    from bninspect.graph import Node, Tensor

_GIVEN = frozenset({"Const", "Merge"})
_HELD = (State.STORED, State.INITIAL, State.INVALID)


@frozen_dataclass
class Written:
    """One layer, and the model that it stands in."""

    layer: BatchNorm
    model: Surroundings

    @property
    def is_fused(self) -> bool:
        """Whether it is one fused op."""
        return self.layer.form is Form.FUSED

    @property
    def is_decomposed(self) -> bool:
        """Whether it is a chain of arithmetic."""
        return self.layer.form is Form.DECOMPOSED

    @property
    def is_folded(self) -> bool:
        """Whether it stands in the weights of a convolution."""
        return self.layer.form is Form.FOLDED

    @property
    def own(self) -> Mode | None:
        """The mode that the file serves when nothing is fed to what decides; None if that has to be fed."""
        if self.layer.mode is not Mode.SWITCHED:
            return self.layer.mode
        return None if self.layer.switch is None else self.layer.switch.served_by_default

    @property
    def trains(self) -> bool:
        """Whether the file serves training mode when nothing is fed."""
        return self.own is Mode.TRAINING

    @property
    def infers(self) -> bool:
        """Whether the file serves inference mode when nothing is fed."""
        return self.own is Mode.INFERENCE

    @property
    def asks(self) -> bool:
        """Whether something has to be fed that decides."""
        return self.own is None

    @property
    def is_fixed(self) -> bool:
        """Whether it has one branch, and no predicate has a say."""
        return isinstance(self.layer.wiring, Fixed)

    @property
    def has_statistics(self) -> bool:
        """Whether statistics for inference are in the file."""
        return self.layer.statistics.state in _HELD

    @property
    def says_its_mode(self) -> bool:
        """Whether a fused op has the attribute is_training; without it TensorFlow takes true."""
        return self.layer.wiring.served[0].node.attr("is_training") is not None

    @property
    def factor(self) -> float:
        """exponential_avg_factor of the training op: 1 is the batch alone."""
        branch = self.layer.branch(Mode.TRAINING)
        value = None if branch is None else branch.node.attr("exponential_avg_factor")
        return float(value) if isinstance(value, int | float) else 1.0

    @property
    def is_half(self) -> bool:
        """Whether it normalizes float16."""
        nodes = (self.layer.wiring.served[0].node, self.layer.nearest(Mode.INFERENCE).output.node)
        return any(node.attr("T") == "half" for node in nodes)

    @property
    def computes_constants(self) -> bool:
        """Whether gamma, beta or a stored statistic is arithmetic of constants."""
        layer = self.layer
        held = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
        return any(_is_arithmetic(same(tensor).node) for tensor in held if tensor is not None)

    @property
    def has_default(self) -> bool:
        """Whether a placeholder decides that has a default."""
        return self.layer.mode is Mode.SWITCHED and self.own is not None

    @property
    def by_merge(self) -> bool:
        """Whether Switch and Merge of the file choose between its branches."""
        return any(node.op in MERGES and node.predicate is None for node in self.layer.merges)

    @property
    def by_if(self) -> bool:
        """Whether an If of functions chooses."""
        return any(node.op in MERGES and node.predicate is not None for node in self.layer.merges)

    @property
    def by_select(self) -> bool:
        """Whether a Select chooses."""
        return any(node.op in SELECTS for node in self.layer.merges)

    @property
    def by_arithmetic(self) -> bool:
        """Whether a sum that the predicate weighs chooses."""
        return bool(self.layer.merges) and not (self.by_merge or self.by_if or self.by_select)

    @property
    def is_computed(self) -> bool:
        """Whether no one source decides."""
        switch = self.layer.switch
        return switch is not None and switch.constant is None and switch.predicate.source is None

    @property
    def first_of_merge(self) -> Mode | None:
        """The mode that input 0 of its Merge brings; None if no Merge chooses, or that is not known."""
        if self.is_fixed or not self.by_merge:
            return None
        first = same(self.layer.merges[0].inputs[0])
        for mode in (Mode.TRAINING, Mode.INFERENCE):
            branch = self.layer.branch(mode)
            if branch is not None and first in map(same, (branch.output, branch.mean, branch.variance)):
                return mode
        return None

    @property
    def is_output(self) -> bool:
        """Whether a Merge that joins its branches is an output of the model."""
        return any(node in self.model.outputs for node in self.layer.merges)

    @property
    def is_textbook(self) -> bool:
        """Whether a chain is `x * s + (beta - mean * s)` with `s = rsqrt(variance + epsilon) * gamma`, as
        tf.nn.batch_normalization writes it, and gamma, beta and the statistics are constants or chosen.
        """
        end = self.layer.nearest(Mode.INFERENCE).output.node
        if self.layer.op != "Rsqrt" or len(end.inputs) != 2:
            return False
        scaled, offset = (same(tensor).node for tensor in end.inputs)
        if scaled.op != "Mul" or offset.op != "Sub" or not _is_held(offset.inputs[0]):
            return False
        shift = same(offset.inputs[1]).node
        return shift.op == "Mul" and _is_held(shift.inputs[0]) and _is_scale(shift.inputs[1])


def _is_arithmetic(node: Node) -> bool:
    return len(node.inputs) > 1 and all(map(_is_held, node.inputs)) and node.op not in MERGES


def _is_held(tensor: Tensor) -> bool:
    return same(tensor).node.op in _GIVEN


def _is_scale(tensor: Tensor) -> bool:
    """Whether it is `rsqrt(variance + epsilon)`, times gamma or not."""
    node = same(tensor).node
    if node.op == "Mul":
        if not _is_held(node.inputs[1]):
            return False
        node = same(node.inputs[0]).node
    added = same(node.inputs[0]).node if node.op == "Rsqrt" else node
    return added.op in ("Add", "AddV2") and all(map(_is_held, added.inputs))


def written(report: Report) -> tuple[Written, ...]:
    """How each layer of the report is written, in graph order."""
    model = surroundings(report)
    return tuple(Written(layer=layer, model=model) for layer in report.layers)
