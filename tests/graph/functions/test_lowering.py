"""What calls are written as: every node of an If, a While and a call, line by line; how much that may be."""

from __future__ import annotations

from typing import Any

import pytest

from bninspect.errors import GraphDefError
from bninspect.graph import Graph, Node, flatten
from bninspect.graph.functions import lowering
from bninspect.graph.outputs import model_outputs
from bninspect.graphdef.reader import records
from bninspect.graphdef.schema import message_class
from tests.support.text import graph, graphdef

CALLED = """
x = Placeholder()
c = PartitionedCall(x, f=@f)
def f(a) -> y=r:y:0
    r = Rsqrt(a)
    s = FusedBatchNormV3(r, r, r, r, r)
"""


@pytest.mark.parametrize(("most", "fits"), [(4, False), (5, True)])
def test_each_call_counts_its_nodes_its_arguments_its_returns_and_itself(
    most: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lowering, "_MOST_WRITTEN", most)
    if fits:
        assert "c/s" in graph(CALLED)
        return
    with pytest.raises(GraphDefError, match=f"that they make over {most} nodes"):
        graph(CALLED)


@pytest.mark.parametrize(("length", "fits"), [(1022, True), (1023, False)])
def test_a_long_path_counts_for_as_many_kilobytes_as_it_has(
    length: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lowering, "_MOST_WRITTEN", 9)
    text = CALLED.replace("c = ", "c" * length + " = ")
    if fits:
        assert len(graph(text)) == 3
        return
    with pytest.raises(GraphDefError, match="that they make over 9 nodes"):
        graph(text)


def typed(text: str, **types: list[int]) -> Graph:
    """The graph of these lines, its first call with these lists of types."""
    message = graphdef(text)
    call = next(node for node in message.node if node.op in ("If", "While", "PartitionedCall"))
    for key, numbers in types.items():
        call.attr[key].list.type.extend(numbers)
    return flatten(records(message.SerializeToString(), "text"))


def line(node: Node) -> str:
    """What a node is, does, reads and waits for, its type, what it stands for, and when it runs."""
    reads = [f"{tensor.node.name}:{tensor.port}" for tensor in node.inputs]
    reads += [f"^{control.name}" for control in node.controls]
    words = [f"{node.name} = {node.op}({', '.join(reads)})"]
    words += [f"{key}={node.attr(key)}" for key in ("T", "N") if node.attr(key) is not None]
    words += [f"as {node.stands_for}"] if node.stands_for else []
    words += [f"labelled {node.label}"] if node.label != node.name else []
    words += [f"in {'/'.join(node.functions)}"] if node.functions else []
    words += [f"if {predicate.node.name} is {taken}" for predicate, taken in node.conditions]
    words += [f"by {node.predicate.node.name}"] if node.predicate is not None else []
    return " ".join(words)


def lines(found: Graph) -> list[str]:
    return [line(node) for node in found if node.nodedef is None or node.functions]


IF = """
p = Placeholder()
x = Placeholder()
k = Placeholder()
c = If(p, x, k, then_branch=@yes, else_branch=@no)
y = Neg(c:1)
def yes(a, b) -> y=r:y:0, z=b
    r = Rsqrt(a)
    v = VarHandleOp()
def no(a, b) -> y=a, z=o:output:0
    o = Const(2)
"""


def test_an_if_line_by_line() -> None:
    """A node without data inputs in a branch waits for the branch to be taken."""
    assert lines(typed(IF, Tin=[1, 3], Tout=[1, 3])) == [
        "c/Switch_0 = Switch(x:0, p:0) T=float",
        "c/Switch_1 = Switch(k:0, p:0) T=int32",
        "c/Switch = Switch(p:0, p:0) T=bool",
        "c/pivot_f = Identity(c/Switch:0) T=bool",
        "c/pivot_t = Identity(c/Switch:1) T=bool",
        "c/Merge_0 = Merge(c/Switch_0:0, c/then/r:0) T=float N=2 as c:0 labelled c by p",
        "c/Merge_1 = Merge(c/else/o:0, c/Switch_1:1) T=int32 N=2 as c:1 labelled c by p",
        "c/else/o = Const(^c/pivot_f) labelled no/o in no if p is False",
        "c/then/r = Rsqrt(c/Switch_0:1) labelled yes/r in yes if p is True",
        "c/then/v = VarHandleOp(^c/pivot_t) labelled yes/v in yes if p is True",
    ]


def test_an_if_that_lists_too_few_types() -> None:
    found = typed(IF, Tin=[1])
    assert [found.node(f"c/Switch_{n}").attr("T") for n in (0, 1)] == ["float", None]
    assert [found.node(f"c/Merge_{n}").attr("T") for n in (0, 1)] == [None, None]


WHILE = """
x = Placeholder()
n = Placeholder()
w = While(n, x, cond=@more, body=@turn)
y = Neg(w:1)
def more(i, a) -> more=l:z:0
    l = Less(i, i)
def turn(i, a) -> i=i, a=r:y:0
    r = Rsqrt(a)
"""


def test_a_while_line_by_line() -> None:
    """Its body once, its condition never."""
    assert lines(typed(WHILE, T=[3, 1])) == [
        "w/Enter_0 = Enter(n:0) T=int32",
        "w/Next_0 = NextIteration(w/Merge_0:0) T=int32",
        "w/Merge_0 = Merge(w/Enter_0:0, w/Next_0:0) T=int32 N=2",
        "w/Exit_0 = Exit(w/Merge_0:0) T=int32 as w:0 labelled w",
        "w/Enter_1 = Enter(x:0) T=float",
        "w/Next_1 = NextIteration(w/body/r:0) T=float",
        "w/Merge_1 = Merge(w/Enter_1:0, w/Next_1:0) T=float N=2",
        "w/Exit_1 = Exit(w/Merge_1:0) T=float as w:1 labelled w",
        "w/body/r = Rsqrt(w/Merge_1:0) labelled turn/r in turn",
    ]


def within(lines: str) -> str:
    """The same, with its first call inside a function `outer` that is called."""
    call = next(one for one in lines.splitlines() if one.startswith(("c = ", "w = ")))
    name = call[0]
    given = "n, x" if name == "w" else "p, x, k"
    outer = f"def outer({given}) -> first={name}:output:0, second={name}:output:1\n    {call}\n"
    return lines.replace(call, f"{name} = PartitionedCall({given}, f=@outer)") + outer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (IF, ["c/c/Merge_1", "outer/c", "outer/c:1", ("outer",)]),
        (WHILE, ["w/w/Exit_1", "outer/w", "outer/w:1", ("outer",)]),
    ],
    ids=["an If", "a While"],
)
def test_inside_a_function_it_is_labelled_by_that(text: str, expected: list[Any]) -> None:
    node = graph(within(text)).node("y").inputs[0].node
    assert [node.name, node.label, node.stands_for, node.functions] == expected
    other = next(node for node in graph(within(text)) if node.op in ("Enter", "Switch"))
    assert other.label in ("outer/c/Switch_0", "outer/w/Enter_0")


RESULTS = {
    "read by nobody": ("", ["c:0", "c:1"]),
    "one read": ("y = Neg(c:1)\n", ["c:0", "y:0"]),
    "both read": ("y = Add(c, c:1)\n", ["y:0"]),
    "waited for": ("y = NoOp(^c)\n", ["c:0", "c:1"]),
}
CALL = """
x = Placeholder()
c = PartitionedCall(x, f=@f)
def f(a) -> first=r:y:0, second=n:y:0, third=a, again=n:y:0, inner=q:y:0
    r = Rsqrt(a)
    n = Neg(q)
    q = Square(a)
"""


@pytest.mark.parametrize("case", RESULTS)
def test_what_a_call_gives_last_is_named_after_the_call(case: str) -> None:
    """What is read in the body is no output, nor is an argument, nor one tensor a second time."""
    text, expected = RESULTS[case]
    found = graph(CALL.replace("def f", f"{text}def f"))
    assert sorted(tensor.name for tensor in model_outputs(found)) == expected
    results = [node for node in found if node.stands_for is not None]
    assert [node.stands_for for node in results] == [name for name in expected if name[0] == "c"]
    assert all(found.calls["c"][int(one.name[-1])] == one.output() for one in results)
    assert all(one.functions == () and one.label == "c" for one in results)


def test_the_results_of_a_call_line_by_line() -> None:
    """Of the type that the call lists, else of the one that the body tells."""
    of_a_call = [one for one in lines(typed(CALL, Tout=[19])) if " as " in one]
    assert of_a_call == [
        "c/Result_0 = Identity(c/r:0) T=half as c:0 labelled c",
        "c/Result_1 = Identity(c/n:0) as c:1 labelled c",
    ]
    told = graph(CALL.replace("Neg(q)", "Neg(q, T=double)"))
    assert told.node("c/Result_1").attr("T") == "double"


def test_a_signature_names_results_that_are_read_in_the_body_too() -> None:
    whole = message_class("MetaGraphDef")(graph_def=graphdef(CALL))
    whole.meta_info_def.tensorflow_version = "2.21.0"
    outputs = whole.signature_def["serving_default"].outputs
    for key, name in {"a": "c", "b": "c:4", "c": "c:2"}.items():
        outputs[key].name = name
    found = flatten(records(whole.SerializeToString(), "text"))
    assert [tensor.name for tensor in model_outputs(found)] == ["c:0", "c:4", "x:0"]
