"""Records -> Graph: calls written out, Ifs and Whiles lowered, and files that contradict themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph import Graph, flatten, load
from bninspect.graphdef import read
from tests.support.messages import chain, refusal, written
from tests.support.places import FIXTURES
from tests.support.text import graphdef

ROOT = """
def root(a) -> y=r:y:0
    r = Rsqrt(a)
"""


def graph(text: str, folder: Path) -> Graph:
    return load(written(folder, graphdef(text)))


def said(text: str, folder: Path) -> str:
    return refusal(written(folder, graphdef(text)))


def inputs(graph: Graph, name: str) -> list[str]:
    return [tensor.name for tensor in graph.node(name).inputs]


def test_edges_of_the_top_level(tmp_path: Path) -> None:
    found = graph("x = Placeholder()\ns = Split(x, x:0)\ny = Add(s:1, s, ^x)\n", tmp_path)
    assert inputs(found, "y") == ["s:1", "s:0"]
    assert [node.name for node in found.node("y").controls] == ["x"]
    assert [(use.node.name, use.slot) for use in found.uses(found.node("s"))] == [("y", 0), ("y", 1)]
    assert [use.slot for use in found.uses_of(found.node("s").output(1))] == [0]


@pytest.mark.parametrize("wrong", ["none", "none:1", "^none"])
def test_an_input_that_names_no_node(wrong: str, tmp_path: Path) -> None:
    message = said(f"x = Placeholder()\ny = Relu(x, {wrong})\n", tmp_path)
    assert message.startswith("cut short or damaged: node 'y' ")
    assert "'none" in message


@pytest.mark.parametrize("wrong", ["x:a", "x:-1", "x:1:", "x:99999999999", "x:y:z"])
def test_an_input_that_is_not_the_name_of_a_tensor(wrong: str, tmp_path: Path) -> None:
    message = chain("Relu")
    message.node[1].input[0] = wrong.replace("x", "n0")
    assert "is not the name of a tensor" in refusal(written(tmp_path, message))


def test_two_nodes_of_one_name(tmp_path: Path) -> None:
    assert said("x = Placeholder()\nx = Relu(x)\n", tmp_path) == "damaged: two nodes are named 'x'"
    inside = "c = PartitionedCall(c, f=@f)\ndef f(a) -> y=r:y:0\n    r = Rsqrt(a)\n    r = Rsqrt(a)\n"
    assert "two nodes are named 'r' in function f" in said(inside, tmp_path)
    shadow = "c = PartitionedCall(c, f=@f)\ndef f(a) -> y=a\n    a = Rsqrt(a)\n"
    assert "two nodes are named 'a' in function f" in said(shadow, tmp_path)


def test_a_file_cut_at_a_node_boundary(tmp_path: Path) -> None:
    """Without its last nodes a file still parses; an input that names no node tells, wherever it was cut."""
    content = (FIXTURES / "classic.pb").read_bytes()
    ends = [node.span.end for node in read(str(FIXTURES / "classic.pb")).nodes]
    for kept, end in enumerate(ends, 1):
        path = written(tmp_path, content[:end])
        nodes = read(path).nodes
        assert len(nodes) == kept
        names = {node.name for node in nodes}
        if all(name.lstrip("^").partition(":")[0] in names for node in nodes for name in node.inputs):
            assert len(load(path)) == kept
        else:
            assert "cut short or damaged" in refusal(path)


def test_a_reversed_file_cut_at_a_node_boundary_is_told(tmp_path: Path) -> None:
    """Where consumers stand before producers, every cut but the last leaves an input that names no node."""
    message = chain(*["Relu"] * 9)
    nodes = list(message.node)[::-1]
    for count in range(1, 10):
        del message.node[:]
        message.node.extend(nodes[:count])
        assert "cut short or damaged" in refusal(written(tmp_path, message))


def test_a_call_is_written_out(tmp_path: Path) -> None:
    text = """
x = Placeholder()
c = PartitionedCall(x, f=@outer)
y = Relu(c, ^c)
def outer(b) -> z=m:z:0
    i = PartitionedCall(b, f=@root)
    m = Mul(i:output:0, b)
"""
    found = graph(text + ROOT, tmp_path)
    assert [(node.name, node.label, node.functions) for node in found] == [
        ("x", "x", ()),
        ("y", "y", ()),
        ("c/m", "outer/m", ("outer",)),
        ("c/i/r", "root/r", ("outer", "root")),
    ]
    assert inputs(found, "y") == ["outer/m:0"]
    assert inputs(found, "c/m") == ["root/r:0", "x:0"]
    assert inputs(found, "c/i/r") == ["x:0"]
    assert [node.name for node in found.node("y").controls] == ["c/m"]


def test_a_function_called_by_its_name_as_an_op(tmp_path: Path) -> None:
    found = graph("x = Placeholder()\nc = root(x)\ny = Relu(c)\n" + ROOT, tmp_path)
    assert inputs(found, "y") == ["root/r:0"]


def test_a_control_input_waits_for_what_runs_with_every_call(tmp_path: Path) -> None:
    message = graphdef("x = Placeholder()\nc = PartitionedCall(x, f=@root)\ny = Relu(x, ^c)\n" + ROOT)
    function = message.library.function[0]
    function.node_def.add(name="check", op="Assert", input=["a"])
    for key in ("a", "b"):
        function.control_ret[key] = "check"
    found = load(written(tmp_path, message))
    assert [node.name for node in found.node("y").controls] == ["c/r", "c/check"]


def test_a_function_without_a_candidate_stays_one_node(tmp_path: Path) -> None:
    text = "x = Placeholder()\nc = PartitionedCall(x, f=@f)\ndef f(a) -> y=r:y:0\n    r = Relu(a)\n"
    found = graph(text, tmp_path)
    assert [node.op for node in found] == ["Placeholder", "PartitionedCall"]
    assert found.opaque_calls == ()


IF = """
p = Placeholder()
x = Placeholder()
c = If(p, x, then_branch=@root, else_branch=@pass)
y = Relu(c)
def pass(a) -> y=a
"""


def test_an_if_becomes_switches_and_a_merge(tmp_path: Path) -> None:
    found = graph(IF + ROOT, tmp_path)
    merge = found.node("y").inputs[0].node
    assert (merge.op, merge.label, merge.stands_for) == ("Merge", "c", "c:0")
    assert merge.predicate == found.node("p").output()
    no, yes = merge.inputs
    assert (no.node.op, no.port, yes.node.name) == ("Switch", 0, "c/then/r")
    assert yes.node.inputs == (no.node.output(1),)
    assert yes.node.conditions == ((found.node("p").output(), True),)


def test_a_while_becomes_a_loop(tmp_path: Path) -> None:
    text = "n = Placeholder()\nw = While(n, cond=@more, body=@root)\ny = Relu(w)\n"
    text += "def more(a) -> y=l:y:0\n    l = Less(a, a)\n"
    found = graph(text + ROOT, tmp_path)
    assert [tensor.node.op for tensor in found.node("y").inputs] == ["Exit"]
    merge = found.node("w/Merge_0")
    assert [tensor.node.op for tensor in merge.inputs] == ["Enter", "NextIteration"]
    assert found.node("w/body/r").inputs == (merge.output(),)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("c = PartitionedCall(x, x, f=@root)", "function root takes 1 inputs and is given 2"),
        ("c = PartitionedCall(f=@root)", "function root takes 1 inputs and is given 0"),
        ("c = If(x, then_branch=@root, else_branch=@root)", "function root takes 1 inputs and is given 0"),
        ("c = If(x, x, then_branch=@root, else_branch=@two)", "return different numbers of tensors"),
        ("c = While(x, x, cond=@root, body=@both)", "returns 1 of 2 variables"),
        ("c = PartitionedCall(x, f=@lost)", "function lost returns nothing for 'z'"),
    ],
)
def test_functions_that_contradict_their_calls(call: str, reason: str, tmp_path: Path) -> None:
    text = f"x = Placeholder()\n{call}\ny = Relu(c)\n{ROOT}"
    text += "def two(a) -> y=r:y:0, z=a\n    r = Rsqrt(a)\n"
    text += "def both(a, b) -> y=r:y:0\n    r = Rsqrt(a)\n"
    text += "def lost(a) -> y=r:y:0, z=a\n    r = Rsqrt(a)\n"
    message = graphdef(text)
    del message.library.function[-1].ret["z"]
    assert reason in refusal(written(tmp_path, message))


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("c = If(then_branch=@root, else_branch=@root)", "If without a predicate or without its branches"),
        ("c = If(x, x, then_branch=@root)", "If without a predicate or without its branches"),
        ("c = If(x, x, then_branch=@root, else_branch=3)", "If without a predicate or without its branches"),
        ("c = While(x, cond=@root)", "While without a body"),
        ("c = If(x, x, then_branch=@root, else_branch=@gone)", "function 'gone', which is not in the file"),
        ("c = MapDefun(x, f=@root)", "batch norm inside a function that MapDefun calls"),
    ],
)
def test_calls_that_are_not_written_out_say_why(call: str, reason: str, tmp_path: Path) -> None:
    found = graph(f"x = Placeholder()\n{call}\ny = Relu(c)\n{ROOT}", tmp_path)
    ((node, why),) = found.opaque_calls
    assert reason in why
    assert node.label == "c"
    assert "c" in found


def test_functions_that_call_themselves(tmp_path: Path) -> None:
    text = "x = Placeholder()\nc = PartitionedCall(x, f=@f)\ny = Relu(c)\n"
    text += "def f(a) -> y=r:y:0\n    r = Rsqrt(a)\n    again = PartitionedCall(r:y:0, f=@g)\n"
    text += "def g(a) -> y=b:output:0\n    b = PartitionedCall(a, f=@f)\n"
    ((_, why),) = graph(text, tmp_path).opaque_calls
    assert why == "PartitionedCall calls a function that calls itself"


def test_a_signature_that_names_nothing_is_left_out(tmp_path: Path) -> None:
    from bninspect.graphdef.schema import message_class

    message = message_class("MetaGraphDef")(graph_def=chain("Relu"))
    message.signature_def["a"].outputs["y"].name = "n1:0"
    message.signature_def["b"].outputs["y"].name = "gone:0"
    found = load(written(tmp_path, message))
    assert [signature.key for signature in found.signatures] == ["a"]
    assert found.signatures[0].outputs["y"].name == "n1:0"


def test_the_message_is_one_line_with_the_path(tmp_path: Path) -> None:
    """Names come from the file: line breaks and megabytes do not get into a message."""
    message: Any = chain("Relu")
    message.node[1].name = "a\nb" + "c" * 1_000_000
    message.node[1].input[0] = "gone\r\n" + "d" * 1_000_000
    path = written(tmp_path, message)
    with pytest.raises(GraphDefError) as caught:
        flatten(read(path))
    assert str(caught.value).startswith(f"{path}: cut short or damaged: node 'a\\nbccc")
    assert len(str(caught.value).removeprefix(path)) < 1100
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("length", "shown"), [(200, "d" * 200), (201, "d" * 200 + "...")])
def test_a_name_is_shown_up_to_200_characters(length: int, shown: str, tmp_path: Path) -> None:
    message: Any = chain("Relu")
    message.node[1].input[0] = "d" * length
    with pytest.raises(GraphDefError, match=f"reads '{shown}', and no node of that name"):
        flatten(read(written(tmp_path, message)))


def test_what_a_call_is_written_as_stands_where_the_call_stood(tmp_path: Path) -> None:
    """And its bodies behind all: the order of outputs and layers goes by it."""
    lines = "x = Placeholder()\np = Placeholder()\na = Neg(x)\ni = If(p, x, then_branch=@f, else_branch=@f)\n"
    nodes = graph(lines + "b = Neg(i)\ndef f(a) -> y=r:y:0\n    r = Rsqrt(a)\n", tmp_path)
    assert [node.name for node in nodes] == [
        *("x", "p", "a", "i/Switch_0", "i/Switch", "i/pivot_f", "i/pivot_t", "i/Merge_0", "b"),
        *("i/else/r", "i/then/r"),
    ]
