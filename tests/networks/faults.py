"""Faults of known name put into a frozen network, in the constants that hold its statistics or in its graph.

A fault of values is a function of one layer's statistics; every node but the constants it changes stays byte
for byte the same. A fault of the graph changes who decides the mode, or adds a node. So it is known which
layer is at fault, and with what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.graphdef import read
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import new_node, rewritten, serialized

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Stored statistics of one layer, shape (channels,) each."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def never_updated(stored: Stored) -> Stored:
    """Still where a layer's variables start: 0 and 1."""
    return Stored(np.zeros_like(stored.mean), np.ones_like(stored.variance))


def widened(stored: Stored) -> Stored:
    """The variance four times too large: activations count half of what they should."""
    return Stored(stored.mean, stored.variance * 4)


def narrowed(stored: Stored) -> Stored:
    """The variance four times too small."""
    return Stored(stored.mean, stored.variance / 4)


def shifted(stored: Stored) -> Stored:
    """The mean off by one standard deviation, this way and that."""
    signs = np.where(np.arange(len(stored.mean)) % 2, -1, 1)
    return Stored(stored.mean + signs * np.sqrt(stored.variance), stored.variance)


def rescaled(stored: Stored) -> Stored:
    """Of inputs three times as large, as after a change of the input's scale."""
    return Stored(stored.mean * 3, stored.variance * 9)


def not_a_number(stored: Stored) -> Stored:
    """NaN in one channel of the mean."""
    mean = stored.mean.copy()
    mean[len(mean) // 2] = np.nan
    return Stored(mean, stored.variance)


def negative(stored: Stored) -> Stored:
    """One channel's variance below 0."""
    variance = stored.variance.copy()
    variance[len(variance) // 2] *= -1
    return Stored(stored.mean, variance)


def collapsed(stored: Stored) -> Stored:
    """One channel's variance 0, as of a channel that was dead in training."""
    variance = stored.variance.copy()
    variance[len(variance) // 2] = 0
    return Stored(stored.mean, variance)


def too_long(stored: Stored) -> Stored:
    """Statistics of one channel more than there are."""
    return Stored(np.append(stored.mean, 0.5), np.append(stored.variance, 2.0))


STALE: dict[str, Callable[[Stored], Stored]] = {
    "never updated": never_updated,
    "widened": widened,
    "narrowed": narrowed,
    "shifted": shifted,
    "rescaled": rescaled,
}
"""Faults of plausible statistics: only images tell, but for the first."""
INVALID: dict[str, Callable[[Stored], Stored]] = {
    "not a number": not_a_number,
    "negative variance": negative,
    "collapsed channel": collapsed,
}
"""Faults that the values alone tell."""


def statistics(path: Path) -> dict[str, Stored]:
    """What a model stores, by layer, in graph order."""
    found = {}
    for layer in inspect(load(str(path))).layers:
        assert layer.statistics.values is not None
        found[layer.name] = Stored(*layer.statistics.values.numbers())
    return found


def inject(source: Path, target: Path, fault: Callable[[Stored], Stored], *layers: str) -> Path:
    """Writes the model with a fault in these layers, in all of them where none is named."""
    stored = statistics(source)
    return write(source, target, {layer: fault(stored[layer]) for layer in layers or stored})


def swap(source: Path, target: Path, one: str, other: str) -> Path:
    """Writes the model with the statistics of two layers of one size exchanged."""
    stored = statistics(source)
    return write(source, target, {one: stored[other], other: stored[one]})


def write(source: Path, target: Path, given: Mapping[str, Stored]) -> Path:
    """Writes the model with these statistics, of any size, in these layers."""
    values: dict[str, NDArray[np.float32]] = {}
    for layer in inspect(load(str(source))).layers:
        if layer.name in given:
            assert layer.moving_mean is not None
            assert layer.moving_variance is not None
            values[layer.moving_mean.node.name] = given[layer.name].mean.astype(np.float32)
            values[layer.moving_variance.node.name] = given[layer.name].variance.astype(np.float32)
    assert len(values) == 2 * len(given), f"{sorted(given)}: not all of them are layers of {source}"
    graphdef = read(str(source))
    nodes = tuple(
        rewritten(node, name=node.name, inputs=node.inputs, attributes={"value": values[node.name]})
        if node.name in values
        else node
        for node in graphdef.nodes
    )
    target.write_bytes(serialized(replace(graphdef, nodes=nodes)))
    return target


SWITCH = "training"
"""The placeholder that decides the mode of every layer."""


def baked(source: Path, target: Path, *layers: str) -> Path:
    """Writes the model with these layers, all where none is named, fixed to training; the switch stays, and
    decides about the others.
    """
    names = layers or tuple(statistics(source))

    def edit(graph: Any) -> None:
        _rewire(graph, "fixed", tuple(f"{name}/" for name in names))
        _add(graph, "fixed", "Const", (), {"dtype": "bool", "value": np.array(True)})

    return _edited(source, target, edit)


def constant_switch(source: Path, target: Path) -> Path:
    """Writes the model with a constant true in the place of the switch."""

    def edit(graph: Any) -> None:
        _switch(graph).ParseFromString(
            new_node(SWITCH, "Const", (), {"dtype": "bool", "value": np.array(True)}).span.bytes()
        )

    return _edited(source, target, edit)


def default(source: Path, target: Path, value: bool, *, negated: bool = False) -> Path:
    """Writes the model with a switch that has a default, a negated one if asked."""

    def edit(graph: Any) -> None:
        if negated:
            _negate(graph)
        _switch(graph).op = "PlaceholderWithDefault"
        _switch(graph).input.append(f"{SWITCH}/input")
        _add(graph, f"{SWITCH}/input", "Const", (), {"dtype": "bool", "value": np.array(value)})

    return _edited(source, target, edit)


def negated(source: Path, target: Path) -> Path:
    """Writes the model with the switch negated: true serves inference. No fault."""
    return _edited(source, target, _negate)


def updated_constant(source: Path, target: Path, layer: str) -> Path:
    """Writes the model with the update of a moving mean left over, on what freezing made a constant."""

    def edit(graph: Any) -> None:
        step = np.zeros(len(statistics(source)[layer].mean), np.float32)
        _add(graph, f"{layer}/step", "Const", (), {"dtype": "float", "value": step})
        _add(graph, f"{layer}/AssignSub", "AssignSub", (f"{layer}/moving_mean", f"{layer}/step"),
             {"T": "float", "use_locking": False})  # fmt: skip

    return _edited(source, target, edit)


def widened_epsilon(source: Path, target: Path, layer: str, factor: float) -> Path:
    """Writes the model with the epsilon of one layer this many times as large, in every branch."""

    def edit(graph: Any) -> None:
        functions = [
            node
            for function in graph.library.function
            if function.signature.name.startswith(layer.replace("/", "_") + "_cond_")
            for node in function.node_def
        ]
        inside = [node for node in graph.node if node.name.startswith(f"{layer}/")]
        changed = 0
        for node in (*inside, *functions):
            if "epsilon" in node.attr:
                node.attr["epsilon"].f *= factor
                changed += 1
            elif node.name == f"{layer}/batchnorm/add/y":
                node.attr["value"].tensor.float_val[0] *= factor
                changed += 1
        assert changed, f"{layer} has no epsilon in {source}"

    return _edited(source, target, edit)


def _edited(source: Path, target: Path, edit: Callable[[Any], None]) -> Path:
    graph = message_class("GraphDef").FromString(source.read_bytes())
    edit(graph)
    target.write_bytes(graph.SerializeToString(deterministic=True))
    return target


def _switch(graph: Any) -> Any:
    """The node of the switch."""
    return next(node for node in graph.node if node.name == SWITCH)


def _negate(graph: Any) -> None:
    _rewire(graph, "negated", ("",))
    _add(graph, "negated", "LogicalNot", (SWITCH,), {})


def _rewire(graph: Any, name: str, prefixes: tuple[str, ...]) -> None:
    """Whoever reads the switch under these prefixes reads another node."""
    changed = 0
    for node in graph.node:
        for place, source in enumerate(node.input):
            if source == SWITCH and node.name.startswith(prefixes):
                node.input[place] = name
                changed += 1
    assert changed >= len(prefixes), f"{prefixes}: somebody does not read {SWITCH}"


def _add(graph: Any, name: str, op: str, inputs: tuple[str, ...], attributes: dict[str, Any]) -> None:
    graph.node.add().ParseFromString(new_node(name, op, inputs, attributes).span.bytes())
