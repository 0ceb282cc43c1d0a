"""From a predicate to what decides it: ops on the way, negations, defaults, constants, several sources."""

from __future__ import annotations

import pytest

from tests.support.parts import STORED, fused_cond, only_layer, report, said

BOOL = "p = Placeholder(dtype=bool)\n"
INT = "p = Placeholder(dtype=int32)\n"
ONE_SOURCE = {
    "itself": (BOOL, "p", True),
    "negated": (BOOL + "q = LogicalNot(p)", "q", False),
    "negated twice": (BOOL + "n = LogicalNot(p)\ni = Identity(n)\nq = LogicalNot(i)", "q", True),
    "handed on": (BOOL + "i = Identity(p)\ns = StopGradient(i)\nq = Identity(s)", "q", True),
    "through a Switch": (
        BOOL + "o = Placeholder(dtype=bool)\ns = Switch(p, o)\nq = Identity(s:1)",
        "q",
        True,
    ),
    "made a scalar": (BOOL + "to = Const([])\nr = Reshape(p, to)\nq = Squeeze(r)", "q", True),
    "any of one value per channel": (
        BOOL + "to = Const([6])\nf = Fill(to, p)\naxis = Const([0])\nq = Any(f, axis)",
        "q",
        True,
    ),
    "all of one value per channel": (
        BOOL + "to = Const([6])\nf = Fill(to, p)\naxis = Const([0])\nq = All(f, axis)",
        "q",
        True,
    ),
    "one value per channel": (BOOL + "to = Const([6])\nq = Fill(to, p)", "q", True),
    "negated, one value per channel": (
        BOOL + "n = LogicalNot(p)\nto = Const([6])\nq = Fill(to, n)",
        "q",
        False,
    ),
    "repeated": (BOOL + "l = Const([1])\nr = Reshape(p, l)\nto = Const([6])\nq = Tile(r, to)", "q", True),
    "and true": (BOOL + "c = Const(true)\nq = LogicalAnd(p, c)", "q", True),
    "or false": (BOOL + "c = Const(false)\nq = LogicalOr(c, p)", "q", True),
    "and itself": (BOOL + "q = LogicalAnd(p, p)", "q", True),
    "equal false": (BOOL + "c = Const(false)\nq = Equal(p, c)", "q", False),
    "not equal false": (BOOL + "c = Const(false)\nq = NotEqual(c, p)", "q", True),
    "cast there and back": (
        BOOL + "i = Cast(p, SrcT=bool, DstT=int32)\nc = Const(1)\nq = Equal(i, c)",
        "q",
        True,
    ),
    "number cast to bool": (INT + "q = Cast(p, SrcT=int32, DstT=bool)", "q", True),
    "number equal 1": (INT + "c = Const(1)\nq = Equal(p, c)", "q", True),
    "number equal 0": (INT + "c = Const(0)\nq = Equal(p, c)", "q", False),
    "number greater than 0": (INT + "c = Const(0)\nq = Greater(p, c)", "q", True),
    "1 less than or equal a number": (INT + "c = Const(1)\nq = LessEqual(c, p)", "q", True),
    "number less than 1": (INT + "c = Const(1)\nq = Less(p, c)", "q", False),
    "number at least 1": (INT + "c = Const(1)\nq = GreaterEqual(p, c)", "q", True),
    "a variable": ("p = VariableV2(dtype=bool, shape=[])\nr = Identity(p)", "r", True),
    "a resource": ("p = VarHandleOp(dtype=bool, shape=[])\nr = ReadVariableOp(p, dtype=bool)", "r", True),
}


@pytest.mark.parametrize("case", ONE_SOURCE, ids=lambda name: name)
def test_one_source(case: str) -> None:
    lines, predicate, training_when = ONE_SOURCE[case]
    assert said(STORED + lines + fused_cond(predicate)) == ("switched", "p:0", training_when, None)


@pytest.mark.parametrize("case", ONE_SOURCE, ids=lambda name: name)
def test_the_true_branch_may_be_inference(case: str) -> None:
    lines, predicate, training_when = ONE_SOURCE[case]
    text = STORED + lines + fused_cond(predicate, true_is="inference")
    assert said(text) == ("switched", "p:0", not training_when, None)


CONSTANTS = {
    "true": ("q = Const(true)", "training"),
    "false": ("q = Const(false)", "inference"),
    "not true": ("c = Const(true)\nq = LogicalNot(c)", "inference"),
    "one equals one": ("a = Const(1)\nb = Const(1)\nq = Equal(a, b)", "training"),
    "and false": (BOOL + "c = Const(false)\nq = LogicalAnd(p, c)", "inference"),
    "or true": (BOOL + "c = Const(true)\nq = LogicalOr(p, c)", "training"),
    "or its negation": (BOOL + "n = LogicalNot(p)\nq = LogicalOr(p, n)", "training"),
}


@pytest.mark.parametrize("case", CONSTANTS, ids=lambda name: name)
def test_constant(case: str) -> None:
    lines, mode = CONSTANTS[case]
    layer = only_layer(STORED + lines + fused_cond("q"))
    assert layer.mode.value == mode
    assert layer.switch is not None
    assert layer.switch.constant is (mode == "training")
    assert layer.switch.served_by_default is layer.mode
    assert (layer.training is None, layer.inference is None) == (mode == "inference", mode == "training")


@pytest.mark.parametrize("default", [-1, 0, 1, 2, 5])
@pytest.mark.parametrize("op", ["Equal", "NotEqual", "Less"])
def test_a_default_that_is_neither_0_nor_1_is_compared_as_it_is(default: int, op: str) -> None:
    """A phase may be 0, 1 or 2, and 2 is not 1."""
    lines = f"d = Const({default})\np = PlaceholderWithDefault(d, dtype=int32, shape=[])\none = Const(1)\n"
    lines += f"q = {op}(p, one)\n"
    true = {"Equal": default == 1, "NotEqual": default != 1, "Less": default < 1}[op]
    served = "training" if true else "inference"
    assert said(STORED + lines + fused_cond("q")) == ("switched", "p:0", op == "Equal", served)


COMPUTED_DEFAULTS = {
    "a negated constant": ("c = Const(true)\nd = LogicalNot(c)\n", "inference"),
    "another default": ("c = Const(true)\nd = PlaceholderWithDefault(c, dtype=bool, shape=[])\n", "training"),
    "a cast that cuts": (
        "c = Const(0.5)\ni = Cast(c, SrcT=float, DstT=int32)\nd = Cast(i, SrcT=int32, DstT=bool)\n",
        "inference",
    ),
    "another placeholder": ("d = Placeholder(dtype=bool, shape=[])\n", None),
}


@pytest.mark.parametrize("case", COMPUTED_DEFAULTS, ids=lambda name: name)
def test_a_default_may_be_computed(case: str) -> None:
    lines, served = COMPUTED_DEFAULTS[case]
    lines += "p = PlaceholderWithDefault(d, dtype=bool, shape=[])\n"
    assert said(STORED + lines + fused_cond("p")) == ("switched", "p:0", True, served)


NO_SOURCE = {
    "two placeholders": (
        BOOL + "r = Placeholder(dtype=bool)\nq = LogicalAnd(p, r)",
        "computed from several: p:0, r:0",
    ),
    "a step against another number": (
        INT + "c = Const(1000)\nq = Less(p, c)",
        "a number, p:0, is compared with another than 0 and 1",
    ),
    "a text": (
        'p = Placeholder(dtype=string, shape=[])\nc = Const("train")\nq = Equal(p, c)',
        "a text, p:0, is compared",
    ),
    "a float": (
        "p = Placeholder(dtype=float)\nc = Const(0.5)\nq = Greater(p, c)",
        "computed from a number, p:0 (float)",
    ),
    "a step counter": (
        "p = VariableV2(dtype=int64, shape=[])\nc = Const(1)\nq = Equal(p, c)",
        "computed from a number, p:0 (int64)",
    ),
    "another op": (
        "a = Const([0])\nm = Any(f, a)\nf = Placeholder(dtype=bool)\nq = Identity(m)",
        "computed by Any m from f:0",
    ),
    "data": (
        "s = Shape(x)\nt = StridedSlice(s, s, s, s)\nc = Const(1)\nq = Greater(t, c)",
        "computed by StridedSlice t from x:0",
    ),
}


@pytest.mark.parametrize("case", NO_SOURCE, ids=lambda name: name)
def test_no_single_source(case: str) -> None:
    """The layer is switched, which is all that can be said; the predicate is shown, with the reason."""
    lines, reason = NO_SOURCE[case]
    layer = only_layer(STORED + lines + fused_cond("q"))
    assert layer.mode.value == "switched"
    assert layer.switch is not None
    predicate = layer.switch.predicate
    assert (predicate.source, predicate.default, layer.switch.training_when) == (None, None, None)
    assert predicate.reason == reason
    assert layer.switch.training_when_predicate is True
    assert layer.switch.decided_by.name == "q:0" if "q = Identity" not in lines else "m:0"


@pytest.mark.parametrize(
    ("lines", "predicate", "training_when", "default"),
    [
        ("d = Const(false)\np = PlaceholderWithDefault(d, dtype=bool)", "p", True, "inference"),
        ("d = Const(true)\np = PlaceholderWithDefault(d, dtype=bool)", "p", True, "training"),
        (
            "d = Const(false)\np = PlaceholderWithDefault(d, dtype=bool)\nq = LogicalNot(p)",
            "q",
            False,
            "training",
        ),
        (
            "d = Const(0)\np = PlaceholderWithDefault(d, dtype=int32)\nc = Const(1)\nq = Equal(p, c)",
            "q",
            True,
            "inference",
        ),
        (
            "d = Const(1)\np = PlaceholderWithDefault(d, dtype=int32)\nq = Cast(p, DstT=bool)",
            "q",
            True,
            "training",
        ),
    ],
    ids=["false", "true", "false negated", "0 equal 1", "1 cast"],
)
def test_default(lines: str, predicate: str, training_when: bool, default: str) -> None:
    assert said(STORED + lines + "\n" + fused_cond(predicate)) == ("switched", "p:0", training_when, default)


def test_a_default_that_is_computed_is_not_read() -> None:
    lines = "d = Any(f)\nf = Placeholder(dtype=bool)\np = PlaceholderWithDefault(d, dtype=bool)\n"
    assert said(STORED + lines + fused_cond("p")) == ("switched", "p:0", True, None)


def test_a_default_other_than_0_and_1() -> None:
    """A number that TensorFlow would cast to true."""
    lines = "d = Const(2)\np = PlaceholderWithDefault(d, dtype=int32)\nq = Cast(p, DstT=bool)\n"
    assert said(STORED + lines + fused_cond("q")) == ("switched", "p:0", True, "training")


def test_layers_of_one_source_are_one_group() -> None:
    lines = BOOL + "n = LogicalNot(p)\n" + fused_cond("p") + fused_cond("n", "z", "y", true_is="inference")
    (group,) = report(STORED + lines).switches
    assert [layer.output.name for layer in group.layers] == ["y:0", "z:0"]
    assert [layer.switch.training_when for layer in group.layers if layer.switch] == [True, True]
