"""What decides the mode of a layer, one tensor or several; and what predicates are for given values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.predicates.predicate import analyse, apply, asked, logic, operands, uniform

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from bninspect.batchnorm.layer import BatchNorm
    from bninspect.batchnorm.switch import ModeSwitch, Predicate
    from bninspect.batchnorm.wiring.conditions import Conditions, Join
    from bninspect.batchnorm.wiring.predicates.predicate import Operand, Value
    from bninspect.graph import Node, Tensor

_DECIDES_ALONE = {"LogicalAnd": False, "LogicalOr": True}
"""Ops of which one operand of this value is enough."""


def value_of(predicate: Tensor, values: Mapping[Tensor, Value]) -> bool | None:
    """The predicate while these tensors (sources, or booleans behind predicates) have these values; None if
    they have no say, or others have one, too.
    """
    order, _ = logic(predicate)
    if values.keys().isdisjoint(order):
        return None
    known: dict[Tensor, Operand] = {}
    for tensor in order:
        held = values.get(tensor, uniform(tensor))
        if held is None:
            held = _computed(tensor, known)
        if held is not None:
            known[tensor] = held
    return bool(known[order[-1]]) if order[-1] in known else None


def _computed(tensor: Tensor, known: Mapping[Tensor, Operand]) -> Operand | None:
    """What is computed from known operands, or from as many as are enough; else None."""
    before = operands(tensor)
    alone = _DECIDES_ALONE.get(tensor.node.op)
    enough = [known[one] for one in before if one in known and bool(known[one]) is alone]
    if enough:
        return enough[0]
    if not before or not all(one in known for one in before):
        return None
    return apply(tensor, [known[one] for one in before])


def sent_to_training_by(switch: ModeSwitch) -> bool:
    """The value of what decides a layer (`decided_by`) that sends it to training; of a number, whether that
    is 1 rather than 0.
    """
    if switch.training_when is not None:
        return switch.training_when
    return switch.training_when_predicate != switch.predicate.negated


def deciders_of(switch: ModeSwitch, mode: Mode) -> dict[Tensor, bool]:
    """What decides a layer, with values that send it to a mode."""
    trains = mode is Mode.TRAINING
    if not switch.predicate.parts:
        return {switch.decided_by: sent_to_training_by(switch) == trains}
    is_true = switch.training_when_predicate == trains
    return {part.tensor: part.if_true if is_true else part.if_false for part in switch.predicate.parts}


def only_in_training(layers: Sequence[BatchNorm]) -> frozenset[BatchNorm]:
    """The layers fixed in training mode that never run while all others are in inference mode: the same
    predicate that sends those there keeps these from running (an auxiliary head that only training needs).
    """
    alone = [layer for layer in layers if layer.mode is Mode.TRAINING and layer.runs_when]
    if not alone:
        return frozenset()
    serving: dict[Tensor, set[bool]] = {}
    for layer in layers:
        if layer.mode is Mode.SWITCHED and layer.switch is not None and not layer.switch.predicate.parts:
            for tensor, value in deciders_of(layer.switch, Mode.INFERENCE).items():
                serving.setdefault(tensor, set()).add(value)
    agreed = {tensor: values.pop() for tensor, values in serving.items() if len(values) == 1}
    return frozenset(
        layer
        for layer in alone
        if any(value_of(predicate, agreed) is (not value) for predicate, value in layer.runs_when)
    )


def value_at(join: Join, switch: ModeSwitch, mode: Mode, conditions: Conditions) -> bool | None:
    """What the predicate of one of a layer's joins is in a mode of the layer; None where either will do."""
    own, negated = conditions.base(join.predicate)
    value = value_of(own, deciders_of(switch, mode))
    return None if value is None else value != negated


def is_true(predicate: Predicate, values: Mapping[Tensor, Value]) -> bool | None:
    """As `value_of`, of a predicate that was analysed."""
    if predicate.behind in values:
        return bool(values[predicate.behind]) != predicate.negated
    return value_of(predicate.tensor, values)


def tensors_asking(
    layers: Sequence[BatchNorm], conditions: Conditions, places: Container[Node]
) -> dict[Tensor, dict[Tensor, bool]]:
    """`Report.asking` of these layers; `places` has the nodes that the outputs need."""
    predicates = [layer.switch.predicate for layer in layers if layer.switch is not None]
    found: dict[Tensor, dict[Tensor, bool]] = {}
    for predicate in predicates:
        if predicate.source is None and predicate.constant is None and not predicate.parts:
            own = asked(predicate.tensor)
            found.setdefault(predicate.behind, {})[own] = conditions.base(own)[1]
        for part in predicate.parts:
            if analyse(part.tensor).source is None:
                own = asked(part.tensor)
                found.setdefault(part.tensor, {})[own] = conditions.base(own)[1]
    for tensor, asking in found.items():
        read = conditions.asking(tensor).items()
        asking |= {one: negated for one, negated in read if one.node in places}
    return found
