"""specialize: the graph in which every batch norm runs in the mode it is given, and nothing else changes.

Where a predicate chooses, the Merge is left out and the branch taken becomes unconditional; where the file
fixes the other mode, a fused op is flipped and a chain is written anew. The same mechanism serves `probe`,
`strip` and `refresh`, and it works on files that TensorFlow itself refuses to import.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from bninspect.batchnorm.branches import Fixed, Switched
from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.wiring.conditions import Conditions, constant_truth
from bninspect.batchnorm.wiring.deciding import only_in_training, value_at, value_of
from bninspect.errors import RewriteError
from bninspect.frozen_dataclass import frozen_dataclass
from bninspect.graph.ops import MERGES, SWITCHES
from bninspect.graph.search import end, reach
from bninspect.graphdef.dtypes import name_of_numpy
from bninspect.rewrite.checks import leave_out_checks
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.folded.quantization import decided_delays, hold_updates
from bninspect.rewrite.folded.scaled_weights import refold, unfreeze
from bninspect.rewrite.following import beside, following
from bninspect.rewrite.formulas import empty_statistics, inferred, restated, trained
from bninspect.rewrite.prune import Pruned, dtype_of, prune
from bninspect.rewrite.serving import deciders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bninspect.batchnorm import BatchNorm, Branch, Report
    from bninspect.batchnorm.wiring.conditions import Join
    from bninspect.batchnorm.wiring.predicates.predicate import Value
    from bninspect.graph import Node, Tensor
    from bninspect.rewrite.serving import Decider

_LAST_GLOBAL = 8
"""The last GraphDef version with BatchNormWithGlobalNormalization; TensorFlow refuses it from then on."""
ONLY_IN_TRAINING = "it only runs where the other layers train"
_UNWRITABLE = "it stands in a loop, where its formula cannot be replaced"
_OUTSIDE = "it stands in a loop, and its stored statistics outside of it"

Choice = Mode | Callable[["BatchNorm"], Mode]


@frozen_dataclass
class LayerChange:
    """What was done to one layer."""

    layer: BatchNorm
    """As it was."""
    mode: Mode
    """The mode it was to run in."""
    what: str
    """`branch` (one was taken), `flipped` (its mode changed), `kept` (it ran so already), `left` (it could
    not be had).
    """
    reason: str | None = None
    """Why it was left; None otherwise."""

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name


@frozen_dataclass
class Specialization:
    """The edits that bring a mode about, and what they did to each layer."""

    edits: Edits
    changes: tuple[LayerChange, ...]

    def pruned(self, wanted: Iterable[Tensor], named: Iterable[Tensor] = ()) -> Pruned:
        """The graph as far as the wanted tensors need it. Raises RewriteError."""
        return prune(self.edits, wanted, named)


def specialize(
    report: Report,
    choice: Choice,
    *,
    everything: bool = False,
    parameters: Callable[[BatchNorm], bool] | None = None,
) -> Specialization:
    """Every layer of the report in the chosen mode (one mode for all, or a function of the layer).

    A layer that cannot have it is left as it is, with the reason among the changes. With `everything`, which
    takes one mode for all, whatever else the sources of the predicates decide is settled, too. Layers of
    which `parameters` is true have the gamma and beta of inference in training mode, too: those that a
    predicate chooses, without r and d of batch renormalization.
    """
    edits = Edits(report.graph)
    conditions = Conditions(report.graph)
    changes = []
    idle = only_in_training(report.layers)
    for layer in report.layers:
        mode = choice if isinstance(choice, Mode) else choice(layer)
        if layer in idle and mode is Mode.INFERENCE:
            changes.append(LayerChange(layer=layer, mode=mode, what="left", reason=ONLY_IN_TRAINING))
            continue
        own = mode if parameters is None or not parameters(layer) else Mode.INFERENCE
        changes.append(_specialized(layer, mode, own, edits, conditions))
    hold_updates(edits)
    for join, value in decided_delays(edits, conditions):
        _, negated = conditions.base(join.predicate)
        _take(join, value != negated, join.predicate.node, edits, conditions)
    if everything and isinstance(choice, Mode):
        settle(report, choice, edits, conditions)
    leave_out_checks(report, edits)
    return Specialization(edits=edits, changes=tuple(changes))


def _specialized(
    layer: BatchNorm, mode: Mode, parameters: Mode, edits: Edits, conditions: Conditions
) -> LayerChange:
    """The layer in a mode, with the gamma and beta of the same or of the other."""
    branch = layer.branch(mode)
    corrected = layer.form is Form.FOLDED and mode is Mode.INFERENCE and bool(layer.merges)
    if branch is None or corrected:  # a correction by the batch's statistics cancels, but for its rounding
        return _flipped(layer, mode, edits)
    if isinstance(layer.wiring, Fixed) or not layer.wiring.joins:
        if layer.form is Form.GLOBAL and (edits.graph.graphdef.producer or 0) > _LAST_GLOBAL:
            edits.redirect(branch.site.output, restated(edits, layer, branch.site))
        if parameters is not mode and branch.site.renormalization is not None:
            with suppress(RewriteError):  # then they stay
                edits.redirect(branch.site.output, trained(edits, layer, branch.site))
        return LayerChange(layer=layer, mode=mode, what="kept")
    switch = layer.wiring.switch
    source, _ = conditions.base(switch.predicate.tensor)
    chosen = dict.fromkeys(beside(branch, source, conditions), parameters)
    chosen |= dict.fromkeys((*layer.wiring.joins, *following(layer, source, edits.graph, conditions)), mode)
    for merge, taken in chosen.items():
        join = conditions.join(merge)
        if join is None:  # of a damaged file
            return LayerChange(layer=layer, mode=mode, what="left", reason=f"{merge.label} is damaged")
        value = value_at(join, switch, taken, conditions)
        _take(join, value is not False, branch.site.x.node, edits, conditions)
    return LayerChange(layer=layer, mode=mode, what="branch")


def settle(report: Report, mode: Mode, edits: Edits, conditions: Conditions) -> None:
    """What else the deciders of the layers decide goes where all their values that serve the mode send it.

    A decider of which one value alone serves the mode is that value, for all that reads it. Where no value
    serves the mode to all layers, nothing but the layers is settled, and what the file fixes: converters
    refuse a conditional of which one branch never runs.
    """
    every = deciders(report)
    serving = {
        decider: values for decider in every if not decider.is_constant and (values := decider.serving(mode))
    }
    known: dict[Tensor, bool | None] = {}
    for decider in every:
        for predicate, truth in decider.wanted(mode):
            stands, negated = conditions.base(predicate)
            known[stands] = truth != negated if decider in serving else None
    wirings = [layer.wiring for layer in report.layers]
    own = {join for wiring in wirings if isinstance(wiring, Switched) for join in wiring.joins}
    for node in report.graph:
        join = conditions.join(node)
        if join is None or node in own:
            continue
        source, negated = conditions.base(join.predicate)
        if source not in known:
            always = constant_truth(source) if node.op in MERGES else None
            known[source] = _agreed(source, serving) if always is None else always
        true = known[source]
        if true is not None:
            _take(join, true != negated, join.predicate.node, edits, conditions)
    for decider, values in serving.items():
        if len(values) == 1:
            for one, fixed in decider.arrays(values[0]).items():
                name, dtype = f"{one.node.name}/fixed", name_of_numpy(fixed.dtype)
                edits.redirect(one, edits.add(name, "Const", (), dtype=dtype, value=fixed))


def _agreed(predicate: Tensor, serving: Mapping[Decider, tuple[Value, ...]]) -> bool | None:
    """What a predicate is under every value that serves the mode; None if they do not agree on it."""
    for decider, values in serving.items():
        truths = {value_of(predicate, {decider.tensor: value}) for value in values}
        if len(truths) == 1 and None not in truths:
            return truths.pop()
    return None


def _take(join: Join, value: bool, near: Node, edits: Edits, conditions: Conditions) -> None:
    """The node hands on the side that its predicate takes for this value; that branch becomes
    unconditional.
    """
    source, negated = conditions.base(join.predicate)
    taken = join.if_true if value else join.if_false
    condition = (source, value != negated)
    edits.redirect(join.node.output(), _unswitched(taken, condition, edits, conditions))
    _free(taken.node, condition, near, edits, conditions)


def _unswitched(
    tensor: Tensor, condition: tuple[Tensor, bool], edits: Edits, conditions: Conditions
) -> Tensor:
    """What a Switch on this condition was given, where the tensor comes from one; else the tensor."""

    def given(place: Tensor) -> Tensor | None:
        return edits.read_by(place.node, 0) if _switches_on(place.node, condition[0], conditions) else None

    return end(tensor, given)


def _switches_on(node: Node, source: Tensor, conditions: Conditions) -> bool:
    """Whether it is a Switch on what this source decides."""
    return node.op in SWITCHES and conditions.base(node.inputs[1])[0] == source


def _free(
    start: Node, condition: tuple[Tensor, bool], near: Node, edits: Edits, conditions: Conditions
) -> None:
    """Every node of the branch reads what its Switches were given, and waits for no pivot of the
    conditional.
    """

    def freed(node: Node) -> Iterator[Node]:
        pivots = frozenset(control for control in node.controls if _is_pivot(control, condition, conditions))
        if pivots:
            edits.free(node, pivots, near)
        if condition not in conditions.of(node):
            return  # both branches may share a constant that waits for the Switch itself
        for slot in range(len(node.inputs)):
            tensor = edits.read_by(node, slot)
            given = _unswitched(tensor, condition, edits, conditions)
            if given != tensor:
                edits.override(node, slot, given)
            else:
                yield tensor.node
        yield from (control for control in node.controls if control not in pivots)

    for _ in reach([start], freed):
        pass


def _is_pivot(control: Node, condition: tuple[Tensor, bool], conditions: Conditions) -> bool:
    """Whether waiting for the node only says that the branch is taken: switch_t, switch_f."""
    pivot = end(control, lambda node: node.inputs[0].node if node.op == "Identity" else None)
    return _switches_on(pivot, condition[0], conditions)


def _flipped(layer: BatchNorm, mode: Mode, edits: Edits) -> LayerChange:
    """A layer that the file fixes to the other mode, made to run in this one where it can be had."""
    branch = layer.nearest(Mode.INFERENCE if mode is Mode.TRAINING else Mode.TRAINING)
    site = branch.site
    if mode is Mode.INFERENCE:
        reason = _flip_to_inference(layer, branch, edits)
        if reason is not None:
            return LayerChange(layer=layer, mode=mode, what="left", reason=reason)
    elif layer.form is Form.FUSED:
        node = site.node
        mean, variance = empty_statistics(edits, site, dtype_of(site.mean))
        edits.override(node, 3, mean)
        edits.override(node, 4, variance)
        edits.set_attributes(node, is_training=True)
        if node.attr("exponential_avg_factor") is not None:
            edits.set_attributes(node, exponential_avg_factor=1.0)
    elif edits.in_loop(site.node):
        return LayerChange(layer=layer, mode=mode, what="left", reason=_UNWRITABLE)
    else:
        try:
            if layer.form is Form.FOLDED:
                unfreeze(edits, layer, site)
            else:
                edits.redirect(site.output, trained(edits, layer, site))
        except RewriteError as error:
            return LayerChange(layer=layer, mode=mode, what="left", reason=str(error))
    what = "flipped" if layer.branch(mode) is None else "branch"
    return LayerChange(layer=layer, mode=mode, what=what)


def _flip_to_inference(layer: BatchNorm, branch: Branch, edits: Edits) -> str | None:
    """Stored statistics in place of the batch's; the reason where there are none."""
    moving = layer.moving
    if moving is None:
        return "its stored statistics are not in the file"
    if edits.in_loop(branch.site.node):
        return _OUTSIDE
    kept = moving.mean, moving.variance
    if layer.form is not Form.FUSED:
        try:
            if layer.form is Form.FOLDED:
                refold(edits, layer, branch.site, *kept, anew=False)
            else:
                edits.redirect(branch.site.output, inferred(edits, layer, branch.site, kept))
        except RewriteError as error:
            return str(error)
        return None
    edits.set_attributes(branch.site.node, is_training=False)
    edits.override(branch.site.node, 3, moving.mean)
    edits.override(branch.site.node, 4, moving.variance)
    return None
