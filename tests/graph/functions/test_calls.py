"""Which calls are written out, how deep, with which attributes; and what stays behind of the work."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph import Graph, Node, flatten
from bninspect.graph.functions import flatten as flattening
from bninspect.graph.functions.library import Library
from bninspect.graphdef import GraphDef, NodeDef, Span
from bninspect.graphdef.reader import records
from tests.support.text import graph, graphdef

ROOT = """
def root(a) -> y=r:y:0
    r = Rsqrt(a)
"""
WITH_A_WHILE = f"""
x = Placeholder()
w = While(x, cond=@more, body=@root)
c = PartitionedCall(w, f=@outer)
i = If(x, c, then_branch=@root, else_branch=@root)
y = Neg(i)
def more(a) -> y=l:z:0
    l = Less(a, a)
def outer(a) -> y=w:output:0
    w = StatelessWhile(a, cond=@more, body=@root)
{ROOT}"""


def read(text: str) -> GraphDef:
    return records(graphdef(text).SerializeToString(), "text")


def ops(found: Graph) -> dict[str, str]:
    return {node.name: node.op for node in found}


def test_without_loops_a_while_stays_one_node_and_the_rest_is_written_out() -> None:
    found = ops(flatten(read(WITH_A_WHILE), loops=False))
    assert (found["w"], found["c/w"], found["i/then/r"]) == ("While", "StatelessWhile", "Rsqrt")
    assert not {"c", "i"} & set(found)
    whole = ops(flatten(read(WITH_A_WHILE)))
    assert (whole["w/Exit_0"], whole["c/w/Exit_0"], whole["c/w/body/r"]) == ("Exit", "Exit", "Rsqrt")


def test_only_calls_of_some_functions_are_written_out() -> None:
    found = ops(flatten(read(WITH_A_WHILE), only=frozenset({"outer"})))
    assert (found["w"], found["c/w"], found["i"]) == ("While", "StatelessWhile", "If")


CHAIN = """
x = Placeholder()
c = PartitionedCall(x, f=@one)
def one(a) -> y=c:output:0
    c = PartitionedCall(a, f=@two)
def two(a) -> y=c:output:0
    c = PartitionedCall(a, f=@three)
def three(a) -> y=r:y:0
    r = Rsqrt(a)
"""


@pytest.mark.parametrize(("deepest", "last"), [(3, "c/c/c/r"), (2, "c/c/c")])
def test_calls_are_written_out_so_deep(deepest: int, last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flattening, "_DEEPEST", deepest)
    found = graph(CHAIN)
    names = [node.name for node in found if node.stands_for is None]
    assert names == ["x", last]
    reasons = [] if deepest == 3 else ["PartitionedCall calls a function that calls itself"]
    assert [why for _, why in found.opaque_calls] == reasons


def test_a_function_that_calls_itself_is_written_out_once() -> None:
    text = "x = Placeholder()\nc = PartitionedCall(x, f=@f)\ny = Relu(c)\n"
    text += "def f(a) -> y=c:output:0\n    r = Rsqrt(a)\n    c = PartitionedCall(r:y:0, f=@f)\n"
    found = graph(text)
    assert [node.name for node in found] == ["x", "y", "c/r", "c/c"]
    ((node, why),) = found.opaque_calls
    assert (node.name, why) == ("c/c", "PartitionedCall calls a function that calls itself")


def test_a_call_of_what_is_not_in_the_file_may_hold_anything() -> None:
    found = graph("x = Placeholder()\nc = PartitionedCall(x, f=@gone)\ny = Relu(c)\n" + ROOT)
    ((node, why),) = found.opaque_calls
    assert (node.name, why) == ("c", "PartitionedCall calls function 'gone', which is not in the file")
    assert Library(read("c = PartitionedCall(f=@gone)" + ROOT)).candidates == {"root", "gone"}


@pytest.mark.parametrize(("most", "fits"), [(3, True), (2, False)])
def test_nodes_wait_for_so_many_in_all(most: int, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flattening, "_MOST_WAITS", most)
    text = "a = NoOp()\nb = NoOp(^a)\nc = NoOp(^a, ^b)\nd = Placeholder()"
    if fits:
        assert [len(node.controls) for node in graph(text)] == [0, 1, 2, 0]
        return
    with pytest.raises(GraphDefError, match=f"wait for calls of functions with over {most} nodes in all"):
        graph(text)


def bound(call: str, **attributes: int) -> Any:
    """The type of the root in a body that leaves it to the call, whose function has these types."""
    message = graphdef(f"x = Placeholder()\n{call}\ny = Relu(c)\n" + ROOT)
    message.library.function[0].node_def[0].attr["T"].placeholder = "kind"
    for name, number in attributes.items():
        message.node[1].attr["f"].func.attr[name].type = number
    return flatten(records(message.SerializeToString(), "text")).node("c/r").attr("T")


@pytest.mark.parametrize(
    ("call", "attributes", "expected"),
    [
        ("c = PartitionedCall(x, f=@root)", {"kind": 19}, "half"),
        ("c = PartitionedCall(x, f=@root, kind=double)", {"kind": 19}, "half"),
        ("c = PartitionedCall(x, f=@root, kind=double)", {}, "double"),
        ("c = PartitionedCall(x, f=@root, kind=double)", {"other": 19}, None),
        ("c = root(x, kind=double)", {}, "double"),
    ],
    ids=["of the function", "of both", "of the call", "another of the function", "of an op of that name"],
)
def test_what_a_body_leaves_to_its_call(call: str, attributes: dict[str, int], expected: str | None) -> None:
    assert bound(call, **attributes) == expected


def test_of_each_op_one_node_is_asked_whether_it_calls() -> None:
    """To read the attributes of all would cost more than to read the graph."""
    made = read("a = Relu(x)\nx = Placeholder()\nb = Relu(a)\nc = Relu(b)\n" + ROOT)
    asked: list[str] = []

    class Noted:
        """Keeps what is asked for."""

        def span(self, number: int) -> Span:
            return made.nodes[number].span

        def attributes(self, number: int) -> dict[str, Any]:
            asked.append(made.nodes[number].name)
            return {}

        def attribute(self, number: int, name: str) -> Any:
            return self.attributes(number).get(name)

    nodes = tuple(
        NodeDef(node.name, node.op, node.inputs, Noted(), number) for number, node in enumerate(made.nodes)
    )
    assert Library(replace(made, nodes=nodes)).calls == {"root"}
    assert sorted(asked) == ["a", "x"]


def test_a_graph_of_calls_is_freed_with_its_last_reference() -> None:
    """Without the collector of cycles, which is off while models are read."""

    def kept() -> int:
        return sum(isinstance(one, Node) for one in gc.get_objects())

    made = read(CHAIN)
    gc.collect()
    gc.disable()
    try:
        before = kept()
        flatten(made)
        assert kept() == before
    finally:
        gc.enable()


BODY = """
x = Placeholder()
c = PartitionedCall(x, f=@f)
y = Relu({name})
def f(a) -> y=s:output_true:0, z=b:batch_variance:0
    s = Switch(a, a)
    b = FusedBatchNormV3(s:output_true:0, a, a, a, a)
"""


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("c", "f/s:1"),
        ("c:0", "f/s:1"),
        ("c:1", "f/b:2"),
        ("x:123456789", "x:123456789"),
        ("c:2", "cut short or damaged: node 'y' reads 'c:2', and no node of that name is in the file"),
        ("x:1234567890", "damaged: 'x:1234567890' is not the name of a tensor"),
        ("x:-1", "damaged: 'x:-1' is not the name of a tensor"),
        ("c:one", "damaged: 'c:one' is not the name of a tensor"),
    ],
)
def test_which_tensor_an_input_means(name: str, tensor: str) -> None:
    """In a body by the argument of the op and its place in it, at the top level by a number."""
    text = BODY.format(name=name)
    if "damaged" in tensor:
        with pytest.raises(GraphDefError) as caught:
            graph(text)
        assert str(caught.value) == f"text: {tensor}"
        return
    found = graph(text)
    assert [one.name for one in found.node("y").inputs] == [tensor]
    assert [one.name for one in found.node("c/b").inputs[:2]] == ["f/s:1", "x:0"]


def test_what_waits_for_an_if_waits_for_what_joins_its_branches() -> None:
    """One of the branches never runs; in a body a node may wait for an argument."""
    text = "p = Placeholder()\ni = If(p, p, p, then_branch=@two, else_branch=@two)\nz = NoOp(^i)\n"
    found = graph(text + "def two(a, b) -> y=r:y:0, z=b\n    r = Rsqrt(a, ^b)\n")
    assert [node.name for node in found.node("z").controls] == ["i/Merge_0", "i/Merge_1"]
    assert [node.name for node in found.node("i/then/r").controls] == ["i/Switch_1"]


def test_an_output_of_a_call_has_a_name_of_its_own() -> None:
    """Beside nodes that have the names which it would have."""
    text = "x = Placeholder()\nc = PartitionedCall(x, f=@root)\n"
    taken = "c/Result_0 = Relu(x)\nc/Result_0_ = Relu(x)\n"
    found = graph(text + taken + ROOT)
    assert ops(found) == {"x": "Placeholder", "c/r": "Rsqrt", "c/Result_0": "Relu", "c/Result_0_": "Relu",
                          "c/Result_0__": "Identity"}  # fmt: skip
    assert len(found) == 5


def test_a_node_of_a_call_has_a_name_of_its_own() -> None:
    """A node at the top level may be called so already, and stays what it is."""
    found = graph("x = Placeholder()\nc = PartitionedCall(x, f=@root)\nc/r = Relu(c)\ny = Neg(c/r)\n" + ROOT)
    assert ops(found) == {"x": "Placeholder", "c/r": "Relu", "c/r_": "Rsqrt", "y": "Neg"}
    assert [tensor.node.name for tensor in found.node("c/r").inputs] == ["c/r_"]
