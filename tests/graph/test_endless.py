"""Graphs of no human shape: very long, very deep, circular, or growing without end: an answer, soon.

Each of these takes a careless reader time or memory out of all proportion, or a recursion as deep as the
file.
Here they run under an alarm that is far above what they need.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import Report, inspect
from bninspect.errors import BninspectError, GraphDefError
from bninspect.graph import load
from bninspect.graph.taken import INPUTS
from bninspect.graphdef.schema import message_class
from tests.support.messages import chain, refusal, written
from tests.support.text import graphdef

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 100_000
SOON = 30
"""Seconds; a slow machine needs a few."""


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """No test of this file hangs."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise AssertionError(f"not done within {SOON} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SOON)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def report(message: Any, folder: Path) -> Report:
    return inspect(load(written(folder, message)))


def fused(message: Any, x: str, name: str = "bn", *, training: bool = False) -> None:
    """Append a fused batch norm that reads x and constants."""
    for part in ("gamma", "beta", "mean", "variance"):
        node = message.node.add(name=f"{name}/{part}", op="Const")
        node.attr["value"].tensor.dtype = 1
        node.attr["value"].tensor.tensor_shape.dim.add(size=2)
        node.attr["value"].tensor.float_val.append(0.5)
    stored = [f"{name}/{part}" for part in ("gamma", "beta", "mean", "variance")]
    message.node.add(name=name, op="FusedBatchNormV3", input=[x, *stored]).attr["is_training"].b = training


@pytest.mark.parametrize("op", ["Identity", "LogicalNot", "Relu", "Neg", "Cast", "Switch", "Merge"])
def test_a_chain_of(op: str, tmp_path: Path) -> None:
    message = chain(*[op] * LONG)
    if op == "Switch":  # which reads a predicate, too
        for node in message.node:
            if node.op == op:
                node.input.append("phase")
        message.node.add(name="phase", op="Placeholder").attr["dtype"].type = 10
    fused(message, f"n{LONG}")
    assert len(report(message, tmp_path).layers) == 1


def test_a_layer_hanging_on_every_link_of_a_chain(tmp_path: Path) -> None:
    """The way back from each layer is long; walked anew for each it would be its length squared."""
    count = 20_000
    message = chain(*["Identity"] * count)
    for number in range(0, count, 4):
        message.node.add(name=f"r{number}", op="Rsqrt", input=[f"n{number}"])
    message.node.add(name="all", op="AddN", input=[f"r{number}" for number in range(0, count, 4)])
    assert report(message, tmp_path).layers == ()


@pytest.mark.parametrize("length", [3, 100, LONG, LONG + 1])
def test_a_predicate_behind_a_chain_of_negations(length: int, tmp_path: Path) -> None:
    message = chain(*["LogicalNot"] * length)
    message.node[0].attr["dtype"].type = 10
    message.node.add(name="x", op="Placeholder")
    message.node.add(name="s", op="Switch", input=["x", f"n{length}"])
    fused(message, "s:1", "yes", training=True)
    fused(message, "s", "no")
    message.node.add(name="merge", op="Merge", input=["no", "yes"])
    for node in message.node:
        if node.name == "yes":
            node.input[1:3] = ["no/gamma", "no/beta"]
    (layer,) = report(message, tmp_path).layers
    assert layer.switch is not None
    assert layer.switch.training_when is (length % 2 == 0)


def test_switches_inside_switches(tmp_path: Path) -> None:
    """Each of its own predicate: all that must hold for the last is as long as the chain."""
    count = 20_000
    message = message_class("GraphDef")()
    message.node.add(name="n0", op="Placeholder")
    for number in range(1, count):
        message.node.add(name=f"p{number}", op="Placeholder")
        message.node.add(name=f"n{number}", op="Switch", input=[f"n{number - 1}", f"p{number}"])
    fused(message, f"n{count - 1}:1")
    assert len(report(message, tmp_path).layers) == 1


def test_logic_that_doubles_at_every_step(tmp_path: Path) -> None:
    message = message_class("GraphDef")()
    message.node.add(name="n0", op="Placeholder").attr["dtype"].type = 10
    for number in range(1, 500):
        message.node.add(name=f"n{number}", op="LogicalAnd", input=[f"n{number - 1}"] * 2)
    message.node.add(name="x", op="Placeholder")
    message.node.add(name="s", op="Switch", input=["x", "n499"])
    fused(message, "s:1", "yes", training=True)
    fused(message, "s", "no")
    message.node.add(name="merge", op="Merge", input=["no", "yes"])
    (layer, *_) = report(message, tmp_path).layers
    assert layer is not None


@pytest.mark.parametrize(
    "op", ["Identity", "Switch", "LogicalNot", "Neg", "Add", "Merge", "Relu", "LogicalAnd", "Enter", "Mul"]
)
@pytest.mark.parametrize("length", [1, 2, 70])
def test_a_ring_of(op: str, length: int, tmp_path: Path) -> None:
    """TensorFlow refuses a cycle without a loop; here it must only come to an end."""
    message = message_class("GraphDef")()
    for number in range(length):
        before = f"r{(number - 1) % length}"
        message.node.add(name=f"r{number}", op=op, input=[before] * INPUTS[op][0])
    fused(message, "r0")
    message.node.add(name="add", op="Add", input=["r0", "bn/variance"])
    message.node.add(name="root", op="Rsqrt", input=["add"])
    message.node.add(name="scaled", op="Mul", input=["bn", "root"])
    message.node.add(name="shift", op="Mul", input=["r0", "root"])
    message.node.add(name="y", op="Sub", input=["scaled", "shift"])
    message.node.add(name="s", op="Switch", input=["y", "r0"])
    message.node.add(name="merge", op="Merge", input=["s:1", "y"])
    message.node.add(name="control", op="Identity", input=["merge", "^control"])
    assert isinstance(report(message, tmp_path), Report)


def nested_calls(depth: int, calls: int) -> Any:
    """Function f0 calls f1 `calls` times, f1 calls f2 as often, and so on down to one that takes a root."""
    lines = ["x = Placeholder()", "c = PartitionedCall(x, f=@f0)", "y = Relu(c)"]
    for level in range(depth):
        lines.append(f"def f{level}(a) -> y=c0:output:0")
        lines += [f"    c{i} = PartitionedCall(a, f=@f{level + 1})" for i in range(calls)]
    lines += [f"def f{depth}(a) -> y=r:y:0", "    r = Rsqrt(a)"]
    return graphdef("\n".join(lines))


def test_calls_nested_deeply(tmp_path: Path) -> None:
    graph = load(written(tmp_path, nested_calls(90, 1)))
    assert graph.nodes[-1].op == "Rsqrt"
    assert len(graph.nodes[-1].functions) == 91
    ((_, why),) = load(written(tmp_path, nested_calls(LONG // 100, 1))).opaque_calls
    assert "calls itself" in why or "too deep" in why


@pytest.mark.parametrize("calls", [2, 10])
def test_calls_that_multiply(calls: int, tmp_path: Path) -> None:
    assert "call each other so often" in refusal(written(tmp_path, nested_calls(60, calls)))


def test_control_inputs_that_multiply(tmp_path: Path) -> None:
    """Each level waits for the next in many ways: remembered, so that it does not double at each."""
    message = nested_calls(60, 1)
    for function in message.library.function[:-1]:
        for number in range(20):
            function.control_ret[f"key{number}"] = "c0"
    message.node.add(name="waits", op="NoOp", input=["^c"] * 1000)
    graph = load(written(tmp_path, message))
    assert {node.op for node in graph.node("waits").controls} == {"Rsqrt"}


def test_a_call_that_is_given_its_own_result(tmp_path: Path) -> None:
    text = "c = PartitionedCall(c, f=@pass)\ny = Relu(c)\n"
    text += "def pass(a) -> y=a\n    r = Rsqrt(a)\n"
    assert "the result of a call that is given it" in refusal(written(tmp_path, graphdef(text)))


def test_a_long_row_of_calls_that_pass_a_tensor_on(tmp_path: Path) -> None:
    count = 20_000
    message = graphdef("x = Placeholder()\ndef pass(a) -> y=a\n    r = Rsqrt(a)\n")
    before = "x"
    for number in range(count):
        call = message.node.add(name=f"c{number}", op="PartitionedCall", input=[before])
        call.attr["f"].func.name = "pass"
        before = f"c{number}"
        message.node.add(name=f"y{number}", op="Relu", input=[before])
    graph = load(written(tmp_path, message))
    assert graph.node(f"y{count - 1}").inputs == (graph.node("x").output(),)


def test_messages_nested_deeply_in_bytes(tmp_path: Path) -> None:
    """An attribute whose function has an attribute whose function ...: protobuf stops at its own limit."""
    attribute = b""
    for _ in range(20_000):
        function = b"\x12" + _length(entry := b"\x0a\x01a\x12" + _length(attribute) + attribute) + entry
        attribute = b"\x52" + _length(function) + function
    entry = b"\x0a\x01a\x12" + _length(attribute) + attribute
    node = b"\x0a\x01x\x12\x01y\x2a" + _length(entry) + entry
    path = written(tmp_path, b"\x0a" + _length(node) + node)
    with pytest.raises(GraphDefError, match="cannot be parsed"):
        load(path).node("x").attr("a")
    for number in (1, 2, 4):
        data = b""
        for _ in range(20_000):
            data = bytes([number << 3 | 2]) + _length(data) + data
        with pytest.raises(BninspectError):
            load(written(tmp_path, data))


def test_messages_nested_deeply_in_text(tmp_path: Path) -> None:
    opening = 'attr { key: "a" value { func { name: "f" '

    def nested(count: int) -> str:
        text = 'node { name: "x" op: "y" ' + opening * count + "} } } " * count + "}"
        return written(tmp_path, text.encode())

    assert load(nested(20)).node("x").attr("a").name == "f"
    assert "nested too deeply" in refusal(nested(20_000))
    assert "nested too deeply" in refusal(
        written(tmp_path, ('node { name: "x" ' + opening * 20_000).encode())
    )


def _length(data: bytes) -> bytes:
    value, out = len(data), bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a" + b"\xff" * 9 + b"\x01",
        b"\x0a" + b"\xff" * 2000,
        b"\xff" * 2000,
        b"\x0a\xff\xff\xff\xff\x07" + b"\x0a\x01x\x12\x01y",
        b"\x0a\x06\x0a\x01x\x12\x01y" + b"\x0a\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x0a\x06\x0a\x01x\x12\x01y" + b"\x08" + b"\x80" * 100,
        b"\x0a\x06\x0a\x01x\x12\x01y" + b"\x0b\x0c",
        b"\x0a\x06\x0a\x01x\x12\x01y" + b"\x02\x00",
    ],
)
def test_numbers_and_lengths_beyond_the_file(data: bytes, tmp_path: Path) -> None:
    assert refusal(written(tmp_path, data))


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    data = b"\x0a\x0d\x0a\x01\xff\x12\x08Identity"
    assert "a NodeDef that cannot be parsed" in refusal(written(tmp_path, data))
