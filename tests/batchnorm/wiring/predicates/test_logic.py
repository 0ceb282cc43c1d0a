"""What a predicate is computed from, and what it is for given values: op by op, without a layer."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm.wiring.predicates import predicate
from bninspect.batchnorm.wiring.predicates.predicate import (
    analyse,
    asked,
    base,
    evaluate,
    logic,
    operands,
    uniform,
)
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.graph import Tensor

TWO = "p = Placeholder(dtype=bool, shape=[])\nr = Placeholder(dtype=bool, shape=[])\nto = Const([6])\n"


def last(lines: str) -> Tensor:
    """The first output of the last node."""
    return graph(lines).nodes[-1].output()


def names(tensors: list[Tensor]) -> list[str]:
    return [tensor.node.name for tensor in tensors]


@pytest.mark.parametrize("between", ["", "i{0} = Identity(n{0})\n", "i{0} = Squeeze(n{0})\n"])
@pytest.mark.parametrize("length", [1, 2, 63, 64, 65, 66, 130, 131])
def test_negations_in_a_row(length: int, between: str) -> None:
    """As many as are written, and what is far behind is remembered rightly for each of them."""
    lines, before = "i0 = Placeholder(dtype=bool, shape=[])\n", "i0"
    for number in range(1, length + 1):
        lines += f"n{number} = LogicalNot({before})\n" + between.format(number)
        before = f"i{number}" if between else f"n{number}"
    nodes = graph(lines)
    for number in (length, length - 1, length):
        tensor = nodes.node(f"n{number}" if number else "i0").output()
        assert base(tensor) == (nodes.node("i0").output(), number % 2 == 1)
        assert bool(evaluate(logic(tensor)[0], {nodes.node("i0").output(): 1.0})) == (number % 2 == 0)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("q = Identity(p)", "p"),
        ("n = LogicalNot(p)\nq = Fill(to, n)", "p"),
        ("f = Fill(to, p)\nn = LogicalNot(f)\nq = Tile(n, to)", "p"),
        ("f = BroadcastTo(p, to)\nq = Any(f, to)", "p"),
        ("f = Fill(to, p)\nq = All(f, to)", "p"),
        ("q = Any(p, to)", "q"),
        ("q = LogicalAnd(p, r)", "q"),
        ("a = LogicalAnd(p, r)\nn = LogicalNot(a)\nq = Fill(to, n)", "a"),
        ("q = Cast(p, SrcT=bool, DstT=bool)", "q"),
    ],
)
def test_what_is_asked(lines: str, found: str) -> None:
    assert asked(last(TWO + lines)).node.name == found


def test_what_is_asked_behind_many_is_one_of_them() -> None:
    lines = "f0 = Placeholder(dtype=bool)\nto = Const([6])\n"
    lines += "".join(f"f{number + 1} = Fill(to, f{number})\n" for number in range(70))
    assert asked(last(lines)).node.name == "f6"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("q = LogicalAnd(p, r)", ["p", "r"]),
        ("q = LogicalOr(p, r)", ["p", "r"]),
        ("q = LogicalNot(p)", ["p"]),
        ("q = Fill(to, p)", ["p"]),
        ("q = Tile(p, to)", ["p"]),
        ("q = BroadcastTo(p, to)", ["p"]),
        ("q = Reshape(p, to)", ["p"]),
        ("q = Squeeze(p)", ["p"]),
        ("q = ExpandDims(p, to)", ["p"]),
        ("q = Cast(p)", ["p"]),
        ("q = Equal(p, r)", ["p", "r"]),
        ("q = Less(p, r)", ["p", "r"]),
        ("q = AssignAdd(p, r)", ["p", "r"]),
        ("q = Sub(p, r)", ["p", "r"]),
        ("f = Fill(to, p)\nq = Any(f, to)", ["f"]),
        ("f = Tile(p, to)\nq = All(f, to)", ["f"]),
        ("q = Any(p, to)", []),
        ("q = Any()", []),
        ("q = Mul(p, r)", []),
        ("q = PlaceholderWithDefault(p, dtype=bool)", []),
    ],
)
def test_operands(line: str, found: list[str]) -> None:
    assert names(operands(last(TWO + line))) == found


def test_the_default_is_an_operand_where_nothing_is_fed() -> None:
    tensor = last(TWO + "q = PlaceholderWithDefault(p, dtype=bool)")
    assert names(operands(tensor, unfed=True)) == ["p"]
    assert [names(part) for part in logic(tensor)] == [["q"], ["q"]]
    assert [names(part) for part in logic(tensor, unfed=True)] == [["p", "q"], ["p"]]


@pytest.mark.parametrize(
    ("lines", "order", "leaves"),
    [
        ("q = Identity(p)", ["p"], ["p"]),
        ("n = LogicalNot(r)\nq = LogicalAnd(p, n)", ["p", "r", "n", "q"], ["p", "r"]),
        ("q = LogicalOr(p, p)", ["p", "q"], ["p"]),
        ("c = Const(true)\nq = LogicalAnd(p, c)", ["p", "c", "q"], ["p"]),
        ("c = Const([true, false])\nq = LogicalAnd(p, c)", ["p", "c", "q"], ["p", "c"]),
        ("q = Mul(p, r)", ["q"], ["q"]),
    ],
)
def test_all_that_a_predicate_is_computed_from(lines: str, order: list[str], leaves: list[str]) -> None:
    assert [names(part) for part in logic(last(TWO + lines))] == [order, leaves]


def test_what_depends_on_itself_is_not_computed() -> None:
    nodes = graph(TWO + "a = LogicalAnd(p, q)\nq = LogicalOr(a, r)\n")
    order, leaves = logic(nodes.node("q").output())
    assert names(order) == ["p", "a", "r", "q"]
    assert names(leaves) == ["q", "p", "r"] or names(leaves) == ["p", "q", "r"]
    found = analyse(nodes.node("q").output())
    assert (found.source, found.constant) == (None, None)
    assert found.reason is not None
    assert found.reason.startswith("computed from several: ")


@pytest.mark.parametrize(("most", "leaves"), [(1, ["q"]), (2, ["b"]), (3, ["a"]), (4, ["p"])])
def test_more_logic_than_anybody_writes_counts_as_not_computed(
    most: int, leaves: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicate, "_MOST_LOGIC", most)
    lines = "a = Cast(p)\nb = Cast(a)\nq = Cast(b)\n"
    assert names(logic(last(TWO + lines))[1]) == leaves


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("c = Const(true)", 1.0),
        ("c = Const(false)", 0.0),
        ("c = Const(2.5)", 2.5),
        ("c = Const([3, 3, 3])", 3.0),
        ("c = Const([3, 3, 4])", None),
        ("c = Const([4, 3, 3])", None),
        ("c = Const([])", None),
        ('c = Const("train")', b"train"),
        ('c = Const(["train"])', b"train"),
        ('c = Const(["train", "train"])', None),
        ("c = Placeholder(dtype=float)", None),
        ("k = Const(1)\nc = Identity(k)", None),
    ],
)
def test_the_one_value_of_a_constant(line: str, value: float | bytes | None) -> None:
    assert uniform(last(line)) == value


NUMBERS = "a = Placeholder(dtype=int32, shape=[])\nb = Placeholder(dtype=int32, shape=[])\n"
OPS: dict[str, Callable[[Any, Any], Any]] = {
    "Equal": operator.eq,
    "NotEqual": operator.ne,
    "Less": operator.lt,
    "LessEqual": operator.le,
    "Greater": operator.gt,
    "GreaterEqual": operator.ge,
    "Add": operator.add,
    "AddV2": operator.add,
    "AssignAdd": operator.add,
    "Sub": operator.sub,
    "AssignSub": operator.sub,
    "LogicalAnd": lambda one, other: bool(one and other),
    "LogicalOr": lambda one, other: bool(one or other),
}


@pytest.mark.parametrize("op", OPS)
def test_an_op_of_two(op: str) -> None:
    tensor = last(NUMBERS + f"q = {op}(a, b)\n")
    order, (first, second) = logic(tensor)
    for one in (-1.0, 0.0, 2.0):
        for other in (-1.0, 0.0, 2.0):
            assert evaluate(order, {first: one, second: other}) == OPS[op](one, other)


@pytest.mark.parametrize(("text", "is_equal"), [(b"train", True), (b"eval", False)])
def test_texts_are_equal_or_not(text: bytes, is_equal: bool) -> None:
    lines = 'm = Placeholder(dtype=string)\nc = Const("train")\n'
    for op, wanted in (("Equal", is_equal), ("NotEqual", not is_equal)):
        order, (leaf,) = logic(last(lines + f"q = {op}(c, m)\n"))
        assert evaluate(order, {leaf: text}) is wanted
    order, (leaf,) = logic(last(lines + "to = Const([2])\nf = Fill(to, m)\nt = Tile(f, to)\n"))
    assert evaluate(order, {leaf: text}) == text


@pytest.mark.parametrize(
    ("line", "value", "found"),
    [
        ("q = Cast(a, DstT=bool)", 2.5, 1.0),
        ("q = Cast(a, DstT=bool)", 0.0, 0.0),
        ("q = Cast(a, DstT=int32)", 2.5, 2.0),
        ("q = Cast(a, DstT=int64)", -2.5, -2.0),
        ("q = Cast(a, DstT=int32)", float("inf"), float("inf")),
        ("q = Cast(a, DstT=float)", 2.5, 2.5),
        ("q = Fill(to, a)", 2.5, 2.5),
        ("q = Squeeze(a)", 2.5, 2.5),
        ("q = LogicalNot(a)", 1.0, False),
        ("q = LogicalNot(a)", 0.0, True),
    ],
)
def test_an_op_of_one(line: str, value: float, found: float) -> None:
    order, (leaf,) = logic(last("a = Placeholder(dtype=float)\nto = Const([2])\n" + line))
    assert evaluate(order, {leaf: value}) == found


@pytest.mark.parametrize("count", [2, 5, 6, 7])
def test_of_several_that_decide_five_are_named(count: int) -> None:
    lines = "".join(f"p{number} = Placeholder(dtype=bool)\n" for number in range(count))
    lines += "".join(
        f"q{number} = LogicalAnd({f'q{number - 1}' if number > 1 else 'p0'}, p{number})\n"
        for number in range(1, count)
    )
    shown = ", ".join(f"p{number}:0" for number in range(min(count, 5)))
    reason = analyse(last(lines)).reason
    assert reason == f"computed from several: {shown}" + (", ..." if count > 5 else "")


FED = "d = Const({value})\np = PlaceholderWithDefault(d, dtype={dtype}, shape=[])\n"
DEFAULTS: dict[str, tuple[str, object, bool | None]] = {
    "true": (FED.format(value="true", dtype="bool"), True, True),
    "false": (FED.format(value="false", dtype="bool"), False, False),
    "a number": (FED.format(value="2", dtype="int32"), 2, True),
    "none": (FED.format(value="0", dtype="int64"), 0, False),
    "a text": (FED.format(value='"train"', dtype="bool"), None, None),
    "beyond all numbers": (
        "c = Const(1e999)\nd = Cast(c, SrcT=float, DstT=int32)\n"
        "p = PlaceholderWithDefault(d, dtype=int32, shape=[])\n",
        None,
        True,
    ),
    "another placeholder's": (
        "c = Const(true)\nr = PlaceholderWithDefault(c, dtype=bool)\nd = LogicalNot(r)\n"
        "p = PlaceholderWithDefault(d, dtype=bool, shape=[])\n",
        False,
        False,
    ),
    "something fed": (
        "d = Placeholder(dtype=bool)\np = PlaceholderWithDefault(d, dtype=bool, shape=[])\n",
        None,
        None,
    ),
    "nothing": ("p = Placeholder(dtype=bool, shape=[])\n", None, None),
    "what a variable holds": ("p = VariableV2(dtype=bool, shape=[])\n", None, None),
}


@pytest.mark.parametrize("case", DEFAULTS)
@pytest.mark.parametrize("negated", [False, True])
def test_the_default_in_its_own_type_and_what_it_makes_of_the_predicate(case: str, negated: bool) -> None:
    lines, default, unfed = DEFAULTS[case]
    cast = "" if "int" not in lines.rpartition("p =")[2] else "q = Cast(p, DstT=bool)\n"
    found = analyse(last(lines + cast + (f"n = LogicalNot({'q' if cast else 'p'})\n" if negated else "")))
    assert found.source is not None
    assert found.source.node.name == "p"
    assert (found.default, type(found.default)) == (default, type(default))
    assert found.unfed is (None if unfed is None else unfed != negated)
    assert (found.negated, found.true_when) == (negated, not negated)
