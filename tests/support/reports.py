"""Reports built by hand, one for each thing there is to say: no file is read for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from bninspect.batchnorm.branches import Branch, Fixed, Wiring, wire
from bninspect.batchnorm.layer import (
    BatchNorm,
    Lookalike,
    MovingStatistics,
    Report,
    State,
    Statistics,
    StoredStatistics,
    SwitchGroup,
    Unrecognised,
)
from bninspect.batchnorm.mode import Form, Mode
from bninspect.batchnorm.switch import ModeSwitch, Predicate
from bninspect.errors import Absent
from bninspect.graph import Graph, Node, Tensor
from bninspect.graphdef import GraphDef, NodeDef, Span, TensorValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm.site import Site


class Given(NamedTuple):
    """Keeps one node of no file: its attributes."""

    values: dict[str, Any]

    def span(self, _number: int) -> Span:
        return Span(b"", 0, 0)

    def attributes(self, _number: int) -> dict[str, Any]:
        return self.values

    def attribute(self, _number: int, name: str) -> Any:
        return self.values.get(name)


def node(name: str, op: str = "Identity", **attributes: Any) -> Node:
    """A node with these attributes."""
    return Node(name=name, op=op, nodedef=NodeDef(name, op, (), Given(attributes)))


def tensor(name: str, op: str = "Identity", **attributes: Any) -> Tensor:
    """Output 0 of a new node."""
    return node(name, op, **attributes).output()


def value(numbers: Sequence[float]) -> TensorValue:
    """A tensor of float32, shape (n,), as the messages of a file give it."""
    from bninspect.graphdef.schema import message_class

    array = np.asarray(numbers, dtype=np.float32)
    message = message_class("TensorProto")()
    message.dtype = 1
    message.tensor_shape.dim.add().size = array.size
    message.tensor_content = array.tobytes()
    return TensorValue(message)


def constant(name: str, numbers: Sequence[float]) -> Tensor:
    """A Const of float32."""
    return tensor(name, "Const", value=value(numbers))


def statistics(mean: Sequence[float], variance: Sequence[float]) -> Statistics:
    """Stored or initial statistics, as the numbers are."""
    initial = not any(mean) and set(variance) in ({0.0}, {1.0})
    return Statistics(
        state=State.INITIAL if initial else State.STORED,
        values=held(mean, variance),
    )


def held(mean: Sequence[float], variance: Sequence[float]) -> StoredStatistics:
    """These numbers, as a file holds them."""
    return StoredStatistics(
        mean=value(mean),
        variance=value(variance),
        mean_range=(min(mean), max(mean)),
        variance_range=(min(variance), max(variance)),
    )


INITIAL = statistics([0.0] * 3, [1.0] * 3)
STORED = statistics([-0.5, 0.0, 2.25], [0.25, 1.0, 4.0])


def phase(name: str = "training", op: str = "Placeholder", dtype: str = "bool") -> Tensor:
    """A tensor that decides."""
    return tensor(name, op, dtype=dtype)


def predicate(source: Tensor | None, **changes: Any) -> Predicate:
    """A predicate that is true when its source is."""
    read = tensor("bn/cond/pred_id") if source is None else source
    facts: dict[str, Any] = {
        "tensor": read,
        "behind": read,
        "negated": False,
        "source": source,
        "constant": None,
        "default": None,
        "true_when": None if source is None else True,
    }
    facts |= changes
    default = facts["default"]
    return Predicate(**{"unfed": None if default is None else bool(default) == facts["true_when"], **facts})


def layer(
    name: str = "bn",
    *,
    decided: Predicate | None = None,
    negated: bool = False,
    mode: Mode | None = None,
    **changes: Any,
) -> BatchNorm:
    """A fused layer of TensorFlow 1.x: of this mode; without one, as `decided` says, else of inference."""
    fixed = Mode.INFERENCE if mode is None and decided is None else mode
    moving_mean, moving_variance = (
        constant(f"{name}/moving_mean", []),
        constant(f"{name}/moving_variance", []),
    )
    outputs = [
        node(f"{name}/cond/FusedBatchNormV3{suffix}", "FusedBatchNormV3").output() for suffix in ("", "_1")
    ]
    x = tensor(f"{name}/Conv2D", "Conv2D")
    training, inference = (
        Branch(
            node=output.node,
            taken_when=None if fixed is not None else (index == 0) is not negated,
            output=output,
            mean=moving_mean,
            variance=moving_variance,
            site=cast(
                "Site",
                SimpleNamespace(
                    node=output.node, output=output, x=x, folded=False, carried=None, renormalization=None
                ),
            ),  # more of it nobody reads
        )
        for index, output in enumerate(outputs)
    )
    merge = node(f"{name}/cond/Merge", "Merge")
    wiring: Wiring
    if fixed is not None:
        wiring = Fixed(mode=fixed, only=training if fixed is Mode.TRAINING else inference)
    elif decided is not None:
        switch = ModeSwitch(predicate=decided, training_when_predicate=not negated)
        wiring = wire(switch, training, inference, (merge,))
    facts: dict[str, Any] = {
        "name": name,
        "form": Form.FUSED,
        "op": "FusedBatchNormV3",
        "wiring": wiring,
        "x": x,
        "output": wiring.only.output if isinstance(wiring, Fixed) else merge.output(),
        "gamma": constant(f"{name}/gamma", [1.0, 0.5, 2.0]),
        "beta": constant(f"{name}/beta", [0.0, 0.0, 0.0]),
        "moving": MovingStatistics(mean=moving_mean, variance=moving_variance),
        "epsilon": float(np.float32(0.001)),
        "momentum": None,
        "data_format": "NHWC",
        "channels": 3,
        "statistics": STORED,
    }
    return BatchNorm(**{**facts, **changes})


def fixed_training(name: str = "bn", **changes: Any) -> BatchNorm:
    """A layer that always runs in training mode, and whose statistics were pruned."""
    facts = {"moving": None, "statistics": Statistics(state=State.ABSENT, reason="shape (0,)")}
    return layer(name, mode=Mode.TRAINING, **{**facts, **changes})


def report(*layers: BatchNorm, **changes: Any) -> Report:
    """A report of these layers on a file of some size; layers that share a predicate form one group."""
    groups: dict[int, list[BatchNorm]] = {}
    for one in layers:
        if one.switch is not None:
            groups.setdefault(id(one.switch.predicate), []).append(one)
    switches = tuple(
        SwitchGroup(switch=cast("ModeSwitch", group[0].switch), layers=tuple(group))
        for group in groups.values()
    )
    graphdef = GraphDef(
        path="model.pb",
        format="graphdef",
        size=95_447_303,
        nodes=(cast("NodeDef", SimpleNamespace()),) * 1519,
        functions={},
        producer=134,
    )
    graph = Graph([], graphdef=graphdef)
    facts: dict[str, Any] = {"outputs": (tensor("logits"),), "switches": switches}
    return Report(graph=graph, layers=layers, **{**facts, **changes})


RESNET_UNITS = {1: 3, 2: 4, 3: 6, 4: 3}
"""Units in each block of ResNet-50."""


def resnet(decided: Predicate, **changes: Any) -> list[BatchNorm]:
    """The 53 layers of a slim ResNet-50 v1, by their names."""
    names = ["conv1/BatchNorm"]
    for block, units in RESNET_UNITS.items():
        for unit in range(1, units + 1):
            scope = f"block{block}/unit_{unit}/bottleneck_v1"
            parts = ["shortcut"] if unit == 1 else []
            names += [f"{scope}/{part}/BatchNorm" for part in [*parts, "conv1", "conv2", "conv3"]]
    facts: dict[str, Any] = {"statistics": INITIAL, "epsilon": float(np.float32(1e-5)), "channels": 64}
    return [layer(f"resnet_v1_50/{name}", decided=decided, **{**facts, **changes}) for name in names]


def lookalikes() -> tuple[Lookalike, ...]:
    """Two kinds, one of them with more names than are shown."""
    names = [f"encoder/layer_{index}/LayerNorm/FusedBatchNormV3" for index in range(5)]
    reason = "mean and variance are empty and x comes from a Reshape"
    found = [Lookalike(node=node(name), kind="layer_norm", reason=reason) for name in names]
    return (*found, Lookalike(node=node("l2/Rsqrt"), kind="l2_normalize", reason="Rsqrt of a sum of squares"))


def odds() -> dict[str, Any]:
    """What a report may hold beside layers."""
    return {
        "lookalikes": lookalikes(),
        "unrecognised": (
            Unrecognised(node="odd/FusedBatchNorm", reason="its variance is computed from two inputs"),
        ),
        "skipped": (Absent(what="function bodies", count=318, reason="nothing that is served calls them"),),
    }
