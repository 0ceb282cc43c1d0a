"""The verdict on a model, in one sentence: in which mode its batch norm runs, and what decides it.

The one place of the sentence, for `graph`, `check`, and the Python API. Layers that come to their mode in the
same way are one behaviour; those that should not be served as they are come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from bninspect.batchnorm.layer import State
from bninspect.batchnorm.missing import missing_weights
from bninspect.batchnorm.mode import Mode
from bninspect.batchnorm.wiring.deciding import only_in_training, sent_to_training_by
from bninspect.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm.layer import BatchNorm, Report, SwitchGroup
    from bninspect.batchnorm.switch import ModeSwitch, Predicate
    from bninspect.graph import Tensor

Level = Literal["plain", "warning", "error"]
_GRAVITY = ("error", "warning", "plain")
"""The levels, the gravest first."""

_VARIABLES = {"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable", "VarIsInitializedOp"}
_MOST = 3
"""Behaviours that the sentence names before the rest is counted."""
_GRAVE = ((State.INVALID, "invalid statistics"), (State.INITIAL, "initial statistics"))


class ModelVerdict(NamedTuple):
    """One sentence, and how grave it is."""

    text: str
    level: Level = "plain"


class Behaviour(NamedTuple):
    """How layers come to their mode, and which do."""

    layers: tuple[BatchNorm, ...]
    brief: str
    """After a number of layers: `in TRAINING mode`, `switched by phase:0`."""
    whole: str
    """Where all layers are so, the end of the sentence."""
    runs: bool = False
    """Whether `whole` follows the verb: `run in TRAINING mode, whatever is fed`."""
    level: Level = "plain"


def verdict(report: Report, *, deploy: bool = False) -> ModelVerdict:
    """The sentence: `72 batch norms, all switched by phase:0 (placeholder, no default: must be fed)`. With
    `deploy`, a training graph is about to be served as it is.
    """
    return verdict_on(behaviours(report, deploy=deploy), report)


def verdict_on(ways: Sequence[Behaviour], report: Report) -> ModelVerdict:
    """The sentence of a report whose layers behave in these ways."""
    total = len(report.layers)
    besides = list(_besides(report))
    levels = {way.level for way in ways} | {level for _, level in besides}
    level: Level = "error" if "error" in levels else "warning" if "warning" in levels else "plain"
    end = "".join(f"{', ' if number else '; '}{words}" for number, (words, _) in enumerate(besides))
    subject = counted(total, "batch norm")
    if not ways:
        return ModelVerdict(_none(report), "warning")
    if len(ways) > 1:
        shown = len(ways) if len(ways) <= _MOST + 1 else _MOST
        each = [f"{len(way.layers):,} {way.brief}" for way in ways[:shown]]
        more = sum(len(way.layers) for way in ways[shown:])
        rest = [f"{more:,} in {len(ways) - shown:,} other ways"] if more else []
        return ModelVerdict(f"{subject}: {', '.join(each + rest)}{end}", level)
    [way] = ways
    if way.runs:
        return ModelVerdict(f"{subject} {'run' if total > 1 else 'runs'} {way.whole}{end}", level)
    return ModelVerdict(f"{subject}, {'all ' if total > 1 else ''}{way.whole}{end}", level)


def without_layers(report: Report, verb: str) -> str:
    """Of a model without a layer: `no batch norm to strip`, or what could not be decided, and why."""
    if not report.unrecognised:
        return f"no batch norm to {verb}"
    first, *others = report.unrecognised
    more = f" (and {counted(len(others), 'more place')})" if others else ""
    remedy = f"; {first.remedy}" if first.remedy else ""
    return f"what {first.node} is could not be decided: {first.reason}{more}{remedy}"


def undecided(report: Report) -> str:
    """`2 places could not be decided`; empty if all were."""
    count = len(report.unrecognised)
    return f"{counted(count, 'place')} could not be decided" if count else ""


def _none(report: Report) -> str:
    if report.unrecognised:
        return f"no batch norm for certain: {undecided(report)}"
    return "no batch norm; it may be folded into the weights, or this is not the file you meant"


def _besides(report: Report) -> Iterator[tuple[str, Level]]:
    """What is to be known of the model besides the modes of its layers, and how grave it is."""
    total = len(report.layers)
    several = [layer for layer in report.layers if layer.sets]
    for state, words in _GRAVE:
        count = sum(layer.statistics.state is state for layer in report.layers)
        count += sum(any(one.statistics.state is state for one in layer.sets) for layer in several)
        if count:
            who = f"{count:,} with " if count < total else "all with " if total > 1 else ""
            yield who + words, "error"
    if several:
        who = f"{len(several):,} with " if len(several) < total else "all with " if total > 1 else ""
        yield f"{who}several sets of statistics", "plain"
    if missing_weights(report) is not None:
        yield "weights missing", "plain" if report.is_for_training else "error"
    if opposed(report):
        yield "no value serves inference to all", "error"
    if any(layer.trains_on_batch and layer.updates != "run" for layer in report.layers):
        yield "training does not update the moving statistics", "error"
    if report.unrecognised:
        yield undecided(report), "warning"


def opposed(report: Report) -> tuple[str, ...]:
    """Sources that send some layers to training by the value that sends others to inference, by name."""
    names = []
    for group in report.switches:
        switches = [switch for _, switch in group.switched]
        if len({sent_to_training_by(switch) for switch in switches}) > 1:
            names.append(group.switch.decided_by.name)
    return tuple(names)


def behaviours(report: Report, *, deploy: bool = False) -> tuple[Behaviour, ...]:
    """Every way in which layers come to their mode, the gravest first, then in graph order."""
    ways = _behaviours(report, report.is_for_training and not deploy)
    return tuple(sorted(ways, key=lambda way: _GRAVITY.index(way.level)))


def _behaviours(report: Report, for_training: bool) -> Iterator[Behaviour]:
    idle = only_in_training(report.layers)
    around: dict[Mode, dict[tuple[str, bool], list[BatchNorm]]] = {Mode.TRAINING: {}, Mode.INFERENCE: {}}
    for layer in report.layers:
        if layer.switch is None:
            conditionals = ", ".join([source.name for source, _ in layer.runs_when])
            around[layer.mode].setdefault((conditionals, layer in idle), []).append(layer)
    for mode, alike in around.items():
        for (conditionals, alone), layers in alike.items():
            if alone:
                brief = f"in training only, inside a conditional on {conditionals}"
                yield Behaviour(tuple(layers), brief, brief, True)
            else:
                yield _fixed(tuple(layers), mode, conditionals, for_training)
    for group in report.switches:
        yield from _decided(group)


def _fixed(layers: tuple[BatchNorm, ...], mode: Mode, conditionals: str, for_training: bool) -> Behaviour:
    """Layers of one mode; `conditionals` around them decide only whether they run.

    Training mode is right in a graph that is there to train.
    """
    bad = mode is Mode.TRAINING and not for_training
    name = "TRAINING" if bad else mode.value
    brief = f"in {name} mode"
    if conditionals:
        brief += f" inside a conditional on {conditionals}"
        return Behaviour(layers, brief, brief, True, "error" if bad else "plain")
    whole = f"{brief}, as in any training graph" if mode is Mode.TRAINING and for_training else None
    return Behaviour(layers, brief, whole or f"{brief}, whatever is fed", True, "error" if bad else "plain")


def _decided(group: SwitchGroup) -> Iterator[Behaviour]:
    """The layers of one source, by the value of it that sends them to training."""
    by_value: dict[bool, list[BatchNorm]] = {True: [], False: []}
    for layer in group.layers:
        if layer.switch is not None:
            by_value[sent_to_training_by(layer.switch)].append(layer)
    opposed = all(by_value.values())
    for value, layers in by_value.items():
        switch = layers[0].switch if layers else None
        if switch is not None:
            way = _switched(tuple(layers), group.predicate, switch, layers[0].mode)
            if opposed and group.predicate.constant is None:
                means = source_value(switch.decided_by, value)
                way = way._replace(brief=f"{way.brief} ({means} is training)")
            yield way


def _switched(
    layers: tuple[BatchNorm, ...], predicate: Predicate, switch: ModeSwitch, mode: Mode
) -> Behaviour:
    """What a predicate does to the layers it decides."""
    if predicate.constant is not None:
        bad = mode is Mode.TRAINING
        brief = f"in {'TRAINING' if bad else 'inference'} mode"
        whole = f"{brief}, whatever is fed: the predicate is the constant {str(predicate.constant).lower()}"
        return Behaviour(layers, f"{brief} by a constant predicate", whole, True, "error" if bad else "plain")
    if predicate.source is None:
        by = f"switched by {predicate.behind.name}"
        reason = f": {predicate.reason}" if predicate.reason else ", which is computed"
        computed = f"{by} ({predicate.behind.node.op}){reason}"
        return Behaviour(layers, by, computed, level="warning")
    return _sourced(layers, predicate, predicate.source, switch)


def _sourced(
    layers: tuple[BatchNorm, ...], predicate: Predicate, source: Tensor, switch: ModeSwitch
) -> Behaviour:
    """What the one tensor that decides does, in terms of its own values."""
    training = source_value(source, switch.training_when is True)
    inference = source_value(source, switch.training_when is not True)
    by = f"switched by {source.name}"
    if predicate.default is not None and switch.served_by_default is not None:
        given = str(predicate.default).lower()
        if switch.served_by_default is Mode.TRAINING:
            brief = f"in TRAINING mode unless {source.name} is fed {inference}"
            return Behaviour(
                layers, brief, f"{by} (default {given}): TRAINING unless {inference} is fed", level="error"
            )
        return Behaviour(layers, by, f"{by} (default {given}): inference unless {training} is fed")
    if source.node.op == "Placeholder":
        return Behaviour(layers, by, f"{by} (placeholder, no default: must be fed)")
    means = f"{training} means training, {inference} inference"
    if source.node.op in _VARIABLES:
        return Behaviour(layers, by, f"{by}, a variable: {means}", level="warning")
    return Behaviour(layers, by, f"{by} ({source.node.op}): {means}")


def source_value(source: Tensor, truth: bool) -> str:
    """How a person writes a value of the source that counts as true or false."""
    if source.node.attr("dtype", "bool") in ("bool", "bool_ref"):
        return "true" if truth else "false"
    return "1" if truth else "0"
