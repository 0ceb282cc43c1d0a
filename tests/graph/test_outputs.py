"""The outputs of a model where no signature says them: what nobody reads, less what is no result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bninspect.graph import outputs as outputs_of
from bninspect.graph.outputs import _Fed, model_outputs
from bninspect.graph.search import downstream
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bninspect.graph import Graph, Node

X = "x = Placeholder(dtype=float)\np = Placeholder(dtype=bool)\n"
Y = "y = Relu(x)\n"
BN = "bn = FusedBatchNormV3(x, c, c, c, c)\n"
CONST = "c = Const([1.0, 1.0])\nv = VariableV2(dtype=float)\n"
LOOP = 'enter = Enter(x, frame_name="loop")\nturn = Merge(enter, next)\nleave = Switch(turn, on)\n'
LOOP += "on = LoopCond(p)\nbody = Relu(leave:1)\nnext = NextIteration(body)\n"
WHILE = (
    "w = While(x, x, body=@body, cond=@cond)\n{}def body(a, b) -> c=r:y:0, d=b\n    r = Rsqrt(a)\n"
    "def cond(a, b) -> c=a\n"
)


def outputs(lines: str) -> list[str]:
    """Their names, in order."""
    return [tensor.name for tensor in model_outputs(graph(lines))]


UNREAD = {
    "the end": (X + Y + "z = Neg(y)\n", ["z:0"]),
    "two ends in file order": (X + "z = Neg(x)\n" + Y, ["z:0", "y:0"]),
    "what no input reaches is beside": (X + Y + CONST + "d = Neg(c)\n", ["y:0"]),
    "where there is no input, all that is unread": (CONST + "d = Neg(c)\n", ["d:0"]),
    "a normalization whose moments are read by updates": (
        X + CONST + BN + "gap = Sub(v, bn:1)\nupdate = AssignSub(v, gap)\n",
        ["bn:0"],
    ),
    "another op of which a later output is read": (X + "s = Split(x)\nm = Neg(s:1)\n", ["m:0"]),
    "a normalization of which another end takes the mean": (X + CONST + BN + "m = Neg(bn:1)\n", ["m:0"]),
    "a normalization that another end waits for": (
        X + CONST + BN + "gap = Sub(v, bn:1)\nupdate = AssignSub(v, gap)\ny = Relu(x, ^bn)\n",
        ["bn:0", "y:0"],
    ),
    "two normalizations, one with its moments taken": (
        X + CONST + BN + BN.replace("bn =", "last =") + "m = Mul(bn:1, last:2)\n" + Y,
        ["m:0", "y:0"],
    ),
    "a loop's own have none": (X + Y + LOOP + "inside = Neg(body)\n", ["y:0"]),
    "where all stand in a loop": (X + LOOP + "inside = Neg(body)\n", ["inside:0"]),
    "what leaves a loop": (X + LOOP + "out = Exit(leave)\n", ["out:0"]),
    "beside a result of a While that is read": (X + WHILE.format("y = Relu(w)\n"), ["y:0"]),
    "results of a While that nobody reads": (X + WHILE.format(""), ["w:0", "w:1"]),
    "results of two While, one of them read": (
        X + WHILE.format("y = Relu(w)\nother = While(x, x, body=@body, cond=@cond)\n"),
        ["y:0", "other:0", "other:1"],
    ),
}


FAR = "".join(f"y{number + 1} = Relu(y{number})\n" for number in range(100))
"""A way from y0 that is longer than what is looked at of it."""
UNREAD |= {
    "an end far from its input, and one from a constant": (
        X + CONST + "y0 = Relu(x)\n" + FAR + "d = Neg(c)\n",
        ["y100:0"],
    ),
    "an end far from a constant": (X + Y + CONST + "y0 = Relu(c)\n" + FAR, ["y:0"]),
    "more ends than are looked at": (
        X + CONST + "".join(f"a{number} = Neg(x)\nb{number} = Neg(c)\n" for number in range(40)),
        [f"a{number}:0" for number in range(40)],
    ),
}


@pytest.mark.parametrize("case", UNREAD)
def test_what_nobody_reads(case: str) -> None:
    lines, expected = UNREAD[case]
    assert outputs(lines) == expected


DOES = (
    "NoOp", "SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "Assert", "PrintV2",
    "IsVariableInitialized", "VarIsInitializedOp", "InitializeTableV2", "LookupTableFindV2",
    "QueueEnqueueV2", "QueueCloseV2", "StackPushV2", "DestroyResourceOp", "WriteFile",
    "TensorArrayCloseV3", "OptionalFromValue", "ScatterUpdate", "ApplyGradientDescent",
    "ResourceApplyAdam", "ScalarSummary", "MergeSummary", "Const", "Variable", "VariableV2",
    "VarHandleOp", "HashTable", "HashTableV2", "ReadVariableOp", "Placeholder", "PlaceholderWithDefault",
    "IteratorV2", "OneShotIterator", "QueueDequeueV2", "FIFOQueueV2", "ReaderReadV2", "ParseExample",
)  # fmt: skip
STEERS = ("LoopCond", "NextIteration", "Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike")
GRADIENTS = ("ReluGrad", "FusedBatchNormGradV3", "Conv2DBackpropFilter")


@pytest.mark.parametrize("op", [*DOES, *STEERS, *GRADIENTS])
def test_what_does_something_steers_or_is_a_gradient_is_no_output(op: str) -> None:
    given = "1.0" if op == "Const" else "x"
    assert outputs(X + Y + f"d = {op}({given})\n") == ["y:0"]


@pytest.mark.parametrize("op", [*GRADIENTS, "StopGradient", "PreventGradient", "Conv2DBackpropInput"])
def test_what_is_made_of_gradients_is_none_and_of_what_stops_them_is_one(op: str) -> None:
    lines = X + Y + f"g = {op}(x)\nd = Neg(g)\n"
    assert outputs(lines) == (["y:0"] if op in GRADIENTS else ["y:0", "d:0"])


NORMALIZED = CONST + BN + "end = Neg(bn)\n"
HELD = "e = Neg(x)\nall = NoOp(^e)\n"
PLUMBING = {
    "what a Switch hands on": ("s = Switch(x, p)\nd = Identity(s:1)\n", False),
    "a Switch": ("d = Switch(x, p)\n", False),
    "a boolean": ("d = Identity(p, T=bool)\n", False),
    "a resource": ("d = Identity(x, T=resource)\n", False),
    "a number": ("d = Identity(x, T=float)\n", True),
    "another op of booleans": ("d = LogicalNot(p, T=bool)\n", True),
    "what waits for the saver": ("save = SaveV2(x)\nd = Identity(x, ^save)\n", False),
    "what waits for something else": ("e = Neg(x)\nd = Identity(x, ^e)\n", True),
    "an element of a tuple": (HELD + "d = Identity(e, ^all)\n", False),
    "what waits for all, and is of none of them": (HELD + "d = Identity(x, ^all)\n", True),
    "what waits for an op that gives something": (
        "e = Neg(x)\nall = Neg(x, ^e)\nd = Identity(e, ^all)\n",
        True,
    ),
    "another op that waits for all": (HELD + "d = Relu(e, ^all)\n", True),
    "the mean of a conditional": (NORMALIZED + "m = Merge(bn:1, c)\nd = Identity(m)\n", False),
    "the mean behind a Switch": (
        NORMALIZED + "s = Switch(bn:2, p)\ni = Identity(s)\nm = Merge(c, i)\nd = Identity(m)\n",
        False,
    ),
    "the result of a conditional": (NORMALIZED + "m = Merge(bn, c)\nd = Identity(m)\n", True),
    "what is made of the mean": (
        NORMALIZED + "n = Neg(bn:1)\nm = Merge(n, c)\nd = Identity(m)\n",
        True,
    ),
    "the mean, in no conditional": (NORMALIZED + "d = Identity(bn:1)\n", True),
}  # fmt: skip


@pytest.mark.parametrize("case", PLUMBING)
def test_what_only_hands_on_is_no_output(case: str) -> None:
    lines, is_one = PLUMBING[case]
    found = outputs(X + Y + lines)
    assert found[0] == "y:0"
    assert ("d:0" in found) is is_one


def test_statistics_are_followed_through_so_many_that_hand_on() -> None:
    for count in (16, 17):
        lines = X + Y + CONST + BN + "i0 = Identity(bn:1)\nend = Neg(bn)\n"
        lines += "".join(f"i{number + 1} = Identity(i{number})\n" for number in range(count - 1))
        lines += f"m = Merge(i{count - 1}, c)\nd = Identity(m)\n"
        assert ("d:0" in outputs(lines)) is (count == 17)


LOSS = CONST + BN + "loss = Mean(bn, c)\nsummary = ScalarSummary(loss)\nseed = OnesLike(loss)\n"
GRADIENT = "grad = ReluGrad(seed, bn)\nlearn = ApplyGradientDescent(v, c, grad)\n"
TRAINED = {
    "the loss": (LOSS + GRADIENT, ["y:0", "loss:0"]),
    "no gradients": (LOSS, ["y:0"]),
    "the loss is read": (
        LOSS + GRADIENT + "more = Neg(loss)\nsum = ScalarSummary(more)\n",
        ["y:0", "more:0"],
    ),
    "something else sees the layer": (LOSS + GRADIENT + "end = Neg(bn)\n", ["y:0", "end:0"]),
    "a root alone may be a layer": (LOSS + GRADIENT + "end = Rsqrt(x)\n", ["y:0", "end:0"]),
    "what is no end of anything": (
        LOSS + GRADIENT + "s = Shape(bn)\nt = ScalarSummary(s)\na = Assign(v, bn)\nb = ScalarSummary(a)\n",
        ["y:0", "loss:0"],
    ),
    "what no input reaches": (LOSS + GRADIENT + "d = Neg(c)\nt = ScalarSummary(d)\n", ["y:0", "loss:0"]),
}


@pytest.mark.parametrize("case", TRAINED)
def test_in_training_what_only_summaries_read(case: str) -> None:
    lines, expected = TRAINED[case]
    assert outputs(X + Y + lines) == expected


@pytest.mark.parametrize(
    "op", ["ScalarSummary", "HistogramSummary", "Shape", "Size", "Rank", "OnesLike", "ZerosLike"]
)
@pytest.mark.parametrize("also", ["", "more = Abs(loss)\nlast = Assert(more)\n"])
def test_who_only_reports(op: str, also: str) -> None:
    lines = (
        X + Y + CONST + BN + f"loss = Mean(bn, c)\nreport = {op}(loss)\ngrad = ReluGrad(loss, bn)\n" + also
    )
    lines = lines.replace("ReluGrad(loss,", "ReluGrad(x,")
    assert outputs(lines) == (["y:0"] if also else ["y:0", "loss:0"])


JOINED = "s = Switch(x, p)\na = Relu(s)\nb = Relu(s:1)\n"
ROOTED = JOINED.replace("a = Relu(s)", "a = Rsqrt(s)")
MERGES = {
    "alone": (JOINED + "m = Merge(a, b)\n", ["m:0"]),
    "two alone": (JOINED + "m = Merge(a, b)\nn = Merge(b, a)\n", ["m:0", "n:0"]),
    "of what is not fed": (CONST + "d = Neg(c)\nm = Merge(d, c)\n", []),
    "of an update": (JOINED + "u = Assign(v, a)\nv = VariableV2()\nm = Merge(u, b)\n", []),
    "of an update that is handed on": (
        JOINED + "u = AssignSub(v, a)\nv = VariableV2()\ni = Identity(u)\nm = Merge(b, i)\n", []
    ),
    "of gradients": (JOINED + "g = ReluGrad(a, a)\nm = Merge(g, b)\n", []),
    "that is read": (JOINED + "m = Merge(a, b)\nt = ScalarSummary(m)\n", []),
    "beside an end": (Y + JOINED + "m = Merge(a, b)\n", ["y:0"]),
    "beside an end, with a normalization": (Y + ROOTED + "m = Merge(a, b)\n", ["y:0", "m:0"]),
    "beside an end that sees the same": (
        Y.replace("Relu(x)", "Neg(a)") + ROOTED + "m = Merge(a, b)\n", ["y:0"]
    ),
    "the second sees no more than the first": (
        Y + ROOTED + "m = Merge(a, b)\nn = Merge(b, a)\n", ["y:0", "m:0"]
    ),
    "the second sees more": (
        Y + ROOTED + "m = Merge(b, x)\nn = Merge(a, b)\n", ["y:0", "n:0"]
    ),
    "the normalization is waited for": (
        Y + ROOTED + "w = Neg(b, ^a)\ncheck = Assert(a)\nm = Merge(w, b)\n", ["y:0", "m:0"]
    ),
    "held alone": (HELD + "d = Identity(e, ^all)\n", ["d:0"]),
    "held, and read": (HELD + "d = Identity(e, ^all)\nt = ScalarSummary(d)\n", []),
    "held, and not fed": (CONST + "e = Neg(c)\nall = NoOp(^e)\nd = Identity(e, ^all)\n", []),
    "held beside a Merge": (
        JOINED + "m = Merge(a, b)\nall = NoOp(^b)\nd = Identity(b, ^all)\n", ["m:0"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MERGES)
def test_where_a_conditional_ends_or_a_tuple(case: str) -> None:
    lines, expected = MERGES[case]
    assert outputs(X + lines) == expected


def test_few_nodes_are_asked_for_an_input_near_and_many_in_one_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 looks of at most 64 nodes each cost less than a walk over a large graph; the answer is the same."""
    walks: list[int] = []

    def counted(walked: Graph, sources: Iterable[Node]) -> set[Node]:
        walks.append(1)
        return downstream(walked, sources)

    monkeypatch.setattr(outputs_of, "downstream", counted)
    long = "".join(f"n{number} = Neg(n{number - 1})\n" for number in range(1, 70))
    nodes = graph(CONST + "d = Neg(c)\nn0 = Placeholder()\n" + long)
    fed = _Fed(nodes)
    assert all(nodes.node(f"n{number}") in fed for number in range(16))
    assert walks == []
    assert (nodes.node("n3") in fed, nodes.node("d") in fed, walks) == (True, False, [1])
    others = _Fed(nodes)
    assert (nodes.node("n63") in others, walks) == (True, [1])
    assert (nodes.node("n64") in others, nodes.node("d") in others, walks) == (True, False, [1, 1])
