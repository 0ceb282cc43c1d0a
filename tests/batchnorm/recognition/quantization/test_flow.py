"""Which roots weights are multiplied by, and what these flow into."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.quantization.expansion import flow, roots_behind
from bninspect.graph import Graph
from tests.support.text import graph

START = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 2])
w = VariableV2(dtype=float, shape=[1, 1, 2, 2])
gamma = Const([1.5, 0.5])
beta = Const([0.1, 0.2])
variance = Const([2.0, 3.0])
root = Rsqrt(variance)
deviation = Sqrt(variance)
"""


MERGE_OF = "y = Merge({})\n"
BEHIND = {
    "a product": ("y = Mul(w, root)\n", ["root"]),
    "a quotient": ("y = RealDiv(w, deviation)\n", ["deviation"]),
    "a product of products": (
        "a = Mul(w, gamma)\nb = Mul(deviation, root)\ny = Mul(a, b)\n",
        ["deviation", "root"],
    ),
    "laid out": ("to = Const([1, 1, 1, 2])\na = Reshape(root, to)\ny = Mul(w, a)\n", ["root"]),
    "a layout of its own": ("y = Reshape(w, root)\n", []),
    "a sum": ("y = Add(w, root)\n", []),
    "a root of a root": ("a = Mul(root, gamma)\nb = Rsqrt(a)\ny = Mul(w, b)\n", ["b"]),
    "another op": ("a = Relu(root)\ny = Mul(w, a)\n", []),
    "chosen of eight": (MERGE_OF.format(", ".join(["root"] * 8)), ["root"]),
    "chosen of nine": (MERGE_OF.format(", ".join(["root"] * 9)), []),
    "weights as they are": ("y = Identity(w)\n", []),
}


@pytest.mark.parametrize("case", BEHIND)
def test_roots_that_weights_are_multiplied_by(case: str) -> None:
    lines, roots = BEHIND[case]
    found = roots_behind(graph(START + lines).node("y").output())
    assert [node.name for node in found] == roots


FOLDED = """
scale = Mul(gamma, root)
scaled = Mul(w, scale)
conv = Conv2D(x, scaled)
"""
BESIDE = """
aside = Conv2D(x, scaled)
shape = Reshape(x, scale)
positive = Relu(scale)
many = AddN(scale, scale, scale, scale, scale, scale, scale, scale, scale)
eight = AddN(scale, scale, scale, scale, scale, scale, scale, scale)
fed = Conv2D(conv, w)
y = Sub(beta, scale)
z = Add(conv, y)
"""


def flowed(written: Graph) -> dict[str, int]:
    found = flow([written.node("root")], written.node("conv"), written)
    return {node.name: distance for node, distance in found.items()}


def test_what_a_root_flows_into() -> None:
    """One convolution, and arithmetic of few operands, by the operand that is handed on."""
    assert flowed(graph(START + FOLDED + BESIDE)) == {
        "root": 0, "scale": 1, "scaled": 2, "eight": 2, "y": 2, "conv": 3, "z": 3,
    }  # fmt: skip


def test_a_root_that_is_the_input_of_a_convolution_is_none_of_its_weights() -> None:
    assert flowed(graph(START + "conv = Conv2D(root, w)\n")) == {"root": 0}


def test_it_flows_no_further_than_24_nodes() -> None:
    chain = "".join(f"n{number} = Neg(n{number - 1})\n" for number in range(1, 30))
    found = flowed(graph(START + FOLDED + chain.replace("n0", "root")))
    assert (found["n23"], "n24" in found) == (23, False)
