"""Beside the drawing of a layer's wiring: every name in full; and which layers are wired alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bninspect.batchnorm.layer import State
from bninspect.batchnorm.mode import Mode
from bninspect.render.graph.wiring import conditional
from bninspect.render.page.markup import Html, tag
from bninspect.render.page.pictures.wiring import decides, value_of
from bninspect.text import as_written, between, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bninspect.batchnorm import BatchNorm


def alike(first: Sequence[BatchNorm], layers: Sequence[BatchNorm]) -> list[tuple[BatchNorm, int]]:
    """(a layer, how many others are wired as it is) for each way of wiring, those of the `first` layers
    before the others.
    """
    groups: dict[tuple[object, ...], list[BatchNorm]] = {}
    names = {layer.name for layer in first}
    for layer in (*first, *(layer for layer in layers if layer.name not in names)):
        groups.setdefault(_way(layer), []).append(layer)
    return [(members[0], len(members) - 1) for members in groups.values()]


def _way(layer: BatchNorm) -> tuple[object, ...]:
    """What makes two drawings the same but for the names."""
    training, inference = layer.branch(Mode.TRAINING), layer.branch(Mode.INFERENCE)
    one_chain = training is not None and inference is not None and training.output == inference.output
    switch = layer.switch
    return (
        layer.form,
        layer.mode,
        conditional(layer) if switch is not None else None,
        one_chain,
        None if switch is None else (decides(switch), switch.training_when),
        layer.statistics.state is State.ABSENT,
    )


def wiring_list(layer: BatchNorm) -> Html:
    """The names and numbers of a layer."""
    return tag(
        "dl", *(part for term, inside in _items(layer) for part in (tag("dt", term), tag("dd", inside)))
    )


def _name(text: str, look: str = "") -> Html:
    return tag("span", text, class_=f"name {look}".strip())


def _items(layer: BatchNorm) -> Iterator[tuple[str, Html | str]]:
    yield "layer", _name(layer.name)
    op = f"{layer.form.value} ({layer.op})"
    yield "form", f"{op}, {layer.data_format}" if layer.data_format else op
    yield "x", _name(layer.x.name)
    switch = layer.switch
    if switch is not None:
        what, known = decides(switch)
        yield "decided by", tag("span", _name(what), f", {known}")
        if switch.predicate.tensor.name != what:
            yield "predicate", _name(switch.predicate.tensor.name)
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        branch = layer.branch(mode)
        if branch is None:
            continue
        when = "" if switch is None else f"{value_of(switch, branch, mode)}: "
        never = ", which never runs" if branch is layer.untaken else ""
        yield mode.value, tag("span", when, _name(branch.node.label, mode.value), never)
    if layer.merges:
        names = dict.fromkeys(node.label for node in layer.merges)
        yield "joined by", _name(", ".join(names))
    yield "y", _name(layer.output.name)
    for term, tensor in (("gamma", layer.gamma), ("beta", layer.beta)):
        yield term, "none" if tensor is None else _name(tensor.node.label)
    yield from _statistics(layer)


def _statistics(layer: BatchNorm) -> Iterator[tuple[str, Html | str]]:
    held = layer.statistics.values
    for term, tensor, bounds in (
        ("moving_mean", layer.moving_mean, None if held is None else held.mean_range),
        ("moving_variance", layer.moving_variance, None if held is None else held.variance_range),
    ):
        if tensor is not None:
            words = "" if bounds is None else f": {between(bounds)}"
            yield term, tag("span", _name(tensor.node.label), words)
    reason = f" ({layer.statistics.reason})" if layer.statistics.reason else ""
    yield "statistics", f"{layer.statistics.state.value}{reason}"
    epsilon = "unknown" if layer.epsilon is None else plain(as_written(layer.epsilon))
    yield "epsilon", epsilon
    if layer.momentum is not None:
        yield "momentum", plain(as_written(layer.momentum))
