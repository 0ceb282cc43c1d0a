"""Arithmetic around roots, multiplied out: what the terms are."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.quantization.expansion import (
    Convolved,
    Expansion,
    Root,
    flow,
    holds_only,
)
from bninspect.batchnorm.recognition.quantization.products import Sum
from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.graph import Graph, Tensor, flatten
from bninspect.graphdef.reader import records
from tests.support.text import graph, graphdef

START = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
late = Placeholder(dtype=bool)
w = VariableV2(dtype=float, shape=[1, 1, 2, 2])
gamma = Const([1.5, 0.5])
beta = Const([0.1, 0.2])
ones = Const([1.0, 1.0])
zeros = Const([0.0, 0.0])
variance = Const([2.0, 3.0])
epsilon = Const(0.001)
added = Add(variance, epsilon)
root = Rsqrt(added)
deviation = Sqrt(added)
"""


FOLDED = """
scale = Mul(gamma, root)
scaled = Mul(w, scale)
conv = Conv2D(x, scaled)
"""


def summed(written: Graph, name: str = "y", taken: bool | None = None, *, ones: bool = False) -> Sum | None:
    return expansion(written, taken, ones=ones).of(written.node(name).output())


def expansion(written: Graph, taken: bool | None = None, *, ones: bool = False) -> Expansion:
    """Of what the roots flow into, `late` having this value."""
    roots = [node for node in written if node.op in ("Rsqrt", "Sqrt")]
    nodes = flow(roots, written.node("conv") if "conv" in written else roots[0], written)
    given = {} if taken is None else {written.node("late").output(): taken}
    return Expansion(nodes, Conditions(written), given, ones=ones)


def shown(terms: Sum | None) -> dict[str, float] | None:
    """Each product as text, its symbols in the order of their names; powers behind ^, of the root as R."""
    if terms is None:
        return None
    return {
        " ".join(
            sorted(f"{_symbol(one)}^{power}" if power != 1 else _symbol(one) for one, power in product)
        ): factor
        for product, factor in terms.items()
    }


def _symbol(one: object) -> str:
    match one:
        case Root(variance=variance, epsilon=epsilon):
            return f"R({variance.name} {epsilon:.3f})"
        case Convolved(node=node):
            return f"<{node.name}>"
        case Tensor(name=name):
            return name
        case _:
            raise AssertionError(f"{one} is no symbol")


R = "R(variance:0 0.001)"
SUMS = {
    "a root": ("y = Identity(root)\n", {R: 1.0}),
    "its square root": ("y = Identity(deviation)\n", {f"{R}^-1": 1.0}),
    "a product": ("y = Mul(gamma, root)\n", {f"{R} gamma:0": 1.0}),
    "a quotient": ("y = RealDiv(gamma, deviation)\n", {f"{R} gamma:0": 1.0}),
    "over a quotient": ("a = RealDiv(root, gamma)\ny = Mul(a, gamma)\n", {R: 1.0}),
    "the reciprocal": ("y = Reciprocal(deviation)\n", {R: 1.0}),
    "the old reciprocal": ("y = Inv(deviation)\n", {R: 1.0}),
    "two roots that cancel": ("y = Mul(root, deviation)\n", {"": 1.0}),
    "a sum": ("y = AddN(root, beta, root)\n", {R: 2.0, "beta:0": 1.0}),
    "a difference": ("y = Sub(beta, root)\n", {R: -1.0, "beta:0": 1.0}),
    "the negative": ("y = Neg(root)\n", {R: -1.0}),
    "the negative of another": ("minus = Neg(beta)\ny = Mul(minus, root)\n", {f"{R} beta:0": -1.0}),
    "negative twice": ("a = Neg(beta)\nb = Neg(a)\ny = Mul(b, root)\n", {f"{R} beta:0": 1.0}),
    "laid out": ("to = Const([1, 2])\na = Reshape(root, to)\ny = Mul(a, gamma)\n", {f"{R} gamma:0": 1.0}),
    "rounded": ("y = FakeQuantWithMinMaxVars(root, epsilon, epsilon)\n", {R: 1.0}),
    "over a sum": ("a = Add(root, beta)\ny = RealDiv(gamma, a)\n", None),
    "over a sum, in a product": ("a = Add(root, beta)\nb = RealDiv(gamma, a)\ny = Mul(b, root)\n", None),
    "another op": ("a = Relu(root)\ny = Mul(a, gamma)\n", {"y:0": 1.0}),
    "one of several that are handed on": ("a = IdentityN(root, beta)\ny = Mul(a, root)\n", {f"{R}^2": 1.0}),
    "rounded within a range that is no sum": (
        "a = Add(root, beta)\nlow = RealDiv(gamma, a)\ny = FakeQuantWithMinMaxVars(root, low, low)\n",
        {R: 1.0},
    ),
    "negatives that go round": ("a = Neg(b)\nb = Neg(a)\ny = Mul(a, root)\n", {f"{R} a:0": 1.0}),
    "a convolution by two kernels": (
        "a = Mul(w, root)\nb = Mul(a, w)\nconv = Conv2D(x, b)\ny = Neg(conv)\n",
        None,
    ),
    "a convolution by no sum": (
        "a = Add(root, beta)\nb = RealDiv(w, a)\nconv = Conv2D(x, b)\ny = Neg(conv)\n",
        None,
    ),
}


@pytest.mark.parametrize("case", SUMS)
def test_arithmetic_is_multiplied_out(case: str) -> None:
    lines, terms = SUMS[case]
    assert shown(summed(graph(START + lines))) == terms


def sum_of(count: int) -> str:
    """As many different terms."""
    vectors = "".join(f"v{number} = Const([{number}.5])\n" for number in range(count - 1))
    adds = "".join(f"a{number} = Add(a{number - 1}, v{number - 1})\n" for number in range(1, count))
    return vectors + "a0 = Identity(root)\n" + adds + f"y = Identity(a{count - 1})\n"


@pytest.mark.parametrize(("count", "known"), [(12, True), (13, False)])
def test_a_sum_of_more_than_twelve_terms_is_none(count: int, known: bool) -> None:
    terms = summed(graph(START + sum_of(count)))
    assert (terms is not None and len(terms) == count) is known


def test_a_vector_of_ones_is_the_number_where_that_is_asked_for() -> None:
    written = graph(START + "y = Mul(ones, root)\n")
    assert shown(summed(written)) == {f"{R} ones:0": 1.0}
    assert shown(summed(written, ones=True)) == {R: 1.0}


CHOICE = "a = Switch({}, late)\nb = Switch({}, late)\ny = Merge(a, b:1)\n"
SIDES = {
    "the root or beta": (CHOICE.format("beta", "root"), {R: 1.0}, {"beta:0": 1.0}),
    "a correction or ones": (CHOICE.format("ones", "root"), {R: 1.0}, {"": 1.0}),
    "a correction or zeros": (CHOICE.format("zeros", "root"), {R: 1.0}, {}),
    "rounded or not": (
        "q = FakeQuantWithMinMaxArgs(root)\n" + CHOICE.format("root", "q"),
        {R: 1.0},
        {R: 1.0},
    ),
    "by the opposite": (
        "early = LogicalNot(late)\n" + CHOICE.format("root", "beta").replace("late)", "early)"),
        {R: 1.0},
        {"beta:0": 1.0},
    ),
}


@pytest.mark.parametrize("case", SIDES)
def test_a_conditional_is_the_side_that_its_predicate_takes(case: str) -> None:
    lines, if_true, if_false = SIDES[case]
    written = graph(START + lines)
    assert shown(summed(written, taken=True)) == if_true
    assert shown(summed(written, taken=False)) == if_false


def test_a_predicate_without_a_value_is_noted_and_one_that_chose_is_kept() -> None:
    written = graph(START + CHOICE.format("beta", "root"))
    late, y = written.node("late").output(), written.node("y").output()
    unknown = expansion(written)
    assert (unknown.of(y), list(unknown.open), unknown.joins) == (None, [late], {})
    known = expansion(written, taken=True)
    known.of(y)
    assert (known.open, [join.node.name for join in known.joins[late]]) == ({}, ["y"])


def test_a_merge_that_no_predicate_decides_is_no_sum() -> None:
    written = graph(START + "y = Merge(root, beta)\n")
    unknown = expansion(written)
    assert (unknown.of(written.node("y").output()), unknown.open) == (None, {})


@pytest.mark.parametrize(("taken", "variance"), [(True, "variance"), (False, "old"), (None, "chosen")])
def test_the_variance_of_a_root_is_that_which_is_taken(taken: bool | None, variance: str) -> None:
    """Through one conditional after the other; as it is chosen where its predicate has no value."""
    choice = "a = Switch({}, late)\nb = Switch({}, late)\n{} = Merge(a, b:1)\n"
    second = choice.replace("a ", "c ").replace("b ", "d ").replace("(a, b", "(c, d")
    lines = "old = Const([4.0, 5.0])\n" + choice.format("old", "variance", "first")
    lines += second.format("old", "first", "chosen") + "total = Add(chosen, epsilon)\ny = Rsqrt(total)\n"
    written = graph(START + lines)
    assert shown(summed(written, taken=taken)) == {f"R({variance}:0 0.001)": 1.0}
    settled = expansion(written, taken).settled(written.node("chosen").output())
    assert settled.name == f"{variance}:0"
    value_index = written.node("chosen").output(1)
    assert expansion(written, taken).settled(value_index) == value_index


def test_a_convolution_gives_the_factors_of_its_weights() -> None:
    written = graph(START + FOLDED + "y = Add(conv, beta)\n")
    assert shown(summed(written)) == {f"<conv> {R} gamma:0": 1.0, "beta:0": 1.0}


KERNELS = {
    "one kernel": ("y = Mul(w, root)\n", "w:0"),
    "a kernel that is stored flat": (
        "flat = Const([1.0, 2.0, 3.0, 4.0])\nto = Const([1, 1, 2, 2])\nk = Reshape(flat, to)\n"
        "y = Mul(k, root)\n",
        "flat:0",
    ),
    "of unknown shape": ("k = Placeholder(dtype=float)\ny = Mul(k, root)\n", "k:0"),
    "two kernels": ("k = VariableV2(shape=[1, 1, 2, 2])\na = Mul(w, root)\ny = Mul(a, k)\n", None),
    "no kernel": ("y = Mul(gamma, root)\n", None),
    "a vector that is laid out": (
        "to = Const([1, 1, 1, 2])\ng = Reshape(gamma, to)\na = Mul(w, root)\ny = Mul(a, g)\n",
        "w:0",
    ),
    "a vector of a layout that is fed": (
        "to = Placeholder(dtype=int32)\ng = Reshape(gamma, to)\na = Mul(w, root)\ny = Mul(a, g)\n",
        "w:0",
    ),
    "a matrix": ("k = VariableV2(shape=[2, 2])\na = Mul(k, gamma)\ny = Mul(k, root)\n", "k:0"),
    "the square of a kernel": ("a = Mul(w, root)\ny = Mul(a, w)\n", None),
    "a sum": ("a = Mul(w, root)\ny = Add(a, w)\n", None),
}


@pytest.mark.parametrize("case", KERNELS)
def test_the_kernel_among_the_factors_of_weights(case: str) -> None:
    lines, name = KERNELS[case]
    written = graph(START + lines)
    expanded = expansion(written)
    terms = expanded.of(written.node("y").output())
    assert terms is not None
    kernel = expanded.kernel(terms)
    assert (None if kernel is None else kernel.name) == name


@pytest.mark.parametrize(
    ("lines", "wanted", "holds"),
    [
        ("y = Const([1.0, 1.0])\n", 1.0, True),
        ("y = Const(1.0)\n", 1.0, True),
        ("y = Const([1.0, 0.0])\n", 1.0, False),
        ("y = Const([0.0, 0.0])\n", 0.0, True),
        ("y = Const([0.0, 0.0])\n", 1.0, False),
        ("y = Const([])\n", 0.0, False),
        ('y = Const(["text"])\n', 0.0, False),
        ("y = VariableV2(shape=[2])\n", 0.0, False),
        ("n = Const([2])\none = Const(1.0)\ny = Fill(n, one)\n", 1.0, True),
        ("n = Const([2])\none = Const(1.0)\ny = Fill(n, one)\n", 0.0, False),
    ],
)
def test_a_vector_that_holds_nothing_else(lines: str, wanted: float, holds: bool) -> None:
    assert holds_only(graph(lines).node("y").output(), wanted) is holds


@pytest.mark.parametrize(("sizes", "holds"), [((4,), True), ((2, 2), False), ((1, 4), False)])
def test_a_matrix_of_ones_is_no_vector(sizes: tuple[int, ...], holds: bool) -> None:
    written = graphdef("y = Const([1.0, 1.0, 1.0, 1.0])\n")
    shape = written.node[0].attr["value"].tensor.tensor_shape
    shape.Clear()
    for size in sizes:
        shape.dim.add(size=size)
    node = flatten(records(written.SerializeToString(), "text")).node("y")
    assert holds_only(node.output(), 1.0) is holds
