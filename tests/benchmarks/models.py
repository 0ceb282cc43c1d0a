"""The models the benchmarks read, written here: seeded, without TensorFlow, weights of any size.

A large weight is a hole in the file: its message says how long it is, and the bytes are skipped. So a
GraphDef with 1.5 GB of weights takes neither time nor disk, and is a legal message all the same.
"""

from __future__ import annotations

import random
import struct
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bninspect.graphdef.dtypes import NUMBERS
from bninspect.graphdef.schema import message_class

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_BLOCKS = ((64, 3), (128, 4), (256, 6), (512, 3))
"""ResNet-50: (width of the bottleneck, how many of them) per stage."""


class GraphFile:
    """A binary GraphDef that is written node by node."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.nodes = 0

    def __enter__(self) -> GraphFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._file.truncate()
        self._file.close()

    def node(self, name: str, op: str, inputs: Sequence[str] = (), **attributes: Any) -> str:
        """Write a node and give its name; a str attribute is a dtype, bytes are bytes."""
        message = message_class("NodeDef")(name=name, op=op, input=inputs)
        for key, value in attributes.items():
            attribute = message.attr[key]
            if isinstance(value, bool):
                attribute.b = value
            elif isinstance(value, int):
                attribute.i = value
            elif isinstance(value, float):
                attribute.f = value
            elif isinstance(value, bytes):
                attribute.s = value
            elif isinstance(value, str):
                attribute.type = NUMBERS[value]
            else:
                attribute.CopyFrom(value)
        self._write(_length_delimited(1, message.SerializeToString()))
        return name

    def constant(self, name: str, shape: Sequence[int], content: bytes | None = None) -> str:
        """Write a float32 Const, zeros in a hole of the file where no content is given."""
        size = 4 * prod(shape)
        message = message_class("TensorProto")(dtype=NUMBERS["float"])
        for length in shape:
            message.tensor_shape.dim.add(size=length)
        head = message.SerializeToString() + _tag(4, size)
        value = _tag(8, len(head) + size) + head
        entry = _length_delimited(1, b"value") + _tag(2, len(value) + size) + value
        attribute = _tag(5, len(entry) + size) + entry
        node = message_class("NodeDef")(name=name, op="Const")
        node.attr["dtype"].type = NUMBERS["float"]
        body = node.SerializeToString()
        self._write(_tag(1, len(body) + len(attribute) + size) + body + attribute)
        if content is None:
            self._file.seek(size, 1)
        else:
            self._file.write(content)
        return name

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.nodes += 1


def _tag(number: int, length: int) -> bytes:
    """The tag and the length of a length-delimited field."""
    return bytes([number << 3 | 2]) + _varint(length)


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _length_delimited(number: int, data: bytes) -> bytes:
    return _tag(number, len(data)) + data


def _placeholder(graph: GraphFile, name: str, dtype: str, shape: Sequence[int] | None) -> str:
    attribute = message_class("AttrValue")()
    if shape is None:
        attribute.shape.unknown_rank = True
    else:
        for length in shape:
            attribute.shape.dim.add(size=length)
    attribute.SetInParent()
    return graph.node(name, "Placeholder", dtype=dtype, shape=attribute)


def resnet50(path: Path, width: float = 1.0) -> int:
    """Write slim's ResNet-50, frozen, each of its 53 batch norms under a cond. How many nodes it has.

    `width` multiplies the channels: 1 gives 94 MB of weights, 4 gives 1.5 GB.
    """
    with GraphFile(path) as graph:
        x = _placeholder(graph, "image", "float", (-1, 224, 224, 3))
        _placeholder(graph, "phase_train", "bool", ())
        channels = max(1, int(64 * width))
        x = _convolution(graph, "resnet_v1_50/conv1", x, 7, 3, channels, stride=2)
        pool, strides = _window(3), _window(2)
        x = graph.node(
            "resnet_v1_50/pool1/MaxPool",
            "MaxPool",
            [x],
            T="float",
            padding=b"SAME",
            ksize=pool,
            strides=strides,
        )
        for stage, (base, units) in enumerate(_BLOCKS, 1):
            depth, wide = max(1, int(base * width)), max(1, int(4 * base * width))
            for unit in range(1, units + 1):
                scope = f"resnet_v1_50/block{stage}/unit_{unit}/bottleneck_v1"
                shortcut, stride = x, 2 if unit == 1 and stage > 1 else 1
                if unit == 1:
                    shortcut = _convolution(
                        graph, f"{scope}/shortcut", x, 1, channels, wide, stride=stride, relu=False
                    )
                x = _convolution(graph, f"{scope}/conv1", x, 1, channels, depth)
                x = _convolution(graph, f"{scope}/conv2", x, 3, depth, depth, stride=stride)
                x = _convolution(graph, f"{scope}/conv3", x, 1, depth, wide, relu=False)
                x = graph.node(f"{scope}/add", "Add", [shortcut, x], T="float")
                x = graph.node(f"{scope}/Relu", "Relu", [x], T="float")
                channels = wide
        graph.node("features", "Identity", [x], T="float")
        return graph.nodes


def _read(graph: GraphFile, name: str, shape: Sequence[int], content: bytes | None = None) -> str:
    """A frozen variable: a Const and the Identity that reads it."""
    graph.constant(name, shape, content)
    return graph.node(f"{name}/read", "Identity", [name], T="float")


def _window(size: int) -> Any:
    """The attribute of a window, or of strides, over height and width."""
    attribute = message_class("AttrValue")()
    attribute.list.i.extend([1, size, size, 1])
    return attribute


def _convolution(
    graph: GraphFile,
    scope: str,
    x: str,
    kernel: int,
    channels: int,
    filters: int,
    *,
    stride: int = 1,
    relu: bool = True,
) -> str:
    """Conv2D, batch norm, and Relu unless told otherwise."""
    weights = _read(graph, f"{scope}/weights", (kernel, kernel, channels, filters))
    strides = _window(stride)
    x = graph.node(f"{scope}/Conv2D", "Conv2D", [x, weights], T="float", padding=b"SAME", strides=strides)
    x = _slim_batch_norm(graph, f"{scope}/BatchNorm", x, filters)
    return graph.node(f"{scope}/Relu", "Relu", [x], T="float") if relu else x


def _slim_batch_norm(graph: GraphFile, scope: str, x: str, channels: int) -> str:
    """As slim writes it with a placeholder for is_training: one cond, in each branch a fused op."""
    drawn = random.Random(scope)
    mean = _floats(drawn.uniform(-1, 1), channels)
    variance = _floats(drawn.uniform(0.5, 2), channels)
    parameters = [
        _read(graph, f"{scope}/{name}", (channels,), content)
        for name, content in (
            ("gamma", _floats(1, channels)),
            ("beta", _floats(0, channels)),
            ("moving_mean", mean),
            ("moving_variance", variance),
        )
    ]
    cond = f"{scope}/cond"
    graph.node(f"{cond}/Switch", "Switch", ["phase_train", "phase_train"], T="bool")
    graph.node(f"{cond}/switch_t", "Identity", [f"{cond}/Switch:1"], T="bool")
    graph.node(f"{cond}/switch_f", "Identity", [f"{cond}/Switch"], T="bool")
    predicate = graph.node(f"{cond}/pred_id", "Identity", ["phase_train"], T="bool")
    empty = [graph.constant(f"{cond}/Const", (0,)), graph.constant(f"{cond}/Const_1", (0,))]
    branches = []
    for op, taken, read in (("FusedBatchNorm", True, 2), ("FusedBatchNorm_1", False, 4)):
        switches = [
            graph.node(f"{cond}/{op}/Switch_{index}", "Switch", [tensor, predicate], T="float")
            + (":1" if taken else "")
            for index, tensor in enumerate([x, *parameters[:read]])
        ]
        inputs = switches + (empty if taken else [])
        branches.append(
            graph.node(f"{cond}/{op}", "FusedBatchNorm", inputs, T="float", epsilon=1e-5, is_training=taken)
        )
    return graph.node(f"{cond}/Merge", "Merge", branches[::-1], T="float", N=2)


def _floats(value: float, count: int) -> bytes:
    return struct.pack("<f", value) * count


def chain(path: Path, pairs: int) -> int:
    """Write a chain of `pairs` switched fused and as many decomposed batch norms. How many nodes it has.

    20 nodes a pair: 5,000 pairs are 100,000 nodes and 10,000 layers.
    """
    with GraphFile(path) as graph:
        x = _placeholder(graph, "x", "float", (-1, 8, 8, 4))
        _placeholder(graph, "training", "bool", ())
        graph.constant("zeros", (4,), _floats(0, 4))
        graph.constant("epsilon", (), _floats(1e-3, 1))
        graph.node("zeros/Switch", "Switch", ["zeros", "training"], T="float")
        for number in range(pairs):
            x = _switched(graph, f"fused_{number}", x)
            x = _decomposed(graph, f"plain_{number}", x)
        return graph.nodes


def _switched(graph: GraphFile, scope: str, x: str) -> str:
    """11 nodes: as TensorFlow 2 writes it, both branches wired to the moving statistics; Switches shared."""
    predicate = graph.node(f"{scope}/pred_id", "Identity", ["training"], T="bool")
    stored = [
        graph.constant(f"{scope}/{name}", (4,), _floats(value, 4))
        for name, value in (("gamma", 1), ("moving_mean", 0.5), ("moving_variance", 2))
    ]
    x, gamma, mean, variance = (
        graph.node(f"{scope}/Switch_{index}", "Switch", [tensor, predicate], T="float")
        for index, tensor in enumerate([x, *stored])
    )
    branches = [
        graph.node(
            f"{scope}/FusedBatchNormV3_{index}",
            "FusedBatchNormV3",
            [f"{tensor}:{index}" for tensor in (x, gamma, "zeros/Switch", mean, variance)],
            T="float",
            epsilon=1e-3,
            is_training=bool(index),
        )
        for index in (0, 1)
    ]
    return graph.node(f"{scope}/Merge", "Merge", branches, T="float", N=2)


def _decomposed(graph: GraphFile, scope: str, x: str) -> str:
    """9 nodes: tf.nn.batch_normalization without a scale."""
    mean, variance, beta = (
        graph.constant(f"{scope}/{name}", (4,), _floats(value, 4))
        for name, value in (("moving_mean", 0.5), ("moving_variance", 2), ("beta", 0.1))
    )
    added = graph.node(f"{scope}/add", "AddV2", [variance, "epsilon"], T="float")
    root = graph.node(f"{scope}/Rsqrt", "Rsqrt", [added], T="float")
    scaled = graph.node(f"{scope}/mul_1", "Mul", [x, root], T="float")
    shift = graph.node(f"{scope}/mul_2", "Mul", [mean, root], T="float")
    offset = graph.node(f"{scope}/sub", "Sub", [beta, shift], T="float")
    return graph.node(f"{scope}/add_1", "AddV2", [scaled, offset], T="float")
