"""The predicate of nested conditionals together: in as few words as it takes, and true where it says."""

from __future__ import annotations

from itertools import product

import pytest

from bninspect.batchnorm.wiring.conditions import Conditions
from bninspect.batchnorm.wiring.deciding import value_of
from bninspect.batchnorm.wiring.nested import Deciders, Truth, analysed, either, is_decided
from bninspect.graph import Tensor
from tests.support.text import graph

LINES = graph(
    "p = Placeholder(dtype=bool, shape=[])\nq = Placeholder(dtype=bool, shape=[])\n"
    "r = Placeholder(dtype=bool, shape=[])\nnot_q = LogicalNot(q)\n"
    "not_p = LogicalNot(p)\nread = Identity(p)\nboth = LogicalAnd(p, q)\nalways = Const(true)\n"
    "m = Placeholder(dtype=int32, shape=[])\nfive = Const(5)\nsix = Const(6)\n"
    "is_five = Equal(m, five)\nis_six = Equal(m, six)\nno_five = NotEqual(m, five)\n"
)
P, Q, R, NOT_Q, NOT_P, READ = (
    LINES.node(name).output() for name in ("p", "q", "r", "not_q", "not_p", "read")
)
BOTH, ALWAYS, FIVE, SIX, NO_FIVE = (
    LINES.node(name).output() for name in ("both", "always", "is_five", "is_six", "no_five")
)
WORDS: dict[str, tuple[Tensor, Truth, Truth]] = {
    "p:0": (P, True, False),
    "p:0 or q:0": (P, True, Q),
    "p:0 or not q:0": (P, True, NOT_Q),
    "p:0 and q:0": (P, Q, False),
    "not p:0": (P, False, True),
    "q:0 and not p:0": (P, False, Q),
    "q:0 or not p:0": (P, Q, True),
    "(p:0 and q:0) or (not p:0 and r:0)": (P, Q, R),
    "(p:0 and not q:0) or (not p:0 and q:0)": (P, NOT_Q, Q),
}


@pytest.mark.parametrize("words", WORDS)
def test_one_of_two_by_a_predicate(words: str) -> None:
    predicate, yes, no = WORDS[words]
    made = either(predicate, yes, no)
    assert isinstance(made, Tensor)
    assert made.name == words

    def held(side: Truth, given: dict[Tensor, bool]) -> bool | None:
        return value_of(side, given) if isinstance(side, Tensor) else side

    for values in product((True, False), repeat=3):
        given = dict(zip((P, Q, R), values, strict=True))
        assert value_of(made, given) is held(yes if given[P] else no, given)


def test_a_negation_of_a_negation_is_named_by_what_is_behind() -> None:
    made = either(NOT_P, False, True)
    assert isinstance(made, Tensor)
    assert made.name == "p:0"


@pytest.mark.parametrize(
    ("yes", "no", "parts"),
    [
        (Q, False, [("p:0", True, False), ("q:0", True, False)]),
        (True, Q, [("p:0", True, False), ("q:0", True, False)]),
        (False, Q, [("q:0", True, False), ("p:0", False, True)]),
        (NOT_Q, False, [("p:0", True, False), ("q:0", False, True)]),
        (NOT_Q, Q, [("p:0", True, False), ("q:0", False, False)]),
    ],
    ids=["and", "or", "and not", "with a negation", "one of two"],
)
def test_what_decides_each_part(yes: Truth, no: Truth, parts: list[tuple[str, bool, bool]]) -> None:
    made = either(P, yes, no)
    assert isinstance(made, Tensor)
    found = analysed(made, Conditions(LINES))
    assert is_decided(found)
    assert [(one.tensor.name, one.if_true, one.if_false) for one in found.parts] == parts
    assert (found.source, found.constant, found.negated) == (None, None, False)


@pytest.mark.parametrize(
    ("predicate", "yes", "no", "parts"),
    [
        (ALWAYS, BOTH, Q, [("both:0", True, False), ("q:0", True, False)]),
        (FIVE, P, False, [("is_five:0", True, False), ("p:0", True, False)]),
        (FIVE, P, SIX, [("is_five:0", False, True), ("p:0", True, False), ("is_six:0", True, False)]),
        (FIVE, SIX, False, []),
        (FIVE, True, NO_FIVE, []),
    ],
    ids=["a constant decides nothing", "numbers", "one number", "never at once", "always one of them"],
)
def test_only_values_that_can_be_had_together(
    predicate: Tensor, yes: Truth, no: Truth, parts: list[tuple[str, bool, bool]]
) -> None:
    made = either(predicate, yes, no)
    assert isinstance(made, Tensor)
    found = analysed(made, Conditions(LINES))
    assert [(one.tensor.name, one.if_true, one.if_false) for one in found.parts] == parts


def test_what_one_source_decides_has_no_parts() -> None:
    made = either(P, READ, False)
    assert isinstance(made, Tensor)
    found = analysed(made, Conditions(LINES))
    assert (found.source, found.parts, is_decided(found)) == (P, (), True)


def test_a_predicate_of_the_file_has_no_parts() -> None:
    found = analysed(NOT_Q, Conditions(LINES))
    assert (found.parts, found.negated, found.behind) == ((), True, Q)
    assert is_decided(found)
    several = analysed(BOTH, Conditions(LINES))
    assert (several.parts, several.source, is_decided(several)) == ((), None, False)
    assert is_decided(analysed(ALWAYS, Conditions(LINES)))


def test_predicates_of_one_source_are_asked_for_once() -> None:
    """Each keeps the tensor that it was asked for by."""
    deciders = Deciders(Conditions(LINES))
    first, second = deciders.of(P), deciders.of(READ)
    assert (first.tensor, second.tensor) == (P, READ)
    assert first.source == second.source == P
