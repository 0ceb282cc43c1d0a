"""The type of a tensor as its op gives it, and what is written of a graph."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.errors import RewriteError
from bninspect.graph import flatten
from bninspect.graphdef import Span
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.prune import dtype_of, prune
from tests.support.text import graph


@pytest.mark.parametrize(
    ("line", "port", "dtype"),
    [
        ("y = FusedBatchNormV3(x, T=half, U=float)", 0, "half"),
        ("y = FusedBatchNormV3(x, T=half, U=float)", 1, "float"),
        ("y = FusedBatchNormV2(x, T=half, U=double)", 4, "double"),
        ("y = FusedBatchNorm(x, T=half)", 2, "half"),  # which has no U: all its outputs are of type T
        ("y = Cast(x, SrcT=half, DstT=double)", 0, "double"),
        ("y = Shape(x, T=half, out_type=int64)", 0, "int64"),
        ("y = Placeholder(dtype=bfloat16)", 0, "bfloat16"),
        ("y = ArgMax(x, output_type=int64)", 0, "int64"),
        ("y = Less(x, x, T=half)", 0, "bool"),
        ("y = Foreign(x, out_type=int32)", 0, "int32"),
    ],
)
def test_the_type_of_a_tensor(line: str, port: int, dtype: str) -> None:
    node = graph(f"x = Placeholder()\n{line}").node("y")
    assert dtype_of(node.output(port)) == dtype


def test_a_type_that_no_attribute_tells() -> None:
    node = graph("x = Placeholder()\ny = Foreign(x, N=3)").node("y")
    with pytest.raises(RewriteError, match=r"^the type of y:2 \(Foreign\) is unknown$"):
        dtype_of(node.output(2))


LINES = """
x = Placeholder(dtype=float)
y = Neg(x, T=float)
z = Abs(y, T=float)
beside = Exp(x, T=float)
"""


def written(edits: Edits, wanted: tuple[str, ...], named: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """The nodes of the new graph in their order, with their inputs."""
    graph_ = edits.graph
    tensors = [[graph_.node(name).output() for name in names] for names in (wanted, named)]
    return {node.name: node.inputs for node in prune(edits, *tensors).graphdef.nodes}


def test_only_what_is_wanted_is_written() -> None:
    model = graph(LINES)
    assert written(Edits(model), ("y",)) == {"x": (), "y": ("x",)}
    assert list(written(Edits(model), ("z", "beside"))) == ["x", "y", "z", "beside"]


def test_what_is_named_keeps_its_name_where_another_tensor_took_its_place() -> None:
    """And a name that is wanted only says where the tensor is now."""
    edits = Edits(graph(LINES))
    new = edits.add("new", "Exp", (edits.graph.node("x").output(),), T="float")
    edits.redirect(edits.graph.node("z").output(), new)
    z = edits.graph.node("z").output()
    assert prune(edits, (z,)).names == {z: "new:0"}
    assert list(written(edits, ("z", "y"))) == ["x", "y", "new"]  # ours behind those of the file
    named = prune(edits, (), (z,))
    assert named.names == {z: "z:0"}
    last = named.graphdef.nodes[-1]
    assert (last.name, last.op, last.inputs, last.attr("T")) == ("z", "Identity", ("new",), "float")


def test_a_name_that_is_still_needed_is_not_given_away() -> None:
    """The other output of the node is read."""
    edits = Edits(graph("x = Placeholder(dtype=float)\naxis = Const(0)\ny = Split(axis, x, T=float)"))
    first, second = (edits.graph.node("y").output(port) for port in (0, 1))
    edits.redirect(first, edits.graph.node("x").output())
    assert prune(edits, (), (first, second)).names == {first: "x:0", second: "y:1"}


def test_a_node_that_changes_a_variable_is_refused() -> None:
    model = graph(
        "v = VariableV2(dtype=float)\nx = Const(1.0)\ny = Assign(v, x, T=float)\nz = Neg(y, T=float)"
    )
    with pytest.raises(RewriteError, match="the outputs depend on Assign y, which changes a variable"):
        written(Edits(model), ("z",))


def test_a_node_no_longer_stands_beside_one_that_is_gone() -> None:
    """`_class` names the node it was to share a device with."""
    model = graph(LINES.replace("z = Abs(y, T=float)", 'z = Abs(y, T=float, _class="loc:@beside")'))
    node = prune(Edits(model), [model.node("z").output()]).graphdef.nodes[-1]
    assert set(node.attributes) == {"T"}


CHOICE = """
p = Placeholder(dtype=bool)
x = Placeholder(dtype=float)
choice = StatelessIf(p, x, then_branch=@yes, else_branch=@no)
call = PartitionedCall(p, x, f=@net)
def yes(a) -> y=n:y:0
    n = Neg(a, T=float)
def no(a) -> y=n:y:0
    n = Abs(a, T=float)
def net(p, a) -> y=choice:output:0
    choice = StatelessIf(p, a, then_branch=@yes, else_branch=@no)
"""


@pytest.mark.parametrize(
    ("merge", "name"),
    [("choice/Merge_0", "choice"), ("call/choice/Merge_0", "call/choice/Merge_0"), ("x", "x")],
    ids=["an If", "an If in a function", "a node of the file"],
)
def test_a_tensor_that_another_replaced_keeps_the_name_that_people_know(merge: str, name: str) -> None:
    """Of the result of an If that is the If's; within a function its name in the file is that of no node."""
    edits = Edits(graph(CHOICE))
    tensor = edits.graph.node(merge).output()
    edits.redirect(tensor, edits.add("new", "Const", (), dtype="float"))
    written = prune(edits, (), (tensor,))
    assert written.names == {tensor: f"{name}:0"}
    assert [node.name for node in written.graphdef.nodes] == ["new", name]


def test_of_two_results_of_an_if_the_first_has_its_name() -> None:
    """The other has its number behind it: an output of the same number of no node can have its name."""
    two = CHOICE.replace("def yes(a) -> y=n:y:0", "def yes(a) -> y=n:y:0, z=a")
    edits = Edits(graph(two.replace("def no(a) -> y=n:y:0", "def no(a) -> y=n:y:0, z=a")))
    first, second = (edits.graph.node(f"choice/Merge_{number}").output() for number in (0, 1))
    for tensor in (first, second):
        edits.redirect(tensor, edits.graph.node("x").output())
    written = prune(edits, (), (first, second))
    assert written.names == {first: "choice:0", second: "choice_1:0"}
    assert [node.name for node in written.graphdef.nodes] == ["x", "choice", "choice_1"]


def test_what_is_more_in_the_library_stays_with_the_functions_that_are_called() -> None:
    """Gradients of functions: without a function there is nothing to say about one."""
    lines = "x = Placeholder(dtype=float)\ny = PartitionedCall(x, f=@f)\nz = Neg(x, T=float)\n"
    lines += "def f(a) -> y=r:activations:0\n    r = Relu(a, T=float)\n"
    rest = (Span(b"gradient", 0, 8),)
    model = flatten(replace(graph(lines).graphdef, library_rest=rest, format="saved_model"))
    calling, alone = (prune(Edits(model), [model.node(name).output()]).graphdef for name in "yz")
    assert ([*calling.functions], calling.library_rest) == (["f"], rest)
    assert ([*alone.functions], alone.library_rest) == ([], ())
    assert (alone.format, alone.signatures, alone.collections) == ("graphdef", (), {})


def test_an_if_that_does_not_say_its_types_cannot_be_written_out() -> None:
    model = graph(CHOICE)
    with pytest.raises(RewriteError, match=r"^the type of choice/Switch_0 \(Switch\) is unknown$"):
        prune(Edits(model), (model.node("choice/Merge_0").output(),))


CALL = """
x = Placeholder(dtype=float)
c = PartitionedCall(x, f=@f)
def f(a) -> y=r:y:0
    r = Rsqrt(a, T=float)
"""


def test_the_output_of_a_call_keeps_the_name_of_the_call() -> None:
    """Whoever ran the original by `c:0` runs what is written by it, too."""
    found = graph(CALL)
    result = found.node("c/Result_0").output()
    pruned = prune(Edits(found), (), (result,))
    assert pruned.names == {result: "c:0"}
    assert [(node.name, node.inputs) for node in pruned.graphdef.nodes] == [
        ("x", ()),
        ("c/r", ("x",)),
        ("c", ("c/r",)),
    ]
