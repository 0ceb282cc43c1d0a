"""Sums of products that read as a normalization, and those that do not."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.recognition.formula import Term, difference_of, read
from tests.support.text import graph

NODES = graph("""
x = Placeholder(dtype=float)
image = Identity(x)
mean = Const([0.5, 0.25])
gamma = Const([1.5, 2.0])
other = Const([3.0, 4.0])
beta = Const([0.1, 0.2])
to = Const([1, 2])
gammas = Reshape(gamma, to)
gamma_x = Mul(gamma, x)
gamma_mean = Mul(mean, gamma)
minus_x = Neg(x)
minus_mean = Neg(mean)
difference = Sub(image, mean)
laid_out = Reshape(difference, to)
plus = Add(x, minus_mean)
minus_first = AddV2(minus_mean, x)
minus_both = Add(minus_x, minus_mean)
sum = Add(x, mean)
scaled = Mul(gamma, difference)
scaled_behind = Mul(difference, gamma)
squares = Square(difference)
y = Identity(difference)
""")
OUTPUT = NODES.node("y").output()


def term(text: str) -> Term:
    """`+ R gamma x`, `- 1/R mean`: the sign, the root to a power, and the factors."""
    sign, *words = text.split()
    root = words.count("R") - words.count("1/R")
    factors = tuple(NODES.node(word).output() for word in words if word not in ("R", "1/R"))
    return Term(1 if sign == "+" else -1, root, factors)


def matched(*terms: str) -> tuple[str, str, list[str], str | None, bool] | None:
    """(x, mean, gamma, beta, whether they were multiplied apart) of these terms."""
    match = read(OUTPUT, tuple(term(text) for text in terms))
    if match is None:
        return None
    assert match.output is OUTPUT
    beta = None if match.beta is None else match.beta.node.name
    gamma = [tensor.node.name for tensor in match.gamma]
    return match.x.node.name, match.mean.node.name, gamma, beta, match.distributed


@pytest.mark.parametrize(
    ("terms", "gamma", "beta"),
    [
        (("+ R x gamma", "- R mean gamma", "+ beta"), ["gamma"], "beta"),
        (("+ beta", "- R gamma mean", "+ R gamma x"), ["gamma"], "beta"),
        (("+ R x", "- R mean"), [], None),
        (("- R mean", "+ R x", "+ beta"), [], "beta"),
        (("+ R x gammas", "- R gamma mean"), ["gammas"], None),
        (("+ R gamma other x", "- R mean gamma other"), ["gamma", "other"], None),
        (("+ R gamma x gamma", "- R gamma gamma mean"), ["gamma", "gamma"], None),
        (("+ R gamma_x", "- R mean gamma"), ["gamma"], None),
        (("+ R x gamma", "- R gamma_mean"), ["gamma"], None),
        (("+ R gamma_x other", "- R other mean gamma"), ["other", "gamma"], None),
    ],
)
def test_x_and_mean_apart(terms: tuple[str, ...], gamma: list[str], beta: str | None) -> None:
    assert matched(*terms) == ("x", "mean", gamma, beta, True)


def test_a_mean_that_is_a_factor_of_x_is_no_gamma() -> None:
    assert matched("+ R gamma_x", "- R gamma") == ("gamma_x", "gamma", [], None, True)


@pytest.mark.parametrize(
    ("terms", "x", "gamma", "beta"),
    [
        (("+ R difference",), "x", [], None),
        (("+ R difference gamma", "+ beta"), "x", ["gamma"], "beta"),
        (("+ beta", "+ R gamma other difference"), "x", ["gamma", "other"], "beta"),
        (("+ R laid_out",), "x", [], None),
        (("+ R scaled",), "x", ["gamma"], None),
        (("+ R scaled_behind other",), "x", ["other", "gamma"], None),
        (("+ R plus",), "x", [], None),
        (("+ R minus_first",), "x", [], None),
        (("+ R minus_both",), "minus_x", [], None),
    ],
)
def test_the_difference_of_x_and_mean(
    terms: tuple[str, ...], x: str, gamma: list[str], beta: str | None
) -> None:
    assert matched(*terms) == (x, "mean", gamma, beta, False)


NONE = {
    "no root": ("+ x", "+ beta"),
    "nothing": (),
    "beta alone": ("+ beta",),
    "the root squared": ("+ R R difference",),
    "the root itself": ("+ 1/R difference",),
    "one root squared": ("+ R R x", "- R R mean"),
    "two offsets": ("+ R x", "- R mean", "+ beta", "+ other"),
    "an offset that is taken off": ("+ R x", "- R mean", "- beta"),
    "an offset that is a product": ("+ R difference", "+ beta gamma"),
    "an offset that is a number alone": ("+ R difference", "+"),
    "a sum": ("+ R x", "+ R mean"),
    "two negatives": ("- R x", "- R mean"),
    "three products": ("+ R x", "- R mean", "- R other"),
    "three products, a difference among them": ("+ R difference", "- R mean", "- R other"),
    "another gamma": ("+ R x gamma", "- R mean other"),
    "gamma of x alone": ("+ R x gamma", "- R mean"),
    "gamma of the mean alone": ("+ R x", "- R mean gamma"),
    "nothing of x left": ("+ R gamma", "- R gamma mean"),
    "a negative difference": ("- R difference",),
    "no difference": ("+ R x",),
    "a sum in place of the difference": ("+ R sum",),
    "the squares of the difference": ("+ R squares",),
}


@pytest.mark.parametrize("case", NONE)
def test_terms_that_are_no_normalization(case: str) -> None:
    assert matched(*NONE[case]) is None


@pytest.mark.parametrize(
    ("node", "pair"),
    [
        ("difference", ("image", "mean")),
        ("plus", ("x", "mean")),
        ("minus_first", ("x", "mean")),
        ("minus_both", ("minus_x", "mean")),
        ("sum", None),
        ("scaled", None),
    ],
)
def test_what_is_a_difference(node: str, pair: tuple[str, str] | None) -> None:
    found = difference_of(NODES.node(node))
    assert (None if found is None else tuple(tensor.node.name for tensor in found)) == pair
